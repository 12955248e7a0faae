"""MNIST as tensors: the whole set where it can be had, a bundled sample of it everywhere else."""

import os
import socket
import tempfile
from importlib import resources
from pathlib import Path

import numpy as np
import torch
from torch.utils.data import TensorDataset
from torchvision.datasets import MNIST

from .language import tr

ASSETS = resources.files("vae_edu") / "assets"
CACHE = Path.home() / ".cache" / "vae_edu"
TIMEOUT = 10  # seconds of silence after which a download is given up; torchvision itself waits for ever

# The official files and their sizes in bytes: a header of 16 or 8 bytes, then one byte per pixel or label.
FILES = {
    "train": {"train-images-idx3-ubyte": 16 + 60_000 * 784, "train-labels-idx1-ubyte": 8 + 60_000},
    "test": {"t10k-images-idx3-ubyte": 16 + 10_000 * 784, "t10k-labels-idx1-ubyte": 8 + 10_000},
}


def load_mnist(split="train"):
    """Load MNIST (LeCun, Cortes and Burges, 1998) and say, in the learner's language, which data it is.

    The environment variable VAE_EDU_DATA decides where from: a directory that holds `MNIST/raw/*-ubyte`, or the
    word `sample`. Without it a local copy is used (`data/` here, or the cache of an earlier download), then a
    download, then the bundled sample of 5,000 training and 1,000 test images.

    Args:
        split: "train" or "test".

    Returns:
        TensorDataset of images (N, 1, 28, 28) float32 in [0, 1] and labels (N,) int64. Its attribute `source` is
        "mnist" (60,000 / 10,000 images) or "sample".

    Raises:
        ValueError: unknown split, or a file in VAE_EDU_DATA that does not have the official size.
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
    try:
        _download(CACHE)
        return _read(CACHE, split)
    except (OSError, EOFError, RuntimeError, ValueError) as error:
        print(
            tr(
                ja=f"MNIST をダウンロードできませんでした ({type(error).__name__})。代わりに同梱のサンプルを使います。",
                en=f"MNIST could not be downloaded ({type(error).__name__}), so the bundled sample is used instead.",
            )
        )
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
    mnist = MNIST(folder, train=split == "train")
    dataset = TensorDataset(mnist.data[:, None].float() / 255, mnist.targets)
    dataset.source = "mnist"
    print(
        tr(
            ja=f"MNIST の{'訓練' if split == 'train' else 'テスト'}データ全 {len(dataset):,} 枚を読み込みました。",
            en=f"Loaded MNIST: all {len(dataset):,} {'training' if split == 'train' else 'test'} images.",
        )
    )
    return dataset


def _fault(folder, split):
    """None, or the error that says which file of the split is missing or has another size."""
    for name, size in FILES[split].items():
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
        if path.stat().st_size != size:
            return ValueError(
                tr(
                    ja=f"{path} は {path.stat().st_size:,} バイトですが、正しくは {size:,} バイトです。"
                    "ファイルが途中で切れています。もう一度コピーするか、VAE_EDU_DATA=sample を指定してください。",
                    en=f"{path} has {path.stat().st_size:,} bytes, but the official file has {size:,}. "
                    "It was cut off: copy it again, or set VAE_EDU_DATA=sample.",
                )
            )
    return None


def _download(folder):
    """Fetch MNIST into `folder`; a download that breaks off leaves nothing behind."""
    folder.mkdir(parents=True, exist_ok=True)
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(TIMEOUT)
    try:
        with tempfile.TemporaryDirectory(dir=folder, ignore_cleanup_errors=True) as half_done:
            MNIST(half_done, download=True)
            raw = folder / "MNIST" / "raw"
            raw.mkdir(parents=True, exist_ok=True)
            for name in [*FILES["train"], *FILES["test"]]:
                os.replace(Path(half_done) / "MNIST" / "raw" / name, raw / name)
    finally:
        socket.setdefaulttimeout(before)


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
