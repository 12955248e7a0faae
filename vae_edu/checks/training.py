"""Exercises on the training loop: one step, the loss of an epoch, the loss on held-out images."""

import torch
from torch.overrides import TorchFunctionMode

from ..language import tr
from ..losses import LossTerms, reconstruction_loss, vae_loss
from ..models import MLPVAE, ConvVAE, VAEOutput
from ..training import training_step
from .measuring import AnswerError, Exercise, Mistake, Part, call, cases, numbers, seed, unfinished

RATE = 1e-4


class _KnownNoise(TorchFunctionMode):
    """Normal random numbers that only depend on the column, however a function draws them; and whether it records.

    So a forward pass of one's own has the noise of model(x), and a batch that of its parts.
    """

    recorded = False  # whether something was computed that gradients could go back through

    def __torch_function__(self, func, types, args=(), kwargs=None):
        result = func(*args, **(kwargs or {}))
        if func in (torch.randn, torch.randn_like, torch.normal, torch.Tensor.normal_):
            moments = {"mean": 0.0, "std": 1.0}
            if func in (torch.normal, torch.Tensor.normal_):
                positional = args if func is torch.normal else args[1:]
                moments |= dict(zip(moments, positional, strict=False)) | (kwargs or {})
            with torch.no_grad():
                result.copy_(moments["mean"] + moments["std"] * _noise(result.shape))
        self.recorded |= getattr(result, "grad_fn", None) is not None
        return result


def _noise(shape):
    columns = torch.arange(shape[-1] if shape else 1)
    return (1.5 * torch.cos(columns + 1.0)).expand(shape) if shape else torch.tensor(0.8)


def _models():
    """Two models, other than any of the lessons, whose clouds are so far from the prior that the KL counts."""
    models = [ConvVAE(latent_dim=3), MLPVAE(latent_dim=2)]
    with torch.no_grad():
        for model in models:
            model.fc_mu.weight *= 20
            model.fc_logvar.weight *= 20
    return models


def _total(loss):
    return numbers(loss.total if isinstance(loss, LossTerms) else loss)


def _weights(model):
    """Every 101st weight of each layer: enough to tell steps apart, and little to keep."""
    return torch.cat([p.detach().flatten()[::101] for p in model.parameters()])


def _steps(function):
    """(loss that was returned, how the weights moved, whether gradients were left unused) of several steps."""
    seed()
    models, batches = _models(), [torch.rand(size, 1, 28, 28) for size in (4, 3, 5)]
    for model in models:
        optimizer = torch.optim.SGD(model.parameters(), lr=RATE)  # Adam would blow rounding up
        for x in batches:
            before = _weights(model)
            loss = call(function, model, x, optimizer, within=_KnownNoise())
            moved = (_weights(model) - before).double() / RATE
            graded = any(p.grad is not None for p in model.parameters())
            if loss is ... and (graded or moved.any()):
                raise AnswerError(unfinished(), "unfinished")
            yield _total(loss), moved, float(graded and not moved.any())


def steps(function):
    """Measure a training step by how it moves the weights of two models, three times in a row."""
    said = tr(
        ja="重みの動きが、渡された optimizer に損失 total の勾配で 1 回更新させたときと違います。",
        en="The weights do not move as the given optimizer moves them in one step, with the gradient of the loss, total.",
    )
    idle = tr(ja="計算した勾配が使われていません。", en="Gradients were computed but not used.")
    return [
        part
        for _, moved, unused in list(_steps(function))
        for part in (
            Part("", torch.tensor(unused), idle, "no_step"),
            Part("", moved, said, "other_step", tolerance=1e-2),  # rounding of float32 weights, divided by RATE: 1e-3
        )
    ]


def losses_of_steps(function):
    """Measure a training step by the losses that it returns."""
    return [
        Part(tr(ja=f"{i} 回目に返った損失", en=f"the loss returned by step {i}"), loss)
        for i, (loss, _, _) in enumerate(_steps(function), start=1)
    ]


def _evaluations(function):
    """(batch sizes, loss that was returned, whether it was recorded for gradients) of evaluations of two models."""
    seed()
    models = _models()
    sets = [[torch.rand(size, 1, 28, 28) for size in sizes] for sizes in ((4, 4, 2), (5, 1), (3,), (2, 6, 1))]
    for model, batches in zip(models * 2, sets, strict=True):
        sizes, noise = tuple(map(len, batches)), _KnownNoise()
        loss = call(function, model, batches, within=noise)
        yield sizes, _total(loss), noise.recorded


def held_out(function):
    """Measure an evaluation by the loss it returns."""
    return [
        Part(tr(ja=f"{sizes} 枚のミニバッチ", en=f"batches of {sizes} images"), loss)
        for sizes, loss, _ in _evaluations(function)
    ]


def recorded(function):
    """Measure an evaluation by whether anything was recorded for gradients."""
    return [
        Part(tr(ja="勾配のための記録", en="records for gradients"), torch.tensor(float(recorded)))
        for _, _, recorded in _evaluations(function)
    ]


def step(model, x, optimizer):
    """One gradient step; the loss before it."""
    return training_step(model, x, optimizer).total


def epoch_loss(losses, sizes):
    """The mean over an epoch's images of losses (batches,) that are means over batches of `sizes` images."""
    return (losses * sizes).sum() / sizes.sum()


@torch.no_grad()
def held_out_loss(model, batches):
    """The loss over all batches, in nats per image."""
    total = sum(vae_loss(model(x), x).total * len(x) for x in batches)
    return total / sum(len(x) for x in batches)


def _step(model, x, optimizer, *, zero=True, sign=1, beta=1.0, step=True, backward=True):
    loss = vae_loss(model(x), x, beta).total
    if zero:
        optimizer.zero_grad()
    if backward:
        (sign * loss).backward()
    if step:
        optimizer.step()
    return loss.detach()


def _loss_after(model, x, optimizer):
    _step(model, x, optimizer)
    return vae_loss(model(x), x).total


def _at_mu(model, x):
    mu, logvar = model.encode(x)
    return vae_loss(VAEOutput(model.decode_logits(mu), mu, logvar, mu), x).total


STEP_MISTAKES = [
    Mistake(
        "no_zero_grad",
        lambda model, x, optimizer: _step(model, x, optimizer, zero=False),
        ja=(
            "optimizer.zero_grad() がありません。",
            "backward() は勾配を上書きせずに足していくので、前のミニバッチの勾配が残り、違う方向へ進みます。",
            "backward() の前に optimizer.zero_grad() を呼んでください。",
        ),
        en=(
            "optimizer.zero_grad() is missing.",
            "backward() adds to the gradients instead of replacing them: those of earlier batches stay and mislead the step.",
            "Call optimizer.zero_grad() before backward().",
        ),
    ),
    Mistake(
        "no_step",
        lambda model, x, optimizer: _step(model, x, optimizer, step=False),
        ja=(
            "勾配は計算されましたが、重みが動いていません。optimizer.step() がない (括弧 () の付け忘れも含む) か、backward() より前にあります。",
            "何回繰り返しても損失が下がりません。",
            "backward() の後に optimizer.step() を呼んでください。",
        ),
        en=(
            "Gradients were computed but no weight moved: optimizer.step() is missing, lacks its (), or stands before backward().",
            "However often it is repeated, the loss will not fall.",
            "Call optimizer.step() after backward().",
        ),
    ),
    Mistake(
        "no_backward",
        lambda model, x, optimizer: _step(model, x, optimizer, backward=False),
        ja=(
            "重みが動かず、勾配もありません。backward() がない (括弧 () の付け忘れも含む) か、その後で zero_grad() が勾配を消しています。",
            "勾配がなければ、optimizer.step() は何もしません。",
            "zero_grad()、backward()、step() の順に呼んでください。",
        ),
        en=(
            "No weight moved and there are no gradients: backward() is missing or lacks its (), or zero_grad() erases them after it.",
            "Without gradients optimizer.step() does nothing.",
            "Call zero_grad(), backward(), step(), in this order.",
        ),
    ),
    Mistake(
        "sign",
        lambda model, x, optimizer: _step(model, x, optimizer, sign=-1),
        ja=(
            "損失の符号を変えて、損失が増える方向へ進んでいます。",
            "損失を最小にすることが、変分下限を最大にすることです。符号は vae_loss の中ですでに変わっています。",
            "vae_loss の total に、そのまま backward() を呼んでください。",
        ),
        en=(
            "The sign of the loss is reversed: the step makes the loss larger.",
            "To minimise the loss is to maximise the ELBO; vae_loss has changed the sign already.",
            "Call backward() on the total of vae_loss as it is.",
        ),
    ),
    Mistake(
        "no_kl",
        lambda model, x, optimizer: _step(model, x, optimizer, beta=0.0),
        ja=(
            "再構築誤差だけを使っていて、KL が入っていません。",
            "雲が事前分布の近くにとどまらず、レッスン 02 のオートエンコーダのように平面に穴ができます。",
            "reconstruction ではなく total を使ってください。",
        ),
        en=(
            "Only the reconstruction error is used, without the KL.",
            "Nothing keeps the clouds near the prior, and the plane gets holes like the autoencoder's in lesson 02.",
            "Use total, not reconstruction.",
        ),
    ),
    Mistake(
        "divided_again",
        lambda model, x, optimizer: _step(model, x, optimizer) / len(x),
        ja=(
            "重みは正しく動きましたが、返す損失をもう一度画像の枚数で割っています。",
            "vae_loss はすでに画像 1 枚あたりの平均です。報告する値が小さく見えてしまいます。",
            "total をそのまま返してください。",
        ),
        en=(
            "The step is right, but the loss it returns is divided by the number of images once more.",
            "vae_loss is a mean over the images already; what you report would look too good.",
            "Return total as it is.",
        ),
    ),
    Mistake(
        "loss_after",
        _loss_after,
        ja=(
            "重みは正しく動きましたが、更新の後にもう一度計算した損失を返しています。",
            "モデルの計算が 1 回余分に必要になり、報告する値も、重みを動かした損失ではなくなります。",
            "更新の前に計算した損失を、そのまま返してください。",
        ),
        en=(
            "The step is right, but the loss it returns was computed once more after the step.",
            "That takes one more pass through the model, and it is not the loss whose gradient moved the weights.",
            "Return the loss that you computed before the step.",
        ),
    ),
]

EPOCH_MISTAKES = [
    Mistake(
        "last_batch",
        lambda losses, sizes: losses[-1],
        ja=(
            "最後のミニバッチの損失を、エポックの損失として返しています。",
            "1 つのミニバッチの値は偶然に大きく左右され、エポックの間の比較に使えません。",
            "すべてのミニバッチについて、画像の枚数を重みにした平均を取ってください。",
        ),
        en=(
            "It returns the loss of the last batch as the epoch's.",
            "One batch is mostly chance: epochs could not be compared.",
            "Take the mean over all batches, weighted by their numbers of images.",
        ),
    ),
    Mistake(
        "unweighted",
        lambda losses, sizes: losses.mean(),
        ja=(
            "ミニバッチの大きさで重みを付けずに平均しています。",
            "最後の小さなミニバッチの画像が、ほかの画像より重く数えられます。",
            "損失に枚数を掛けて足し、枚数の合計で割ってください。",
        ),
        en=(
            "It is the plain mean of the batches, not weighted by their sizes.",
            "The images of the last, smaller batch would count more than the others.",
            "Multiply each loss by its number of images, add up, and divide by the number of all images.",
        ),
    ),
    Mistake(
        "sum",
        lambda losses, sizes: losses.sum(),
        ja=(
            "ミニバッチの損失を足しただけです。",
            "ミニバッチの数に比例する値になり、画像 1 枚あたりの nat として読めません。",
            "損失に枚数を掛けて足し、枚数の合計で割ってください。",
        ),
        en=(
            "It only adds the losses of the batches up.",
            "That grows with the number of batches and is not nats per image.",
            "Multiply each loss by its number of images, add up, and divide by the number of all images.",
        ),
    ),
    Mistake(
        "sum_by_images",
        lambda losses, sizes: losses.sum() / sizes.sum(),
        ja=(
            "ミニバッチの損失の和を、画像の枚数で割っています。",
            "それぞれの損失はすでに画像についての平均なので、値が小さくなりすぎます。",
            "足す前に、それぞれの損失に枚数を掛けてください。",
        ),
        en=(
            "The sum of the batches' losses is divided by the number of images.",
            "Each loss is a mean over its images already, so this is far too small.",
            "Multiply each loss by its number of images before adding.",
        ),
    ),
    Mistake(
        "by_batches",
        lambda losses, sizes: (losses * sizes).sum() / len(losses),
        ja=(
            "最後に、画像の枚数ではなくミニバッチの数で割っています。",
            "1 つのミニバッチあたりの値になり、画像 1 枚あたりの nat として読めません。",
            "sizes の合計で割ってください。",
        ),
        en=(
            "At the end it divides by the number of batches, not of images.",
            "That is nats per batch, not nats per image.",
            "Divide by the sum of sizes.",
        ),
    ),
    Mistake(
        "not_divided",
        lambda losses, sizes: (losses * sizes).sum(),
        ja=(
            "全画像の損失の合計で、まだ割っていません。",
            "データの大きさに比例する値になり、訓練データとテストデータで比べられません。",
            "sizes の合計で割ってください。",
        ),
        en=(
            "It is the sum over all images, not yet divided.",
            "It grows with the data, so training and test could not be compared.",
            "Divide by the sum of sizes.",
        ),
    ),
]

TEST_MISTAKES = [
    Mistake(
        "gradients_on",
        held_out_loss.__wrapped__,
        ja=(
            "値は正しいのですが、勾配のための記録を取っています。",
            "評価に勾配は必要ありません。計算を記録する分だけ、メモリと時間を無駄に使います。",
            "with torch.no_grad(): の中で計算するか、関数の前に @torch.no_grad() を付けてください。",
        ),
        en=(
            "The value is right, but it is still recorded for gradients.",
            "An evaluation needs none, and keeping the record of every computation costs memory and time.",
            "Compute inside `with torch.no_grad():`, or put @torch.no_grad() before the function.",
        ),
    ),
    Mistake(
        "unweighted",
        torch.no_grad()(lambda model, batches: sum(vae_loss(model(x), x).total for x in batches) / len(batches)),
        ja=(
            "ミニバッチの大きさで重みを付けずに平均しています。",
            "最後の小さなミニバッチの画像が、ほかの画像より重く数えられます。",
            "損失に len(x) を掛けて足し、画像の総数で割ってください。",
        ),
        en=(
            "It is the plain mean of the batches, not weighted by their sizes.",
            "The images of the last, smaller batch would count more than the others.",
            "Multiply each loss by len(x), add up, and divide by the number of all images.",
        ),
    ),
    Mistake(
        "last_batch",
        torch.no_grad()(lambda model, batches: vae_loss(model(batches[-1]), batches[-1]).total),
        ja=(
            "最後のミニバッチの損失だけを返しています。",
            "数枚の画像の値は偶然に左右され、テストデータ全体の損失ではありません。",
            "すべてのミニバッチの損失を足していってください。",
        ),
        en=(
            "It returns the loss of the last batch only.",
            "A few images are mostly chance; that is not the loss of the whole test set.",
            "Add up the losses of all batches.",
        ),
    ),
    Mistake(
        "not_divided",
        torch.no_grad()(lambda model, batches: sum(vae_loss(model(x), x).total * len(x) for x in batches)),
        ja=(
            "全画像の損失の合計で、まだ割っていません。",
            "画像 1 枚あたりの nat でなければ、訓練データの損失と比べられません。",
            "画像の総数で割ってください。",
        ),
        en=(
            "It is the sum over all images, not yet divided.",
            "Only nats per image can be compared with the training loss.",
            "Divide by the number of all images.",
        ),
    ),
    Mistake(
        "at_mu",
        torch.no_grad()(
            lambda model, batches: sum(_at_mu(model, x) * len(x) for x in batches) / sum(len(x) for x in batches)
        ),
        ja=(
            "雑音を加えず、z = mu で測っています。",
            "雲から z を引かない値は変分下限ではありません。損失はたいてい、実際より小さく見えます。",
            "model(x) の出力をそのまま vae_loss に渡してください。",
        ),
        en=(
            "It measures at z = mu, without noise.",
            "Without a draw from the cloud this is not the ELBO, and the loss usually looks better than it is.",
            "Pass the output of model(x) to vae_loss as it is.",
        ),
    ),
    Mistake(
        "no_kl",
        torch.no_grad()(
            lambda model, batches: (
                sum(reconstruction_loss(model(x).x_logits, x) * len(x) for x in batches) / sum(len(x) for x in batches)
            )
        ),
        ja=(
            "再構築誤差だけで、KL が入っていません。",
            "損失の符号を変えても変分下限にならず、訓練データの損失と比べられません。",
            "vae_loss の total を使ってください。",
        ),
        en=(
            "It is the reconstruction error only, without the KL.",
            "Minus it is not the ELBO, and it cannot be compared with the training loss.",
            "Use the total of vae_loss.",
        ),
    ),
]


def _epoch(*sizes):
    """Losses and sizes of mini-batches, the last one smaller."""
    return lambda: (100 + 50 * torch.rand(len(sizes)), torch.tensor(sizes))


EXERCISES = {
    "training_step": Exercise(step, (steps, losses_of_steps), STEP_MISTAKES),
    "epoch_loss": Exercise(
        epoch_loss,
        (cases(_epoch(128.0, 128.0, 128.0, 32.0), _epoch(3.0, 1.0), _epoch(50.0, 50.0, 7.0)),),
        EPOCH_MISTAKES,
    ),
    "test_loss": Exercise(held_out_loss, (held_out, recorded), TEST_MISTAKES),
}
