"""Data sets by name, as tensors: the whole of each where it can be had, a bundled sample of it everywhere else."""

import contextlib
import os
from importlib import resources
from pathlib import Path

import numpy as np
import torch
from torch.utils.data import TensorDataset

from . import downloads
from .arguments import require_choice
from .datasets import require_all_digits
from .language import tr
from .official import FASHION, FILES, KMNIST, MNIST, read

ASSETS = resources.files("vae_edu") / "assets"


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
        ValueError: unknown split, or a file in VAE_EDU_DATA that is not the official one.
        FileNotFoundError: a file is missing in VAE_EDU_DATA.
    """
    return _load(MNIST, split)


def load_fashion_mnist(split="train"):
    """Load Fashion-MNIST (Xiao, Rasul and Vollgraf, 2017): pictures of clothes, as load_mnist loads digits.

    The labels 0-9 are T-shirt, trousers, pullover, dress, coat, sandal, shirt, sneaker, bag and ankle boot. In a
    directory of VAE_EDU_DATA the files lie in `FashionMNIST/raw`; the bundled sample has 1,000 training and 200 test
    images; `source` is "fashion_mnist" or "sample".

    Raises:
        ValueError, FileNotFoundError: as load_mnist.
    """
    return _load(FASHION, split)


def load_kmnist(split="train"):
    """Load Kuzushiji-MNIST (Clanuwat et al., 2018): characters of old Japanese books, as load_mnist loads digits.

    The labels 0-9 are o, ki, su, tsu, na, ha, ma, ya, re and wo. In a directory of VAE_EDU_DATA the files lie in
    `KMNIST/raw`, packed as their host gives them (`*-ubyte.gz`), because no checksum of others is published. `source`
    is "kmnist": no sample is bundled.

    Raises:
        ValueError: as load_mnist.
        FileNotFoundError: the files are not at hand, and cannot be downloaded.
    """
    return _load(KMNIST, split)


def one_of_each_digit(dataset):
    """The first image of each digit 0-9: (10, 1, 28, 28).

    Raises:
        TypeError, ValueError: dataset is no TensorDataset of images and labels, or lacks a digit.
    """
    require_all_digits(dataset)
    images, labels = dataset.tensors
    return torch.stack([images[labels == digit][0] for digit in range(10)])


def _load(collection, split):
    """One split of a collection, from the first place that has it."""
    require_choice("split", split, tuple(FILES))
    chosen = os.environ.get("VAE_EDU_DATA", "").strip("\"' ")
    if chosen.lower() == "sample":
        return _sample(collection, split)
    if chosen:
        return _read(collection, Path(chosen).expanduser(), split)
    for folder in (Path("data"), downloads.CACHE):
        with contextlib.suppress(OSError, ValueError):
            return _read(collection, folder, split)
    error = downloads.try_download(collection, downloads.CACHE)
    if error is None:
        return _read(collection, downloads.CACHE, split)
    return _sample(collection, split, downloads.reason(collection, error))


def _read(collection, folder, split):
    """The whole of one split from a folder, and a sentence that says what it is."""
    images, labels = read(collection, folder, split)
    dataset = TensorDataset(images[:, None].float().div_(255), labels.long())
    dataset.source = collection.source
    print(
        tr(
            ja=f"{collection.title} の{'訓練' if split == 'train' else 'テスト'}データ全 {len(dataset):,} 枚を読み込みました。",
            en=f"Loaded {collection.title}: all {len(dataset):,} {'training' if split == 'train' else 'test'} images.",
        )
    )
    return dataset


def bundled(split, collection=MNIST):
    """The bundled sample: as many images of each label, in the order of the whole set."""
    with resources.as_file(ASSETS / collection.sample) as path, np.load(path) as arrays:
        images = torch.from_numpy(arrays[f"{split}_images"])[:, None].float().div_(255)
        labels = torch.from_numpy(arrays[f"{split}_labels"]).long()
    dataset = TensorDataset(images, labels)
    dataset.source = "sample"
    return dataset


def _sample(collection, split, reason=""):
    """The bundled sample, and a sentence that says what it is, after the reason for it if there is one."""
    if collection.sample is None:
        raise _no_sample(collection, reason)
    if reason:
        print(reason, tr(ja="代わりに同梱のサンプルを使います。", en="The bundled sample is used instead."))
    dataset, whole = bundled(split, collection), f"{FILES[split][next(iter(FILES[split]))][0]:,}"
    kind_ja, kind_en = ("訓練", "training") if split == "train" else ("テスト", "test")
    print(
        tr(
            ja=f"同梱のサンプル: {collection.title} の{kind_ja}データ {whole} 枚のうち {len(dataset):,} 枚です。"
            "学習は数秒で終わりますが、画像はぼやけ、損失は大きめになります。",
            en=f"Bundled sample: {len(dataset):,} of {collection.title}'s {whole} {kind_en} images. "
            "Training takes seconds; images come out blurrier and losses higher than on the whole set.",
        )
    )
    return dataset


def _no_sample(collection, reason):
    """The error where neither the whole set nor a sample of it is at hand."""
    return FileNotFoundError(
        tr(
            ja=f"{reason}{collection.title} の同梱のサンプルはありません。インターネットにつながる所では "
            'os.environ.pop("VAE_EDU_DATA", None) の後にダウンロードできます。'
            "つながらない所では vae_edu.load_fashion_mnist() か vae_edu.load_mnist() を使ってください。",
            en=f"{reason}{reason and ' '}No sample of {collection.title} is bundled. Where there is a network, it is "
            'downloaded after os.environ.pop("VAE_EDU_DATA", None). '
            "Elsewhere use vae_edu.load_fashion_mnist() or vae_edu.load_mnist().",
        )
    )
