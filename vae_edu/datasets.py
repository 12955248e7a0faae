"""What can be taken as a data set: whatever holds images, with labels or without; they are read once, as tensors."""

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

import numpy as np
import torch
from PIL import Image
from torch.utils.data import DataLoader, IterableDataset, TensorDataset

from .arguments import wrong
from .images import diagnose, fits, readable, unfit
from .language import tr

DARKEST = 1 / 255 + 1e-6  # images with no brighter value were divided by 255 twice
PAPER = 0.6  # a mean of the border above it is paper: digits are dark on light


GREY = ("L", "1")  # modes of pictures

# How an item that is no tensor becomes one.
FROM_ARRAY = 'torch.tensor({}.astype("float32"))'
FROM_GREY, FROM_COLOUR = (f"torchvision.transforms.functional.to_tensor(image{to})" for to in ("", '.convert("RGBA")'))


class Opened(NamedTuple):
    """A data set's images and labels as they are."""

    images: torch.Tensor
    labels: object  # None where there are none
    cure: Callable  # the line that mends the images, of code in which $x stands for them


def tensors_of(dataset, name="dataset", for_a_model=True):
    """Images (N, 1, 28, 28) floating point in [0, 1], and labels as they are or None, of anything that holds images.

    Args:
        dataset: TensorDataset, tensor, NumPy array, DataLoader, a list, or anything else with a length and an order.
        for_a_model: whether digits must look as MNIST's do; what does not is refused, or remarked if it is a guess.

    Raises:
        TypeError, ValueError: dataset holds no images, or they are no such images; a line of code says how to mend them.
    """
    opened = _open(dataset, name)
    images = opened.images.detach()
    if readable(images) and images.dtype != torch.float32:
        images = images.float()
    if not readable(images) or not fits(images):
        raise unfit(opened.images, name, opened.cure)
    if for_a_model:
        _look_at_ink(images, name, opened.cure)
    return images, opened.labels


def images_of(dataset, name="dataset", for_a_model=True):
    """The images alone, as tensors_of gives them."""
    return tensors_of(dataset, name, for_a_model)[0]


def labels_of(labels, count, name="dataset"):
    """Labels (N,) int64, or None where a data set has none; raises TypeError or ValueError if they are no whole numbers."""
    whole = isinstance(labels, torch.Tensor) and readable(labels) and not labels.is_floating_point()
    if labels is None or (whole and labels.shape == (count,)):
        return None if labels is None else labels.long()
    x = f"{name}.tensors[1]"
    code = "$x.long()" if isinstance(labels, torch.Tensor) and labels.dim() == 1 else "$x.argmax(dim=1)"
    if isinstance(labels, torch.Tensor) and labels.dim() == 2 and labels.shape[1] == 1:
        code = "$x.flatten().long()"
    raise wrong(
        tr(ja=f"{name} のラベル", en=f"the labels of {name}"),
        labels,
        tr(ja=f"長さ {count} の int64 のテンソル", en=f"an int64 tensor of shape ({count},)"),
        tr(
            ja=f"TensorDataset なら {name}.tensors = ({name}.tensors[0], {code.replace('$x', x)}) と書くか、"
            f"{name} = [image for image, *_ in {name}] でラベルを外してください。",
            en=f"Of a TensorDataset, mend them with {name}.tensors = ({name}.tensors[0], {code.replace('$x', x)}), "
            f"or leave them out: {name} = [image for image, *_ in {name}]",
        ),
        TypeError,
    )


def require_all_digits(dataset):
    """Raise TypeError or ValueError unless this is a TensorDataset with an image of every digit 0-9."""
    images, labels = tensors_of(dataset)
    if not isinstance(dataset, TensorDataset) or len(dataset.tensors) != 2:
        raise wrong(
            "dataset",
            dataset,
            tr(ja=" TensorDataset(images, labels) ", en="a TensorDataset(images, labels)"),
            tr(
                ja="ラベルがあるなら dataset = torch.utils.data.TensorDataset(*next(iter("
                "torch.utils.data.DataLoader(dataset, batch_size=len(dataset))))) と書けます。",
                en="If it has labels, write dataset = torch.utils.data.TensorDataset(*next(iter("
                "torch.utils.data.DataLoader(dataset, batch_size=len(dataset)))))",
            ),
            TypeError,
        )
    missing = sorted(set(range(10)) - set(labels_of(labels, len(images)).tolist()))
    if missing:
        raise ValueError(
            tr(
                ja=f"dataset には 0 から 9 までの各数字の画像が必要ですが、{missing} の画像がありません。"
                "load_mnist() の戻り値を渡してください。",
                en=f"dataset must hold every digit 0-9, but it has no image of {missing}. Pass what load_mnist() returns.",
            )
        )


def _look_at_ink(images, name, cure):
    """Raise ValueError if the images are nearly black; say so if they seem to be dark on light."""
    brightest, border = images.max().item(), torch.cat([images[:, 0, [0, -1]], images[:, 0, :, [0, -1]].mT], 1)
    if 0 < brightest <= DARKEST:
        raise ValueError(
            tr(
                ja=f"{name} の値は最大でも {brightest:.4f} で、ほとんど真っ黒です。255 で 2 回割ったようです。"
                f"{cure('$x * 255')} と書いてください。",
                en=f"{name} is nearly black: no value is above {brightest:.4f}. It seems to be divided by 255 twice. "
                f"Write {cure('$x * 255')}",
            )
        )
    if border.mean() > PAPER:
        print(
            tr(
                ja=f"注意: {name} は明るい地に暗い線の画像のようです。MNIST は黒い地に白い線です。"
                f"そろえるには {cure('1 - $x')} と書いてください。",
                en=f"Note: {name} seems to be dark ink on light paper; MNIST is white on black. "
                f"To turn it round, write {cure('1 - $x')}",
            )
        )


def _open(dataset, name):
    """What a data set holds, not yet judged."""
    if isinstance(dataset, torch.Tensor):
        return Opened(dataset, None, _line(f"{name} = $code", name))
    if isinstance(dataset, np.ndarray) and dataset.dtype.kind in "biuf":
        return Opened(_tensor(dataset), None, _line(f"{name} = $code", FROM_ARRAY.format(name)))
    if isinstance(dataset, TensorDataset) and dataset.tensors:
        line = _line(f"{name}.tensors = ($code, *{name}.tensors[1:])", f"{name}.tensors[0]")
        return Opened(*_pair(dataset.tensors), line)
    if isinstance(dataset, DataLoader):
        return _open_loader(dataset, name)
    orderly = hasattr(type(dataset), "__len__") and hasattr(type(dataset), "__getitem__")
    if not orderly or isinstance(dataset, Mapping | str | bytes) or _tried(name, len, dataset) == 0:
        raise _no_dataset(dataset, name)
    return _open_samples(dataset, name)


def _line(line, x):
    """The cure of a data set: the line, in it the code, in that what $x stands for."""
    return lambda code: line.replace("$code", code.replace("$x", x))


def _open_samples(dataset, name):
    """Images and labels of a list or of a map-style data set: dataset[0], dataset[1], ..."""
    first = _tried(name, dataset.__getitem__, 0)
    image, _ = _pair(first)
    if not isinstance(image, torch.Tensor | np.ndarray | Image.Image):
        raise _no_dataset(dataset, name, first)
    samples = [_pair(_tried(name, dataset.__getitem__, i)) for i in range(len(dataset))]
    pairs = isinstance(first, tuple | list)
    line = f"[($code, *rest) for image, *rest in {name}]" if pairs else f"[$code for image in {name}]"
    cure = _line(f"{name} = {line}", _code_of_tensor([image for image, _ in samples]))
    images = [_tried(name, _tensor, image) for image, _ in samples]
    _require_alike(images, dataset, name, cure)
    return Opened(_tried(name, torch.stack, images), _stacked([label for _, label in samples]), cure)


def _open_loader(loader, name):
    """Images and labels of a DataLoader's batches, in the order in which it gives them."""
    if not hasattr(type(loader.dataset), "__len__"):
        raise _no_dataset(loader, name)
    try:
        batches = [_pair(batch) for batch in loader]
        images = torch.cat([images for images, _ in batches])
        labels = [labels for _, labels in batches]
        labels = torch.cat(labels) if isinstance(labels[0], torch.Tensor) else None
    except Exception as error:
        _open(loader.dataset, f"{name}.dataset")  # its error says more
        raise _unread(name, error, f"{name} = {name}.dataset") from error
    return Opened(images, labels, _line(f"{name} = [($code, *rest) for image, *rest in {name}.dataset]", "image"))


def _pair(sample):
    """The image and the label (or None) of one sample, or of a batch."""
    return (*sample, None, None)[:2] if isinstance(sample, tuple | list) else (sample, None)


def _code_of_tensor(images):
    """The code that makes a tensor of each of these images, as _tensor does."""
    if isinstance(images[0], np.ndarray):
        return FROM_ARRAY.format("image")
    if isinstance(images[0], Image.Image):
        return FROM_GREY if all(getattr(image, "mode", "L") in GREY for image in images) else FROM_COLOUR
    return "image"


def _tensor(image):
    """An image as a tensor."""
    if isinstance(image, np.ndarray):
        return torch.tensor(image.astype("float32"))
    if isinstance(image, Image.Image):
        pixels = torch.tensor(np.array(image.convert("L" if image.mode in GREY else "RGBA")))
        return pixels.view(*pixels.shape[:2], -1).movedim(-1, 0) / 255
    return image


def _stacked(labels):
    """Labels as one tensor where they are numbers; None where there are none; else as they are."""
    if all(label is None for label in labels):
        return None
    try:
        return torch.stack([torch.as_tensor(label) for label in labels])
    except Exception:
        return labels


def _require_alike(images, dataset, name, cure):
    """Raise TypeError or ValueError unless these are tensors of one shape, that of an image."""
    if not all(isinstance(image, torch.Tensor) for image in images):
        raise _no_dataset(dataset, name)
    shapes = sorted({tuple(image.shape) for image in images}, key=lambda shape: (shape[-2:] != (28, 28), shape))
    if len(shapes) == 1 and len(shapes[0]) < 4:
        return
    if images[0].dim() < 4:
        odd = next(image for image in images if image.shape == shapes[-1])
        _, code = diagnose(odd[None]) if readable(odd) else ([], None)
        line = cure(code) if code else ""
    elif isinstance(dataset[0], tuple | list):  # batches of images and labels
        line = f"{name} = torch.utils.data.TensorDataset(*map(torch.cat, zip(*{name})))"
    elif all(shape[1:] == shapes[0][1:] for shape in shapes):  # batches of images
        line = f"{name} = torch.cat(tuple({name}))"
    else:
        line = f"{name} = torch.utils.data.TensorDataset(*{name})"
    raise ValueError(
        tr(
            ja=f"{name} の画像の形がそろっていません: {shapes[:3]}。{line and f'{line} と書いてください。'}",
            en=f"{name} must hold images of one shape, but it has {shapes[:3]}. {line and f'Write {line}'}".rstrip(),
        )
    )


def _tried(name, function, *arguments):
    """The value of a function that reads the data set; an error of it says where it came from."""
    try:
        return function(*arguments)
    except Exception as error:
        raise _unread(name, error) from error


def _unread(name, error, line=""):
    """The error for a data set whose own code raised one."""
    reason = f"{type(error).__name__}: {error}"[:200]
    return TypeError(
        tr(
            ja=f"{name} から画像を読もうとすると、エラーになりました ({reason})。"
            + (
                f"{line} と書いてみてください。"
                if line
                else f"{name}[0] が (画像, ラベル) の組になるか確かめてください。"
            ),
            en=f"Reading images from {name} raised an error ({reason}). "
            + (f"Try {line}" if line else f"See whether {name}[0] is a pair (image, label)."),
        )
    )


def _no_dataset(dataset, name, first=None):
    """The error for what holds no images, with the line that makes it a data set where there is one."""
    line = ""
    if hasattr(dataset, "to_numpy"):
        line = f"{name} = {name}.to_numpy()"
    elif isinstance(dataset, DataLoader):
        line = f"{name} = list({name}.dataset)"
    elif isinstance(dataset, Iterator | IterableDataset):
        line = f"{name} = list({name})"
    elif isinstance(first, Mapping):
        line = f"{name} = [tuple(sample.values()) for sample in {name}]"
    cure = tr(
        ja="load_mnist() の戻り値か、TensorDataset(images, labels) を渡してください。",
        en="Pass what load_mnist() returns, or a TensorDataset(images, labels).",
    )
    if line:
        cure = tr(ja=f"{line} と書いてください。", en=f"Write {line}")
    return wrong(name, dataset, tr(ja="画像のデータセット", en="a data set of images"), cure, TypeError)
