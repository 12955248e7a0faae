"""Weights in files: the formats that are read, the state dict wherever it is inside, and what else a file may be."""

import io
import json
import pickle
import warnings
import zipfile
from pathlib import Path

import torch

from .language import tr
from .models import MLPVAE, ConvVAE

NETWORKS = (ConvVAE, MLPVAE)
DTYPES = {"F64": torch.float64, "F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16, "U8": torch.uint8}
NOT_WEIGHTS = ("points", "labels")  # what an explorer's file holds beside them


def read(path):
    """The content of a file of torch.save or of safetensors, on the CPU, as data only: nothing in it is executed.

    Of a file of another kind torch can raise any error.
    """
    content = Path(path).read_bytes()
    length = int.from_bytes(content[:8], "little")
    if content[8:9] == b"{" and 8 + length <= len(content):
        return unpack(content)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about files of another kind, which get a sentence of ours
        return torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)


def pack(tensors, **metadata):
    """The bytes of a safetensors file (the format of Hugging Face): a header in JSON, then the numbers."""
    header, start = {"__metadata__": metadata}, 0
    names = {dtype: name for name, dtype in DTYPES.items()}
    for name, tensor in tensors.items():
        end = start + tensor.nbytes
        header[name] = {"dtype": names[tensor.dtype], "shape": list(tensor.shape), "data_offsets": [start, end]}
        start = end
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)  # the data starts at a multiple of 8 bytes
    numbers = b"".join(
        tensor.detach().cpu().flatten().view(torch.uint8).numpy().tobytes() for tensor in tensors.values()
    )
    return len(text).to_bytes(8, "little") + text + numbers


def unpack(content):
    """The tensors of a safetensors file, by name."""
    start = 8 + int.from_bytes(content[:8], "little")
    tensors = {}
    for name, entry in json.loads(content[8:start]).items():
        if name != "__metadata__":
            first, last = (start + offset for offset in entry["data_offsets"])
            numbers = torch.frombuffer(bytearray(content[first:last]), dtype=DTYPES[entry["dtype"]])
            tensors[name] = numbers.reshape(entry["shape"])
    return tensors


def model_of(content):
    """The model of the weights in what a file holds; ValueError with a sentence about what differs."""
    weights = state_dict_of(content)
    if weights is None:
        raise ValueError(_other_layers(content))
    network = MLPVAE if "encoder.1.weight" in weights else ConvVAE
    bias = weights["fc_mu.bias"]
    fits = isinstance(bias, torch.Tensor) and bias.dim() == 1 and 1 <= len(bias) <= 1000
    model = network(latent_dim=len(bias) if fits else 2)
    differences = _differences(weights, model.state_dict())
    if differences:
        raise ValueError(differences)
    model.load_state_dict(weights)
    return model.eval()


def state_dict_of(content):
    """The state dict with a layer `fc_mu` in what a file holds, or None: itself, or inside a dict under any name.

    The names lose what a wrapper put before them: `module.` of DataParallel, `_orig_mod.` of torch.compile, ...
    """
    if not isinstance(content, dict):
        return None
    for name in map(str, content):
        if name.endswith("fc_mu.bias"):
            prefix = name.removesuffix("fc_mu.bias")
            own = {str(key): value for key, value in content.items() if str(key).startswith(prefix)}
            return {key.removeprefix(prefix): w for key, w in own.items() if key not in NOT_WEIGHTS}
    inside = (state_dict_of(value) for value in content.values())
    return next((found for found in inside if found is not None), None)


def _differences(weights, expected):
    """What keeps weights out of a network, in one sentence; None if nothing does."""
    shapes = {name: tuple(w.shape) if isinstance(w, torch.Tensor) else None for name, w in weights.items()}
    wanted = {name: tuple(w.shape) for name, w in expected.items()}
    found = [
        tr(ja=f"{name} の形が {shapes[name]} (正しくは {shape})", en=f"{name} is {shapes[name]} instead of {shape}")
        for name, shape in wanted.items()
        if shapes.get(name, shape) != shape
    ]
    found += [tr(ja=f"{name} がない", en=f"{name} is missing") for name in wanted if name not in shapes]
    found += [tr(ja=f"{name} が余分", en=f"{name} is not expected") for name in shapes if name not in wanted]
    if not found:
        return None
    more = "" if len(found) <= 3 else tr(ja=f"、ほか {len(found) - 3} か所", en=f", and {len(found) - 3} more")
    return tr(
        ja=f"層が違います ({'、'.join(found[:3])}{more})。同じ層のモデルを作り、そこに load_state_dict で読み込んでください。",
        en=f"Its layers differ ({', '.join(found[:3])}{more}). Make a model with these layers and use its load_state_dict.",
    )


def _other_layers(content):
    """A sentence about a file that torch can read and that has no layer fc_mu."""
    if not isinstance(content, dict):
        kind = type(content).__name__
        return tr(
            ja=f"入っているのは重みではなく {kind} です。torch.save(model.state_dict(), path) で保存し直してください。",
            en=f"It holds a {kind}, no weights. Save again with torch.save(model.state_dict(), path).",
        )
    names = ", ".join([str(name) for name in content][:3])
    return tr(
        ja=f"別のネットワークのようです (中身は {names} など)。同じ層のモデルを作り、そこに load_state_dict で読み込んでください。",
        en=f"It is of another network (it holds {names} ...). Make a model with these layers and use its load_state_dict.",
    )


def what_it_is(path, error):
    """A sentence about a file that torch cannot read: what it seems to be, and what to do."""
    if isinstance(error, OSError):
        return tr(ja=f"ファイルを開けません ({error.strerror})。", en=f"It cannot be opened ({error.strerror}).")
    head = Path(path).read_bytes()[:200]
    start = head.lstrip().lower()
    if not head:
        return tr(
            ja="ファイルが空です。もう一度保存するか、コピーしてください。",
            en="The file is empty. Save or copy it again.",
        )
    if start.startswith((b"<!doctype", b"<html", b"<?xml")):
        return tr(
            ja="中身はウェブページです。ページではなく、ファイルそのもの (GitHub なら Raw や Download) をダウンロードしてください。",
            en="It is a web page. Download the file itself (on GitHub: Raw, or Download), not the page about it.",
        )
    if start.startswith(b"version https://git-lfs"):
        return tr(
            ja="中身は Git LFS の目印だけです。git lfs pull を実行すると本体が届きます。",
            en="It is only Git LFS's pointer to the file. Run git lfs pull to fetch it.",
        )
    if zipfile.is_zipfile(path) and not any(name.endswith("data.pkl") for name in zipfile.ZipFile(path).namelist()):
        return tr(
            ja="中身は別の zip です。展開して、中にある重みのファイルを指定してください。",
            en="It is a zip of something else. Unpack it, and name the file of weights inside.",
        )
    if isinstance(error, pickle.UnpicklingError) and (head[:1] == b"\x80" or zipfile.is_zipfile(path)):
        return tr(
            ja="重みだけでなく、モデルなどの Python オブジェクトが丸ごと入っているので、安全のため読みません。"
            "保存したプログラムで torch.save(model.state_dict(), path) を実行してください。",
            en="It holds a whole model or other Python objects, which are not run here for safety. "
            "In the program that saved it, run torch.save(model.state_dict(), path).",
        )
    return tr(
        ja=f"途中で切れたか、別の種類のファイルです ({type(error).__name__})。save(model, path) で保存し直してください。",
        en=f"It was cut off, or is of another kind ({type(error).__name__}). Save again with save(model, path).",
    )
