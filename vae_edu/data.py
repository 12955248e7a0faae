"""MNIST as tensors: the whole set where it can be had, a bundled sample of it everywhere else."""

import errno
import gzip
import hashlib
import math
import os
import queue
import struct
import tempfile
import threading
import urllib.error
import urllib.request
from functools import cache
from http.client import HTTPException
from importlib import resources
from pathlib import Path

import numpy as np
import torch
from torch.utils.data import TensorDataset

from .arguments import require_choice
from .datasets import require_all_digits
from .language import tr

ASSETS = resources.files("vae_edu") / "assets"
HOME = os.path.expanduser("~")  # which may be missing, a file, or read-only
CACHE = Path(HOME if os.access(f"{HOME}/.", os.W_OK) else tempfile.gettempdir()) / ".cache" / "vae_edu"
SILENCE = 8  # seconds without an answer after which the next mirror is tried; torchvision itself waits for ever
PATIENCE = 20  # seconds that a lesson waits for a download in all

# The official files and their shapes; in a file, a header says the shape, and one byte per pixel or label follows.
FILES = {
    "train": {"train-images-idx3-ubyte": (60_000, 28, 28), "train-labels-idx1-ubyte": (60_000,)},
    "test": {"t10k-images-idx3-ubyte": (10_000, 28, 28), "t10k-labels-idx1-ubyte": (10_000,)},
}


def load_mnist(split="train"):
    """Load MNIST (LeCun, Cortes and Burges, 1998) and say, in the learner's language, which data it is.

    The environment variable VAE_EDU_DATA decides where from: a directory that holds `MNIST/raw/*-ubyte`, or the
    word `sample`. Without it a local copy is used (`data/` here, or the cache of an earlier download), then a
    download, then, if none succeeds within 20 seconds, the bundled sample of 5,000 training and 1,000 test images.

    Args:
        split: "train" or "test".

    Returns:
        TensorDataset of images (N, 1, 28, 28) float32 in [0, 1] and labels (N,) int64. Its attribute `source` is
        "mnist" (60,000 / 10,000 images) or "sample".

    Raises:
        ValueError: unknown split, or a file in VAE_EDU_DATA that does not have the official size and header.
        FileNotFoundError: a file is missing in VAE_EDU_DATA.
    """
    require_choice("split", split, tuple(FILES))
    chosen = os.environ.get("VAE_EDU_DATA")
    if chosen == "sample":
        return _sample(split)
    if chosen:
        return _read(Path(chosen).expanduser(), split)
    for folder in (Path("data"), CACHE):
        if _fault(folder, split) is None:
            return _read(folder, split)
    error = _try_download(CACHE)
    if error is None:
        return _read(CACHE, split)
    print(_reason(error), tr(ja="代わりに同梱のサンプルを使います。", en="The bundled sample is used instead."))
    return _sample(split)


def one_of_each_digit(dataset):
    """The first image of each digit 0-9: (10, 1, 28, 28).

    Raises:
        TypeError, ValueError: dataset is no such TensorDataset, or lacks a digit.
    """
    require_all_digits(dataset)
    images, labels = dataset.tensors
    return torch.stack([images[labels == digit][0] for digit in range(10)])


def _read(folder, split):
    """The whole of one split from `folder`/MNIST/raw."""
    fault = _fault(folder, split)
    if fault:
        raise fault
    images, labels = (
        torch.from_numpy(np.fromfile(folder / "MNIST" / "raw" / name, np.uint8)[-math.prod(shape) :].reshape(shape))
        for name, shape in FILES[split].items()
    )
    dataset = TensorDataset(images[:, None].float().div_(255), labels.long())
    dataset.source = "mnist"
    print(
        tr(
            ja=f"MNIST の{'訓練' if split == 'train' else 'テスト'}データ全 {len(dataset):,} 枚を読み込みました。",
            en=f"Loaded MNIST: all {len(dataset):,} {'training' if split == 'train' else 'test'} images.",
        )
    )
    return dataset


def _fault(folder, split):
    """None, or the error that says which file of the split is missing or is not the official one."""
    sample = 'os.environ["VAE_EDU_DATA"] = "sample"'
    again_ja = f"もう一度コピーするか、{sample} を実行して同梱のサンプルを使ってください。"
    again_en = f"Copy it again, or run {sample} to use the bundled sample."
    for name, shape in FILES[split].items():
        path = folder / "MNIST" / "raw" / name
        if not path.is_file():
            return FileNotFoundError(
                tr(
                    ja=f"VAE_EDU_DATA が指すフォルダに {path} がありません。"
                    "MNIST/raw を含むフォルダか、sample という語を指定してください。",
                    en=f"VAE_EDU_DATA names a folder without {path}. "
                    "Name a folder that holds MNIST/raw, or the word sample.",
                )
            )
        header = struct.pack(f">{1 + len(shape)}i", 2048 + len(shape), *shape)
        size, official = path.stat().st_size, len(header) + math.prod(shape)
        if size != official:
            return ValueError(
                tr(
                    ja=f"{path} は {size:,} バイトですが、正しくは {official:,} バイトです。"
                    f"ファイルが{'途中で切れています' if size < official else '大きすぎます'}。{again_ja}",
                    en=f"{path} has {size:,} bytes, but the official file has {official:,}. "
                    f"It {'was cut off' if size < official else 'is too large'}. {again_en}",
                )
            )
        with open(path, "rb") as file:
            if file.read(len(header)) != header:
                return ValueError(
                    tr(
                        ja=f"{path} の中身は MNIST ではありません。{again_ja}",
                        en=f"{path} does not hold MNIST. {again_en}",
                    )
                )
    return None


@cache
def _try_download(folder):
    """None when MNIST lies in `folder`, else what prevented it.

    One try a session: only the first cell that needs the data waits. The try runs in a thread of its own, because name
    servers and slow hosts know no time limit; it goes on after PATIENCE, and load_mnist then finds its files.
    """
    outcome = queue.SimpleQueue()

    def run():
        try:
            outcome.put(_download(folder))
        except (OSError, ValueError, HTTPException) as error:
            outcome.put(error)

    threading.Thread(target=run, daemon=True).start()
    try:
        return outcome.get(timeout=PATIENCE)
    except queue.Empty:
        return queue.Empty()


def _download(folder):
    """Fetch MNIST's four files into `folder`; each appears there whole and as the official one, or not at all."""
    from torchvision.datasets import MNIST  # here, because its import takes longer than torch's

    raw = folder / "MNIST" / "raw"
    raw.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, ignore_cleanup_errors=True) as half_done:
        for packed, md5 in MNIST.resources:
            path = Path(half_done) / packed.removesuffix(".gz")
            path.write_bytes(gzip.decompress(_fetch(MNIST.mirrors, packed, md5)))
            os.replace(path, raw / path.name)


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


def _reason(error):
    """A sentence about why a download failed, and what to try."""
    again_ja = "カーネルを再起動してこのセルを実行すると、もう一度試します。"
    again_en = "Restart the kernel and run this cell to try again."
    if isinstance(error, queue.Empty):
        return tr(
            ja="MNIST のダウンロードに時間がかかっています。裏で続いているので、終わってからこのセルを実行し直すと全データを使えます。",
            en="MNIST's download takes long. It goes on in the background: run this cell again later to use all the data.",
        )
    if isinstance(error, urllib.error.HTTPError):
        ja, en = f"配布元がエラー {error.code} を返しました", f"its host answered with error {error.code}"
    elif isinstance(error, ValueError):
        ja = "届いた内容が MNIST ではありません。ネットワークのログイン画面かもしれません"
        en = "what came is not MNIST, perhaps the login page of this network"
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
        ja=f"MNIST をダウンロードできませんでした ({ja})。{again_ja}",
        en=f"MNIST could not be downloaded ({en}). {again_en}",
    )


def bundled(split):
    """The bundled sample: the first 500 (train) or 100 (test) images of each digit, in MNIST's order."""
    with resources.as_file(ASSETS / "mnist_sample.npz") as path, np.load(path) as arrays:
        images = torch.from_numpy(arrays[f"{split}_images"])[:, None].float().div_(255)
        labels = torch.from_numpy(arrays[f"{split}_labels"]).long()
    dataset = TensorDataset(images, labels)
    dataset.source = "sample"
    return dataset


def _sample(split):
    """The bundled sample, and a sentence that says what it is."""
    dataset = bundled(split)
    kind_ja, kind_en, whole = ("訓練", "training", "60,000") if split == "train" else ("テスト", "test", "10,000")
    print(
        tr(
            ja=f"同梱のサンプル: MNIST の{kind_ja}データ {whole} 枚のうち {len(dataset):,} 枚です。"
            "学習は数秒で終わりますが、画像はぼやけ、損失は大きめになります。",
            en=f"Bundled sample: {len(dataset):,} of MNIST's {whole} {kind_en} images. "
            "Training takes seconds; images come out blurrier and losses higher than on the whole set.",
        )
    )
    return dataset
