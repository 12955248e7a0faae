"""Training: one step, and whole runs that survive a lost session."""

import functools
import os
import sys
import time
from typing import NamedTuple

import torch
from torch.optim.lr_scheduler import OneCycleLR
from tqdm import tqdm

from .arguments import (
    require_choice,
    require_count,
    require_number,
    require_optimizer,
    require_path,
    require_trainable,
    wrong,
)
from .datasets import images_of
from .evaluation import mean_terms
from .images import require_images
from .language import tr
from .losses import LossTerms, vae_loss
from .models import device_of, unwrapped
from .saving import resume, save_checkpoint

# Once a program has freed a block of memory as large as a step's largest, Linux lets it keep such blocks. Before that,
# every step would have to ask for all its memory anew: some 30% of the time of a step of ConvVAE on a CPU.
torch.empty(2**24, dtype=torch.uint8)

REPORT_EVERY = 20  # steps between two looks at the losses: each look makes the processor wait for the GPU
BAR = {"ncols": 110, "bar_format": "{desc} |{bar}| {n_fmt}/{total_fmt} [{elapsed}<{remaining}{postfix}]"}


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
    """The GPU if there is one, of CUDA or Apple's (MPS), else the CPU.

    The course follows torch's rules for MPS (no float64, a generator of its own), but its authors have none to run it on.
    """
    if torch.cuda.is_available():
        return torch.device("cuda")
    return torch.device("mps" if torch.backends.mps.is_available() else "cpu")


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
        dataset: images (N, 1, 28, 28) in [0, 1], as load_mnist gives them, or any other data set that holds such: with
            or without labels, a tensor, an array, a DataLoader. They are read once: a random transform is drawn once.
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
    images, test_images = _require_run(model, dataset, test_dataset, checkpoint, progress)
    images = images.to(device_of(model))
    _require_settings(epochs, batch_size, learning_rate, schedule, beta)
    settings = {"batch_size": batch_size, "learning_rate": learning_rate, "schedule": schedule, "beta": beta}
    settings |= {"images": len(images), "model": type(unwrapped(model)).__name__, "latent_dim": model.latent_dim}
    if schedule == "one_cycle":
        settings["epochs"] = epochs  # its learning rates depend on where the run ends
    steps = -(-len(images) // batch_size)  # of an epoch
    optimizer, cycle, history = _start(model, settings, epochs, steps, checkpoint)
    step, done = functools.partial(_step, model, optimizer, cycle, beta), len(history)
    with tqdm(total=epochs * steps, initial=done * steps, disable=not progress, file=sys.stdout, **BAR) as bar:
        try:
            for epoch in range(done + 1, epochs + 1):
                bar.set_description_str(tr(ja=f"エポック {epoch}/{epochs}", en=f"epoch {epoch}/{epochs}"))
                model.train()
                record = _train_epoch(step, images, batch_size, bar, epoch)
                if test_images is not None:
                    record = record._replace(test=mean_terms(model, test_images, beta=beta))
                history.append(record)
                if checkpoint is not None:
                    _keep(checkpoint, settings, model, optimizer, history)
        except KeyboardInterrupt:
            tqdm.write(_stopped(epoch, history), file=sys.stdout)
    model.eval()
    return history


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


def _require_run(model, dataset, test_dataset, checkpoint, progress):
    """The images of both data sets (or None); raises TypeError or ValueError unless train can use all of these."""
    require_trainable(model)
    images = images_of(dataset)
    test_images = None if test_dataset is None else images_of(test_dataset, "test_dataset")
    if checkpoint is not None:
        require_path("checkpoint", checkpoint)
    require_choice("progress", progress, (True, False))
    return images, test_images


def _require_settings(epochs, batch_size, learning_rate, schedule, beta):
    """Raise ValueError unless train can use these."""
    require_count("epochs", epochs)
    require_count("batch_size", batch_size)
    require_number("learning_rate", learning_rate)
    require_choice("schedule", schedule, ("constant", "one_cycle"))
    require_number("beta", beta)


def _start(model, settings, epochs, steps, checkpoint):
    """The optimizer, the schedule of its learning rate (or None), and the history of the epochs already done."""
    one_cycle = settings["schedule"] == "one_cycle"
    rate, betas = settings["learning_rate"], (0.9, 0.95) if one_cycle else (0.9, 0.999)
    optimizer = torch.optim.Adam(model.parameters(), lr=rate, betas=betas, fused=True)
    history = [] if checkpoint is None else _resume(checkpoint, settings, model, optimizer, epochs)
    cycle = None
    if one_cycle:
        cycle = OneCycleLR(optimizer, rate, epochs * steps, cycle_momentum=False, last_epoch=len(history) * steps - 1)
    return optimizer, cycle, history


def _resume(checkpoint, settings, model, optimizer, epochs):
    """The history of the run in a checkpoint, its state put back; without such a file, write one and start anew."""
    if not os.path.exists(checkpoint):
        save_checkpoint(checkpoint, settings, model, optimizer, [])  # what cannot be written is found out now
        return []
    history = [
        EpochRecord(epoch, LossTerms(*terms), test and LossTerms(*test), seconds)
        for epoch, terms, test, seconds in resume(checkpoint, settings, model, optimizer)
    ]
    print(
        tr(
            ja=f"checkpoint から再開します: {epochs} エポックのうち {len(history)} エポックが終わっています。",
            en=f"Resuming from the checkpoint: {len(history)} of {epochs} epochs are done.",
        )
    )
    return history


def _keep(checkpoint, settings, model, optimizer, history):
    """Renew the checkpoint after an epoch. A full disk is told and ends no run."""
    plain = [(r.epoch, tuple(r.train), r.test and tuple(r.test), r.seconds) for r in history]
    try:
        save_checkpoint(checkpoint, settings, model, optimizer, plain)
    except OSError as error:
        again = tr(
            ja="学習は続き、直前の記録は残ります。空きができれば、次のエポックの後にまた書き込みます。",
            en="Training goes on and the last checkpoint is kept. Once there is room, the next epoch is written again.",
        )
        tqdm.write(f"{error.strerror} {again}", file=sys.stdout)


def _stopped(epoch, history):
    """What to say when the stop button ended a run during an epoch."""
    return tr(
        ja=f"エポック {epoch} の途中で停止しました。モデルはここまでの学習を保持しています。"
        f"履歴は完了した {len(history)} エポック分です。",
        en=f"Stopped during epoch {epoch}. The model keeps all it has learned; "
        f"complete epochs in the history: {len(history)}.",
    )


def _train_epoch(step, images, batch_size, bar, epoch):
    """One pass over the images in random order: its EpochRecord, with the losses as means over the images."""
    started = time.perf_counter()
    batches = torch.randperm(len(images), device=images.device).split(batch_size)
    losses = torch.zeros(len(batches), 3, device=images.device)
    for number, batch in enumerate(batches, start=1):
        losses[number - 1] = step(images[batch])
        if number % REPORT_EVERY == 0 or number == len(batches):
            bar.update(number - (number - 1) // REPORT_EVERY * REPORT_EVERY)
            _report(losses[:number], bar, epoch)
    sizes = torch.tensor([len(batch) for batch in batches], device=images.device)
    terms = LossTerms(*(losses * sizes[:, None]).sum(0).div(len(images)).tolist())
    return EpochRecord(epoch, terms, None, time.perf_counter() - started)


def _step(model, optimizer, cycle, beta, x):
    """One training step on the batch x, and one of the schedule: the losses (3,) before it."""
    terms = training_step(model, x, optimizer, beta)
    if cycle is not None:
        cycle.step()
    return torch.stack(terms)


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
            ja=f"再構築誤差 {reconstruction:.1f} + KL {kl:.2f} nat/枚",
            en=f"reconstruction {reconstruction:.1f} + KL {kl:.2f} nats/image",
        )
    )
