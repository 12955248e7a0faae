"""Models and runs on disk: a file is whole or it is not there, and it is read as data only."""

import contextlib
import io
import os
from importlib import resources
from pathlib import Path

import torch

from .arguments import require_choice, require_model, require_path, wrong
from .data import ASSETS
from .language import tr
from .models import device_of, unwrapped
from .weights import model_of, read, what_it_is

CHECKPOINT = "vae-edu checkpoint 1"


def save(model, path):
    """Save a model's weights; load(path) gives the model back. An older file stays whole until the new one is.

    A model inside torch.compile's or DataParallel's wrapper is saved without it.

    Raises:
        TypeError: model has no weights, or layers that load would refuse.
        ValueError: path can name no file.
        OSError: the file cannot be written.
    """
    model = unwrapped(model)
    require_model(model)
    require_path("path", path)
    weights = model.state_dict()
    try:
        model_of(weights)
    except ValueError as error:
        cure = tr(
            ja="torch.save(model.state_dict(), path) を使ってください。", en="Use torch.save(model.state_dict(), path)."
        )
        must = tr(ja="load で読み込める ConvVAE か MLPVAE ", en="a ConvVAE or an MLPVAE, which load can read")
        raise wrong("model", model, must, cure, TypeError) from error
    write(packed(weights), path)


def load(path):
    """The model of the weights in a file, on the CPU: from save, export_explorer, a checkpoint, or a state dict.

    Weights are read as data only: nothing in the file is executed. A state dict of the same layers is found wherever
    it is, under the names that training programs give it, and with the prefixes of wrappers.

    Raises:
        FileNotFoundError: no such file.
        TypeError, ValueError: path can name no file, or the file holds no weights of a ConvVAE or an MLPVAE.
    """
    require_path("path", path)
    try:
        content = read(path)
    except FileNotFoundError:
        raise FileNotFoundError(
            tr(
                ja=f"path が指すファイル {str(path)!r} がありません。先に save(model, path) で保存してください。",
                en=f"path names no file: {str(path)!r}. Save a model there first with save(model, path).",
            )
        ) from None
    except Exception as error:
        raise _no_weights(path, what_it_is(path, error)) from error
    try:
        return model_of(content)
    except ValueError as error:
        raise _no_weights(path, str(error)) from None


def _no_weights(path, reason):
    return ValueError(
        tr(
            ja=f"path が指すファイル {str(path)!r} は ConvVAE や MLPVAE の重みとして読めません。{reason}",
            en=f"path names a file that holds no weights of a ConvVAE or an MLPVAE: {str(path)!r}. {reason}",
        )
    )


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
        "model": unwrapped(model).state_dict(),
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
        saved = read(path)
        if saved["format"] != CHECKPOINT:
            raise ValueError(saved["format"])
    except Exception as error:  # torch can raise any on a file of another kind
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
    unwrapped(model).load_state_dict(saved["model"])
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
