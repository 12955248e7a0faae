"""Exercises on the two terms of the loss, and the mistakes that published VAE code makes with them."""

import torch
import torch.nn.functional as F
from torch.distributions import Normal

from ..losses import kl_divergence, reconstruction_loss
from .gradients import gradients, no_gradient
from .measuring import Exercise, Mistake, cases, codes, pictures


def _terms(mu, logvar):
    """KL of each element (B, latent_dim)."""
    return 0.5 * (mu**2 + logvar.exp() - 1 - logvar)


def _kl(formula):
    """A formula for the elements, summed over dimensions, mean over the batch."""
    return lambda mu, logvar: formula(mu, logvar).sum(dim=1).mean()


def _every_reduction(formula):
    """The same formula with the right sum and mean, with the mean over everything, and with the sum over everything."""
    return (
        _kl(formula),
        lambda mu, logvar: formula(mu, logvar).mean(),
        lambda mu, logvar: formula(mu, logvar).sum(),
    )


KL_MISTAKES = [
    Mistake(
        "sign",
        _every_reduction(lambda mu, logvar: -_terms(mu, logvar)),
        ja=(
            "符号が逆です。",
            "KL は 0 以上です。符号が逆だと、学習は雲を事前分布からどこまでも遠ざけ、損失は −∞ へ向かいます。",
            "μ² と σ² は正、1 と log σ² は負になるように、全体の符号を変えてください。",
        ),
        en=(
            "The sign is reversed.",
            "A KL divergence is never negative. With this sign training drives the clouds away from the prior without end.",
            "Change the sign of the whole: μ² and σ² count as positive, 1 and log σ² as negative.",
        ),
    ),
    Mistake(
        "no_half",
        _kl(lambda mu, logvar: 2 * _terms(mu, logvar)),
        ja=(
            "1/2 が抜けているか、2 を掛けて打ち消しています。",
            "KL が実際の 2 倍になり、nat として読めません。KL の重みを 2 倍にして学習したのと同じです。",
            "4 つの項の和の全体に 0.5 を 1 回だけ掛け、ほかの係数は掛けないでください。",
        ),
        en=(
            "The 1/2 is missing, or a factor 2 undoes it.",
            "The value is twice the KL and no longer in nats; you would train with twice the weight on the KL.",
            "Multiply the sum of all four terms by 0.5, and by nothing else.",
        ),
    ),
    Mistake(
        "no_half_and_reduction",
        _every_reduction(lambda mu, logvar: 2 * _terms(mu, logvar))[1:],
        ja=(
            "1/2 が抜けているか打ち消されていて、足し方も違います。",
            "潜在次元を足す代わりに平均したり、バッチで割らなかったりすると、次元数や枚数によって正しい値の何倍にもなります。たまたま合う次元数もあります。",
            "4 つの項の和の全体に 0.5 を 1 回だけ掛け、.sum(dim=1).mean() のように次元は足し、バッチは平均してください。",
        ),
        en=(
            "The 1/2 is missing or undone, and the elements are not summed and averaged as they should be.",
            "A mean over latent dimensions, or a sum over the batch, is off by a factor that depends on their number; for some number it happens to fit.",
            "Multiply the sum of all four terms by 0.5 once, sum over dimensions and average over the batch, as .sum(dim=1).mean() does.",
        ),
    ),
    Mistake(
        "sign_no_half",
        _every_reduction(lambda mu, logvar: -2 * _terms(mu, logvar)),
        ja=(
            "符号が逆で、1/2 も抜けています。",
            "KL は 0 以上です。符号が逆だと、学習は雲を事前分布からどこまでも遠ざけます。",
            "全体に −0.5 を掛けてください。",
        ),
        en=(
            "The sign is reversed, and the 1/2 is missing.",
            "A KL divergence is never negative. With this sign training drives the clouds away from the prior without end.",
            "Multiply the whole by −0.5.",
        ),
    ),
    Mistake(
        "half_mu_only",
        _kl(lambda mu, logvar: 0.5 * mu**2 + logvar.exp() - 1 - logvar),
        ja=(
            "1/2 が μ² にしか掛かっていません。",
            "σ についての項だけが 2 倍になり、雲の広さと位置の釣り合いが崩れます。",
            "4 つの項を括弧でまとめてから 0.5 を掛けてください。",
        ),
        en=(
            "The 1/2 multiplies μ² only.",
            "The terms of σ then count twice, and the balance between the width and the place of a cloud is lost.",
            "Put all four terms in brackets before multiplying by 0.5.",
        ),
    ),
    Mistake(
        "logvar_as_sigma",
        (
            _kl(lambda mu, logvar: 0.5 * (mu**2 + logvar**2 - 1 - 2 * logvar.abs().log())),
            _kl(lambda mu, logvar: 0.5 * (mu**2 + logvar**2 - 1 - 2 * logvar.log())),
            _kl(lambda mu, logvar: 0.5 * (mu**2 + logvar**2 - 1 - logvar)),
            lambda mu, logvar: (
                torch.distributions.kl_divergence(Normal(mu, logvar), Normal(0.0, 1.0)).sum(dim=1).mean()
            ),
        ),
        ja=(
            "logvar を標準偏差 σ として使っています。",
            "logvar は log σ² で、負にもなります。σ として 2 乗や対数を取ると、KL とは別の量や nan、エラーになります。",
            "σ² は logvar.exp()、log σ² は logvar そのもの、σ は (0.5 * logvar).exp() です。",
        ),
        en=(
            "logvar is used as the standard deviation σ.",
            "logvar is log σ² and may be negative: squared, or in a log, it gives no KL divergence but nan or an error.",
            "σ² is logvar.exp(), log σ² is logvar itself, and σ is (0.5 * logvar).exp().",
        ),
    ),
    Mistake(
        "no_exp",
        _every_reduction(lambda mu, logvar: 0.5 * (mu**2 + logvar - 1 - logvar)),
        ja=(
            "exp を忘れ、σ² のところで logvar を分散としてそのまま使っています。",
            "logvar の項が打ち消し合うので、雲の広さが変わっても KL は変わりません。雲が縮むのを止めるものがなくなり、σ は 0 へ向かいます。",
            "σ² の項を logvar.exp() にしてください。",
        ),
        en=(
            "exp is forgotten: where σ² belongs, logvar stands as if it were the variance.",
            "The two logvar terms cancel, so the KL does not depend on the width of the cloud: nothing stops σ from shrinking to 0.",
            "Make the σ² term logvar.exp().",
        ),
    ),
    Mistake(
        "logvar_as_variance",
        _kl(lambda mu, logvar: 0.5 * (mu**2 + logvar - 1 - logvar.log())),
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
        "exp_as_sigma",
        (
            _kl(lambda mu, logvar: 0.5 * (mu**2 + (2 * logvar).exp() - 1 - logvar)),
            _kl(lambda mu, logvar: 0.5 * (mu**2 + (2 * logvar).exp() - 1 - 2 * logvar)),
        ),
        ja=(
            "exp(logvar) を標準偏差とみなし、2 乗しています。",
            "exp(logvar) はすでに分散 σ² です。もう一度 2 乗すると σ⁴ になり、雲の広さを取り違えます。",
            "σ² は logvar.exp()、σ は (0.5 * logvar).exp() です。",
        ),
        en=(
            "exp(logvar) is taken for the standard deviation and squared.",
            "exp(logvar) is the variance σ² already; its square is σ⁴, the width of another cloud.",
            "σ² is logvar.exp(), and σ is (0.5 * logvar).exp().",
        ),
    ),
    Mistake(
        "sigma_for_variance",
        (
            _kl(lambda mu, logvar: 0.5 * (mu**2 + (logvar / 2).exp() - 1 - logvar)),
            _kl(lambda mu, logvar: 0.5 * (mu**2 + (logvar / 2).exp() - 1 - logvar / 2)),
        ),
        ja=(
            "分散 σ² のところに標準偏差 σ = exp(logvar / 2) を使っています。",
            "同じ雲に別の値が付き、損失の 2 つの項の釣り合いが崩れます。",
            "σ² は exp(logvar) です。半分にせずに exp を取ってください。",
        ),
        en=(
            "The standard deviation σ = exp(logvar / 2) stands where the variance σ² belongs.",
            "The same cloud gets another value, and the balance of the two terms of the loss is lost.",
            "σ² is exp(logvar): take exp without halving.",
        ),
    ),
    Mistake(
        "sign_logvar",
        _kl(lambda mu, logvar: 0.5 * (mu**2 + logvar.exp() - 1 + logvar)),
        ja=(
            "log σ² の符号が逆です。",
            "雲が狭くなるほど値が下がり、どの雲も 1 点に縮んでしまいます。",
            "log σ² は引いてください。",
        ),
        en=(
            "The sign of log σ² is reversed.",
            "The narrower the cloud, the smaller the value: every cloud would shrink to a point.",
            "Subtract log σ² instead of adding it.",
        ),
    ),
    Mistake(
        "reversed",
        _kl(lambda mu, logvar: 0.5 * ((1 + mu**2) / logvar.exp() - 1 + logvar)),
        ja=(
            "2 つの分布の順序が逆で、KL(p‖q) になっています。",
            "KL は対称ではありません。変分下界に現れるのは、雲 q から事前分布 p への KL(q‖p) です。",
            "1 つ目に雲 N(μ, σ²)、2 つ目に事前分布 N(0, 1) を置いてください。",
        ),
        en=(
            "The two distributions stand the other way round: this is KL(p‖q).",
            "The KL divergence is not symmetric. The ELBO has KL(q‖p), from the cloud q to the prior p.",
            "Put the cloud N(μ, σ²) first and the prior N(0, 1) second.",
        ),
    ),
    Mistake(
        "mean_dimensions",
        (lambda mu, logvar: _terms(mu, logvar).mean(), lambda mu, logvar: _terms(mu, logvar).mean(dim=1)),
        ja=(
            "潜在変数の次元について (または全要素について)、和ではなく平均を取っています。",
            "次元は独立なので KL は足し算です。平均を取ると、KL の重みを 1 / latent_dim にしたのと同じになります。",
            "潜在変数の次元 (dim=1) では sum、ミニバッチ (dim=0) では mean を取ってください。",
        ),
        en=(
            "The mean is taken over the latent dimensions, or over everything, instead of the sum over the dimensions.",
            "The dimensions are independent, so their KLs add up. A mean weighs the KL with 1 / latent_dim.",
            "Take sum over the latent dimensions (dim=1), then mean over the batch (dim=0).",
        ),
    ),
    Mistake(
        "sum_images",
        lambda mu, logvar: _terms(mu, logvar).sum(),
        ja=(
            "ミニバッチの画像についても和を取っています。",
            "値がバッチの大きさに比例し、画像 1 枚あたりの nat として読めません。再構築誤差との釣り合いも崩れます。",
            "sum(dim=1) の後に mean() を取ってください。",
        ),
        en=(
            "The sum runs over the images of the batch too.",
            "The value grows with the batch size: it is not nats per image, and outweighs a reconstruction error that is.",
            "Take sum(dim=1) first, then mean().",
        ),
    ),
    Mistake(
        "exchanged",
        lambda mu, logvar: _terms(mu, logvar).sum(dim=0).mean(),
        ja=(
            "和と平均の向きが逆です。ミニバッチについて和を、次元について平均を取っています。",
            "値がバッチの大きさに比例し、次元の数には反比例します。",
            "次元 (dim=1) について sum、ミニバッチ (dim=0) について mean を取ってください。",
        ),
        en=(
            "Sum and mean are exchanged: the sum runs over the batch, the mean over the dimensions.",
            "The value grows with the batch size and shrinks with the number of dimensions.",
            "Take sum over the latent dimensions (dim=1), mean over the batch (dim=0).",
        ),
    ),
    Mistake(
        "per_dimension",
        lambda mu, logvar: _terms(mu, logvar).mean(dim=0),
        ja=(
            "次元ごとの値が返っています。次元についての和がありません。",
            "損失は 1 つの値でなければ、backward() で勾配を計算できません。",
            "潜在変数の次元 (dim=1) で sum を取ってから、ミニバッチの mean を取ってください。",
        ),
        en=(
            "It returns one value for each dimension: the sum over the dimensions is missing.",
            "A loss must be a single number, or backward() cannot start.",
            "Take sum over the latent dimensions (dim=1), then mean over the batch.",
        ),
    ),
    Mistake(
        "per_image",
        lambda mu, logvar: _terms(mu, logvar).sum(dim=1),
        ja=(
            "画像ごとの値が返っています。ミニバッチについての平均がありません。",
            "損失は 1 つの値でなければ、backward() で勾配を計算できません。",
            "最後に mean() を取ってください。",
        ),
        en=(
            "It returns one value for each image: the mean over the batch is missing.",
            "A loss must be a single number, or backward() cannot start.",
            "Take mean() at the end.",
        ),
    ),
    Mistake(
        "per_element",
        _terms,
        ja=(
            "要素ごとの値が返っています。和も平均もありません。",
            "損失は 1 つの値でなければ、backward() で勾配を計算できません。",
            "次元 (dim=1) について sum、そのあと mean() を取ってください。",
        ),
        en=(
            "It returns one value for each element: neither sum nor mean is taken.",
            "A loss must be a single number, or backward() cannot start.",
            "Take sum over the latent dimensions (dim=1), then mean().",
        ),
    ),
    Mistake(
        "mu_not_squared",
        _every_reduction(lambda mu, logvar: 0.5 * (mu + logvar.exp() - 1 - logvar)),
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
        "no_one",
        _kl(lambda mu, logvar: 0.5 * (mu**2 + logvar.exp() - logvar)),
        ja=(
            "定数の項 1 が抜けています。",
            "勾配は正しいので学習は進みますが、雲が事前分布と一致しても KL が 0 になりません。",
            "μ = 0、σ = 1 のときに 0 になるように、1 を引いてください。",
        ),
        en=(
            "The constant 1 is missing.",
            "The gradients are right, but the KL is not 0 even where the cloud is the prior.",
            "Subtract 1, so that μ = 0 and σ = 1 give 0.",
        ),
    ),
    no_gradient(kl_divergence, "mu と logvar", "mu and logvar"),
]


def _pair_terms(mu1, logvar1, mu2, logvar2):
    """KL of each element (B, latent_dim) between two clouds."""
    return 0.5 * (logvar2 - logvar1 + (logvar1.exp() + (mu1 - mu2) ** 2) / logvar2.exp() - 1)


def kl_between(mu1, logvar1, mu2, logvar2):
    """KL(N(mu1, exp(logvar1)) || N(mu2, exp(logvar2))) of each of the B pairs of clouds: (B,)."""
    return _pair_terms(mu1, logvar1, mu2, logvar2).sum(dim=1)


def _pairs(formula):
    """A formula for the elements, summed over dimensions, a value for each pair."""
    return lambda mu1, logvar1, mu2, logvar2: formula(mu1, logvar1, mu2, logvar2).sum(dim=1)


BETWEEN_MISTAKES = [
    Mistake(
        "reversed",
        _pairs(lambda m1, v1, m2, v2: _pair_terms(m2, v2, m1, v1)),
        ja=(
            "2 つの雲の順序が逆で、KL(q₂‖q₁) になっています。",
            "KL は対称ではありません。どちらの分布について期待値を取るかで、値が変わります。",
            "期待値は q₁ について取り、2 乗の項を σ₂² で割ってください。",
        ),
        en=(
            "The two clouds stand the other way round: this is KL(q₂‖q₁).",
            "The KL divergence is not symmetric: it depends on which distribution the expectation is taken under.",
            "Take the expectation under q₁, and divide the squares by σ₂².",
        ),
    ),
    Mistake(
        "sign",
        _pairs(lambda m1, v1, m2, v2: -_pair_terms(m1, v1, m2, v2)),
        ja=(
            "符号が逆です。",
            "KL は 0 以上で、2 つの雲が等しいときに限り 0 になります。",
            "E[log q₁] から E[log q₂] を引いているかを確かめ、全体の符号を変えてください。",
        ),
        en=(
            "The sign is reversed.",
            "A KL divergence is never negative, and 0 only if the two clouds are equal.",
            "Check that E[log q₂] is subtracted from E[log q₁], and change the sign of the whole.",
        ),
    ),
    Mistake(
        "no_half",
        _pairs(lambda m1, v1, m2, v2: 2 * _pair_terms(m1, v1, m2, v2)),
        ja=(
            "1/2 が抜けています。",
            "値が実際の KL の 2 倍になり、nat として読めません。",
            "括弧でまとめた全体に 0.5 を掛けてください。",
        ),
        en=(
            "The 1/2 is missing.",
            "The value is twice the KL and no longer in nats.",
            "Put everything in brackets and multiply it by 0.5.",
        ),
    ),
    Mistake(
        "to_prior",
        _pairs(lambda m1, v1, m2, v2: _terms(m1, v1)),
        ja=(
            "2 つ目の雲を使っておらず、事前分布 N(0, I) との KL になっています。",
            "事前分布との KL では、2 つの雲が互いにどれだけ違うかは分かりません。",
            "E[log p] の行で、p の密度の代わりに q₂ の密度の対数を使ってください。",
        ),
        en=(
            "The second cloud is not used: this is the KL from the prior N(0, I).",
            "The KL from the prior does not say how different the two clouds are from each other.",
            "In the line of E[log p], use the log density of q₂ in place of that of p.",
        ),
    ),
    Mistake(
        "difference",
        _pairs(lambda m1, v1, m2, v2: _terms(m1, v1) - _terms(m2, v2)),
        ja=(
            "それぞれの雲の事前分布との KL を求め、その差を取っています。",
            "KL は、このような差では求まりません。違う雲でも差が 0 になることや、負になることがあります。",
            "4 行の導出に戻り、E[log p] の行の p を q₂ に替えて計算し直してください。",
        ),
        en=(
            "It is the difference of the two clouds' KLs from the prior.",
            "A KL is no such difference, which can be 0 for different clouds, or negative.",
            "Go back to the four lines, and work out the one of E[log p] with q₂ in place of p.",
        ),
    ),
    Mistake(
        "mu_not_squared",
        _pairs(lambda m1, v1, m2, v2: 0.5 * (v2 - v1 + (v1.exp() + m1 - m2) / v2.exp() - 1)),
        ja=(
            "中心の差 μ₁ − μ₂ が 2 乗されていません。",
            "差が負なら KL が小さくなり、負の値にもなります。",
            "(mu1 - mu2)**2 としてください。",
        ),
        en=(
            "The difference of the centres, μ₁ − μ₂, is not squared.",
            "Where it is negative the value falls, even below 0.",
            "Write (mu1 - mu2)**2.",
        ),
    ),
    Mistake(
        "squares_apart",
        _pairs(lambda m1, v1, m2, v2: 0.5 * (v2 - v1 + (v1.exp() + m1**2 - m2**2) / v2.exp() - 1)),
        ja=(
            "差の 2 乗 (μ₁ − μ₂)² が、2 乗の差 μ₁² − μ₂² になっています。",
            "中心が反対側にある雲でも、原点からの距離が等しければ、この項は 0 になってしまいます。",
            "先に引いてから 2 乗してください。",
        ),
        en=(
            "The square of the difference, (μ₁ − μ₂)², has become a difference of squares, μ₁² − μ₂².",
            "It is 0 even for clouds on opposite sides, if they are equally far from the origin.",
            "Subtract first, then square.",
        ),
    ),
    Mistake(
        "centre_not_divided",
        _pairs(lambda m1, v1, m2, v2: 0.5 * (v2 - v1 + (v1 - v2).exp() + (m1 - m2) ** 2 - 1)),
        ja=(
            "中心の差の 2 乗が σ₂² で割られていません。",
            "同じ差でも、q₂ が狭いほど KL は大きくなるはずです。",
            "σ₁² と (μ₁ − μ₂)² を足してから、まとめて σ₂² で割ってください。",
        ),
        en=(
            "The squared difference of the centres is not divided by σ₂².",
            "The same difference must weigh more, the narrower q₂ is.",
            "Add σ₁² and (μ₁ − μ₂)² first, then divide both by σ₂².",
        ),
    ),
    Mistake(
        "sigma_for_variance",
        _pairs(
            lambda m1, v1, m2, v2: 0.5 * (v2 - v1 + ((v1 / 2).exp() + (m1 - m2) ** 2) / (v2 / 2).exp() - 1),
        ),
        ja=(
            "分散 σ² のところに標準偏差 σ = exp(logvar / 2) を使っています。",
            "同じ雲に別の値が付きます。",
            "σ² は exp(logvar) です。半分にせずに exp を取ってください。",
        ),
        en=(
            "The standard deviation σ = exp(logvar / 2) stands where the variance σ² belongs.",
            "The same clouds get another value.",
            "σ² is exp(logvar): take exp without halving.",
        ),
    ),
    Mistake(
        "no_exp",
        _pairs(lambda m1, v1, m2, v2: 0.5 * (v2 - v1 + (v1 + (m1 - m2) ** 2) / v2 - 1)),
        ja=(
            "exp を忘れ、logvar を分散としてそのまま使っています。",
            "logvar は log σ² で、負にもなります。負の値や 0 に近い値で割ると、KL とは別の量になります。",
            "σ² には logvar1.exp() と logvar2.exp() を使ってください。",
        ),
        en=(
            "exp is forgotten: logvar stands as if it were the variance.",
            "logvar is log σ² and may be negative or near 0; a division by it gives no KL divergence.",
            "Use logvar1.exp() and logvar2.exp() for the variances.",
        ),
    ),
    Mistake(
        "sign_logvar",
        _pairs(lambda m1, v1, m2, v2: 0.5 * (v1 - v2 + (v1.exp() + (m1 - m2) ** 2) / v2.exp() - 1)),
        ja=(
            "対数の項の符号が逆で、log σ₁² − log σ₂² になっています。",
            "q₁ を狭くするほど値が下がり、KL が負になることもあります。",
            "log σ₂² − log σ₁² としてください。",
        ),
        en=(
            "The logs have the wrong sign: log σ₁² − log σ₂².",
            "The value then falls as q₁ gets narrower, even below 0.",
            "Write log σ₂² − log σ₁².",
        ),
    ),
    Mistake(
        "no_one",
        _pairs(lambda m1, v1, m2, v2: _pair_terms(m1, v1, m2, v2) + 0.5),
        ja=(
            "定数の項 −1 が抜けています。",
            "2 つの雲が等しくても、KL が 0 になりません。",
            "等しい雲では 0 になるように、括弧の中で 1 を引いてください。",
        ),
        en=(
            "The constant −1 is missing.",
            "Even for equal clouds the value is not 0.",
            "Subtract 1 inside the brackets, so that equal clouds give 0.",
        ),
    ),
    Mistake(
        "mean_dimensions",
        lambda mu1, logvar1, mu2, logvar2: _pair_terms(mu1, logvar1, mu2, logvar2).mean(dim=1),
        ja=(
            "潜在変数の次元について、和ではなく平均を取っています。",
            "次元は独立なので、次元ごとの KL は足し算になります。",
            "平均の代わりに sum(dim=1) を使ってください。",
        ),
        en=(
            "The mean is taken over the latent dimensions instead of the sum.",
            "The dimensions are independent, so their KLs add up.",
            "Use sum(dim=1) in place of the mean.",
        ),
    ),
    Mistake(
        "mean_pairs",
        (
            lambda mu1, logvar1, mu2, logvar2: kl_between(mu1, logvar1, mu2, logvar2).mean(),
            lambda mu1, logvar1, mu2, logvar2: kl_between(mu1, logvar1, mu2, logvar2).sum(),
        ),
        ja=(
            "B 組の雲を 1 つの値にまとめています。",
            "ここで求めるのは損失ではなく、組ごとの KL なので、まとめると、どの組がどれだけ違うのかが分かりません。",
            "次元についてだけ sum(dim=1) を取り、形 (B,) のまま返してください。",
        ),
        en=(
            "It makes one value of the B pairs.",
            "This is no loss: with one value nobody sees how different each of the pairs is.",
            "Sum over the dimensions alone, with sum(dim=1), and return the shape (B,).",
        ),
    ),
    Mistake(
        "per_dimension",
        _pair_terms,
        ja=(
            "次元ごとの値が返っています。次元についての和がありません。",
            "雲全体の KL は、独立な次元の KL の和です。",
            "最後に sum(dim=1) を取ってください。",
        ),
        en=(
            "It returns one value for each dimension: the sum over the dimensions is missing.",
            "The KL of a whole cloud is the sum over its independent dimensions.",
            "Take sum(dim=1) at the end.",
        ),
    ),
    no_gradient(kl_between, "引数のテンソル", "the tensors that it is given"),
]


def _bce(x_logits, x):
    """BCE of each pixel."""
    return F.binary_cross_entropy_with_logits(x_logits, x, reduction="none")


def _by_hand(x_logits, x):
    """BCE of each pixel by way of the probability: inf where that is rounded to 0 or 1."""
    x_hat = torch.sigmoid(x_logits)
    return -x * x_hat.log() - (1 - x) * (1 - x_hat).log()


def _images(formula):
    """A formula for the pixels with the right reduction, with the mean over everything, with the sum over everything."""
    return (
        lambda x_logits, x: formula(x_logits, x).flatten(1).sum(dim=1).mean(),
        lambda x_logits, x: formula(x_logits, x).mean(),
        lambda x_logits, x: formula(x_logits, x).sum(),
    )


RECONSTRUCTION_MISTAKES = [
    Mistake(
        "mean_pixels",
        (
            lambda x_logits, x: _bce(x_logits, x).mean(),
            lambda x_logits, x: _bce(x_logits, x).flatten(1).mean(dim=1),
        ),
        ja=(
            "画素について、和ではなく平均を取っています。",
            "再構築誤差が 1/784 になり、KL に 784 倍の重みを掛けたのと同じです (このレッスンの後半で、実際に学習して確かめます)。",
            'reduction="none" で画素ごとの値を求め、flatten(1).sum(dim=1).mean() としてください。',
        ),
        en=(
            "The mean is taken over the pixels instead of the sum.",
            "The error becomes 1/784 of itself, as if the KL weighed 784 times more (later in this lesson we train such a model).",
            'Take the values of the pixels with reduction="none", then flatten(1).sum(dim=1).mean().',
        ),
    ),
    Mistake(
        "sum_images",
        lambda x_logits, x: _bce(x_logits, x).sum(),
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
        "per_image",
        lambda x_logits, x: _bce(x_logits, x).flatten(1).sum(dim=1),
        ja=(
            "画像ごとの値が返っています。ミニバッチについての平均がありません。",
            "損失は 1 つの値でなければ、backward() で勾配を計算できません。",
            "最後に mean() を取ってください。",
        ),
        en=(
            "It returns one value for each image: the mean over the batch is missing.",
            "A loss must be a single number, or backward() cannot start.",
            "Take mean() at the end.",
        ),
    ),
    Mistake(
        "exchanged",
        lambda x_logits, x: _bce(x_logits, x).flatten(1).mean(dim=1).sum(),
        ja=(
            "和と平均の向きが逆です。画像について和を、画素について平均を取っています。",
            "画像 1 枚の誤差ではなくなり、値がバッチの大きさに比例します。",
            "画素について sum、画像について mean を取ってください: flatten(1).sum(dim=1).mean() です。",
        ),
        en=(
            "Sum and mean are exchanged: the sum runs over the images, the mean over the pixels.",
            "That is not the error of an image, and it grows with the batch size.",
            "Take sum over the pixels and mean over the images: flatten(1).sum(dim=1).mean().",
        ),
    ),
    Mistake(
        "probabilities",
        tuple(
            _images(pixels)[0]
            for pixels in (
                lambda x_logits, x: F.binary_cross_entropy(torch.sigmoid(x_logits), x, reduction="none"),
                _by_hand,
            )
        ),
        ja=(
            "普通のロジットでは合いますが、大きなロジットで inf になるか、100 で頭打ちになります。",
            "大きなロジットでは、シグモイドは 0 や 1 に丸められ、exp は inf になります。損失が inf になれば学習は終わりです。",
            "sigmoid や exp を自分で計算せず、F.binary_cross_entropy_with_logits に x_logits を渡してください。",
        ),
        en=(
            "It is right for ordinary logits, but for large ones it becomes inf or stops at 100.",
            "For large logits a sigmoid is rounded to 0 or 1, and exp becomes inf; an infinite loss ends the training.",
            "Give x_logits to F.binary_cross_entropy_with_logits instead of computing sigmoid or exp yourself.",
        ),
    ),
    Mistake(
        "product",
        lambda x_logits, x: -(-_by_hand(x_logits, x)).exp().flatten(1).prod(dim=1).log().mean(),
        ja=(
            "784 個の確率の積を取っているので、float32 では 0 になり、その対数が −∞ になります。",
            "損失が inf では、勾配を計算できません。",
            "積を取らず、画素ごとの対数の和を取ってください。",
        ),
        en=(
            "It multiplies 784 probabilities: in float32 the product is 0, and its log −∞.",
            "An infinite loss has no gradient to learn from.",
            "Add the logs of the pixels instead of multiplying their probabilities.",
        ),
    ),
    Mistake(
        "per_pixel",
        _bce,
        ja=(
            "画素ごとの値が返っています。和も平均もありません。",
            "損失は 1 つの値でなければ、backward() で勾配を計算できません。",
            "画素について flatten(1).sum(dim=1)、そのあと画像について mean() を取ってください。",
        ),
        en=(
            "It returns one value for each pixel: neither sum nor mean is taken.",
            "A loss must be a single number, or backward() cannot start.",
            "Take flatten(1).sum(dim=1) over the pixels, then mean() over the images.",
        ),
    ),
    Mistake(
        "squared_error",
        _images(lambda x_logits, x: (torch.sigmoid(x_logits) - x).pow(2)),
        ja=(
            "BCE ではなく、2 乗誤差 (MSE) を計算しています。",
            "2 乗誤差は正規分布の尤度に対応します。画素をベルヌーイ分布とみなすこの講座の損失とは、KL との釣り合いが違います。",
            "F.binary_cross_entropy_with_logits を使い、画素について和、画像について平均を取ってください。",
        ),
        en=(
            "It is the squared error (MSE), not the BCE.",
            "A squared error belongs to a normal likelihood; for Bernoulli pixels its balance with the KL is another one.",
            "Use F.binary_cross_entropy_with_logits, with the sum over pixels and the mean over images.",
        ),
    ),
    Mistake(
        "squared_error_logits",
        _images(lambda x_logits, x: (x_logits - x).pow(2)),
        ja=(
            "ロジットと画像の 2 乗誤差 (MSE) を計算しています。",
            "ロジットは −∞ から ∞ までの値で、画素の明るさではありません。そのまま引き算しても意味がありません。",
            "F.binary_cross_entropy_with_logits を使ってください。",
        ),
        en=(
            "It is the squared error (MSE) between the logits and the image.",
            "A logit runs from −∞ to ∞; it is no grey value, and its distance from one means nothing.",
            "Use F.binary_cross_entropy_with_logits.",
        ),
    ),
    Mistake(
        "sigmoid_twice",
        _images(lambda x_logits, x: _bce(torch.sigmoid(x_logits), x)),
        ja=(
            "シグモイド関数を 2 回通しています。",
            "..._with_logits は中でシグモイドを計算します。先に通した値は 0.5 から 0.73 までにしか届かず、真っ黒な画素を作れません。",
            "x_logits をそのまま渡してください。",
        ),
        en=(
            "The sigmoid is applied twice.",
            "..._with_logits applies it inside. Probabilities would then lie between 0.5 and 0.73: no pixel can be black.",
            "Pass x_logits as it is.",
        ),
    ),
    Mistake(
        "logits_as_probabilities",
        _images(lambda x_logits, x: F.binary_cross_entropy(x_logits, x, reduction="none")),
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
        "logits_clamped",
        _images(lambda x_logits, x: F.binary_cross_entropy(x_logits.clamp(0, 1), x, reduction="none")),
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
        "log_of_logits",
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
        "swapped",
        (
            *_images(lambda x_logits, x: _bce(x, x_logits)),
            *_images(lambda x_logits, x: F.binary_cross_entropy(x, torch.sigmoid(x_logits), reduction="none")),
        ),
        ja=(
            "引数の順序が逆です。画像を予測、予測を正解として扱っています。",
            "交差エントロピーは対称ではありません。入れ替えると、最小になる場所も変わります。",
            "1 つ目にデコーダの x_logits、2 つ目に正解の x を渡してください。",
        ),
        en=(
            "The arguments are swapped: the image is taken for the prediction and the prediction for the target.",
            "A cross-entropy is not symmetric; swapped, it has its minimum elsewhere.",
            "Pass the decoder's x_logits first and the target x second.",
        ),
    ),
    Mistake(
        "white_only",
        (
            *_images(lambda x_logits, x: -x * F.logsigmoid(x_logits)),
            *_images(lambda x_logits, x: -x * torch.sigmoid(x_logits).log()),
        ),
        ja=(
            "白い画素の項 −x log x̂ しかありません。",
            "黒い画素を白く塗っても損失が増えないので、真っ白な画像が最良になります。",
            "黒い画素の項 −(1 − x) log(1 − x̂) も足してください。F.binary_cross_entropy_with_logits は両方を計算します。",
        ),
        en=(
            "Only the term of the white pixels, −x log x̂, is there.",
            "Painting a black pixel white then costs nothing, and an all-white image is best.",
            "Add the term of the black pixels, −(1 − x) log(1 − x̂); F.binary_cross_entropy_with_logits has both.",
        ),
    ),
    Mistake(
        "sign",
        _images(lambda x_logits, x: -_bce(x_logits, x)),
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
    no_gradient(reconstruction_loss, "x_logits", "x_logits"),
]


def _clouds(batch, latent_dim):
    """Draw two clouds, mu1, logvar1, mu2 and logvar2, all (batch, latent_dim)."""
    return lambda: (*codes(batch, latent_dim)(), *codes(batch, latent_dim)())


def _loud():
    """Logits so large that a probability of float32 is rounded to 0 or 1, and images (2, 1, 28, 28)."""
    return 40 * torch.randn(2, 1, 28, 28), torch.rand(2, 1, 28, 28)


def _sure():
    """Images (2, 1, 28, 28) of 0 and 1, and logits that fit: even the product of all probabilities is no 0 in float32."""
    x = torch.randint(2, (2, 1, 28, 28)).float()
    return 6 * (x - 0.5), x


def _between():
    """Logits between 0 and 1, of which a log exists, and images (2, 1, 28, 28)."""
    return torch.rand(2, 1, 28, 28), torch.rand(2, 1, 28, 28)


def _wide():
    """mu and logvar (4, 3) of clouds with sigma > 1: the log of logvar exists."""
    return torch.randn(4, 3), torch.rand(4, 3) + 0.5


def _narrow():
    """mu and logvar (3, 5) of clouds that are almost points."""
    return torch.randn(3, 5), -15 - 5 * torch.rand(3, 5)


EXERCISES = {
    "kl_divergence": Exercise(
        kl_divergence,
        (
            cases(codes(3, 2), codes(5, 4), codes(2, 1), _wide, _narrow),
            gradients(codes(3, 4), ("mu", "logvar")),
        ),
        KL_MISTAKES,
    ),
    "kl_between": Exercise(
        kl_between,
        (
            cases(_clouds(3, 2), _clouds(5, 4), _clouds(2, 1)),
            gradients(_clouds(3, 4), ("mu1", "logvar1", "mu2", "logvar2")),
        ),
        BETWEEN_MISTAKES,
    ),
    "reconstruction_loss": Exercise(
        reconstruction_loss,
        (
            cases(pictures(3), pictures(5), pictures(1), _sure, _between),
            cases(_loud),
            gradients(pictures(3), ("x_logits", None)),
        ),
        RECONSTRUCTION_MISTAKES,
    ),
}
