"""The course's figures. Every function returns its Figure; symbols, numbers and English units only."""

import io

import matplotlib
import matplotlib.patheffects as patheffects
import matplotlib.pyplot as plt
import torch
from IPython.display import SVG
from matplotlib.patches import FancyBboxPatch

from .arguments import (
    require_count,
    require_few,
    require_model,
    require_number,
    require_texts,
    wrong,
)
from .datasets import images_of
from .language import tr
from .latent import latent_axis, latent_grid, require_codes
from .models import decoded, device_of, encoded
from .training import require_history

DIGIT_COLOURS = plt.get_cmap("tab10").colors
TRAINING, GENERATION = "#1f6fb2", "#c2570c"
PLACES = [0, 2.6, 5.0, 13.9, 16.3, 19.2]  # of the images and feature maps in plot_network
DECODING = [(11.95, 13.6), (14.75, 15.75), (17.15, 18.15)]  # the arrows of its decoder
MOST_IMAGES = 200  # more of them, each with axes of its own, take minutes to draw
MOST_LABELS = 62  # digits, and letters of both cases
OUTLINE = [patheffects.withStroke(linewidth=3, foreground="white")]


def plot_images(images, titles=None, *, row_labels=None, columns=10, size=0.95):
    """Images (N, 1, 28, 28) in grey, `columns` to a row.

    Args:
        images: at most 200, as a tensor or any other data set (see train).
        titles: a text above each image.
        row_labels: a text to the left of each row.
        size: side of an image in inches, from 0.1 to 3.

    Raises:
        TypeError, ValueError: an argument of another kind, or out of range.
    """
    given, images = images, images_of(images, "images", for_a_model=False)
    require_few(len(images), MOST_IMAGES, given)
    require_count("columns", columns)
    require_number("size", size, 0.1, 3)
    columns = min(columns, len(images))
    rows = -(-len(images) // columns)
    require_texts("titles", titles, len(images))
    require_texts("row_labels", row_labels, rows)
    height = size if titles is None else size + 0.25
    fig, axes = plt.subplots(rows, columns, figsize=(size * columns, height * rows), squeeze=False)
    for ax in axes.flat:
        ax.axis("off")
    for i, (ax, image) in enumerate(zip(axes.flat, images, strict=False)):
        ax.imshow(image[0].detach().cpu().numpy(), cmap="gray", vmin=0, vmax=1)
        if titles is not None:
            ax.set_title(titles[i], fontsize=10)
    for ax, label in zip(axes[:, 0], row_labels or [""] * rows, strict=True):
        ax.text(-0.15, 0.5, label, transform=ax.transAxes, ha="right", va="center", fontsize=13)
    return _finished(fig)


def plot_reconstructions(model, images):
    """Images (N, 1, 28, 28) above what the model makes of them, decoded at z = mu; at most 100.

    Raises:
        TypeError, ValueError: an argument of another kind, or out of range.
    """
    require_model(model, "encode", "decode")
    given, images = images, images_of(images, "images")
    require_few(len(images), MOST_IMAGES // 2, given)
    with torch.no_grad():
        mu, _ = encoded(model, images)
        restored = decoded(model, mu).cpu()
    return plot_images(torch.cat([images.cpu(), restored]), row_labels=["$x$", r"$\hat{x}$"], columns=len(images))


def plot_history(history):
    """The loss and its two parts over the epochs of a training run, training and held-out, in nats per image.

    Raises:
        TypeError, ValueError: history is no list of EpochRecord, or has no epoch.
    """
    require_history(history)
    epochs = [record.epoch for record in history]
    fig, axes = plt.subplots(1, 3, figsize=(9.5, 2.9))
    for ax, term in zip(axes, ("total", "reconstruction", "kl"), strict=True):
        for name, colour in (("train", "tab:blue"), ("test", "tab:orange")):
            if getattr(history[0], name) is not None:
                values = [getattr(getattr(record, name), term) for record in history]
                ax.plot(epochs, values, "o-", color=colour, markersize=3.5, label=name)
        ax.set_title({"total": "total", "reconstruction": "reconstruction", "kl": "KL divergence"}[term], fontsize=11)
        ax.set_xlabel("epoch")
        ax.xaxis.get_major_locator().set_params(integer=True)
        ax.grid(alpha=0.3)
    axes[0].set_ylabel("nats / image")
    axes[0].legend(frameon=False)
    return _finished(fig)


def plot_latent_grid(model, *, limit=3.0, steps=20, spacing="linear"):
    """The map of a two-dimensional latent space: the images of latent_grid, decoded at once, as one picture.

    z1 points right and z2 up, as in plot_latent_scatter; each image is centred on its point. With
    spacing="quantile" equal distances are equal probabilities under the prior.

    Raises:
        TypeError, ValueError: model is none, its latent_dim is not 2, or an argument is out of range.
    """
    require_model(model, "decode", "latent_dim")
    require_count("steps", steps, at_least=2, at_most=100)
    if model.latent_dim != 2:
        raise ValueError(
            tr(
                ja=f"地図を描くには model の latent_dim が 2 でなければなりませんが、{model.latent_dim} です。"
                "vae_edu.ConvVAE(latent_dim=2) を学習して渡してください。",
                en=f"model must have latent_dim 2 for a map, but it has {model.latent_dim}. "
                "Train a vae_edu.ConvVAE(latent_dim=2) and pass that.",
            )
        )
    grid = latent_grid(limit, steps, spacing)
    with torch.no_grad():
        images = decoded(model, grid.reshape(-1, 2)).cpu()
    rows = images.reshape(steps, steps, 28, 28).flip(0)  # the first row of a picture is its top: the largest z2
    picture = rows.permute(0, 2, 1, 3).reshape(steps * 28, steps * 28)

    ticks = torch.arange(-int(limit), int(limit) + 1).float()
    ends = latent_axis(limit, steps, spacing)[[0, -1]]
    if spacing == "quantile":
        position, ticks = torch.special.ndtr, ticks[ticks.abs() <= 2]
    else:
        position = torch.clone
    low, high = position(ends).tolist()
    half = (high - low) / (steps - 1) / 2  # from the centre of an outermost image to its edge
    fig, ax = plt.subplots(figsize=(7, 7))
    ax.imshow(picture.numpy(), cmap="gray", vmin=0, vmax=1, extent=(low - half, high + half) * 2)
    ax.set_xticks(position(ticks).tolist(), [f"{tick:g}" for tick in ticks.tolist()])
    ax.set_yticks(position(ticks).tolist(), [f"{tick:g}" for tick in ticks.tolist()])
    ax.set_xlabel("$z_1$", fontsize=13)
    ax.set_ylabel("$z_2$", fontsize=13, rotation=0)
    return _finished(fig)


def plot_latent_scatter(codes, *, limit=3.0):
    """The means of LatentCodes in the (z1, z2) plane, coloured by label, each label written at its median.

    Labels may be any whole numbers. More than 62 different ones are not written, and without labels all points are grey.

    Raises:
        TypeError, ValueError: codes are no LatentCodes of two dimensions, or limit is out of range.
    """
    require_codes(codes, 2)
    require_number("limit", limit, 0.01, 100)
    fig, ax = plt.subplots(figsize=(7, 7))
    mu, labels = codes.mu.detach().cpu(), [] if codes.labels is None else codes.labels.tolist()
    colours = label_colours(labels)
    ax.scatter(*mu.T.numpy(), c=[colours[label] for label in labels] or "0.5", s=4, alpha=0.5, linewidths=0)
    for label, colour in colours.items() if len(colours) <= MOST_LABELS else ():
        z1, z2 = mu[codes.labels.cpu() == label].median(dim=0).values.tolist()
        text = ax.text(z1, z2, label, color=colour, fontsize=20, weight="bold", ha="center", va="center")
        text.set_path_effects(OUTLINE)
    ax.set(xlim=(-limit, limit), ylim=(-limit, limit), aspect="equal")
    ax.set_xlabel("$z_1$", fontsize=13)
    ax.set_ylabel("$z_2$", fontsize=13, rotation=0)
    ax.grid(alpha=0.3)
    return _finished(fig)


def label_colours(labels):
    """A colour for every label that occurs: digits have their own, others lie side by side in a rainbow."""
    found = sorted(set(labels))
    if all(0 <= label <= 9 for label in found):
        return {label: DIGIT_COLOURS[label] for label in found}
    rainbow = plt.get_cmap("turbo")
    return {label: rainbow(i / len(found)) for i, label in enumerate(found)}


def plot_network(model):
    """The network with the shapes of its layers: the training path in blue, the generation path in orange.

    Both paths go through the same decoder. The shapes are those that the model's own layers give.

    Returns:
        IPython.display.SVG, sharp at every size; its text is in `.data`.

    Raises:
        TypeError: model is no ConvVAE.
    """
    require_model(model, "encoder", "fc_z", "decoder", "latent_dim")
    if not any(isinstance(layer, torch.nn.Conv2d) for layer in model.modules()):
        cure = tr(
            ja="この図は畳み込みのネットワークだけを描きます。vae_edu.ConvVAE(latent_dim=2) を渡してください。",
            en="The figure shows convolutions only. Pass vae_edu.ConvVAE(latent_dim=2).",
        )
        raise wrong("model", model, tr(ja=" ConvVAE ", en="a ConvVAE"), cure, TypeError)
    d, shapes = model.latent_dim, _layer_shapes(model)
    fig, ax = plt.subplots(figsize=(12, 4.3))
    ax.set(xlim=(-1.3, 20.5), ylim=(-3.6, 3.6), aspect="equal")
    ax.axis("off")
    for x, shape, label in zip(PLACES, shapes, ["$x$", "", "", "", "", r"$\hat{x}$"], strict=True):
        side = shape[-1] / 28 * 2
        for i in reversed(range({1: 1, 32: 3}.get(shape[0], 5))):  # a few of its channels
            _box(ax, x + 0.13 * i, 0.13 * i, side, label)
        ax.text(x, -side / 2 - 0.15, " × ".join(map(str, shape)), ha="center", va="top", color="0.3")
    for x, y, label in ((7.3, 1.25, r"$\mu$"), (7.3, -1.25, r"$\log \sigma^2$"), (11.2, 0, "$z$")):
        _box(ax, x, y, 0.9, label, wide=1.4)
        ax.text(x, y - 0.55, str(d), ha="center", va="top", color="0.3")
    _arrows(ax, TRAINING, [((1.1, 0), (1.9, 0)), ((3.45, 0), (4.7, 0)), ((5.85, 0.3), (6.55, 1.1))])
    _arrows(ax, TRAINING, [((5.85, -0.1), (6.55, -1.1)), ((8.1, 1.2), (10.4, 0.3)), ((8.1, -1.2), (10.4, -0.3))])
    _arrows(ax, TRAINING, [((9.4, 2.1), (10.8, 0.6))] + [((x, 0.14), (end, 0.14)) for x, end in DECODING])
    _arrows(ax, GENERATION, [((11.2, -2.5), (11.2, -1.1))] + [((x, -0.14), (end, -0.14)) for x, end in DECODING])
    ax.text(8.9, 0, r"$z = \mu + \sigma\varepsilon$", ha="center", va="center", fontsize=12, color=TRAINING)
    ax.text(9.4, 2.35, r"$\varepsilon \sim \mathcal{N}(0, I)$", ha="center", fontsize=12, color=TRAINING)
    ax.text(11.2, -2.9, r"$z \sim \mathcal{N}(0, I)$", ha="center", va="center", fontsize=13, color=GENERATION)
    ax.text(0, 1.35, "training", ha="center", fontsize=12, color=TRAINING)
    ax.text(12.9, -2.9, "generation", va="center", fontsize=12, color=GENERATION)
    for left, right, label in ((-1, 8, "encoder"), (10.5, 20.2, "decoder")):
        ax.plot([left, right], [3.05, 3.05], color="0.7", linewidth=1)
        ax.text((left + right) / 2, 3.2, label, ha="center", fontsize=12, color="0.3")
    plt.close(fig)
    buffer = io.StringIO()
    with matplotlib.rc_context({"svg.hashsalt": "vae_edu"}):  # the same bytes every time
        fig.savefig(buffer, format="svg", bbox_inches="tight", metadata={"Date": None})
    return SVG(buffer.getvalue())


@torch.no_grad()
def _layer_shapes(model):
    """Shapes, without the batch, of the image, of what the convolutions make of it, and of the way back."""
    h = torch.zeros(1, 1, 28, 28, device=device_of(model))
    shapes = [h.shape]
    for layer in model.encoder[:-1]:
        h = layer(h)
        shapes += [h.shape] if isinstance(layer, torch.nn.Conv2d) else []
    h = model.fc_z(torch.zeros(1, model.latent_dim, device=h.device))
    for layer in model.decoder:
        h = layer(h)
        shapes += [] if isinstance(layer, torch.nn.ReLU) else [h.shape]
    return [tuple(shape[1:]) for shape in shapes]


def _box(ax, x, y, side, label, wide=None):
    """A square around (x, y), or a rectangle `wide` wide, with a label in it."""
    width = wide or side
    corner = (x - width / 2, y - side / 2)
    ax.add_patch(FancyBboxPatch(corner, width, side, "round,pad=0,rounding_size=0.1", fc="0.95", ec="0.35", lw=1.1))
    ax.text(x, y, label, ha="center", va="center", fontsize=14)


def _arrows(ax, colour, ends):
    for start, end in ends:
        ax.annotate(
            "", end, start, arrowprops={"arrowstyle": "-|>", "color": colour, "lw": 1.6, "shrinkA": 0, "shrinkB": 0}
        )


def _finished(fig):
    """Lay the figure out and take it from pyplot, so that a notebook shows it once: as the cell's value."""
    fig.tight_layout()
    plt.close(fig)
    return fig
