"""Training and evaluation: one step, whole runs that survive a lost session, held-out loss, and models on disk."""

import contextlib
import io
import os
import pickle
import sys
import time
from importlib import resources
from pathlib import Path
from typing import NamedTuple

import torch
from torch.optim.lr_scheduler import OneCycleLR
from tqdm import tqdm

from .arguments import (
    require_choice,
    require_count,
    require_dataset,
    require_images,
    require_model,
    require_number,
    require_optimizer,
    require_path,
    require_trainable,
    wrong,
)
from .data import ASSETS
from .language import tr
from .losses import LossTerms, vae_loss
from .models import MLPVAE, ConvVAE, device_of

# Once a program has freed a block of memory as large as a step's largest, Linux lets it keep such blocks. Before that,
# every step would have to ask for all its memory anew: some 30% of the time of a step of ConvVAE on a CPU.
torch.empty(2**24, dtype=torch.uint8)

REPORT_EVERY = 20  # steps between two looks at the losses: each look makes the processor wait for the GPU
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
BAR = "{desc} |{bar}| {n_fmt}/{total_fmt} [{elapsed}<{remaining}{postfix}]"


class EpochRecord(NamedTuple):
    """One epoch of a training run."""

    epoch: int  # from 1
    train: LossTerms  # mean over the epoch's images, nats per image
    test: LossTerms | None  # on the held-out set after the epoch, if one was given
    seconds: float  # training time of the epoch


def set_seed(seed):
    """Seed torch's random numbers on every device, so that a run can be repeated on the same machine.

    Raises:
        ValueError: seed is not a whole number from 0 to 1,000,000,000.
    """
    require_count("seed", seed, at_least=0)
    torch.manual_seed(seed)


def pick_device():
    """The CUDA GPU if there is one, else the CPU."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def training_step(model, x, optimizer, beta=1.0):
    """One gradient step on the batch x (B, 1, 28, 28); the LossTerms before the step, without gradients.

    Raises:
        TypeError, ValueError: an argument of another kind, or out of range.
    """
    require_trainable(model)
    require_images(x)
    require_optimizer(optimizer)
    terms = vae_loss(model(x), x, beta)
    optimizer.zero_grad()
    terms.total.backward()
    optimizer.step()
    return LossTerms(*(term.detach() for term in terms))


def train(
    model,
    dataset,
    epochs=10,
    *,
    test_dataset=None,
    batch_size=128,
    learning_rate=1e-3,
    schedule="constant",
    beta=1.0,
    checkpoint=None,
    progress=True,
):
    """Train with Adam (Kingma and Ba 2015) on the model's device, in a new random order every epoch.

    The stop button (KeyboardInterrupt) ends the run: the model keeps what it learned, and the complete epochs are
    returned.

    A run with a checkpoint can be lost at any moment, with its session: the same call goes on after the last complete
    epoch and ends with the same weights, to the bit, as if nothing had happened.

    Args:
        model: a ConvVAE or an MLPVAE, on the device to train on.
        dataset: TensorDataset of images (N, 1, 28, 28) in [0, 1] and labels, as load_mnist gives it.
        epochs: passes over the data set.
        test_dataset: held-out images to evaluate after every epoch.
        schedule: "constant", or "one_cycle" (Smith and Topin 2018): the learning rate rises from a 25th of
            learning_rate to all of it, and falls to almost 0 by the last step, so it can be some five times as large.
            Adam then averages the squares of some 20 gradients and not of 1,000: in a short run they change fast.
        checkpoint: a file, for example on a mounted drive, that is renewed after every epoch; if it exists, the run in
            it goes on, whatever weights the model has.
        progress: show a progress bar with both loss terms.

    Returns:
        list of EpochRecord.

    Raises:
        TypeError, ValueError: an argument of another kind, or out of range, or not that of the checkpoint's run.
        OSError: the checkpoint cannot be written.
        FloatingPointError: the loss became infinite or not a number.
    """
    require_trainable(model)
    images = require_dataset(dataset)
    if test_dataset is not None:
        require_dataset(test_dataset, "test_dataset")
    require_count("epochs", epochs)
    require_count("batch_size", batch_size)
    require_number("learning_rate", learning_rate)
    require_choice("schedule", schedule, ("constant", "one_cycle"))
    require_number("beta", beta)
    require_choice("progress", progress, (True, False))
    if checkpoint is not None:
        require_path("checkpoint", checkpoint)
    images = images.to(device_of(model))
    betas = (0.9, 0.95) if schedule == "one_cycle" else (0.9, 0.999)
    optimizer = torch.optim.Adam(model.parameters(), lr=learning_rate, betas=betas, fused=True)
    settings = {"batch_size": batch_size, "learning_rate": learning_rate, "schedule": schedule, "beta": beta}
    settings |= {"images": len(images), "model": type(model).__name__, "latent_dim": model.latent_dim}
    if schedule == "one_cycle":
        settings["epochs"] = epochs  # its learning rates depend on where the run ends
    history = [] if checkpoint is None else _resume(checkpoint, model, optimizer, settings, epochs)
    steps = -(-len(images) // batch_size)  # of an epoch
    total, done = epochs * steps, len(history) * steps
    cycle = None
    if schedule == "one_cycle":
        cycle = OneCycleLR(optimizer, learning_rate, total, cycle_momentum=False, last_epoch=done - 1)
    with tqdm(total=total, initial=done, disable=not progress, file=sys.stdout, ncols=110, bar_format=BAR) as bar:
        try:
            for epoch in range(len(history) + 1, epochs + 1):
                bar.set_description_str(tr(ja=f"エポック {epoch}/{epochs}", en=f"epoch {epoch}/{epochs}"))
                started = time.perf_counter()
                terms = _train_epoch(model, images, optimizer, cycle, batch_size, beta, bar, epoch)
                seconds = time.perf_counter() - started
                test = None if test_dataset is None else evaluate(model, test_dataset, beta=beta)
                history.append(EpochRecord(epoch, terms, test, seconds))
                if checkpoint is not None:
                    _save_checkpoint(checkpoint, model, optimizer, settings, history, warn=bar.write)
        except KeyboardInterrupt:
            bar.write(
                tr(
                    ja=f"エポック {epoch} の途中で停止しました。モデルはここまでの学習を保持しています。"
                    f"履歴は完了した {len(history)} エポック分です。",
                    en=f"Stopped during epoch {epoch}. The model keeps all it has learned; "
                    f"complete epochs in the history: {len(history)}.",
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

    Raises:
        TypeError, ValueError: an argument of another kind, or out of range.
    """
    require_model(model, "encode", "decode")
    require_count("batch_size", batch_size)
    require_count("seed", seed, at_least=0)
    images = require_dataset(dataset).to(device_of(model))
    model.eval()
    sums = torch.zeros(3, device=images.device, dtype=torch.float64)
    with torch.random.fork_rng(devices=[images.device] if images.is_cuda else []):
        torch.manual_seed(seed)
        for x in images.split(batch_size):
            sums += torch.stack(vae_loss(model(x), x, beta)) * len(x)
    return LossTerms(*(sums / len(images)).tolist())


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
        weights = torch.load(path, map_location="cpu", weights_only=True)
        weights = weights.get("model", weights)  # of a checkpoint
        network = MLPVAE if "encoder.1.weight" in weights else ConvVAE
        model = network(latent_dim=len(weights["fc_mu.bias"]))
        model.load_state_dict(weights)
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
    return model.eval()


def load_pretrained(name="conv_vae_2d"):
    """A model that ships with the course, trained on the whole MNIST by assets/make.py, on the CPU.

    Raises:
        ValueError: no model has that name.
    """
    names = sorted(file.name.removesuffix(".pt") for file in ASSETS.iterdir() if file.name.endswith(".pt"))
    require_choice("name", name, names)
    with resources.as_file(ASSETS / f"{name}.pt") as path:
        return load(path)


def _resume(path, model, optimizer, settings, epochs):
    """The history of the run in a checkpoint, its state put back; without such a file, write one and start anew."""
    if not os.path.exists(path):
        _save_checkpoint(path, model, optimizer, settings, [])  # what cannot be written is found out before training
        return []
    saved = _read_checkpoint(path)
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
    if saved["random_cuda"] is not None and device_of(model).type == "cuda":
        torch.cuda.set_rng_state(saved["random_cuda"], device_of(model))
    print(
        tr(
            ja=f"checkpoint から再開します: {epochs} エポックのうち {len(saved['history'])} エポックが終わっています。",
            en=f"Resuming from the checkpoint: {len(saved['history'])} of {epochs} epochs are done.",
        )
    )
    return [
        EpochRecord(epoch, LossTerms(*terms), test and LossTerms(*test), seconds)
        for epoch, terms, test, seconds in saved["history"]
    ]


def _read_checkpoint(path):
    """What _save_checkpoint wrote. It is read as data only: nothing in the file is executed."""
    try:
        saved = torch.load(path, map_location="cpu", weights_only=True)
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


def _save_checkpoint(path, model, optimizer, settings, history, warn=None):
    """Write all that the next epoch depends on. With `warn`, a full disk is told to it and ends no run."""
    device = device_of(model)
    state = {
        "format": CHECKPOINT,
        "settings": settings,
        "model": model.state_dict(),
        "optimizer": optimizer.state_dict(),
        "random": torch.get_rng_state(),
        "random_cuda": torch.cuda.get_rng_state(device) if device.type == "cuda" else None,
        "history": [(r.epoch, tuple(r.train), r.test and tuple(r.test), r.seconds) for r in history],
    }
    try:
        write(packed(state), path)
    except OSError as error:
        if warn is None:
            raise
        again = tr(
            ja="学習は続き、直前の記録は残ります。空きができれば、次のエポックの後にまた書き込みます。",
            en="Training goes on and the last checkpoint is kept. Once there is room, the next epoch is written again.",
        )
        warn(f"{error.strerror} {again}", file=sys.stdout)


def require_history(history):
    """Raise TypeError or ValueError unless this is what `train` returns, of at least one epoch."""
    if not isinstance(history, list) or not all(
        isinstance(record, EpochRecord) and isinstance(record.train, LossTerms) for record in history
    ):
        cure = tr(ja="train の戻り値を渡してください。", en="Pass what train returns.")
        raise wrong("history", history, tr(ja=" EpochRecord のリスト", en="a list of EpochRecord"), cure, TypeError)
    if not history:
        raise ValueError(
            tr(
                ja="history が空です。train を 1 エポック以上、最後まで実行してください。",
                en="history is empty. Let train finish at least one epoch.",
            )
        )


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


def _train_epoch(model, images, optimizer, cycle, batch_size, beta, bar, epoch):
    """One pass over the images in random order; the LossTerms as means over the images."""
    model.train()
    batches = torch.randperm(len(images), device=images.device).split(batch_size)
    losses = torch.zeros(len(batches), 3, device=images.device)
    for step, batch in enumerate(batches, start=1):
        losses[step - 1] = torch.stack(training_step(model, images[batch], optimizer, beta))
        if cycle is not None:
            cycle.step()
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
                ja=f"エポック {epoch} のステップ {step} で損失が inf か nan になりました: {losses[step - 1, 0].item()}。"
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
