"""Training and evaluation: one step, whole runs, held-out loss, and models on disk."""

import pickle
import sys
import time
from importlib import resources
from typing import NamedTuple

import torch
from tqdm import tqdm

from .data import ASSETS, require_count, require_dataset
from .language import tr
from .losses import LossTerms, vae_loss
from .models import ConvVAE, device_of

REPORT_EVERY = 20  # steps between two looks at the losses: each look makes the processor wait for the GPU
BAR = "{desc} |{bar}| {n_fmt}/{total_fmt} [{elapsed}<{remaining}{postfix}]"


class EpochRecord(NamedTuple):
    """One epoch of a training run."""

    epoch: int  # from 1
    train: LossTerms  # mean over the epoch's images, nats per image
    test: LossTerms | None  # on the held-out set after the epoch, if one was given
    seconds: float  # training time of the epoch


def set_seed(seed):
    """Seed torch's random numbers on every device, so that a run can be repeated on the same machine."""
    torch.manual_seed(seed)


def pick_device():
    """The CUDA GPU if there is one, else the CPU."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def training_step(model, x, optimizer, beta=1.0):
    """One gradient step on the batch x (B, 1, 28, 28); the LossTerms before the step, without gradients."""
    terms = vae_loss(model(x), x, beta)
    optimizer.zero_grad()
    terms.total.backward()
    optimizer.step()
    return LossTerms(*(term.detach() for term in terms))


def train(model, dataset, epochs=10, *, test_dataset=None, batch_size=128, learning_rate=1e-3, beta=1.0, progress=True):
    """Train with Adam (Kingma and Ba 2015) on the model's device, in a new random order every epoch.

    The stop button (KeyboardInterrupt) ends the run: the model keeps what it learned, and the complete epochs are
    returned.

    Args:
        model: a ConvVAE, on the device to train on.
        dataset: TensorDataset of images (N, 1, 28, 28) in [0, 1] and labels, as load_mnist gives it.
        epochs: passes over the data set.
        test_dataset: held-out images to evaluate after every epoch.
        progress: show a progress bar with both loss terms.

    Returns:
        list of EpochRecord.

    Raises:
        TypeError, ValueError: an argument of another kind, or out of range.
        FloatingPointError: the loss became infinite or not a number.
    """
    images = require_dataset(dataset)
    if test_dataset is not None:
        require_dataset(test_dataset)
    require_count("epochs", epochs)
    require_count("batch_size", batch_size)
    _require_positive("learning_rate", learning_rate)
    images = images.to(device_of(model))
    optimizer = torch.optim.Adam(model.parameters(), lr=learning_rate, fused=True)
    total = epochs * -(-len(images) // batch_size)
    history = []
    with tqdm(total=total, disable=not progress, file=sys.stdout, ncols=110, bar_format=BAR) as bar:
        try:
            for epoch in range(1, epochs + 1):
                bar.set_description_str(tr(ja=f"エポック {epoch}/{epochs}", en=f"epoch {epoch}/{epochs}"))
                started = time.perf_counter()
                terms = _train_epoch(model, images, optimizer, batch_size, beta, bar, epoch)
                seconds = time.perf_counter() - started
                test = None if test_dataset is None else evaluate(model, test_dataset, beta=beta)
                history.append(EpochRecord(epoch, terms, test, seconds))
        except KeyboardInterrupt:
            bar.write(
                tr(
                    ja=f"エポック {epoch} の途中で停止しました。モデルはここまでの学習を保持しています。"
                    f"履歴は完了した {len(history)} エポック分です。",
                    en=f"Stopped during epoch {epoch}. The model keeps all it has learned; "
                    f"the history holds the {len(history)} complete epochs.",
                ),
                file=sys.stdout,
            )
    model.eval()
    return history


@torch.no_grad()
def evaluate(model, dataset, *, batch_size=1000, beta=1.0, seed=0):
    """LossTerms over a whole data set, as floats, in nats per image: a one-sample estimate of the negative ELBO.

    The latent noise is seeded, so the same model and data give the same numbers, and the random numbers of a
    training run are left as they were.
    """
    images = require_dataset(dataset).to(device_of(model))
    model.eval()
    sums = torch.zeros(3, device=images.device, dtype=torch.float64)
    with torch.random.fork_rng(devices=[images.device] if images.is_cuda else []):
        torch.manual_seed(seed)
        for x in images.split(batch_size):
            sums += torch.stack(vae_loss(model(x), x, beta)) * len(x)
    return LossTerms(*(sums / len(images)).tolist())


def save(model, path):
    """Save a ConvVAE's weights; load(path) gives the model back."""
    torch.save(model.state_dict(), path)


def load(path):
    """The ConvVAE of the weights in a file, on the CPU: from save, or a state dict of the same layers.

    Weights are read as data only: nothing in the file is executed.

    Raises:
        FileNotFoundError: no such file.
        ValueError: the file holds no weights of a ConvVAE.
    """
    try:
        weights = torch.load(path, map_location="cpu", weights_only=True)
        model = ConvVAE(latent_dim=len(weights["fc_mu.bias"]))
        model.load_state_dict(weights)
    except FileNotFoundError:
        raise FileNotFoundError(
            tr(
                ja=f"path が指すファイル {str(path)!r} がありません。先に save(model, path) で保存してください。",
                en=f"path names no file: {str(path)!r}. Save a model there first with save(model, path).",
            )
        ) from None
    except (pickle.UnpicklingError, RuntimeError, OSError, EOFError, KeyError, TypeError, IndexError) as error:
        raise ValueError(
            tr(
                ja=f"path が指すファイル {str(path)!r} は ConvVAE の重みとして読めません ({type(error).__name__})。"
                "save(model, path) で保存したファイルを指定してください。",
                en=f"path names a file that holds no weights of a ConvVAE: {str(path)!r} ({type(error).__name__}). "
                "Name a file written by save(model, path).",
            )
        ) from error
    return model.eval()


def load_pretrained(name="conv_vae_2d"):
    """A model that ships with the course, trained on the whole MNIST by assets/make.py, on the CPU.

    Raises:
        ValueError: no model has that name.
    """
    names = sorted(file.name.removesuffix(".pt") for file in ASSETS.iterdir() if file.name.endswith(".pt"))
    if name not in names:
        raise ValueError(
            tr(
                ja=f"name は {names} のどれかでなければなりませんが、{name!r} が渡されました。",
                en=f"name must be one of {names}, but {name!r} was given.",
            )
        )
    with resources.as_file(ASSETS / f"{name}.pt") as path:
        return load(path)


def _train_epoch(model, images, optimizer, batch_size, beta, bar, epoch):
    """One pass over the images in random order; the LossTerms as means over the images."""
    model.train()
    batches = torch.randperm(len(images), device=images.device).split(batch_size)
    losses = torch.zeros(len(batches), 3, device=images.device)
    for step, batch in enumerate(batches, start=1):
        losses[step - 1] = torch.stack(training_step(model, images[batch], optimizer, beta))
        if step % REPORT_EVERY == 0 or step == len(batches):
            bar.update(step - (step - 1) // REPORT_EVERY * REPORT_EVERY)
            _report(losses[:step], bar, epoch)
    sizes = torch.tensor([len(batch) for batch in batches], device=images.device)
    return LossTerms(*(losses * sizes[:, None]).sum(0).div(len(images)).tolist())


def _report(losses, bar, epoch):
    """Show the epoch's mean losses so far in the bar; raise FloatingPointError if one is not finite."""
    finite = losses.isfinite().all(dim=1)
    if not finite.all():
        step = finite.int().argmin().item() + 1
        raise FloatingPointError(
            tr(
                ja=f"エポック {epoch} のステップ {step} で損失が有限の値でなくなりました: {losses[step - 1, 0].item()}。"
                "learning_rate を小さくし、モデルを作り直してから、もう一度学習してください。",
                en=f"The loss stopped being finite in epoch {epoch}, step {step}: {losses[step - 1, 0].item()}. "
                "Make a new model and train it with a smaller learning_rate.",
            )
        )
    _, reconstruction, kl = losses.mean(dim=0).tolist()
    bar.set_postfix_str(
        tr(
            ja=f"再構築誤差 {reconstruction:.1f} + KL {kl:.2f} nats/枚",
            en=f"reconstruction {reconstruction:.1f} + KL {kl:.2f} nats/image",
        )
    )


def _require_positive(name, value):
    if not (isinstance(value, int | float) and value > 0):
        raise ValueError(
            tr(
                ja=f"{name} は正の数でなければなりませんが、{value!r} が渡されました。",
                en=f"{name} must be positive, but {value!r} was given.",
            )
        )
