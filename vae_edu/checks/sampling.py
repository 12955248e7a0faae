"""Exercises on the cloud of an image: its width, and sampling from it such that gradients pass."""

import torch
from torch.distributions import Normal

from ..language import tr
from ..models import reparameterize
from .gradients import reached
from .measuring import Exercise, Mistake, Part, call, cases, numbers, seed, tensor

CALLS = 4000
IMAGES = 5  # few, or noise that was standardised over the batch looks like any other
DIMENSIONS = 4  # in 3, the points of a sphere have uniform coordinates
CHANCE = 0.06  # four standard errors and more of every Part of noise_parts, for the difference of two
TAILS = (0.001, 0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 0.999)


def clouds(function):
    """Measure a sampler by what many draws from one cloud for each image have in common."""
    seed()
    few = torch.randn(3, 4), torch.randn(3, 4)
    mu, logvar = torch.randn(IMAGES, DIMENSIONS), 3.5 * torch.rand(IMAGES, DIMENSIONS) - 2
    drawn = numbers(call(function, *few))
    shape = Part(tr(ja="形 (3, 4) の mu と logvar", en="mu and logvar of shape (3, 4)"), torch.zeros(drawn.shape))
    if drawn.shape != few[0].shape:
        return [shape]
    z = call(lambda mu, logvar: torch.stack([numbers(function(mu, logvar)) for _ in range(CALLS)]), mu, logvar)
    images = tr(ja="画像", en="images")
    return [shape, *noise_parts((z - mu) / (logvar.double() / 2).exp(), "(z − μ) / σ", images)]


def noise_parts(noise, name, rows):
    """What tells one kind of noise (calls, rows, dimensions) from another, whatever its random numbers were."""
    mean, scale = noise.mean(dim=0), noise.std(dim=0)  # (rows, dimensions)
    repeated = scale.max() < 1e-3 and mean.std(dim=0).max() > 0.1  # differs from row to row, but not from call to call
    unit = (noise - mean) / scale if scale.min() > 1e-3 else torch.zeros_like(noise)
    same = tr(ja="呼び出すたびに同じ値が返ります。", en="Every call gives the same values.")
    shape = tr(
        ja=f"{name} の分布の形が、正規分布と違います (一様分布や、端を切り詰めた分布になっていませんか)。",
        en=f"{name} is not distributed like a normal distribution: is it uniform, or cut off at the ends?",
    )
    moments = [
        Part(name, torch.tensor(float(repeated)), same, "same_every_call"),
        Part(tr(ja=f"{name} の平均", en=f"the mean of {name}"), mean.mean(dim=0) * (not repeated), tolerance=CHANCE),
        Part(
            tr(ja=f"{name} の平均のばらつき", en=f"how much the mean of {name} differs from row to row"),
            mean.std(dim=0) * (not repeated),
            tolerance=CHANCE,
        ),
        Part(tr(ja=f"{name} の標準偏差", en=f"the standard deviation of {name}"), scale.mean(dim=0), tolerance=CHANCE),
        Part(name, unit.flatten().quantile(torch.tensor(TAILS).double()), shape, tolerance=CHANCE),
    ]
    return moments + _correlations(unit, rows)


def _correlations(unit, rows):
    """Whether the noise of dimensions, and of rows, is independent."""
    together = torch.einsum("crd,cse->rdse", unit, unit) / len(unit)
    between_dimensions = torch.einsum("rdre->de", together) / unit.shape[1]
    between_rows = torch.einsum("rdsd->rs", together) / unit.shape[2]
    dimensions = tr(
        ja="次元どうしの雑音が独立になっていません。要素ごとに新しい雑音をサンプリングしてください。",
        en="The noise of the dimensions is not independent. Draw fresh noise for every element.",
    )
    others = tr(
        ja=f"{rows}どうしの雑音が独立になっていません。要素ごとに新しい雑音をサンプリングしてください。",
        en=f"The noise of the {rows} is not independent. Draw fresh noise for every element.",
    )
    return [
        Part("", between_dimensions.fill_diagonal_(1), dimensions, "shared_noise", CHANCE),
        Part("", between_rows.fill_diagonal_(1), others, "shared_noise", CHANCE),
    ]


def _frozen(mu, logvar):
    generator = torch.Generator().manual_seed(0)
    return mu + torch.randn(mu.shape, generator=generator) * (0.5 * logvar).exp()


SAMPLE_MISTAKES = [
    Mistake(
        "variance",
        lambda mu, logvar: mu + torch.randn_like(mu) * logvar.exp(),
        ja=(
            "標準偏差として exp(logvar) を使っています。",
            "exp(logvar) は分散 σ² です。σ < 1 なら狭すぎる雲から、σ > 1 なら広すぎる雲からサンプリングすることになります。",
            "σ = exp(0.5 × logvar) を雑音に掛けてください。",
        ),
        en=(
            "exp(logvar) is used as the standard deviation.",
            "exp(logvar) is the variance σ². Clouds with σ < 1 are drawn too narrow, those with σ > 1 too wide.",
            "Multiply the noise by σ = exp(0.5 × logvar).",
        ),
    ),
    Mistake(
        "logvar",
        lambda mu, logvar: mu + torch.randn_like(mu) * logvar,
        ja=(
            "雑音に logvar そのものを掛けています。",
            "logvar は log σ² で、σ ではありません。σ = 1 の雲では logvar が 0 なので、雑音が消えてしまいます。",
            "σ = exp(0.5 × logvar) を雑音に掛けてください。",
        ),
        en=(
            "The noise is multiplied by logvar itself.",
            "logvar is log σ², not σ. For a cloud of σ = 1 it is 0, and the noise vanishes.",
            "Multiply the noise by σ = exp(0.5 × logvar).",
        ),
    ),
    Mistake(
        "mu_cut",
        lambda mu, logvar: mu.detach() + torch.randn_like(mu) * (0.5 * logvar).exp(),
        ja=(
            "点の分布は正しいのですが、mu に勾配が届きません。",
            "mu を detach() などで計算から切り離すと、雲の中心が再構築誤差から学習されません。",
            "mu をそのまま足してください。",
        ),
        en=(
            "The points are distributed as they should be, but no gradient reaches mu.",
            "With mu cut off, for example by detach(), the centres of the clouds are not learned from the reconstruction error.",
            "Add mu as it is.",
        ),
    ),
    Mistake(
        "noise_only",
        lambda mu, logvar: torch.randn_like(mu),
        ja=(
            "雑音だけを返していて、mu も σ も使われていません。",
            "どの画像でも同じ標準正規分布からサンプリングするので、z には画像の情報がまったく含まれません。",
            "雑音に σ を掛け、mu を足してください。",
        ),
        en=(
            "It returns the noise alone; neither mu nor σ is used.",
            "Every image then gives points of the same standard normal, and z says nothing about the image.",
            "Multiply the noise by σ and add mu.",
        ),
    ),
    Mistake(
        "logvar_normal",
        lambda mu, logvar: Normal(mu, logvar).rsample(),
        ja=(
            "Normal の標準偏差に logvar を渡しています。",
            "logvar は log σ² で、負にもなるので、標準偏差としては使えません。",
            "標準偏差 σ = exp(0.5 × logvar) に直してから使ってください。",
        ),
        en=(
            "logvar is passed to Normal as the standard deviation.",
            "logvar is log σ² and may be negative, which no standard deviation can be.",
            "Turn it into σ = exp(0.5 × logvar) first.",
        ),
    ),
    Mistake(
        "roles_swapped",
        lambda mu, logvar: mu * torch.randn_like(mu) + (0.5 * logvar).exp(),
        ja=(
            "mu と σ の役割が逆です。雑音が mu に掛かり、σ が足されています。",
            "雲の中心が σ、広さが |mu| になってしまいます。",
            "雑音は σ に掛け、それに mu を足してください。",
        ),
        en=(
            "mu and σ have changed places: the noise multiplies mu, and σ is added.",
            "The cloud would be centred on σ, with the width |mu|.",
            "Multiply the noise by σ, then add mu.",
        ),
    ),
    Mistake(
        "logvar_cut",
        lambda mu, logvar: mu + torch.randn_like(mu) * (0.5 * logvar).exp().detach(),
        ja=(
            "点の分布は正しいのですが、logvar に勾配が届きません。",
            "σ を detach() などで計算から切り離すと、雲の広さが再構築誤差から学習されません。",
            "σ を logvar から計算し、そのまま雑音に掛けてください。",
        ),
        en=(
            "The points are distributed as they should be, but no gradient reaches logvar.",
            "With σ cut off, for example by detach(), the width of the clouds is not learned from the reconstruction error.",
            "Compute σ from logvar and multiply the noise by it as it is.",
        ),
    ),
    Mistake(
        "no_sigma",
        lambda mu, logvar: mu + torch.randn_like(mu),
        ja=(
            "雑音に σ を掛けていません。",
            "どの画像の雲も同じ広さ 1 になり、logvar は再構築誤差から何も学びません。",
            "σ = exp(0.5 × logvar) を雑音に掛けてください。",
        ),
        en=(
            "The noise is not multiplied by σ.",
            "Every cloud then has the width 1, and logvar learns nothing from the reconstruction error.",
            "Multiply the noise by σ = exp(0.5 × logvar).",
        ),
    ),
    Mistake(
        "no_mu",
        lambda mu, logvar: torch.randn_like(mu) * (0.5 * logvar).exp(),
        ja=(
            "mu を足していません。",
            "どの画像の雲も原点が中心になり、z から画像の違いが分からなくなります。",
            "雑音 × σ に mu を足してください。",
        ),
        en=(
            "mu is not added.",
            "Every cloud is then centred on the origin, and z no longer tells the images apart.",
            "Add mu to noise × σ.",
        ),
    ),
    Mistake(
        "shared_images",
        lambda mu, logvar: mu + torch.randn(mu.shape[1]) * (0.5 * logvar).exp(),
        ja=(
            "バッチのどの画像にも同じ雑音を使っています。",
            "すべての点が同じ向きにずれるので、勾配のばらつきが平均で小さくならず、学習が不安定になります。",
            "torch.randn_like(mu) のように、要素ごとに新しい雑音をサンプリングしてください。",
        ),
        en=(
            "All images of the batch share one noise.",
            "Every point is then shifted the same way, and the batch no longer averages the noise of the gradient away.",
            "Draw fresh noise for every element, for example torch.randn_like(mu).",
        ),
    ),
    Mistake(
        "shared_dimensions",
        lambda mu, logvar: mu + torch.randn(len(mu), 1) * (0.5 * logvar).exp(),
        ja=(
            "1 枚の画像のすべての次元に、同じ雑音を使っています。",
            "点が 1 本の直線上にしか現れず、雲が平面に広がりません。",
            "torch.randn_like(mu) のように、要素ごとに新しい雑音をサンプリングしてください。",
        ),
        en=(
            "All dimensions of an image share one noise.",
            "Points then fall on a single line instead of filling the cloud.",
            "Draw fresh noise for every element, for example torch.randn_like(mu).",
        ),
    ),
    Mistake(
        "one_number",
        lambda mu, logvar: mu + torch.randn(()) * (0.5 * logvar).exp(),
        ja=(
            "バッチ全体で、雑音の値を 1 つしかサンプリングしていません。",
            "どの点も自分の雲の中の同じ位置 (中心から同じ ε × σ) にずれるので、雲からサンプリングしたことになりません。",
            "torch.randn_like(mu) のように、要素ごとに新しい雑音をサンプリングしてください。",
        ),
        en=(
            "A single number is drawn as the noise of the whole batch.",
            "Every point is shifted by the same multiple of its σ: that is no draw from the clouds.",
            "Draw fresh noise for every element, for example torch.randn_like(mu).",
        ),
    ),
    Mistake(
        "uniform",
        lambda mu, logvar: mu + torch.rand_like(mu) * (0.5 * logvar).exp(),
        ja=(
            "雑音が正規分布ではなく、0 から 1 までの一様分布です (torch.rand)。",
            "雑音がいつも正なので、点は mu の片側にしか現れません。雲は正規分布と決めたので、雑音も正規分布からサンプリングします。",
            "torch.rand_like ではなく torch.randn_like を使ってください。n が normal の n です。",
        ),
        en=(
            "The noise is uniform between 0 and 1 (torch.rand), not normal.",
            "It is never negative, so points fall on one side of mu only; our clouds are normal, so the noise must be too.",
            "Use torch.randn_like, with the n of normal, instead of torch.rand_like.",
        ),
    ),
    Mistake(
        "uniform_symmetric",
        lambda mu, logvar: mu + (2 * torch.rand_like(mu) - 1) * (0.5 * logvar).exp(),
        ja=(
            "雑音が正規分布ではなく、−1 から 1 までの一様分布です。",
            "雲は正規分布と決めたので、雑音も正規分布からサンプリングしなければ、別の雲になります。",
            "torch.randn_like を使ってください。",
        ),
        en=(
            "The noise is uniform between −1 and 1, not normal.",
            "Our clouds are normal; with uniform noise you draw from another kind of cloud.",
            "Use torch.randn_like.",
        ),
    ),
    Mistake(
        "no_noise",
        lambda mu, logvar: mu,
        ja=(
            "mu をそのまま返していて、雑音がありません。",
            "雲が 1 点になり、ふつうのオートエンコーダに戻ります。logvar は再構築誤差から何も学びません。",
            "mu に 雑音 × σ を足してください。",
        ),
        en=(
            "It returns mu without any noise.",
            "The cloud shrinks to a point: an ordinary autoencoder. The reconstruction teaches logvar nothing.",
            "Add noise × σ to mu.",
        ),
    ),
    Mistake(
        "mu_plus_sigma",
        lambda mu, logvar: mu + (0.5 * logvar).exp(),
        ja=(
            "σ に雑音を掛けず、mu + σ を返しています。",
            "点がいつも同じ場所になり、雲からサンプリングしたことになりません。",
            "σ に torch.randn_like(mu) を掛けてください。",
        ),
        en=(
            "It returns mu + σ: σ is not multiplied by any noise.",
            "The point is the same every time, so nothing is drawn from the cloud.",
            "Multiply σ by torch.randn_like(mu).",
        ),
    ),
    Mistake(
        "no_gradient",
        lambda mu, logvar: torch.normal(mu, (0.5 * logvar).exp()).detach(),
        ja=(
            "点の分布は正しいのですが、mu と logvar に勾配が届きません。",
            "torch.normal の勾配は 0 で、sample()、detach()、item()、tolist() は計算の記録を残しません。再構築誤差の勾配が、z を通ってエンコーダに届かなくなります。",
            "乱数は torch.randn_like だけで作り、mu + 雑音 × σ と計算してください。",
        ),
        en=(
            "The points are distributed as they should be, but no gradient reaches mu and logvar.",
            "The gradient of torch.normal is 0, and sample(), detach(), item() and tolist() leave no record of the computation: the reconstruction error sends the encoder no gradient through z.",
            "Draw only torch.randn_like at random, then compute mu + noise × σ.",
        ),
    ),
    Mistake(
        "same_every_call",
        _frozen,
        ja=(
            "呼び出すたびに同じ雑音を使っています。",
            "学習中にいつも同じ雑音が加わると、デコーダはその雑音に合わせて学習してしまい、雲の残りの部分が学習されません。",
            "乱数の種を固定せず、関数の中で毎回新しい雑音をサンプリングしてください。",
        ),
        en=(
            "Every call uses the same noise.",
            "If training always adds the same noise, the decoder learns that noise and not the rest of the cloud.",
            "Draw fresh noise inside the function in every call, without a fixed seed.",
        ),
    ),
]

SIGMA_MISTAKES = [
    Mistake(
        "variance",
        lambda logvar: logvar.exp(),
        ja=(
            "exp(logvar) は標準偏差ではなく、分散 σ² です。",
            "雲の広さを取り違えると、狭い雲はさらに狭く、広い雲はさらに広くなります。",
            "exp の中で logvar を半分にするか、分散の平方根を取ってください。",
        ),
        en=(
            "exp(logvar) is the variance σ², not the standard deviation.",
            "Narrow clouds would be drawn too narrow and wide ones too wide.",
            "Halve logvar inside exp, or take the square root of the variance.",
        ),
    ),
    Mistake(
        "identity",
        lambda logvar: logvar,
        ja=(
            "logvar をそのまま返しています。",
            "logvar は log σ² で、負にもなります。標準偏差は必ず正です。",
            "対数を exp で元に戻し、平方根を取ってください。",
        ),
        en=(
            "It returns logvar itself.",
            "logvar is log σ² and may be negative; a standard deviation never is.",
            "Undo the log with exp, then take the square root.",
        ),
    ),
    Mistake(
        "no_exp",
        lambda logvar: 0.5 * logvar,
        ja=(
            "0.5 × logvar は log σ です。対数が残っています。",
            "σ は正のはずですが、これは負にもなります。",
            "この値の exp を取ってください。",
        ),
        en=(
            "0.5 × logvar is log σ: the log is still there.",
            "σ must be positive, and this may be negative.",
            "Take exp of it.",
        ),
    ),
    Mistake(
        "half_outside",
        lambda logvar: 0.5 * logvar.exp(),
        ja=(
            "0.5 を exp の外で掛けています。",
            "exp(logvar) の半分は分散の半分で、平方根ではありません。",
            "0.5 を exp の中に入れてください: exp(0.5 × logvar)。",
        ),
        en=(
            "The 0.5 stands outside exp.",
            "Half of exp(logvar) is half the variance, not its square root.",
            "Move the 0.5 inside: exp(0.5 × logvar).",
        ),
    ),
    Mistake(
        "root_of_log",
        lambda logvar: logvar.sqrt(),
        ja=(
            "logvar の平方根を取っています。負の要素では nan になります。",
            "logvar は分散ではなく、分散の対数です。",
            "先に exp で分散に戻してから、平方根を取ってください。",
        ),
        en=(
            "It is the square root of logvar, which is nan where logvar is negative.",
            "logvar is not the variance but its log.",
            "Turn it into the variance with exp first, then take the square root.",
        ),
    ),
    Mistake(
        "doubled",
        lambda logvar: (2 * logvar).exp(),
        ja=(
            "exp(2 × logvar)、つまり分散の 2 乗 σ⁴ を返しています。",
            "標準偏差は分散の平方根です。2 乗ではありません。",
            "exp(0.5 × logvar) としてください。",
        ),
        en=(
            "It returns exp(2 × logvar), the square of the variance, σ⁴.",
            "The standard deviation is the square root of the variance, not its square.",
            "Write exp(0.5 × logvar).",
        ),
    ),
    Mistake(
        "inverse",
        lambda logvar: (-0.5 * logvar).exp(),
        ja=(
            "指数の符号が逆で、1/σ になっています。",
            "広い雲が狭く、狭い雲が広くなります。",
            "負号や割り算を取って、exp(0.5 × logvar) をそのまま返してください。",
        ),
        en=(
            "The sign of the exponent is reversed: this is 1/σ.",
            "Wide clouds would become narrow and narrow ones wide.",
            "Return exp(0.5 × logvar) itself, without a minus or a division.",
        ),
    ),
]


def _logvar(batch, latent_dim, spread=1.0):
    return lambda: (spread * torch.randn(batch, latent_dim) - 0.5,)


EXERCISES = {
    "sigma": Exercise(
        lambda logvar: torch.exp(0.5 * logvar),
        (cases(_logvar(3, 2), _logvar(2, 5), _logvar(4, 3, spread=6.0), result=tensor),),
        SIGMA_MISTAKES,
    ),
    "reparameterize": Exercise(reparameterize, (clouds, reached), SAMPLE_MISTAKES),
}
