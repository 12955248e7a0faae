"""Exercises on the training loop: one step, the loss of an epoch, the loss on held-out images."""

import torch

from ..language import tr
from ..losses import LossTerms, reconstruction_loss, vae_loss
from ..models import ConvVAE, VAEOutput
from ..training import training_step
from .measuring import SEED, Exercise, Mistake, call, cases, numbers


class _Watched(ConvVAE):
    """A ConvVAE whose noise is always 1 sigma, and that notices whether gradients were on."""

    with_gradients = False

    def encode(self, x):
        self.with_gradients |= torch.is_grad_enabled()
        return super().encode(x)

    def forward(self, x):
        mu, logvar = self.encode(x)
        z = mu + (0.5 * logvar).exp()
        return VAEOutput(self.decode_logits(z), mu, logvar, z)


def _model():
    torch.default_generator.manual_seed(SEED)
    model = _Watched()
    with torch.no_grad():
        model.fc_mu.weight *= 20  # untrained clouds lie so near the prior that the KL would not count
        model.fc_logvar.weight *= 20
    return model


@torch.enable_grad()
def steps(function):
    """Measure a training step by the losses it returns and the weights it leaves, three times in a row."""
    model = _model()
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-4)  # Adam would blow rounding up
    measured = []
    for i in range(1, 4):
        x = torch.rand(4, 1, 28, 28)
        before = [p.detach().clone() for p in model.parameters()]
        loss = call(function, model, x, optimizer)
        loss = numbers(loss.total if isinstance(loss, LossTerms) else loss)
        weights = [p.detach().clone() for p in model.parameters()]
        still = all(torch.equal(a, b) for a, b in zip(before, weights, strict=True))
        unused = still and any(p.grad is not None for p in model.parameters())
        measured += [
            (tr(ja=f"{i} 回目に返った損失", en=f"the loss returned by step {i}"), loss),
            (tr(ja=f"{i} 回目に使われなかった勾配", en=f"unused gradients of step {i}"), torch.tensor(float(unused))),
            (
                tr(ja=f"{i} 回目の後の重み", en=f"the weights after step {i}"),
                100 * torch.cat([p.flatten() for p in weights]).double(),
            ),
        ]
    return measured


def held_out(function):
    """Measure an evaluation by the loss it returns, and by whether gradients were on."""
    measured = []
    for sizes in ((4, 4, 2), (3,), (5, 1)):
        model = _model()
        batches = [torch.rand(size, 1, 28, 28) for size in sizes]
        with torch.enable_grad():
            loss = call(function, model, batches)
        loss = numbers(loss.total if isinstance(loss, LossTerms) else loss)
        measured += [
            (tr(ja=f"{sizes} 枚のミニバッチ", en=f"batches of {sizes} images"), loss),
            (tr(ja="勾配の計算", en="gradients"), torch.tensor(float(model.with_gradients))),
        ]
    return measured


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
        _loss_after,
        ja=(
            "重みは正しく動きましたが、更新の後にもう一度計算した損失を返しています。",
            "計算が 2 倍になり、報告する値は、その重みを動かした損失ではなくなります。",
            "更新の前に計算した損失を、そのまま返してください。",
        ),
        en=(
            "The step is right, but the loss it returns was computed once more after the step.",
            "That doubles the work, and it is not the loss whose gradient moved the weights.",
            "Return the loss that you computed before the step.",
        ),
    ),
]

EPOCH_MISTAKES = [
    Mistake(
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
        held_out_loss.__wrapped__,
        ja=(
            "値は正しいのですが、勾配の計算が有効なままです。",
            "評価には勾配がいりません。計算の記録を作る分だけ、メモリと時間を無駄に使います。",
            "with torch.no_grad(): の中で計算するか、関数の前に @torch.no_grad() を付けてください。",
        ),
        en=(
            "The value is right, but gradients are still on.",
            "An evaluation needs none, and keeping the record of every computation costs memory and time.",
            "Compute inside `with torch.no_grad():`, or put @torch.no_grad() before the function.",
        ),
    ),
    Mistake(
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
        lambda model, batches: sum(vae_loss(model(x), x).total for x in batches) / len(batches),
        ja=(
            "勾配の計算が有効なままで、しかもミニバッチの大きさで重みを付けずに平均しています。",
            "計算の記録がメモリを使い、最後の小さなミニバッチの画像が重く数えられます。",
            "@torch.no_grad() を付け、損失に len(x) を掛けて足し、画像の総数で割ってください。",
        ),
        en=(
            "Gradients are still on, and the mean of the batches is not weighted by their sizes.",
            "The record of every computation costs memory, and the images of the last, smaller batch count too much.",
            "Use torch.no_grad(); multiply each loss by len(x), add up, and divide by the number of all images.",
        ),
    ),
    Mistake(
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
        torch.no_grad()(
            lambda model, batches: sum(_at_mu(model, x) * len(x) for x in batches) / sum(len(x) for x in batches)
        ),
        ja=(
            "雑音を加えず、z = mu で測っています。",
            "雲から z を引かない値は変分下限ではありません。損失が実際より小さく見えます。",
            "model(x) の出力をそのまま vae_loss に渡してください。",
        ),
        en=(
            "It measures at z = mu, without noise.",
            "Without a draw from the cloud this is not the ELBO, and the loss looks better than it is.",
            "Pass the output of model(x) to vae_loss as it is.",
        ),
    ),
    Mistake(
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


def _epoch():
    return 100 + 50 * torch.rand(4), torch.tensor([128.0, 128.0, 128.0, 32.0])


EXERCISES = {
    "training_step": Exercise(step, steps, STEP_MISTAKES),
    "epoch_loss": Exercise(
        epoch_loss, cases(_epoch, lambda: (torch.tensor([200.0, 150.0]), torch.tensor([3.0, 1.0]))), EPOCH_MISTAKES
    ),
    "test_loss": Exercise(held_out_loss, held_out, TEST_MISTAKES),
}
