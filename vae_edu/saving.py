"""Models and runs on disk: a file is whole or it is not there, and it is read as data only."""

import contextlib
import io
import os
import pickle
from importlib import resources
from pathlib import Path

import torch

from .arguments import require_choice, require_model, require_path
from .data import ASSETS
from .language import tr
from .models import MLPVAE, ConvVAE, device_of

CHECKPOINT = "vae-edu checkpoint 1"
# What reading a file of another kind can raise.
UNREADABLE = (
    pickle.UnpicklingError,
    RuntimeError,
    OSError,
    EOFError,
    LookupError,
    TypeError,
    ValueError,
    AttributeError,
)


def save(model, path):
    """Save a model's weights; load(path) gives the model back. An older file stays whole until the new one is.

    Raises:
        TypeError, ValueError: model has no weights, or path can name no file.
        OSError: the file cannot be written.
    """
    require_model(model)
    require_path("path", path)
    write(packed(model.state_dict()), path)


def load(path):
    """The model of the weights in a file, on the CPU: from save, a checkpoint, or a state dict of the same layers.

    Weights are read as data only: nothing in the file is executed.

    Raises:
        FileNotFoundError: no such file.
        TypeError, ValueError: path can name no file, or the file holds no weights of a ConvVAE or an MLPVAE.
    """
    require_path("path", path)
    try:
        return _model_of(_read(path))
    except FileNotFoundError:
        raise FileNotFoundError(
            tr(
                ja=f"path が指すファイル {str(path)!r} がありません。先に save(model, path) で保存してください。",
                en=f"path names no file: {str(path)!r}. Save a model there first with save(model, path).",
            )
        ) from None
    except UNREADABLE as error:
        raise ValueError(
            tr(
                ja=f"path が指すファイル {str(path)!r} は ConvVAE や MLPVAE の重みとして読めません ({type(error).__name__})。"
                "save(model, path) で保存したファイルを指定してください。",
                en=f"path names a file that holds no weights of a ConvVAE or an MLPVAE: {str(path)!r} ({type(error).__name__}). "
                "Name a file written by save(model, path).",
            )
        ) from error


def load_pretrained(name="conv_vae_2d"):
    """A model that ships with the course, trained on the whole MNIST by assets/make.py, on the CPU.

    Raises:
        ValueError: no model has that name.
    """
    names = sorted(file.name.removesuffix(".pt") for file in ASSETS.iterdir() if file.name.endswith(".pt"))
    require_choice("name", name, names)
    with resources.as_file(ASSETS / f"{name}.pt") as path:
        return load(path)


def save_checkpoint(path, settings, model, optimizer, history):
    """Write all that the next epoch of a run depends on; settings and history hold numbers and texts alone."""
    device = device_of(model)
    state = {
        "format": CHECKPOINT,
        "settings": settings,
        "model": model.state_dict(),
        "optimizer": optimizer.state_dict(),
        "random": torch.get_rng_state(),
        "history": history,
    }
    if device.type != "cpu":  # "random_cuda" or "random_mps"
        state[f"random_{device.type}"] = torch.get_device_module(device).get_rng_state(device)
    write(packed(state), path)


def read_checkpoint(path):
    """What save_checkpoint wrote; ValueError if the file is none of its."""
    try:
        saved = _read(path)
        if saved["format"] != CHECKPOINT:
            raise ValueError(saved["format"])
    except UNREADABLE as error:
        raise ValueError(
            tr(
                ja=f"checkpoint が指すファイル {str(path)!r} は、学習の途中の記録として読めません "
                f"({type(error).__name__})。別のファイル名を指定してください。",
                en=f"checkpoint names a file that is no training checkpoint: {str(path)!r} ({type(error).__name__}). "
                "Name another file.",
            )
        ) from error
    return saved


def resume(path, settings, model, optimizer):
    """Put back the state of the run in a checkpoint, and return its history; ValueError if its settings differ."""
    saved = read_checkpoint(path)
    for name, value in settings.items():
        if saved["settings"].get(name) != value:
            raise ValueError(
                tr(
                    ja=f"checkpoint {str(path)!r} は {name}={saved['settings'].get(name)!r} で行った学習の記録ですが、"
                    f"{name}={value!r} が渡されました。同じ値を渡すか、別のファイル名を指定してください。",
                    en=f"checkpoint {str(path)!r} belongs to a run with {name}={saved['settings'].get(name)!r}, but "
                    f"{name}={value!r} was given. Pass the same value, or name another file.",
                )
            )
    model.load_state_dict(saved["model"])
    optimizer.load_state_dict(saved["optimizer"])
    torch.set_rng_state(saved["random"])
    device = device_of(model)
    if saved.get(f"random_{device.type}") is not None:
        torch.get_device_module(device).set_rng_state(saved[f"random_{device.type}"], device)
    return saved["history"]


def packed(state):
    """The bytes that torch.save writes."""
    buffer = io.BytesIO()
    torch.save(state, buffer)
    return buffer.getvalue()


def write(content, path):
    """Write a file in one step: whenever the machine stops, it is the whole old one or the whole new one."""
    path = Path(path)
    part = path.with_name(f"{path.name}.part")
    try:
        with open(part, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())  # or a crash of the machine could leave an empty file under the final name
        os.replace(part, path)
    except OSError as error:
        with contextlib.suppress(OSError):
            part.unlink()
        raise OSError(
            error.errno,
            tr(
                ja=f"{str(path)!r} に書き込めません ({error.strerror})。空きのある、書き込めるフォルダを指定してください。",
                en=f"{str(path)!r} cannot be written ({error.strerror}). Name a folder that has room and can be written.",
            ),
        ) from error


def _read(path):
    """The content of a file of torch.save, on the CPU, as data only: nothing in it is executed."""
    return torch.load(path, map_location="cpu", weights_only=True)


def _model_of(weights):
    """The model of a state dict, or of the one in a checkpoint."""
    weights = weights.get("model", weights)
    network = MLPVAE if "encoder.1.weight" in weights else ConvVAE
    model = network(latent_dim=len(weights["fc_mu.bias"]))
    model.load_state_dict(weights)
    return model.eval()
