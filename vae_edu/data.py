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
from torchvision.datasets import MNIST
from torchvision.datasets.mnist import read_image_file, read_label_file

from .language import tr

ASSETS = resources.files("vae_edu") / "assets"
CACHE = Path.home() / ".cache" / "vae_edu"
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
    if split not in FILES:
        raise ValueError(
            tr(
                ja=f'split は "train" か "test" のどちらかです。渡された値: {split!r}。',
                en=f'split must be "train" or "test", but {split!r} was given.',
            )
        )
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
        ValueError: the data set lacks a digit.
    """
    require_all_digits(dataset)
    images, labels = dataset.tensors
    return torch.stack([images[labels == digit][0] for digit in range(10)])


def require_images(x, name="x"):
    """Raise TypeError or ValueError unless `x` is a batch of images (B, 1, 28, 28), floating point, in [0, 1]."""
    if not isinstance(x, torch.Tensor) or not x.is_floating_point():
        given = x.dtype if isinstance(x, torch.Tensor) else type(x).__name__
        raise TypeError(
            tr(
                ja=f"{name} は float32 のテンソルでなければなりませんが、{given} が渡されました。"
                "x.float() / 255 のように変換してください。",
                en=f"{name} must be a float32 tensor, but {given} was given. Convert it, for example x.float() / 255.",
            )
        )
    if x.shape[1:] != (1, 28, 28) or len(x) == 0:
        raise ValueError(
            tr(
                ja=f"{name} の形は (B, 1, 28, 28)、B は 1 以上でなければなりませんが、{tuple(x.shape)} が渡されました。"
                "1 枚の画像なら x[None]、28x28 でない画像なら大きさを変えてから渡してください。",
                en=f"{name} must have the shape (B, 1, 28, 28) with B >= 1, but {tuple(x.shape)} was given. "
                "Pass a single image as x[None], and resize images that are not 28x28.",
            )
        )
    if x.device.type == "cpu":  # reading a value back from a GPU would make every training step wait for it
        low, high = (value.item() for value in x.detach().aminmax())
        if not (low >= 0 and high <= 1):
            raise ValueError(
                tr(
                    ja=f"{name} の値は 0 以上 1 以下でなければなりませんが、{low:g} から {high:g} までの値があります。"
                    "0 から 255 の画像なら 255 で割ってください。",
                    en=f"{name} must have values in [0, 1], but its values go from {low:g} to {high:g}. "
                    "Divide images in 0..255 by 255.",
                )
            )


def require_dataset(dataset):
    """The images (N, 1, 28, 28) of a TensorDataset of images and int64 labels; raises TypeError or ValueError."""
    if not isinstance(dataset, TensorDataset) or len(dataset.tensors) != 2:
        raise TypeError(
            tr(
                ja="dataset は TensorDataset(images, labels) でなければなりませんが、"
                f"{type(dataset).__name__} が渡されました。load_mnist() の戻り値を渡してください。",
                en=f"dataset must be a TensorDataset(images, labels), but {type(dataset).__name__} was given. "
                "Pass what load_mnist() returns.",
            )
        )
    images, labels = dataset.tensors
    if len(images) == 0:
        raise ValueError(
            tr(
                ja="dataset が空です。画像が 1 枚以上必要です。",
                en="dataset is empty. It must hold at least one image.",
            )
        )
    require_images(images, "dataset.tensors[0]")
    if labels.dtype != torch.int64:
        raise TypeError(
            tr(
                ja=f"dataset のラベルは int64 でなければなりませんが、{labels.dtype} です。"
                "labels.long() で変換してください。",
                en=f"the labels of dataset must be int64, but they are {labels.dtype}. "
                "Convert them with labels.long().",
            )
        )
    return images


def require_all_digits(dataset):
    """Raise ValueError unless every digit 0-9 has an image in the data set."""
    require_dataset(dataset)
    missing = sorted(set(range(10)) - set(dataset.tensors[1].tolist()))
    if missing:
        raise ValueError(
            tr(
                ja=f"dataset には 0 から 9 の画像がすべて必要ですが、{missing} がありません。",
                en=f"dataset must hold every digit 0-9, but it has no image of {missing}.",
            )
        )


def require_count(name, value):
    """Raise ValueError unless `value` is a whole number of at least 1."""
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise ValueError(
            tr(
                ja=f"{name} は 1 以上の整数でなければなりませんが、{value!r} が渡されました。",
                en=f"{name} must be a whole number of at least 1, but {value!r} was given.",
            )
        )


def _read(folder, split):
    """The whole of one split from `folder`/MNIST/raw."""
    fault = _fault(folder, split)
    if fault:
        raise fault
    images, labels = (folder / "MNIST" / "raw" / name for name in FILES[split])
    dataset = TensorDataset(read_image_file(images)[:, None].float() / 255, read_label_file(labels))
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
                    "ファイルが途中で切れています。もう一度コピーするか、VAE_EDU_DATA=sample を指定してください。",
                    en=f"{path} has {size:,} bytes, but the official file has {official:,}. "
                    "It was cut off: copy it again, or set VAE_EDU_DATA=sample.",
                )
            )
        with open(path, "rb") as file:
            if file.read(len(header)) != header:
                return ValueError(
                    tr(
                        ja=f"{path} の中身は MNIST ではありません。もう一度コピーするか、VAE_EDU_DATA=sample を指定してください。",
                        en=f"{path} does not hold MNIST. Copy it again, or set VAE_EDU_DATA=sample.",
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
    raw = folder / "MNIST" / "raw"
    raw.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, ignore_cleanup_errors=True) as half_done:
        for packed, md5 in MNIST.resources:
            path = Path(half_done) / packed.removesuffix(".gz")
            path.write_bytes(gzip.decompress(_fetch(packed, md5)))
            os.replace(path, raw / path.name)


def _fetch(name, md5):
    """The content of a file of torchvision's list, from the first mirror that sends the official one."""
    for mirror in MNIST.mirrors:
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
    again_ja, again_en = "カーネルを再起動すると、もう一度試します。", "Restart the kernel to try again."
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
    elif isinstance(error, OSError) and error.errno in (
        errno.EACCES,
        errno.EPERM,
        errno.EROFS,
        errno.ENOSPC,
        errno.EDQUOT,
    ):
        ja, en = f"{CACHE} に書き込めません: {error.strerror}", f"{CACHE} cannot be written: {error.strerror}"
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
        images = torch.from_numpy(arrays[f"{split}_images"])[:, None].float() / 255
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
