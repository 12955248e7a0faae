"""An exercise on blur: the mean of the images that share a point, each weighted by the density of its q(z|x) there."""

import torch

from ..language import tr
from .measuring import Exercise, Mistake, Part, call, seed, tensor

ROUNDING = 1e-3  # of a mean of grey values, where log densities of some -150 are rounded


def mean_at(z, mu, logvar, images):
    """The mean of images (N, 1, 28, 28), weighted by the densities at z (latent_dim,) of N(mu, exp(logvar)): (1, 28, 28)."""
    return torch.einsum("n,nchw->chw", _log_densities(z, mu, logvar).softmax(dim=0), images)


def _log_densities(z, mu, logvar):
    """log N(z; mu, exp(logvar)) up to a constant, of each image (N,)."""
    return -0.5 * ((z - mu) ** 2 / logvar.exp() + logvar).sum(dim=1)


def near(function):
    """Measure the mean at points that some of the clouds hold."""
    seed()
    parts = []
    for number, latent_dim in ((4, 2), (7, 3), (1, 2)):
        inputs = _clouds(number, latent_dim)
        text = tr(ja=f"{number} 枚の画像、{latent_dim} 次元", en=f"{number} images, {latent_dim} dimensions")
        parts.append(Part(text, tensor(call(function, *inputs))))
    return parts


def far(function):
    """Measure it where every density is too small for float32."""
    seed()
    z, mu, _, images = _clouds(4, 2)
    mu = z + torch.tensor([[2.0, 0], [0, 1.9], [-1.9, 0.6], [1.5, 1.4]])  # some 17 standard deviations from z
    text = tr(ja="どの μ からも遠い z", en="a z far from every mu")
    return [Part(text, tensor(call(function, z, mu, torch.full_like(mu, -4.3), images)), tolerance=ROUNDING)]


def _clouds(number, latent_dim):
    z, mu = torch.randn(latent_dim), torch.randn(number, latent_dim)
    return z, mu, 1.5 * torch.rand(number, latent_dim) - 1, torch.rand(number, 1, 28, 28)


def _weighted(weights, images):
    return (weights[:, None, None, None] * images).sum(dim=0)


def _densities_alone(z, mu, logvar, images):
    density = torch.distributions.Normal(mu, (logvar / 2).exp()).log_prob(z).sum(dim=1).exp()
    return _weighted(density / density.sum(), images)


BLUR_MISTAKES = [
    Mistake(
        "unweighted",
        lambda z, mu, logvar, images: images.mean(dim=0),
        ja=(
            "すべての画像の、重みのない平均を返しています。",
            "これでは、どの点でも同じ画像になります。点 z を共有するのは、q(z|x) がそこで大きい画像だけです。",
            "各画像に、q(z|x) の z での密度に比例する重みを付けてください。",
        ),
        en=(
            "It is the plain mean of all images.",
            "It would be the same at every point. Only images whose q(z|x) is large at z share that point.",
            "Weight each image in proportion to the density of its q(z|x) at z.",
        ),
    ),
    Mistake(
        "nearest",
        lambda z, mu, logvar, images: images[((mu - z) ** 2).sum(dim=1).argmin()],
        ja=(
            "μ が最も近い 1 枚だけを返しています。",
            "同じ点には、ほかの画像の q(z|x) も重なっています。その分を平均しないと、ぼやける理由が分かりません。",
            "すべての画像を、z での密度で重み付けして平均してください。",
        ),
        en=(
            "It returns the one image whose mu is nearest.",
            "The q(z|x) of other images reach the same point, and their share is what blurs the mean.",
            "Take the mean of all images, weighted by their densities at z.",
        ),
    ),
    Mistake(
        "no_width",
        lambda z, mu, logvar, images: _weighted((-0.5 * (z - mu) ** 2).sum(dim=1).softmax(dim=0), images),
        ja=(
            "分散が使われていません。どの q(z|x) の広さも 1 として計算しています。",
            "実際の σ は 0.05 ほどなので、遠くの画像まで平均に入ってしまいます。",
            "(z − μ)² を σ² = exp(logvar) で割ってください。",
        ),
        en=(
            "The variance is not used: every q(z|x) is taken to have the width 1.",
            "The real σ is some 0.05, so images from far away would enter the mean.",
            "Divide (z − μ)² by σ² = exp(logvar).",
        ),
    ),
    Mistake(
        "no_constant",
        lambda z, mu, logvar, images: _weighted(
            (-0.5 * (z - mu) ** 2 / logvar.exp()).sum(dim=1).softmax(dim=0), images
        ),
        ja=(
            "密度の式の 1/σ が抜けています (対数では −0.5 × logvar)。",
            "同じ距離でも、狭い q(z|x) ほど山が高くなります。σ は画像ごとに違うので、この係数は約分されません。",
            "対数密度 −0.5 × ((z − μ)² / σ² + logvar) を使ってください。",
        ),
        en=(
            "The 1/σ of the density is missing (in the log: −0.5 × logvar).",
            "A narrow q(z|x) has a higher peak. σ differs from image to image, so the factor does not cancel.",
            "Use the log density −0.5 × ((z − μ)² / σ² + logvar).",
        ),
    ),
    Mistake(
        "standard_deviation",
        (
            lambda z, mu, logvar, images: _weighted(
                (-0.5 * ((z - mu) ** 2 / (0.5 * logvar).exp() + logvar)).sum(dim=1).softmax(dim=0), images
            ),
            lambda z, mu, logvar, images: _weighted(
                (-0.5 * ((z - mu) ** 2 / (0.5 * logvar).exp() + 0.5 * logvar)).sum(dim=1).softmax(dim=0), images
            ),
        ),
        ja=(
            "(z − μ)² を、σ² ではなく σ で割っています。",
            "σ < 1 の q(z|x) が実際より広いものとして計算されます。",
            "exp(logvar) で割ってください。exp(0.5 × logvar) は σ です。",
        ),
        en=(
            "(z − μ)² is divided by σ, not by σ².",
            "Every q(z|x) with σ < 1 is then taken to be wider than it is.",
            "Divide by exp(logvar); exp(0.5 × logvar) is σ.",
        ),
    ),
    Mistake(
        "variance_as_width",
        lambda z, mu, logvar, images: _weighted(
            torch.distributions.Normal(mu, logvar.exp()).log_prob(z).sum(dim=1).softmax(dim=0), images
        ),
        ja=(
            "Normal の標準偏差として exp(logvar) を渡しています。",
            "exp(logvar) は分散 σ² なので、σ < 1 の q(z|x) が実際より狭くなります。",
            "標準偏差は exp(0.5 × logvar) です。",
        ),
        en=(
            "exp(logvar) is passed to Normal as the standard deviation.",
            "It is the variance σ², so that every q(z|x) with σ < 1 becomes narrower than it is.",
            "The standard deviation is exp(0.5 × logvar).",
        ),
    ),
    Mistake(
        "no_half",
        lambda z, mu, logvar, images: _weighted((2 * _log_densities(z, mu, logvar)).softmax(dim=0), images),
        ja=(
            "対数密度の係数 0.5 が抜けています。",
            "対数が 2 倍になると重みは 2 乗の比になり、近い画像に偏ります。",
            "−0.5 × ((z − μ)² / σ² + logvar) としてください。",
        ),
        en=(
            "The factor 0.5 of the log density is missing.",
            "With logs twice as large the weights have squared ratios and lean to the nearest images.",
            "Write −0.5 × ((z − μ)² / σ² + logvar).",
        ),
    ),
    Mistake(
        "mean_of_dimensions",
        lambda z, mu, logvar, images: _weighted((_log_densities(z, mu, logvar) / mu.shape[1]).softmax(dim=0), images),
        ja=(
            "次元について、和ではなく平均をとっています。",
            "次元どうしは独立なので、密度は次元ごとの密度の積、対数密度は和です。",
            "mean(dim=1) を sum(dim=1) にしてください。",
        ),
        en=(
            "It takes the mean over the dimensions instead of the sum.",
            "The dimensions are independent: the density is the product of theirs, and its log the sum.",
            "Use sum(dim=1) instead of mean(dim=1).",
        ),
    ),
    Mistake(
        "not_divided",
        (
            lambda z, mu, logvar, images: _weighted(
                torch.distributions.Normal(mu, (logvar / 2).exp()).log_prob(z).sum(dim=1).exp(), images
            ),
            lambda z, mu, logvar, images: _weighted(_log_densities(z, mu, logvar).exp(), images),
        ),
        ja=(
            "重みの合計が 1 になっていません。",
            "密度を掛けて足しただけでは平均にならず、画素の値が 0 から 1 の範囲を外れます。",
            "密度を、その合計で割ってください。対数密度なら softmax(dim=0) で済みます。",
        ),
        en=(
            "The weights do not add up to 1.",
            "Multiplying by densities and adding gives no mean: pixels leave the range from 0 to 1.",
            "Divide the densities by their sum; with log densities, softmax(dim=0) does it.",
        ),
    ),
    Mistake(
        "logs",
        lambda z, mu, logvar, images: (
            _weighted(torch.distributions.Normal(mu, (logvar / 2).exp()).log_prob(z).sum(dim=1), images)
            / torch.distributions.Normal(mu, (logvar / 2).exp()).log_prob(z).sum()
        ),
        ja=(
            "密度ではなく、対数密度をそのまま重みにしています。",
            "対数密度は負にもなり、遠い画像ほど絶対値が大きくなるので、遠い画像に大きな重みが付きます。",
            "exp で密度に戻してから、合計で割ってください。softmax(dim=0) は両方を行います。",
        ),
        en=(
            "The log densities themselves are used as weights.",
            "They may be negative and are largest in size for images far away, which would then weigh most.",
            "Turn them into densities with exp and divide by the sum; softmax(dim=0) does both.",
        ),
    ),
    Mistake(
        "underflow",
        (
            _densities_alone,
            lambda z, mu, logvar, images: (
                _weighted(_log_densities(z, mu, logvar).exp(), images) / _log_densities(z, mu, logvar).exp().sum()
            ),
        ),
        ja=(
            "式は正しいのですが、z がどの μ からも遠いと nan になります。",
            "密度がどれも小さすぎて float32 では 0 になり、0 / 0 を計算しています。",
            "exp をとらず、対数密度に softmax(dim=0) を使ってください。最大値を引いてから exp を計算するので、0 / 0 になりません。",
        ),
        en=(
            "The formula is right, but far from every mu the result is nan.",
            "All densities are too small for float32 and become 0, and 0 / 0 is nan.",
            "Do not take exp: softmax(dim=0) of the log densities subtracts the largest first and meets no 0 / 0.",
        ),
    ),
]

EXERCISES = {"mean_at": Exercise(mean_at, (near, far), BLUR_MISTAKES)}
