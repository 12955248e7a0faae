"""Fetching official files: a lesson waits a few seconds, whatever the host, the network and the disk do."""

import errno
import gzip
import hashlib
import os
import queue
import tempfile
import threading
import urllib.error
import urllib.request
from functools import cache
from http.client import HTTPException
from pathlib import Path

from .language import tr

HOME = os.path.expanduser("~")  # which may be missing, a file, or read-only
CACHE = Path(HOME if os.access(f"{HOME}/.", os.W_OK) else tempfile.gettempdir()) / ".cache" / "vae_edu"
SILENCE = 8  # seconds without an answer after which the next mirror is tried; torchvision itself waits for ever
PATIENCE = 20  # seconds that a lesson waits for a download in all


@cache
def try_download(collection, folder):
    """None when a collection's files lie in `folder`, else what prevented it.

    One try a session: only the first cell that needs the data waits. The try runs in a thread of its own, because name
    servers and slow hosts know no time limit; it goes on after PATIENCE, and the next call finds its files.
    """
    outcome = queue.SimpleQueue()

    def run():
        try:
            outcome.put(_download(collection, folder))
        except (OSError, ValueError, HTTPException) as error:
            outcome.put(error)

    threading.Thread(target=run, daemon=True).start()
    try:
        return outcome.get(timeout=PATIENCE)
    except queue.Empty:
        return queue.Empty()


def _download(collection, folder):
    """Fetch the four files into `folder`; each appears there whole and as the official one, or not at all."""
    import torchvision  # here, because its import takes longer than torch's

    listed = getattr(torchvision.datasets, collection.folder)
    raw = folder / collection.folder / "raw"
    raw.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, ignore_cleanup_errors=True) as half_done:
        for packed, md5 in listed.resources:
            content = _fetch(listed.mirrors, packed, md5)
            name = packed if packed in collection.md5 else packed.removesuffix(".gz")
            path = Path(half_done) / name
            path.write_bytes(content if name == packed else gzip.decompress(content))
            os.replace(path, raw / name)


def _fetch(mirrors, name, md5):
    """The content of a file of torchvision's list, from the first mirror that sends the official one."""
    for mirror in mirrors:
        try:
            with urllib.request.urlopen(mirror + name, timeout=SILENCE) as answer:
                content = answer.read()
            if hashlib.md5(content).hexdigest() == md5:
                return content
            error = ValueError(name)
        except (OSError, HTTPException) as fault:
            error = fault
    raise error


def reason(collection, error):
    """A sentence about why a download failed, and what to try."""
    title = collection.title
    again_ja = "カーネルを再起動してこのセルを実行すると、もう一度試します。"
    again_en = "Restart the kernel and run this cell to try again."
    if isinstance(error, queue.Empty):
        return tr(
            ja=f"{title} のダウンロードに時間がかかっています。裏で続いているので、終わってからこのセルを実行し直すと全データを使えます。",
            en=f"{title}'s download takes long. It goes on in the background: run this cell again later to use all the data.",
        )
    if isinstance(error, urllib.error.HTTPError):
        ja, en = f"配布元がエラー {error.code} を返しました", f"its host answered with error {error.code}"
    elif isinstance(error, ValueError):
        ja = f"届いた内容が {title} ではありません。ネットワークのログイン画面かもしれません"
        en = f"what came is not {title}, perhaps the login page of this network"
        again_ja = "ネットワークにログインしてからカーネルを再起動すると、もう一度試します。"
        again_en = "Log in to the network, then restart the kernel to try again."
    elif isinstance(error, OSError) and error.errno in (
        errno.EACCES,
        errno.EPERM,
        errno.EROFS,
        errno.ENOSPC,
        errno.EDQUOT,
        errno.ENOENT,
        errno.ENOTDIR,
        errno.EEXIST,  # a file stands where a folder is wanted
    ):
        ja, en = f"{CACHE} に書き込めません: {error.strerror}", f"{CACHE} cannot be written: {error.strerror}"
        again_ja = "空きを作るか書き込みを許可してからカーネルを再起動すると、もう一度試します。"
        again_en = "Free some space or allow writing there, then restart the kernel to try again."
    elif isinstance(getattr(error, "reason", error), TimeoutError):
        ja, en = "配布元が応答しません", "its host does not answer"
    elif isinstance(error, HTTPException | ConnectionError):
        ja, en = "通信が途中で切れました", "the connection broke"
    else:
        ja, en = "配布元に接続できません", "its host is out of reach"
    return tr(
        ja=f"{title} をダウンロードできませんでした ({ja})。{again_ja}",
        en=f"{title} could not be downloaded ({en}). {again_en}",
    )
