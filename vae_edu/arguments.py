"""What the arguments of the library's functions must be. An error says which one, what was given, and what to try."""

import os
import reprlib
from collections.abc import Sequence
from pathlib import Path

import torch

from .language import tr

MANY = 10**9


def wrong(name, value, must, cure="", error=ValueError):
    """The error `name must be ..., but ... was given`, in the current language, in which `must` and `cure` are."""
    given = shown(value)
    return error(
        tr(
            ja=f"{name}{' ' if name[-1].isascii() else ''}は{must}でなければなりませんが、{given} が渡されました。{cure}",
            en=f"{name} must be {must}, but {given} was given. {cure}".rstrip(),
        )
    )


def shown(value):
    """A value in words that are short whatever it is."""
    if isinstance(value, torch.Tensor):
        shape, kind = tuple(value.shape), f"{value.dtype}, {value.device}"
        return tr(ja=f"形 {shape} のテンソル ({kind})", en=f"a tensor of shape {shape} ({kind})")
    if value is None or isinstance(value, type):
        return str(value)
    if isinstance(value, bool | int | float | str | bytes | list | tuple | dict | os.PathLike):
        return f"{reprlib.repr(value)} ({type(value).__name__})"
    return type(value).__name__


def require_count(name, value, at_least=1, at_most=MANY):
    """Raise ValueError unless `value` is a whole number of that range."""
    if not isinstance(value, int) or isinstance(value, bool) or not at_least <= value <= at_most:
        must = tr(
            ja=f" {at_least:,} 以上 {at_most:,} 以下の整数", en=f"a whole number from {at_least:,} to {at_most:,}"
        )
        raise wrong(name, value, must)


def require_number(name, value, at_least=0.0, at_most=MANY):
    """Raise ValueError unless `value` is a number of that range."""
    if not isinstance(value, int | float) or isinstance(value, bool) or not at_least <= value <= at_most:
        must = tr(ja=f" {at_least:g} 以上 {at_most:g} 以下の数", en=f"a number from {at_least:g} to {at_most:g}")
        raise wrong(name, value, must)


def require_choice(name, value, choices):
    """Raise ValueError unless `value` is one of these, which are all texts, or True and False."""
    if not (isinstance(value, type(choices[0])) and value in choices):
        words = ", ".join(map(repr, choices))
        raise wrong(name, value, tr(ja=f"次のどれか ({words}) ", en=f"one of {words}"))


def require_texts(name, values, count):
    """Raise TypeError or ValueError unless `values` is None or a sequence of `count` texts or numbers."""
    usable = isinstance(values, Sequence) and not isinstance(values, str | bytes)
    if values is not None and not (usable and len(values) == count):
        error = ValueError if usable else TypeError
        raise wrong(name, values, tr(ja=f"長さ {count} のリスト", en=f"a list of length {count}"), error=error)


def require_path(name, path):
    """Raise TypeError or ValueError unless `path` can name a file."""
    must = tr(ja="ファイル名", en="the name of a file")
    cure = tr(ja='"my_vae.pt" のように書いてください。', en='Write it like "my_vae.pt".')
    if not isinstance(path, str | os.PathLike) or isinstance(os.fspath(path), bytes):
        raise wrong(name, path, must, cure, TypeError)
    if "\0" in str(path) or not Path(path).name:
        raise wrong(name, path, must, cure)


def require_parts(name, value, parts, like, source):
    """Raise TypeError unless `value` has these attributes, as objects of the class `like` have, which `source` makes."""
    if isinstance(value, type) or not all(hasattr(value, part) for part in parts):
        cure = tr(ja=f"{source} を渡してください。", en=f"Pass {source}.")
        raise wrong(name, value, tr(ja=f" {like} ", en=f"a {like}"), cure, TypeError)


def require_model(model, *parts):
    """Raise TypeError unless `model` is a module with float32 weights and these parts, as a ConvVAE has them."""
    missing = [part for part in parts if not hasattr(model, part)]
    if isinstance(model, torch.nn.Module) and missing:
        cure = tr(
            ja=f"このクラスには {'、'.join(missing)} がありません。ConvVAE と同じ名前で加えてください。",
            en=f"Its class has no {' and no '.join(missing)}. Add what is missing, by ConvVAE's names.",
        )
        if isinstance(getattr(model, "module", None), torch.nn.Module):  # inside DataParallel
            cure = tr(ja="model.module を渡してください。", en="Pass model.module.")
        raise wrong("model", model, tr(ja=" ConvVAE のようなモデル", en="a model like ConvVAE"), cure, TypeError)
    require_parts("model", model, ("state_dict", *parts), "ConvVAE", "vae_edu.ConvVAE(latent_dim=2)")
    weights = list(model.parameters()) if isinstance(model, torch.nn.Module) else []
    if not weights or any(weight.dtype != torch.float32 or weight.is_meta for weight in weights):
        raise wrong(
            "model",
            model,
            tr(ja="重みが float32 の ConvVAE ", en="a ConvVAE with float32 weights"),
            tr(ja="model.float() で戻せます。", en="model.float() makes them so.") if weights else "",
            TypeError,
        )


def require_trainable(model):
    """Raise TypeError or ValueError unless every weight of the model can learn."""
    require_model(model, "encode", "decode")
    if not all(weight.requires_grad for weight in model.parameters()):
        raise ValueError(
            tr(
                ja="model の重みが固定されています (requires_grad が False)。model.requires_grad_(True) で戻してください。",
                en="The weights of model are frozen (requires_grad is False). Free them with model.requires_grad_(True).",
            )
        )


def require_optimizer(optimizer):
    """Raise TypeError unless this is an optimizer of torch."""
    if not isinstance(optimizer, torch.optim.Optimizer):
        raise wrong(
            "optimizer",
            optimizer,
            tr(ja=" torch.optim の最適化器", en="an optimizer of torch.optim"),
            tr(
                ja="torch.optim.Adam(model.parameters()) のように作ってください。",
                en="Make one like torch.optim.Adam(model.parameters()).",
            ),
            TypeError,
        )


def require_floats(name, value, cure=""):
    """Raise TypeError unless `value` is a floating-point tensor with values that can be read."""
    usable = isinstance(value, torch.Tensor) and value.is_floating_point()
    if not (usable and value.layout == torch.strided and value.device.type != "meta"):
        raise wrong(name, value, tr(ja=" float32 のテンソル", en="a float32 tensor"), cure, TypeError)


def require_few(count, at_most, given):
    """Raise ValueError if there are more images, in what was given, than a figure can show in a moment."""
    if count > at_most:
        sliced = hasattr(given, "shape")  # of other data sets, a slice may be something else
        few = f"images[:{at_most}]" if sliced else f"torch.utils.data.Subset(images, range({at_most}))"
        raise ValueError(
            tr(
                ja=f"images は {at_most} 枚以下でなければなりませんが、{count:,} 枚あります。{few} を渡してください。",
                en=f"images must be at most {at_most}, but there are {count:,}. Pass {few}",
            )
        )


def require_latent(z, latent_dim=None, name="z"):
    """Raise TypeError or ValueError unless `z` is a floating-point tensor (B, latent_dim)."""
    require_floats(
        name,
        z,
        tr(
            ja="torch.tensor([[-0.6, 1.2]]) のように作ってください。",
            en="Make one like torch.tensor([[-0.6, 1.2]]).",
        ),
    )
    if z.dim() != 2 or len(z) == 0 or latent_dim not in (None, z.shape[1]):
        shape = f"(B, {latent_dim or 'latent_dim'})"
        raise wrong(
            tr(ja=f"{name} の形", en=name),
            z,
            tr(ja=f" {shape} (ただし B は 1 以上) ", en=f"of shape {shape} with B >= 1"),
            tr(
                ja="1 点だけでも (1, 次元数) の形にしてください。",
                en="A single point needs the shape (1, latent_dim) as well.",
            ),
        )


def require_point(name, point):
    """Raise TypeError or ValueError unless `point` is one float32 vector, (latent_dim,) or (1, latent_dim)."""
    require_floats(name, point)
    if point.dtype != torch.float32:
        cure = tr(ja=f"{name}.float() と書いてください。", en=f"Write {name}.float().")
        raise wrong(name, point, tr(ja=" float32 のテンソル", en="a float32 tensor"), cure, TypeError)
    if point.dim() not in (1, 2) or point.numel() != point.shape[-1]:
        raise wrong(tr(ja=f"{name} の形", en=name), point, tr(ja=" (latent_dim,) ", en="of shape (latent_dim,)"))


def require_like(name, x, weight):
    """Raise TypeError or ValueError unless `x` has the number type of a model's weight, and is on its device."""
    if x.dtype != weight.dtype and not torch.is_autocast_enabled(x.device.type):
        kind = str(weight.dtype).removeprefix("torch.")
        cure = tr(ja=f"{name}.to(torch.{kind}) と書いてください。", en=f"Write {name}.to(torch.{kind}).")
        raise wrong(name, x, tr(ja=f"モデルと同じ {kind} ", en=f"{kind}, as the model is"), cure, TypeError)
    if x.device != weight.device:
        cure = tr(ja=f'{name}.to("{weight.device}") と書いてください。', en=f'Write {name}.to("{weight.device}").')
        raise wrong(
            name,
            x,
            tr(
                ja=f"モデルと同じデバイス ({weight.device}) にあるテンソル",
                en=f"on {weight.device}, where the model is",
            ),
            cure,
        )


def require_same_shape(first, second, first_name="mu", second_name="logvar"):
    """Raise TypeError or ValueError unless these are floating-point tensors of one shape on one device."""
    require_floats(first_name, first)
    require_floats(second_name, second)
    if first.shape != second.shape or first.device != second.device:
        raise ValueError(
            tr(
                ja=f"{first_name} と {second_name} の形とデバイスは同じでなければなりませんが、"
                f"{shown(first)} と {shown(second)} が渡されました。",
                en=f"{first_name} and {second_name} must have the same shape and device, but "
                f"{shown(first)} and {shown(second)} were given.",
            )
        )


def require_finite(name, tensor):
    """Raise ValueError unless every value is a finite number."""
    if not tensor.isfinite().all():
        raise ValueError(
            tr(
                ja=f"{name} に inf か nan があります。モデルを作り直し、learning_rate を小さくして学習してください。",
                en=f"{name} has values that are not finite. Make a new model and train it with a smaller learning_rate.",
            )
        )
