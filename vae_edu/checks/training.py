"""Exercises on the training loop: one step, and one pass over the mini-batches."""

import torch
from torch.overrides import TorchFunctionMode

from ..language import tr
from ..losses import LossTerms, vae_loss
from ..models import MLPVAE, ConvVAE
from ..training import training_step
from .measuring import AnswerError, Exercise, Mistake, Part, call, numbers, seed, unfinished

RATE = 1e-4


class _KnownNoise(TorchFunctionMode):
    """Normal random numbers that only depend on the column, however a function draws them.

    So a forward pass of one's own has the noise of model(x).
    """

    def __torch_function__(self, func, types, args=(), kwargs=None):
        result = func(*args, **(kwargs or {}))
        if func in (torch.randn, torch.randn_like, torch.normal, torch.Tensor.normal_):
            moments = {"mean": 0.0, "std": 1.0}
            if func in (torch.normal, torch.Tensor.normal_):
                positional = args if func is torch.normal else args[1:]
                moments |= dict(zip(moments, positional, strict=False)) | (kwargs or {})
            with torch.no_grad():
                result.copy_(moments["mean"] + moments["std"] * _noise(result.shape))
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


def _mini_batches():
    """What a training step is given, three times in a row."""
    return [torch.rand(size, 1, 28, 28) for size in (4, 3, 5)]


def _epochs():
    """What an epoch is given, twice in a row: lists of mini-batches, the last one smaller."""
    return [[torch.rand(size, 1, 28, 28) for size in sizes] for sizes in ((4, 4, 2), (5, 1))]


def _loss(returned):
    return numbers(returned.total if isinstance(returned, LossTerms) else returned)


def _weights(model):
    """Every 101st weight of each layer: enough to tell steps apart, and little to keep."""
    return torch.cat([p.detach().flatten()[::101] for p in model.parameters()])


def _runs(function, draw):
    """(what was returned, how the weights moved, whether gradients were left unused) for each input of two models."""
    seed()
    models, inputs = _models(), draw()
    for model in models:
        optimizer = torch.optim.SGD(model.parameters(), lr=RATE)  # Adam would blow rounding up
        for x in inputs:
            before = _weights(model)
            returned = call(function, model, x, optimizer, within=_KnownNoise())
            moved = (_weights(model) - before).double() / RATE
            graded = any(p.grad is not None for p in model.parameters())
            if returned is ... and (graded or moved.any()):
                raise AnswerError(unfinished(), "unfinished")
            yield returned, moved, float(graded and not moved.any())


def _moves(function, draw, said):
    idle = tr(ja="計算した勾配が使われていません。", en="Gradients were computed but not used.")
    return [
        part
        for returned, moved, unused in [(_loss(returned), *rest) for returned, *rest in _runs(function, draw)]
        for part in (
            Part("", torch.tensor(unused), idle, "no_step"),
            Part("", moved, said, "other_step", tolerance=1e-2),  # rounding of float32 weights, divided by RATE: 1e-3
        )
    ]


def steps(function):
    """Measure a training step by how it moves the weights of two models, three times in a row."""
    said = tr(
        ja="重みの動きが、渡された optimizer に損失 total の勾配で 1 回更新させたときと違います。",
        en="The weights do not move as the given optimizer moves them in one step, with the gradient of the loss, total.",
    )
    return _moves(function, _mini_batches, said)


def losses_of_steps(function):
    """Measure a training step by the losses that it returns."""
    return [
        Part(tr(ja=f"{i} 回目に返った損失", en=f"the loss returned by step {i}"), _loss(returned))
        for i, (returned, *_) in enumerate(_runs(function, _mini_batches), start=1)
    ]


def epochs(function):
    """Measure a pass over mini-batches by how it moves the weights of two models, twice in a row."""
    said = tr(
        ja="重みの動きが、渡された optimizer に、ミニバッチごとに 1 回ずつ、損失 total の勾配で更新させたときと違います。",
        en="The weights do not move as the given optimizer moves them in one step for each mini-batch, with the gradient of the loss, total.",
    )
    return _moves(function, _epochs, said)


def losses_of_epochs(function):
    """Measure a pass over mini-batches by the losses that it returns."""
    return [
        Part(tr(ja=f"{i} 回目のエポックの損失", en=f"the loss of epoch {i}"), _loss(returned))
        for i, (returned, *_) in enumerate(_runs(function, _epochs), start=1)
    ]


def graphs_of_epochs(function):
    """Measure a pass over mini-batches by whether what it returns still holds the record for gradients."""
    return [
        Part("", torch.tensor(float(getattr(returned, "requires_grad", False))))
        for returned, *_ in _runs(function, _epochs)
    ]


def step(model, x, optimizer):
    """One gradient step; the loss before it."""
    return training_step(model, x, optimizer).total


def train_epoch(model, batches, optimizer):
    """A gradient step on each of the batches (B, 1, 28, 28); the mean loss over their images, each before its step."""
    total = sum(training_step(model, x, optimizer).total.item() * len(x) for x in batches)
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
            "損失に −1 を掛けていて、損失が増える方向へ進んでいます。",
            "vae_loss が返すのは負の ELBO です。それを小さくすることが、ELBO を大きくすることになります。",
            "vae_loss の total に、そのまま backward() を呼んでください。",
        ),
        en=(
            "The sign of the loss is reversed: the step makes the loss larger.",
            "vae_loss returns the negative ELBO: to make it smaller is to make the ELBO larger.",
            "Call backward() on the total of vae_loss as it is.",
        ),
    ),
    Mistake(
        "no_kl",
        lambda model, x, optimizer: _step(model, x, optimizer, beta=0.0),
        ja=(
            "再構築誤差だけを使っていて、KL が入っていません。",
            "q(z|x) を事前分布に近づけるものがなくなり、点の置き場所が決まりません。レッスン 02 のオートエンコーダと同じです。",
            "reconstruction ではなく total を使ってください。",
        ),
        en=(
            "Only the reconstruction error is used, without the KL.",
            "Nothing pulls q(z|x) towards the prior, so that nothing fixes where the points lie, as with the autoencoder of lesson 02.",
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


def _epoch(step=_step, mean=lambda losses, sizes: (losses * sizes).sum() / sizes.sum()):
    """A pass over mini-batches with another step, or another mean of their losses."""

    def run(model, batches, optimizer):
        losses = torch.stack([step(model, x, optimizer) for x in batches])
        return mean(losses, torch.tensor([len(x) for x in batches]))

    return run


def _zero_once(model, batches, optimizer):
    optimizer.zero_grad()
    return _epoch(lambda *given: _step(*given, zero=False))(model, batches, optimizer)


def _first_batch(model, batches, optimizer):
    return _step(model, batches[0], optimizer)


def _one_step(model, batches, optimizer):
    optimizer.zero_grad()
    loss = _epoch(lambda *given: _step(*given, zero=False, step=False))(model, batches, optimizer)
    optimizer.step()
    return loss


def _last_gradient(model, batches, optimizer):
    loss = _epoch(lambda *given: _step(*given, step=False))(model, batches, optimizer)
    optimizer.step()
    return loss


def _step_on_mean(model, batches, optimizer):
    loss = sum(vae_loss(model(x), x).total * len(x) for x in batches) / sum(map(len, batches))
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss


def _step_on_sum(model, batches, optimizer):
    loss = sum(vae_loss(model(x), x).total for x in batches)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss / len(batches)


def _graph_kept(model, batches, optimizer):
    total = 0
    for x in batches:
        loss = vae_loss(model(x), x).total
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total = total + loss * len(x)
    return total / sum(map(len, batches))


def _reconstruction_reported(model, x, optimizer):
    return training_step(model, x, optimizer).reconstruction


EPOCH_MISTAKES = [
    Mistake(
        "no_zero_grad",
        (_zero_once, _epoch(lambda *given: _step(*given, zero=False))),
        ja=(
            "ミニバッチごとの zero_grad() がありません。",
            "backward() は勾配を上書きせずに足していくので、前のミニバッチの勾配が残り、違う方向へ進みます。",
            "ループの中で、backward() の前に毎回 optimizer.zero_grad() を呼んでください。",
        ),
        en=(
            "zero_grad() is not called for every mini-batch.",
            "backward() adds to the gradients instead of replacing them: those of earlier batches stay and mislead the step.",
            "Call optimizer.zero_grad() inside the loop, every time before backward().",
        ),
    ),
    Mistake(
        "no_step",
        _epoch(lambda *given: _step(*given, step=False)),
        ja=(
            "勾配は計算されましたが、重みが動いていません。optimizer.step() がありません (括弧 () の付け忘れも含みます)。",
            "何エポック繰り返しても損失が下がりません。",
            "ループの中で、backward() の後に optimizer.step() を呼んでください。",
        ),
        en=(
            "Gradients were computed but no weight moved: optimizer.step() is missing, or lacks its ().",
            "However many epochs follow, the loss will not fall.",
            "Call optimizer.step() after backward(), inside the loop.",
        ),
    ),
    Mistake(
        "no_backward",
        (
            _epoch(lambda *given: _step(*given, backward=False)),
            _epoch(lambda *given: _step(*given, backward=False, step=False)),
        ),
        ja=(
            "重みが動かず、勾配もありません。損失を計算しただけで、学習していません。",
            "勾配がなければ、optimizer.step() は何もしません。",
            "ミニバッチごとに、zero_grad()、backward()、step() の順に呼んでください。",
        ),
        en=(
            "No weight moved and there are no gradients: the losses were computed, but nothing was trained.",
            "Without gradients optimizer.step() does nothing.",
            "For every mini-batch call zero_grad(), backward(), step(), in this order.",
        ),
    ),
    Mistake(
        "first_batch",
        _first_batch,
        ja=(
            "最初のミニバッチだけで終わっています。",
            "return がループの中にあると、1 回目の繰り返しで関数が終わり、残りの画像は使われません。",
            "return の字下げを for と同じ深さに戻し、すべてのミニバッチで更新してください。",
        ),
        en=(
            "It ends after the first mini-batch.",
            "A return inside the loop ends the function in its first round, and the other images are not used.",
            "Indent the return like the for, and take a step on every mini-batch.",
        ),
    ),
    Mistake(
        "one_step",
        (_one_step, _last_gradient, _step_on_mean, _step_on_sum),
        ja=(
            "1 エポックで、重みを 1 回しか更新していません。",
            "ミニバッチごとに更新しなければ、60,000 枚を 1 周しても重みは 1 歩しか進みません。",
            "zero_grad()、backward()、step() をすべてループの中に入れてください。",
        ),
        en=(
            "The weights move only once in the whole epoch.",
            "Without a step for each mini-batch, a pass over 60,000 images is a single step.",
            "Move zero_grad(), backward() and step() into the loop, all three.",
        ),
    ),
    Mistake(
        "no_kl",
        _epoch(lambda *given: _step(*given, beta=0.0)),
        ja=(
            "再構築誤差だけを使っていて、KL が入っていません。",
            "q(z|x) を事前分布に近づけるものがなくなり、点の置き場所が決まりません。レッスン 02 のオートエンコーダと同じです。",
            "reconstruction ではなく total を使ってください。",
        ),
        en=(
            "Only the reconstruction error is used, without the KL.",
            "Nothing pulls q(z|x) towards the prior, so that nothing fixes where the points lie, as with the autoencoder of lesson 02.",
            "Use total, not reconstruction.",
        ),
    ),
    Mistake(
        "unweighted",
        _epoch(mean=lambda losses, sizes: losses.mean()),
        ja=(
            "更新は正しいのですが、返す値が、枚数で重みを付けないミニバッチの平均になっています。",
            "最後の小さなミニバッチの画像だけ、重みが大きくなってしまいます。",
            "損失に len(x) を掛けて足し、画像の総数で割ってください。",
        ),
        en=(
            "The steps are right, but the result is the plain mean over mini-batches, whatever their sizes.",
            "The images of the last, smaller one would count more than the others.",
            "Multiply each loss by len(x), add up, and divide by the number of all images.",
        ),
    ),
    Mistake(
        "sum",
        (_epoch(mean=lambda losses, sizes: losses.sum()), _epoch(mean=lambda losses, sizes: (losses * sizes).sum())),
        ja=(
            "更新は正しいのですが、返す損失を足しただけで、割っていません。",
            "データの量に比例する値になり、画像 1 枚あたりの nat として読めません。",
            "損失に len(x) を掛けて足し、画像の総数で割ってください。",
        ),
        en=(
            "The steps are right, but the losses are only added up, not divided.",
            "That grows with the amount of data and is not nats per image.",
            "Multiply each loss by len(x), add up, and divide by the number of all images.",
        ),
    ),
    Mistake(
        "sum_by_images",
        _epoch(mean=lambda losses, sizes: losses.sum() / sizes.sum()),
        ja=(
            "更新は正しいのですが、返す値が、ミニバッチの損失の和を画像の枚数で割ったものになっています。",
            "それぞれの損失はすでに画像についての平均なので、値が小さくなりすぎます。",
            "足す前に、それぞれの損失に len(x) を掛けてください。",
        ),
        en=(
            "The steps are right, but the sum of the mini-batches' losses is divided by the number of images.",
            "Each loss is a mean over its images already, so this is far too small.",
            "Multiply each loss by len(x) before adding.",
        ),
    ),
    Mistake(
        "last_batch",
        _epoch(mean=lambda losses, sizes: losses[-1]),
        ja=(
            "更新は正しいのですが、最後のミニバッチの損失だけを返しています。",
            "1 つのミニバッチの値は偶然に大きく左右され、エポックの間の比較に使えません。",
            "すべてのミニバッチについて、画像の枚数を重みにした平均を取ってください。",
        ),
        en=(
            "The steps are right, but it returns the loss of the last mini-batch only.",
            "A single mini-batch is mostly chance: epochs could not be compared.",
            "Take the mean over all mini-batches, weighted by their numbers of images.",
        ),
    ),
    Mistake(
        "loss_after",
        _epoch(_loss_after),
        ja=(
            "更新は正しいのですが、更新の後にもう一度計算した損失を返しています。",
            "モデルの計算がミニバッチごとに 1 回余分に必要になり、値も、更新に使った損失ではなくなります。",
            "更新の前に計算した損失を使ってください。",
        ),
        en=(
            "The steps are right, but each loss was computed once more after its step.",
            "That takes one more pass through the model each time, and it is not the loss whose gradient moved the weights.",
            "Use the losses that you computed before the steps.",
        ),
    ),
    Mistake(
        "kl_not_reported",
        _epoch(_reconstruction_reported),
        ja=(
            "更新は正しいのですが、返す値が再構築誤差だけで、KL が入っていません。",
            "最小にしている損失とは違う値なので、負の ELBO として読めません。",
            "total を足してください。",
        ),
        en=(
            "The steps are right, but the result is the reconstruction error only, without the KL.",
            "That is not the loss being minimised, and not the negative ELBO.",
            "Add up total.",
        ),
    ),
    Mistake(
        "graph_kept",
        _graph_kept,
        ja=(
            "値は正しいのですが、返したテンソルに、勾配のための計算の記録が付いたままです。",
            "損失をそのまま足していくと、すべてのミニバッチの記録がエポックの終わりまで残り、メモリが足りなくなることがあります。",
            "足すときに loss.item() か loss.detach() を使ってください。",
        ),
        en=(
            "The value is right, but the tensor still holds the record of the computation, for gradients.",
            "If the losses are added as they are, the records of all mini-batches stay until the end of the epoch, and memory can run out.",
            "Add loss.item() or loss.detach() instead.",
        ),
    ),
]

EXERCISES = {
    "training_step": Exercise(step, (steps, losses_of_steps), STEP_MISTAKES),
    "train_epoch": Exercise(train_epoch, (epochs, losses_of_epochs, graphs_of_epochs), EPOCH_MISTAKES),
}
