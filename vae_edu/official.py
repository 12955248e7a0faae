"""Official files of MNIST and of the sets in its format: which there are, where they may lie, whether a file is one."""

import gzip
import hashlib
import math
import struct
import zlib
from dataclasses import dataclass

import torch

from .language import tr

# The official files and their shapes; in a file, a header says the shape, and one byte per pixel or label follows.
FILES = {
    "train": {"train-images-idx3-ubyte": (60_000, 28, 28), "train-labels-idx1-ubyte": (60_000,)},
    "test": {"t10k-images-idx3-ubyte": (10_000, 28, 28), "t10k-labels-idx1-ubyte": (10_000,)},
}


@dataclass(frozen=True, eq=False)
class Collection:
    """A set of images that has a name."""

    title: str  # its name in a sentence
    folder: str  # its name in torchvision.datasets, and of the folder that holds raw/
    source: str  # what load gives as `source`
    loader: str
    sample: str | None  # the file in assets/
    md5: dict  # of every file as it is kept


MNIST = Collection(
    title="MNIST",
    folder="MNIST",
    source="mnist",
    loader="load_mnist",
    sample="mnist_sample.npz",
    md5={
        "train-images-idx3-ubyte": "6bbc9ace898e44ae57da46a324031adb",
        "train-labels-idx1-ubyte": "a25bea736e30d166cdddb491f175f624",
        "t10k-images-idx3-ubyte": "2646ac647ad5339dbf082846283269ea",
        "t10k-labels-idx1-ubyte": "27ae3e4e09519cfbb04c329615203637",
    },
)
FASHION = Collection(
    title="Fashion-MNIST",
    folder="FashionMNIST",
    source="fashion_mnist",
    loader="load_fashion_mnist",
    sample="fashion_mnist_sample.npz",
    md5={
        "train-images-idx3-ubyte": "f4a8712d7a061bf5bd6d2ca38dc4d50a",
        "train-labels-idx1-ubyte": "9018921c3c673c538a1fc5bad174d6f9",
        "t10k-images-idx3-ubyte": "8181f5470baa50b63fa0f6fddb340f0a",
        "t10k-labels-idx1-ubyte": "15d484375f8d13e6eb1aabb0c3f46965",
    },
)
KMNIST = Collection(
    title="Kuzushiji-MNIST",
    folder="KMNIST",
    source="kmnist",
    loader="load_kmnist",
    sample=None,
    md5={  # known of the packed files only
        "train-images-idx3-ubyte.gz": "bdb82020997e1d708af4cf47b453dcf7",
        "train-labels-idx1-ubyte.gz": "e144d726b3acfaa3e44228e80efcd344",
        "t10k-images-idx3-ubyte.gz": "5c965bf0a639b31b8f53240b1b52f4d7",
        "t10k-labels-idx1-ubyte.gz": "7320c461ea6c1c855c0b718fb2a4b134",
    },
)


def read(collection, folder, split):
    """The images (N, 28, 28) and labels (N,) of one split, uint8, from the official files in a folder.

    Raises:
        FileNotFoundError: one of them is missing.
        ValueError: one of them is cut off, or another file by its name.
    """
    names = [name for name in collection.md5 if name.removesuffix(".gz") in FILES[split]]
    return [_tensor(collection, folder, name, split) for name in names]


def _tensor(collection, folder, name, split):
    """The content of one file."""
    shape, path = FILES[split][name.removesuffix(".gz")], _find(collection, folder, name)
    if path is None:
        raise _missing(collection, folder, name)
    kept = path.read_bytes()
    content = _unpacked(kept) if kept.startswith(b"\x1f\x8b") else kept
    header = struct.pack(f">{1 + len(shape)}i", 2048 + len(shape), *shape)
    sums = {hashlib.md5(kept).hexdigest(), hashlib.md5(content).hexdigest()}
    if collection.md5[name] not in sums:
        raise _stranger(collection, path, content, len(header) + math.prod(shape), split, sums)
    return torch.frombuffer(bytearray(content), dtype=torch.uint8, offset=len(header)).reshape(shape)


def _unpacked(content):
    """What a .gz file holds; nothing if it is cut off."""
    try:
        return gzip.decompress(content)
    except (OSError, EOFError, zlib.error):
        return b""


def _find(collection, folder, name):
    """The file, in the folder or somewhat above or below it, packed or not, as programs that unpack spell it; or None."""
    raw = f"{collection.folder}/raw"
    plain = name.removesuffix(".gz")
    spelled = [plain, plain.replace("-idx", ".idx"), f"{plain}/{plain}"]  # the last from Kaggle
    spelled = [*(spelled if plain == name else []), *(f"{other}.gz" for other in spelled)]
    for place in (folder / raw, folder / collection.folder, folder / "raw", folder, *sorted(folder.glob(f"*/{raw}"))):
        for path in (place / other for other in spelled):
            if path.is_file():
                return path
    return None


def _missing(collection, folder, name):
    """The error for a file that is not where VAE_EDU_DATA points."""
    if not folder.is_dir():
        return FileNotFoundError(
            tr(
                ja=f"VAE_EDU_DATA が指すフォルダ {folder.absolute()} がありません。"
                f"{collection.folder}/raw を含むフォルダか、sample という語を指定してください。",
                en=f"VAE_EDU_DATA names {folder.absolute()}, but there is no such folder. "
                f"Name a folder that holds {collection.folder}/raw, or the word sample.",
            )
        )
    path = folder / collection.folder / "raw" / name
    return FileNotFoundError(
        tr(
            ja=f"VAE_EDU_DATA が指すフォルダに {path} がありません。"
            f"{collection.folder}/raw を含むフォルダか、sample という語を指定してください。",
            en=f"VAE_EDU_DATA names a folder without {path}. "
            f"Name a folder that holds {collection.folder}/raw, or the word sample.",
        )
    )


def _stranger(collection, path, content, official, split, sums):
    """The error for a file that is not the official one."""
    sample = 'os.environ["VAE_EDU_DATA"] = "sample"'
    again_ja = f"もう一度コピーするか、{sample} を実行して同梱のサンプルを使ってください。"
    again_en = f"Copy it again, or run {sample} to use the bundled sample."
    for other in (MNIST, FASHION, KMNIST):
        if other is not collection and sums & set(other.md5.values()):
            line = f'os.environ["VAE_EDU_DATA"] = {str(path.parent)!r}; vae_edu.{other.loader}("{split}")'
            return ValueError(
                tr(
                    ja=f"{path} の中身は {collection.title} ではなく {other.title} です。{line} で読み込めます。",
                    en=f"{path} does not hold {collection.title} but {other.title}. Load it with {line}",
                )
            )
    if len(content) != official and path.suffix != ".gz":
        cut = len(content) < official
        return ValueError(
            tr(
                ja=f"{path} は {len(content):,} バイトですが、正しくは {official:,} バイトです。"
                f"ファイルが{'途中で切れています' if cut else '大きすぎます'}。{again_ja}",
                en=f"{path} has {len(content):,} bytes, but the official file has {official:,}. "
                f"It {'was cut off' if cut else 'is too large'}. {again_en}",
            )
        )
    cut_ja, cut_en = ("途中で切れているか、", "is cut off or ") if not content else ("", "")
    return ValueError(
        tr(
            ja=f"{path} は{cut_ja}{collection.title} ではありません (中身の検査値が違います)。{again_ja}",
            en=f"{path} {cut_en}does not hold {collection.title}: its checksum is another. {again_en}",
        )
    )
