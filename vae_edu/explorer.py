"""The latent space explorer: its widget and its file. The model itself runs in assets/explorer/explorer.mjs."""

from pathlib import Path

import anywidget
import torch
import traitlets

from .arguments import require_finite, require_model, require_path, wrong
from .data import ASSETS, bundled
from .language import tr
from .latent import encode_dataset, require_codes
from .models import decoded, device_of, encoded, unwrapped
from .saving import write
from .weights import NETWORKS, pack
from .widgets import png

FORMAT = "vae-edu explorer 1"
UNLABELLED = 255  # a point's label in the file where it has none


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
        model: a ConvVAE or an MLPVAE of any latent_dim, or a class of your own that computes as one of them does.
        codes: LatentCodes to show as points; without them, those of the bundled 1,000 test images.

    Returns:
        anywidget.AnyWidget. It needs a notebook that shows third-party widgets; latent_sliders works in every one.

    Raises:
        TypeError, ValueError: as export_explorer.
    """
    file = explorer_file(model, codes)
    with torch.no_grad():
        origin = decoded(model, torch.zeros(1, model.latent_dim))[0, 0]
    return LatentExplorer(language=tr(ja="ja", en="en"), file=file, still=png(origin, 224))


def export_explorer(model, path, codes=None):
    """Write one file to drop onto the explorer of the course's site, which reads it in the browser and sends it nowhere.

    Args:
        model: a ConvVAE or an MLPVAE of any latent_dim, or a class of your own that computes as one of them does.
        path: the file to write, for example "my_vae.safetensors".
        codes: LatentCodes to show as points; without them, those of the bundled 1,000 test images.

    Raises:
        TypeError: model is none of these, or codes are no LatentCodes.
        ValueError: the codes have another latent_dim, or a weight is not finite.
        OSError: the file cannot be written.
    """
    require_path("path", path)
    write(explorer_file(model, codes), path)


def explorer_file(model, codes=None):
    """The bytes of an explorer file: safetensors, with the model's state dict, `points` and `labels`."""
    require_model(model, "latent_dim", "encode", "decode")
    weights = {name: weight.float() for name, weight in unwrapped(model).state_dict().items()}
    for name, weight in weights.items():
        require_finite(name, weight)
    if not any(_computes_as(network, model) for network in NETWORKS):
        must = tr(ja=" ConvVAE か MLPVAE と同じ計算をするモデル", en="one that computes as a ConvVAE or an MLPVAE does")
        cure = tr(
            ja="ブラウザーで計算できるのはこの 2 つだけです。ほかのモデルには latent_sliders を使ってください。",
            en="The browser can compute these two only. Use latent_sliders for others.",
        )
        raise wrong("model", model, must, cure, TypeError)
    if codes is None:
        codes = encode_dataset(model, bundled("test"))
    require_codes(codes, model.latent_dim)
    points = {"points": codes.mu.float(), "labels": _label_bytes(codes)}
    require_finite("points", points["points"])
    return pack(weights | points, format=FORMAT)


def _label_bytes(codes):
    """The labels as the file holds them, one byte each."""
    if codes.labels is None:
        return torch.full((len(codes.mu),), UNLABELLED, dtype=torch.uint8)
    found = codes.labels.unique()
    if found[0] < 0 or found[-1] >= UNLABELLED:
        numbered = "None" if len(found) > UNLABELLED else "codes.labels.unique(return_inverse=True)[1]"
        line = f"codes = codes._replace(labels={numbered})"
        raise ValueError(
            tr(
                ja=f"エクスプローラーでは codes.labels は 0 から {UNLABELLED - 1} でなければなりませんが、"
                f"{found[0]} から {found[-1]} までの値があります。{line} と書いてください。",
                en=f"For the explorer, codes.labels must go from 0 to {UNLABELLED - 1}, but they go from {found[0]} to "
                f"{found[-1]}. Write {line}",
            )
        )
    return codes.labels.to(torch.uint8)


@torch.no_grad()
def _computes_as(network, model):
    """Whether a network of this class, given the model's weights, computes what the model computes."""
    with torch.device("meta"):  # no weights of its own, and no random numbers drawn for them
        known = network(model.latent_dim)
    weights = unwrapped(model).state_dict()
    if {name: w.shape for name, w in weights.items()} != {name: w.shape for name, w in known.state_dict().items()}:
        return False
    known.load_state_dict(weights, assign=True)
    x = torch.linspace(0, 1, 8 * 784, device=device_of(model)).view(8, 1, 28, 28)
    mu, logvar = encoded(known, x)
    pairs = zip((mu, logvar, decoded(known, mu)), (*encoded(model, x), decoded(model, mu)), strict=True)
    return all(a.shape == b.shape and torch.allclose(a, b, atol=1e-5, equal_nan=True) for a, b in pairs)
