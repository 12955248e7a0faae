"""Pictures from files, prepared as MNIST prepared its digits."""

import contextlib
import os
import warnings
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageFilter, ImageOps
from torch.utils.data import TensorDataset

from .arguments import shown, wrong
from .language import tr

LARGEST = 600  # pixels of a side: a photo is reduced to it, which is far more than 28 need
FRAME = 0.06  # of a picture's sides: there lies its background, from which ink is told
FAINTEST = 0.12  # a contrast below it is no ink
MIDDLE = 14.5  # in MNIST every centre of mass lies between 14 and 15 pixels from the edge
INKED = 0.1  # of the full ink: what is cropped to
MOST_FILES = 100_000
NAMED = 3  # files named in a sentence


def load_images(source):
    """Read pictures from files, and prepare them as MNIST did (LeCun et al., 1998): a digit or letter a picture.

    PNG, JPEG and what else Pillow reads; grey, in colour, or with ink on a transparent ground; photos as they lie in the
    file or turned by its camera's note. A picture whose border is lighter than its ink is turned round to white on black.
    Each is cropped to its ink, scaled into 20 x 20 pixels and set into 28 x 28 with its centre of mass in the middle. A
    sentence says how many were read and turned round, and which were not, and why.

    Args:
        source: a folder (its subfolders too), a file, or a list of files or of Pillow's images.

    Returns:
        TensorDataset of images (N, 1, 28, 28) float32 in [0, 1], in the order of the names; and labels (N,) int64, if every
        picture of a folder lies in a subfolder whose name is a number. Its attribute `source` is "images".

    Raises:
        TypeError: source is none of these.
        FileNotFoundError: there is no such file or folder.
        ValueError: no picture could be read.
    """
    files = _listed(source)
    images, kept, turned, skipped = [], [], 0, []
    for file in files:
        image, fault, dark = _prepared(file)
        if fault:
            skipped.append(f"{_name(file)} ({fault})")
            continue
        images.append(image)
        kept.append(file)
        turned += dark
    if not images:
        raise ValueError(_nothing(source, skipped))
    labels = _labels(source, kept)
    dataset = TensorDataset(torch.stack(images)[:, None], *([] if labels is None else [labels]))
    dataset.source = "images"
    print(_report(len(images), turned, skipped, labels))
    return dataset


def _listed(source):
    """The files, or images, of a source."""
    if isinstance(source, str | os.PathLike) and not isinstance(os.fspath(source), bytes) and "\0" not in str(source):
        path = Path(source).expanduser()
        if os.path.isdir(path):
            return _inside(path)
        return [_there(path)]
    if isinstance(source, Image.Image):
        return [source]
    usable = isinstance(source, Iterable) and not isinstance(source, str | bytes | dict | torch.Tensor | np.ndarray)
    files = list(source) if usable else []
    if not files or not all(isinstance(file, str | Path | Image.Image) and "\0" not in str(file) for file in files):
        raise wrong(
            "source",
            source,
            tr(ja="フォルダ、ファイル、またはそれらのリスト", en="a folder, a file, or a list of files"),
            tr(
                ja='vae_edu.load_images("my_digits") のように書いてください。',
                en='Write it like vae_edu.load_images("my_digits").',
            ),
            TypeError,
        )
    return [file if isinstance(file, Image.Image) else _there(Path(file).expanduser()) for file in files]


def _inside(folder):
    """The files in a folder and its subfolders, in the order of their names, without hidden ones."""
    found = []
    for place, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        found += [Path(place, name) for name in names if not name.startswith(".")]
        if len(found) > MOST_FILES:
            must = tr(
                ja=f" {MOST_FILES:,} 個までのファイルがあるフォルダ", en=f"a folder of at most {MOST_FILES:,} files"
            )
            cure = tr(
                ja="画像だけを入れたフォルダを渡してください。", en="Pass a folder that holds the pictures alone."
            )
            raise wrong("source", str(folder), must, cure)
    return sorted(filter(os.path.isfile, found))  # no pipe, which would keep us waiting


def _there(path):
    """A file; raises FileNotFoundError if there is none."""
    if os.path.exists(path):
        return path
    place = Path.cwd()
    raise FileNotFoundError(
        tr(
            ja=f"{str(path)[:200]} がありません。今の作業フォルダは {place} です。"
            "Colab では左のファイル欄にアップロードし、その名前を書いてください。",
            en=f"There is no {str(path)[:200]}. The working folder is {place}. "
            "In Colab, upload it in the Files pane on the left, and write the name that it has there.",
        )
    )


def _prepared(file):
    """A picture as an image (28, 28), None if it has none with what is wrong, and whether it was turned round."""
    try:
        with warnings.catch_warnings(action="ignore"):  # of Pillow, about large pictures and odd notes in them
            with contextlib.nullcontext(file) if isinstance(file, Image.Image) else Image.open(file) as picture:
                grey = _grey(picture)
    except Exception:  # whatever Pillow finds wrong in a file
        unreadable = tr(
            ja="画像として読めません。PNG か JPEG で保存し直してください", en="no picture; save it as PNG or JPEG"
        )
        return None, unreadable, False
    ink, dark = _ink(grey)
    if ink is None:
        return None, tr(ja="何も描かれていません", en="nothing is drawn in it"), False
    return _centred(_cropped(ink)), "", dark


def _grey(picture):
    """A picture as brightness (H, W) in [0, 1], upright, of at most LARGEST pixels; transparent ground becomes plain."""
    picture = ImageOps.exif_transpose(picture)
    if picture.mode.startswith(("I", "F")):  # 16 bits or more, which Pillow would cut to 8
        values = np.asarray(picture, np.float64)
        values = (values - values.min()) / max(np.ptp(values), 1e-9) * 255
        picture = Image.fromarray(values.astype(np.uint8))
    if "A" in picture.mode or "transparency" in picture.info:
        picture = _on_plain_ground(picture.convert("RGBA"))
    picture = picture.convert("L")
    picture.thumbnail((LARGEST, LARGEST), Image.Resampling.BOX)
    if min(picture.size) > 100:
        picture = picture.filter(ImageFilter.MedianFilter(3))  # specks of dust and of the camera's noise
    return np.asarray(picture, np.float64) / 255


def _on_plain_ground(picture):
    """A picture with transparent parts on black if what is seen of it is light, else on white."""
    pixels = np.asarray(picture, np.float64)
    alpha = pixels[..., 3]
    light = (pixels[..., :3].mean(-1) * alpha).sum() > 127 * alpha.sum()
    return Image.alpha_composite(Image.new("RGBA", picture.size, (0, 0, 0, 255) if light else (255,) * 4), picture)


def _ink(grey):
    """How much ink (H, W) in [0, 1] there is at each place, or None where there is none; whether it is dark on light.

    The background is a plane through the border's brightness, because photos are darker on one side.
    """
    height, width = grey.shape
    y, x = np.mgrid[:height, :width] / max(height, width)
    depth = max(1, round(FRAME * min(height, width)))
    border = np.ones_like(grey, bool)
    border[depth:-depth, depth:-depth] = False
    plane = np.stack([np.ones_like(grey), y, x], -1)
    middle = np.median(grey[border])
    usual = border & (abs(grey - middle) < 0.25)  # without ink that touches the border
    weights = np.linalg.lstsq(plane[usual], grey[usual], rcond=None)[0] if usual.any() else np.array([middle, 0, 0])
    difference = grey - plane @ weights
    dark = bool(-difference.min() > difference.max())
    ink = -difference if dark else difference
    noise = np.quantile(abs(difference[usual]), 0.99) if usual.any() else 0.0
    strongest = _typical(ink)
    if strongest - noise < FAINTEST:
        return None, dark
    return ((ink - noise) / (strongest - noise)).clip(0, 1), dark


def _typical(ink):
    """The usual strength of the ink where it is strong."""
    strong = ink[ink > 0.5 * ink.max()]
    return np.median(strong) if strong.size else 0.0


def _cropped(ink):
    """The part with ink, scaled into 20 x 20 without a change of its proportions."""
    rows, columns = (np.flatnonzero((ink > INKED).any(axis)) for axis in (1, 0))
    part = ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    height, width = (max(1, round(20 * side / max(part.shape))) for side in part.shape)
    small = Image.fromarray(part.astype(np.float32)).resize((width, height), Image.Resampling.BOX)
    small = np.asarray(small)
    return small / small.max()


def _centred(ink):
    """An image (28, 28) with the centre of mass where MNIST has it, as nearly as whole pixels allow."""
    canvas = np.zeros((28, 28), np.float32)
    corner = []
    for axis, side in enumerate(ink.shape):
        centre = (ink.sum(1 - axis) * (np.arange(side) + 0.5)).sum() / ink.sum()
        corner.append(min(max(round(MIDDLE - centre), 0), 28 - side))
    canvas[corner[0] : corner[0] + ink.shape[0], corner[1] : corner[1] + ink.shape[1]] = ink
    return torch.from_numpy(canvas)


def _labels(source, kept):
    """Labels (N,) from the names of the folders, if all are numbers; else None."""
    inside = isinstance(source, str | os.PathLike) and Path(source).expanduser().is_dir()
    names = [file.parent.name for file in kept] if inside else []
    if not names or not all(name.isdecimal() and len(name) < 10 for name in names):
        return None
    return torch.tensor([int(name) for name in names])


def _name(file):
    """A file's name, or that of a picture that has none."""
    return getattr(file, "name", None) or Path(getattr(file, "filename", "") or "Image").name


def _nothing(source, skipped):
    """What to say where no picture was read."""
    where = shown(source)
    if not skipped:
        return tr(
            ja=f"source に渡された {where} には画像がありません。PNG か JPEG のファイルを入れてから、もう一度実行してください。",
            en=f"source {where} has no picture in it. Put PNG or JPEG files there, then run this again.",
        )
    return tr(
        ja=f"source に渡された {where} から画像を読み込めませんでした: {_few(skipped)}。",
        en=f"No picture could be read from source {where}: {_few(skipped)}.",
    )


def _few(names):
    """The first of the names, and how many there are beside them."""
    rest = len(names) - NAMED
    more = tr(ja=f"、ほか {rest} 個", en=f", and {rest} more") if rest > 0 else ""
    return tr(ja="、", en=", ").join(names[:NAMED]) + more


def _report(count, turned, skipped, labels):
    """The sentence that says what was done."""
    found = "" if labels is None else ", ".join(map(str, labels.unique().tolist()[:12]))
    parts_ja = [
        f"画像を {count:,} 枚読み込みました",
        f"明るい地に暗い線の {turned:,} 枚は白黒を反転しました" if turned else "",
    ]
    parts_en = [
        f"Read {count:,} picture{'s' * (count != 1)}",
        f"turned {turned:,} dark on light round" if turned else "",
    ]
    parts_ja += [f"フォルダ名をラベルにしました ({found})" if found else ""]
    parts_en += [f"took labels from the folders' names ({found})" if found else ""]
    parts_ja += [f"読めなかったもの {len(skipped):,} 個: {_few(skipped)}" if skipped else ""]
    parts_en += [f"left out {len(skipped):,}: {_few(skipped)}" if skipped else ""]
    return tr(ja="。".join(filter(None, parts_ja)) + "。", en="; ".join(filter(None, parts_en)) + ".")
