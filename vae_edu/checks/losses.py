"""Exercises on the two terms of the loss, and the mistakes that published VAE code makes with them."""

import torch
import torch.nn.functional as F

from ..losses import kl_divergence, reconstruction_loss
from .measuring import Exercise, Mistake, cases, codes, pictures


def _entropy(p, q):
    """BCE of probabilities p against images q, pixel by pixel, as binary_cross_entropy computes it."""
    return -(q * p.log().clamp(min=-100) + (1 - q) * (1 - p).log().clamp(min=-100))


KL_MISTAKES = [
    Mistake(
        lambda mu, logvar: -kl_divergence(mu, logvar),
        ja=(
            "符号が逆です。",
            "KL は 0 以上です。符号が逆だと、学習は雲を事前分布からどこまでも遠ざけ、損失は −∞ へ向かいます。",
            "式の 4 つの項 1 + logvar − mu² − exp(logvar) の前に、−1/2 があるかを見てください。",
        ),
        en=(
            "The sign is reversed.",
            "A KL divergence is never negative. With this sign training drives the clouds away from the prior without end.",
            "Look at the −1/2 in front of the four terms 1 + logvar − mu² − exp(logvar).",
        ),
    ),
    Mistake(
        lambda mu, logvar: 2 * kl_divergence(mu, logvar),
        ja=(
            "1/2 が抜けていて、どの入力でも値が 2 倍です。",
            "損失の符号を変えたものが変分下限でなくなり、beta を 2 にして学習したのと同じになります。",
            "和の全体に 0.5 を掛けてください。",
        ),
        en=(
            "The 1/2 is missing: every value is twice too large.",
            "Minus the loss is then no longer the ELBO; you would train with beta 2 without knowing it.",
            "Multiply the whole sum by 0.5.",
        ),
    ),
    Mistake(
        lambda mu, logvar: 0.5 * (mu**2 + logvar**2 - 1 - 2 * logvar.abs().log()).sum(dim=1).mean(),
        ja=(
            "logvar を標準偏差 σ として使っています。",
            "logvar は log σ² です。負にもなるので、σ として 2 乗や対数を取ると、KL とは別の量になります。",
            "σ² は logvar.exp()、log σ² は logvar そのものです。",
        ),
        en=(
            "logvar is used as the standard deviation σ.",
            "logvar is log σ². It may be negative, so squaring it or taking its log gives no KL divergence.",
            "σ² is logvar.exp(), and log σ² is logvar itself.",
        ),
    ),
    Mistake(
        lambda mu, logvar: 0.5 * (mu**2 + logvar**2 - 1 - 2 * logvar.log()).sum(dim=1).mean(),
        ja=(
            "logvar を標準偏差 σ として使っています。logvar が負の要素では対数が nan になります。",
            "logvar は log σ² です。損失が nan になると、重みもすべて nan になって学習が止まります。",
            "σ² は logvar.exp()、log σ² は logvar そのものです。",
        ),
        en=(
            "logvar is used as the standard deviation σ; where it is negative, its log is nan.",
            "logvar is log σ². One nan in the loss turns every weight into nan, and training is over.",
            "σ² is logvar.exp(), and log σ² is logvar itself.",
        ),
    ),
    Mistake(
        lambda mu, logvar: -0.5 * (1 + logvar - mu**2 - logvar**2).sum(dim=1).mean(),
        ja=(
            "最後の項で logvar を標準偏差 σ とみなし、2 乗しています。",
            "logvar は log σ² です。2 乗しても分散にはならず、最小になる場所が変わります。",
            "最後の項の σ² は logvar.exp() です。",
        ),
        en=(
            "In the last term logvar is taken for the standard deviation σ and squared.",
            "logvar is log σ²; its square is not the variance, and the minimum moves elsewhere.",
            "The σ² of the last term is logvar.exp().",
        ),
    ),
    Mistake(
        lambda mu, logvar: -0.5 * (1 + logvar - mu**2 - logvar).sum(dim=1).mean(),
        ja=(
            "exp を忘れ、logvar を分散 σ² として引いています。",
            "logvar の項が打ち消し合うので、雲の広さがどう変わっても値が変わらず、σ は何も学びません。",
            "最後の項を logvar.exp() にしてください。",
        ),
        en=(
            "exp is forgotten: logvar is subtracted as if it were the variance σ².",
            "The two logvar terms cancel, so the value does not depend on the width of the cloud, and σ learns nothing.",
            "Make the last term logvar.exp().",
        ),
    ),
    Mistake(
        lambda mu, logvar: 0.5 * (mu**2 + logvar - 1 - logvar.log()).sum(dim=1).mean(),
        ja=(
            "logvar を分散 σ² とみなし、その対数を取っています。logvar が負の要素では nan になります。",
            "logvar はすでに log σ² です。損失が nan になると、学習はそこで止まります。",
            "σ² には logvar.exp() を、log σ² には logvar をそのまま使ってください。",
        ),
        en=(
            "logvar is taken for the variance σ², and its log is taken once more; where logvar is negative that is nan.",
            "logvar is log σ² already. One nan in the loss ends the training.",
            "Use logvar.exp() for σ², and logvar as it is for log σ².",
        ),
    ),
    Mistake(
        lambda mu, logvar: -0.5 * (1 + logvar - mu**2 - (2 * logvar).exp()).sum(dim=1).mean(),
        ja=(
            "分散を exp(logvar) の 2 乗にしています。",
            "exp(logvar) は標準偏差ではなく、すでに分散 σ² です。もう一度 2 乗すると σ⁴ になり、雲が狭くなりすぎます。",
            "logvar.exp() を 2 乗せずに使ってください。",
        ),
        en=(
            "exp(logvar) is squared.",
            "exp(logvar) is not the standard deviation but the variance σ² already; its square is σ⁴.",
            "Use logvar.exp() without the square.",
        ),
    ),
    Mistake(
        lambda mu, logvar: -0.5 * (1 + logvar - mu**2 - (logvar / 2).exp()).sum(dim=1).mean(),
        ja=(
            "分散 σ² のところに標準偏差 σ = exp(logvar / 2) を使っています。",
            "最小になる場所が σ = 1 からずれ、事前分布と一致しない雲が最良になります。",
            "最後の項は σ² = exp(logvar) です。0.5 を掛けずに exp を取ってください。",
        ),
        en=(
            "The standard deviation σ = exp(logvar / 2) stands where the variance σ² belongs.",
            "The minimum moves away from σ = 1: the best cloud would no longer be the prior.",
            "The last term is σ² = exp(logvar): take exp without halving.",
        ),
    ),
    Mistake(
        lambda mu, logvar: -0.5 * (1 + logvar - mu**2 - logvar.exp()).mean(dim=1).mean(),
        ja=(
            "潜在変数の次元について (または全要素について)、和ではなく平均を取っています。",
            "次元は独立なので KL は足し算です。平均では latent_dim が大きいほど KL の重みが小さくなり、beta を 1 / latent_dim にしたのと同じになります。",
            "潜在変数の次元 (dim=1) では sum、ミニバッチ (dim=0) では mean を取ってください。",
        ),
        en=(
            "The mean is taken over the latent dimensions, or over everything, instead of the sum over the dimensions.",
            "The dimensions are independent, so their KLs add up. A mean is the same as a beta of 1 / latent_dim.",
            "Take sum over the latent dimensions (dim=1), then mean over the batch (dim=0).",
        ),
    ),
    Mistake(
        lambda mu, logvar: -0.5 * (1 + logvar - mu**2 - logvar.exp()).sum(),
        ja=(
            "ミニバッチの画像についても和を取っています。",
            "値がバッチの大きさに比例するので、画像 1 枚あたりの nat として読めず、バッチの大きさを変えると学習率も変えたことになります。",
            "sum(dim=1) の後に mean() を取ってください。",
        ),
        en=(
            "The sum runs over the images of the batch too.",
            "The value grows with the batch size: it is not nats per image, and changing the batch would change the step size.",
            "Take sum(dim=1) first, then mean().",
        ),
    ),
    Mistake(
        lambda mu, logvar: -0.5 * (1 + logvar - mu**2 - logvar.exp()).mean(dim=0),
        ja=(
            "次元ごとの値が返っています。次元についての和がありません。",
            "損失は 1 つの数でなければ、backward() で勾配を計算できません。",
            "潜在変数の次元 (dim=1) で sum を取ってから、ミニバッチの mean を取ってください。",
        ),
        en=(
            "It returns one value for each dimension: the sum over the dimensions is missing.",
            "A loss must be a single number, or backward() cannot start.",
            "Take sum over the latent dimensions (dim=1), then mean over the batch.",
        ),
    ),
    Mistake(
        lambda mu, logvar: -0.5 * (1 + logvar - mu**2 - logvar.exp()).sum(dim=1),
        ja=(
            "画像ごとの値が返っています。ミニバッチについての平均がありません。",
            "損失は 1 つの数でなければ、backward() で勾配を計算できません。",
            "最後に mean() を取ってください。",
        ),
        en=(
            "It returns one value for each image: the mean over the batch is missing.",
            "A loss must be a single number, or backward() cannot start.",
            "Take mean() at the end.",
        ),
    ),
    Mistake(
        lambda mu, logvar: -0.5 * (1 + logvar - mu - logvar.exp()).sum(dim=1).mean(),
        ja=(
            "mu が 2 乗されていません。",
            "mu が負の方向へ動くほど損失が下がるので、雲の中心が −∞ へ逃げます。",
            "mu を mu**2 にしてください。",
        ),
        en=(
            "mu is not squared.",
            "The loss then falls for ever as mu goes to −∞, and the clouds run away.",
            "Write mu**2.",
        ),
    ),
    Mistake(
        lambda mu, logvar: -0.5 * (logvar - mu**2 - logvar.exp()).sum(dim=1).mean(),
        ja=(
            "定数 1 が抜けています。",
            "勾配は正しいので学習は進みますが、雲が事前分布と一致しても KL が 0 になりません。",
            "括弧の中に 1 を足してください。mu = 0、logvar = 0 で 0 になれば正解です。",
        ),
        en=(
            "The constant 1 is missing.",
            "The gradients are right, but the KL is not 0 even where the cloud is the prior.",
            "Add the 1 inside the brackets; mu = 0 and logvar = 0 must give 0.",
        ),
    ),
]

RECONSTRUCTION_MISTAKES = [
    Mistake(
        lambda x_logits, x: F.binary_cross_entropy_with_logits(x_logits, x),
        ja=(
            "画素について、和ではなく平均を取っています。",
            "再構築誤差が 1/784 になり、KL の重み beta を 784 にしたのと同じです。どの画像も同じ灰色の塊になります。",
            'reduction="none" で画素ごとの値を求め、flatten(1).sum(dim=1).mean() としてください。',
        ),
        en=(
            "The mean is taken over the pixels instead of the sum.",
            "The error becomes 1/784 of itself, the same as a beta of 784: every reconstruction turns into one grey blob.",
            'Take the values of the pixels with reduction="none", then flatten(1).sum(dim=1).mean().',
        ),
    ),
    Mistake(
        lambda x_logits, x: F.binary_cross_entropy_with_logits(x_logits, x, reduction="sum"),
        ja=(
            "ミニバッチの画像についても和を取っています。",
            "値がバッチの大きさに比例し、画像 1 枚あたりの nat として読めません。KL との釣り合いも崩れます。",
            "画素の和を取った後、画像の枚数で割ってください (mean() を取ります)。",
        ),
        en=(
            "The sum runs over the images of the batch too.",
            "The value grows with the batch size: it is not nats per image, and it outweighs a KL that is.",
            "After the sum over pixels take the mean over the images.",
        ),
    ),
    Mistake(
        lambda x_logits, x: F.binary_cross_entropy_with_logits(x_logits, x, reduction="none").flatten(1).sum(dim=1),
        ja=(
            "画像ごとの値が返っています。ミニバッチについての平均がありません。",
            "損失は 1 つの数でなければ、backward() で勾配を計算できません。",
            "最後に mean() を取ってください。",
        ),
        en=(
            "It returns one value for each image: the mean over the batch is missing.",
            "A loss must be a single number, or backward() cannot start.",
            "Take mean() at the end.",
        ),
    ),
    Mistake(
        lambda x_logits, x: (torch.sigmoid(x_logits) - x).pow(2).flatten(1).sum(dim=1).mean(),
        ja=(
            "BCE ではなく、2 乗誤差 (MSE) の和を計算しています。",
            "2 乗誤差は正規分布の尤度に対応します。画素をベルヌーイ分布とみなすこの講座の損失とは、KL との釣り合いが違います。",
            "F.binary_cross_entropy_with_logits を使ってください。",
        ),
        en=(
            "It is the squared error (MSE), not the BCE.",
            "A squared error belongs to a normal likelihood; for Bernoulli pixels its balance with the KL is another one.",
            "Use F.binary_cross_entropy_with_logits.",
        ),
    ),
    Mistake(
        lambda x_logits, x: F.mse_loss(torch.sigmoid(x_logits), x),
        ja=(
            "BCE ではなく、2 乗誤差 (MSE) の平均を計算しています。",
            "2 乗誤差は正規分布の尤度に対応し、そのうえ平均を取ると、KL に比べてごく小さな値になります。",
            "F.binary_cross_entropy_with_logits を使い、画素について和を取ってください。",
        ),
        en=(
            "It is the mean squared error (MSE), not the BCE.",
            "A squared error belongs to a normal likelihood, and its mean over the pixels is tiny beside the KL.",
            "Use F.binary_cross_entropy_with_logits and sum over the pixels.",
        ),
    ),
    Mistake(
        lambda x_logits, x: (x_logits - x).pow(2).flatten(1).sum(dim=1).mean(),
        ja=(
            "ロジットと画像の 2 乗誤差を計算しています。",
            "ロジットは −∞ から ∞ までの値で、画素の明るさではありません。そのまま引き算しても意味がありません。",
            "F.binary_cross_entropy_with_logits を使ってください。",
        ),
        en=(
            "It is the squared error between the logits and the image.",
            "A logit runs from −∞ to ∞; it is no grey value, and its distance from one means nothing.",
            "Use F.binary_cross_entropy_with_logits.",
        ),
    ),
    Mistake(
        lambda x_logits, x: (
            F.binary_cross_entropy_with_logits(torch.sigmoid(x_logits), x, reduction="none")
            .flatten(1)
            .sum(dim=1)
            .mean()
        ),
        ja=(
            "シグモイド関数を 2 回通しています。",
            "..._with_logits は中でシグモイドを計算します。先に通した値は 0.5 から 0.73 までにしか届かず、真っ黒な画素を作れません。",
            "x_logits をそのまま渡すか、シグモイドを通した値を F.binary_cross_entropy に渡してください。",
        ),
        en=(
            "The sigmoid is applied twice.",
            "..._with_logits applies it inside. Probabilities would then lie between 0.5 and 0.73: no pixel can be black.",
            "Pass x_logits as it is, or give the sigmoid's result to F.binary_cross_entropy.",
        ),
    ),
    Mistake(
        lambda x_logits, x: F.binary_cross_entropy(x_logits, x, reduction="none").flatten(1).sum(dim=1).mean(),
        ja=(
            "ロジットを確率として F.binary_cross_entropy に渡しています。",
            "この関数は 0 から 1 までの確率を受け取ります。ロジットは −∞ から ∞ までの値なので、エラーになります。",
            "F.binary_cross_entropy_with_logits に x_logits を渡してください。",
        ),
        en=(
            "Logits are passed as probabilities to F.binary_cross_entropy.",
            "That function takes probabilities between 0 and 1. A logit runs from −∞ to ∞, so it raises an error.",
            "Pass x_logits to F.binary_cross_entropy_with_logits.",
        ),
    ),
    Mistake(
        lambda x_logits, x: _entropy(x_logits.clamp(0, 1), x).flatten(1).sum(dim=1).mean(),
        ja=(
            "ロジットを確率として使っています (0 から 1 に切り詰めています)。",
            "ロジットは確率ではありません。切り詰めた画素には勾配が届かず、学習しません。",
            "F.binary_cross_entropy_with_logits に x_logits を渡してください。",
        ),
        en=(
            "Logits are used as probabilities, cut off at 0 and 1.",
            "A logit is no probability, and no gradient reaches the pixels that were cut off.",
            "Pass x_logits to F.binary_cross_entropy_with_logits.",
        ),
    ),
    Mistake(
        lambda x_logits, x: (-x * x_logits.log() - (1 - x) * (1 - x_logits).log()).flatten(1).sum(dim=1).mean(),
        ja=(
            "ロジットを確率として使い、負の数の対数を取っています (nan)。",
            "ロジットは −∞ から ∞ までの値です。損失が nan になると、学習はそこで止まります。",
            "F.binary_cross_entropy_with_logits を使ってください。",
        ),
        en=(
            "Logits are used as probabilities: the log of a negative number is nan.",
            "A logit runs from −∞ to ∞. One nan in the loss ends the training.",
            "Use F.binary_cross_entropy_with_logits.",
        ),
    ),
    Mistake(
        lambda x_logits, x: (
            F.binary_cross_entropy_with_logits(x, x_logits, reduction="none").flatten(1).sum(dim=1).mean()
        ),
        ja=(
            "引数の順序が逆です。画像をロジット、ロジットを正解として扱っています。",
            "交差エントロピーは対称ではありません。入れ替えると、最小になる場所も変わります。",
            "1 つ目に x_logits、2 つ目に x を渡してください。",
        ),
        en=(
            "The arguments are swapped: the image is taken for the logits and the logits for the target.",
            "A cross-entropy is not symmetric; swapped, it has its minimum elsewhere.",
            "Pass x_logits first, x second.",
        ),
    ),
    Mistake(
        lambda x_logits, x: -reconstruction_loss(x_logits, x),
        ja=(
            "符号が逆です (対数尤度そのものになっています)。",
            "小さくするほど良い量でなければ、学習は画像を悪くする方向へ進みます。",
            "対数尤度の前に負号を付けてください。",
        ),
        en=(
            "The sign is reversed: this is the log-likelihood itself.",
            "A loss must fall as the image gets better; with this sign training makes it worse.",
            "Put a minus in front of the log-likelihood.",
        ),
    ),
]


def _wide():
    """mu and logvar (4, 3) of clouds with sigma > 1: the log of logvar exists."""
    return torch.randn(4, 3), torch.rand(4, 3) + 0.5


EXERCISES = {
    "kl_divergence": Exercise(kl_divergence, cases(codes(3, 2), codes(5, 4), codes(2, 1), _wide), KL_MISTAKES),
    "reconstruction_loss": Exercise(
        reconstruction_loss, cases(pictures(3), pictures(5), pictures(1)), RECONSTRUCTION_MISTAKES
    ),
}
