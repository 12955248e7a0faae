"""The latent space explorer: its widget and its file. The model itself runs in assets/explorer/explorer.mjs."""

import json
from pathlib import Path

import anywidget
import torch
import traitlets

from .data import ASSETS, bundled
from .language import tr
from .latent import LatentCodes, encode_dataset
from .models import ConvVAE, device_of
from .widgets import png

FORMAT = "vae-edu explorer 1"
DTYPES = {torch.float32: "F32", torch.uint8: "U8"}  # by their names in the safetensors format


class LatentExplorer(anywidget.AnyWidget):
    """The widget that latent_explorer makes; anywidget asks for a class."""

    _esm = Path(str(ASSETS / "explorer" / "explorer.mjs"))
    _css = Path(str(ASSETS / "explorer" / "explorer.css"))
    language = traitlets.Unicode().tag(sync=True)
    file = traitlets.Bytes().tag(sync=True)  # what export_explorer writes
    still = traitlets.Bytes().tag(sync=True)  # PNG of the image at z = 0, for pages where no widget lives


def latent_explorer(model, codes=None):
    """Explore a latent space by mouse, touch or keyboard: decode, map, interpolate, and encode a digit drawn by hand.

    The browser computes everything, with the model's weights as they are now: after more training, call this again.

    Args:
        model: a ConvVAE of any latent_dim.
        codes: LatentCodes to show as points; without them, those of the bundled 1,000 test images.

    Returns:
        anywidget.AnyWidget. It needs a notebook that shows third-party widgets; latent_sliders works in every one.

    Raises:
        TypeError, ValueError: as export_explorer.
    """
    file = explorer_file(model, codes)
    with torch.no_grad():
        origin = model.decode(torch.zeros(1, model.latent_dim, device=device_of(model)))[0, 0]
    return LatentExplorer(language=tr(ja="ja", en="en"), file=file, still=png(origin, 224))


def export_explorer(model, path, codes=None):
    """Write one file to drop onto the explorer of the course's site, which reads it in the browser and sends it nowhere.

    Args:
        model: a ConvVAE of any latent_dim.
        path: the file to write, for example "my_vae.safetensors".
        codes: LatentCodes to show as points; without them, those of the bundled 1,000 test images.

    Raises:
        TypeError: model is no ConvVAE, or codes are no LatentCodes.
        ValueError: the codes have another latent_dim, or a weight is not finite.
    """
    Path(path).write_bytes(explorer_file(model, codes))


def explorer_file(model, codes=None):
    """The bytes of an explorer file: safetensors, with the model's state dict, `points` and `labels`."""
    if not isinstance(model, ConvVAE):
        raise TypeError(
            tr(
                ja=f"model は ConvVAE でなければなりませんが、{type(model).__name__} が渡されました。",
                en=f"model must be a ConvVAE, but {type(model).__name__} was given.",
            )
        )
    if codes is None:
        codes = encode_dataset(model, bundled("test"))
    require_codes(codes, model.latent_dim)
    tensors = {name: weight.float() for name, weight in model.state_dict().items()}
    tensors |= {"points": codes.mu.float(), "labels": codes.labels.to(torch.uint8)}
    header, start = {"__metadata__": {"format": FORMAT}}, 0
    for name, tensor in tensors.items():
        require_finite(name, tensor)
        end = start + tensor.nbytes
        header[name] = {"dtype": DTYPES[tensor.dtype], "shape": list(tensor.shape), "data_offsets": [start, end]}
        start = end
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)  # the data starts at a multiple of 8 bytes
    return len(text).to_bytes(8, "little") + text + b"".join(t.cpu().numpy().tobytes() for t in tensors.values())


def require_codes(codes, latent_dim):
    """Raise TypeError or ValueError unless these are the LatentCodes of a model with latent_dim dimensions."""
    if not isinstance(codes, LatentCodes):
        raise TypeError(
            tr(
                ja=f"codes は LatentCodes でなければなりませんが、{type(codes).__name__} が渡されました。"
                "encode_dataset(model, digits) の戻り値を渡してください。",
                en=f"codes must be LatentCodes, but {type(codes).__name__} was given. "
                "Pass what encode_dataset(model, digits) returns.",
            )
        )
    if codes.mu.shape[1] != latent_dim:
        raise ValueError(
            tr(
                ja=f"codes.mu の形は (N, {latent_dim}) でなければなりませんが、{tuple(codes.mu.shape)} が渡されました。"
                "同じモデルで encode_dataset(model, digits) をやり直してください。",
                en=f"codes.mu must have the shape (N, {latent_dim}), but {tuple(codes.mu.shape)} was given. "
                "Call encode_dataset(model, digits) with this model.",
            )
        )


def require_finite(name, tensor):
    """Raise ValueError unless every value is a finite number."""
    if not tensor.isfinite().all():
        raise ValueError(
            tr(
                ja=f"{name} に有限でない値があります。モデルを作り直し、learning_rate を小さくして学習してください。",
                en=f"{name} has values that are not finite. Make a new model and train it with a smaller learning_rate.",
            )
        )
