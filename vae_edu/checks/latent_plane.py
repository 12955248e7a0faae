"""Exercises on the latent plane: whose a point is, and sampling from all clouds together."""

import torch

from ..language import tr
from .measuring import Exercise, Mistake, Part, call, cases, numbers, seed
from .sampling import noise_parts

CALLS = 2000
CLOUDS, DRAWN, DIMENSIONS = 9, 6, 3  # fewer drawn than there are clouds: "the first ones" then differ from a choice


def nearest_digit(mu, labels, z):
    """The label of the image whose mean, a row of mu (N, latent_dim), lies nearest to z (latent_dim,)."""
    return labels[(mu - z).pow(2).sum(dim=1).argmin()]


def sample_aggregate(mu, logvar, count):
    """(count, latent_dim) points of the aggregate posterior: each from the cloud of an image chosen at random."""
    chosen = torch.randint(len(mu), (count,))
    return mu[chosen] + (0.5 * logvar[chosen]).exp() * torch.randn(count, mu.shape[1])


def _nearest_centre(mu, labels, z):
    digits = labels.unique()
    centres = torch.stack([mu[labels == digit].mean(dim=0) for digit in digits])
    return digits[(centres - z).pow(2).sum(dim=1).argmin()]


def _means(number, latent_dim):
    return lambda: (
        torch.randn(number, latent_dim) * torch.linspace(0.5, 2, latent_dim),
        torch.randint(10, (number,)),
        torch.randn(latent_dim),
    )


def drawn_points(function):
    """Measure a sampler of the aggregate posterior by clouds so far apart that every point tells its own."""
    seed()
    places = torch.cartesian_prod(*[torch.tensor([-40.0, 0.0, 40.0])] * DIMENSIONS)
    mu = places[torch.randperm(len(places))[:CLOUDS]] + torch.rand(CLOUDS, DIMENSIONS)
    logvar = 3 * torch.rand(CLOUDS, DIMENSIONS) - 2
    name = tr(
        ja=f"形 ({CLOUDS}, {DIMENSIONS}) の mu と logvar、count = {DRAWN}",
        en=f"mu and logvar of shape ({CLOUDS}, {DIMENSIONS}), count = {DRAWN}",
    )
    first = numbers(call(function, mu, logvar, DRAWN))
    shape = Part(name, torch.zeros(first.shape))
    if first.shape != (DRAWN, DIMENSIONS):
        return [shape]
    z = call(  # (CALLS, DRAWN, DIMENSIONS)
        lambda mu, logvar: torch.stack([numbers(function(mu, logvar, DRAWN)) for _ in range(CALLS)]), mu, logvar
    )
    chosen = torch.cdist(z, mu.double()).argmin(dim=2)  # (CALLS, DRAWN)
    times = torch.nn.functional.one_hot(chosen, CLOUDS).double().sum(dim=1)  # (CALLS, CLOUDS)
    noise = (z - mu[chosen]) / (logvar[chosen].double() / 2).exp()
    repeated = z.std(dim=0).max() < 1e-3
    same = tr(ja="呼び出すたびに同じ値が返ります。", en="Every call gives the same values.")
    shares = tr(
        ja="画像の選ばれ方が等しい確率になっていません。N 枚のどれもが、等しい確率で選ばれるようにしてください。",
        en="The images are not chosen with equal probabilities. Each of the N must be as probable as any other.",
    )
    return [
        shape,
        Part(name, repeated.double(), same, "same_every_call"),
        Part(name, times.mean(dim=0) / DRAWN, shares, "shares", 0.02),
        Part(
            tr(
                ja="1 回の呼び出しで同じ画像が選ばれる回数のばらつき",
                en="how often a call chooses the same image: its spread",
            ),
            times.std(dim=0).mean(),
            tolerance=0.04,
        ),
        *noise_parts(noise, "(z − μ) / σ", tr(ja="点", en="points")),
    ]


def any_count(function):
    """Measure the shapes for one point, and for more points than there are images."""
    seed()
    parts = []
    for number, latent_dim, count in ((5, 2, 1), (4, 2, 11), (3, 7, 3)):
        mu, logvar = torch.randn(number, latent_dim), torch.randn(number, latent_dim)
        text = tr(
            ja=f"形 ({number}, {latent_dim}) の mu と logvar、count = {count}",
            en=f"mu and logvar of shape ({number}, {latent_dim}), count = {count}",
        )
        parts.append(Part(text, torch.zeros(numbers(call(function, mu, logvar, count)).shape)))
    return parts


def _chosen(mu, count):
    return torch.randint(len(mu), (count,))


def _first(mu, logvar, count):
    chosen = torch.arange(count) % len(mu)
    return mu[chosen] + (0.5 * logvar[chosen]).exp() * torch.randn(count, mu.shape[1])


def _without_return(mu, logvar, count):
    chosen = torch.randperm(len(mu))[:count]
    return mu[chosen] + (0.5 * logvar[chosen]).exp() * torch.randn_like(mu[chosen])


def _one_image(mu, logvar, count):
    chosen = torch.randint(len(mu), (1,))
    return mu[chosen] + (0.5 * logvar[chosen]).exp() * torch.randn(count, mu.shape[1])


def _two_choices(mu, logvar, count):
    return mu[_chosen(mu, count)] + (0.5 * logvar[_chosen(mu, count)]).exp() * torch.randn(count, mu.shape[1])


def _width(width):
    def wrong(mu, logvar, count):
        chosen = _chosen(mu, count)
        return mu[chosen] + width(logvar[chosen]) * torch.randn(count, mu.shape[1])

    return wrong


def _noise(make):
    def wrong(mu, logvar, count):
        chosen = _chosen(mu, count)
        return mu[chosen] + (0.5 * logvar[chosen]).exp() * make(count, mu.shape[1])

    return wrong


def _gaussian(mu, logvar, count):
    spread = (mu.var(dim=0) + logvar.exp().mean(dim=0)).sqrt()
    return mu.mean(dim=0) + spread * torch.randn(count, mu.shape[1])


def _spread_of_mu(mu, logvar, count):
    return mu.mean(dim=0) + mu.std(dim=0) * torch.randn(count, mu.shape[1])


AGGREGATE_MISTAKES = [
    Mistake(
        "mu_alone",
        _width(lambda logvar: 0),
        ja=(
            "選んだ画像の μ をそのまま返していて、雑音がありません。",
            "これは μ の集まりからのサンプリングで、q(z|x) の広がりが抜けています。σ が大きいモデルでは、広がりがまるで足りなくなります。",
            "μ に σ × 雑音 (σ = exp(0.5 × logvar)) を足してください。",
        ),
        en=(
            "It returns the μ of the chosen images, without any noise.",
            "These are samples of the μ alone; the width of each q(z|x) is missing, which matters wherever σ is not small.",
            "Add σ times noise to μ, with σ = exp(0.5 × logvar).",
        ),
    ),
    Mistake(
        "variance",
        _width(torch.exp),
        ja=(
            "標準偏差として exp(logvar) を使っています。",
            "exp(logvar) は分散 σ² です。σ が 0.06 なら 0.0036 になり、16 分の 1 ほどの広がりでサンプリングすることになります。",
            "σ = exp(0.5 × logvar) を使ってください。",
        ),
        en=(
            "exp(logvar) is used as the standard deviation.",
            "It is the variance σ²: where σ is 0.06 it is 0.0036, and the points spread some sixteen times too little.",
            "Use σ = exp(0.5 × logvar).",
        ),
    ),
    Mistake(
        "logvar",
        _width(lambda logvar: logvar),
        ja=(
            "logvar をそのまま標準偏差として使っています。",
            "logvar は log σ² です。σ が 0.06 なら −5.6 ほどになり、点が平面の外まで飛び散ります。",
            "σ = exp(0.5 × logvar) に直してください。",
        ),
        en=(
            "logvar itself is used as the standard deviation.",
            "It is log σ²: where σ is 0.06 it is about −5.6, which throws the points all over the plane.",
            "Turn it into σ = exp(0.5 × logvar).",
        ),
    ),
    Mistake(
        "no_sigma",
        _width(lambda logvar: 1),
        ja=(
            "雑音に σ を掛けていません。",
            "どの画像でも標準偏差が 1 になり、σ が 0.06 の分布よりはるかに広い範囲に散らばります。",
            "雑音に σ = exp(0.5 × logvar) を掛けてください。",
        ),
        en=(
            "The noise is not multiplied by σ.",
            "Every image then has the standard deviation 1, far wider than clouds with a σ of 0.06.",
            "Multiply the noise by σ = exp(0.5 × logvar).",
        ),
    ),
    Mistake(
        "one_noise",
        _noise(lambda count, latent_dim: torch.randn(latent_dim)),
        ja=(
            "count 個の点に、同じ雑音を使っています。",
            "どの点も μ から同じ向きにずれるので、count 個が独立なサンプルになりません。",
            "torch.randn(count, latent_dim) のように、点ごとに新しい雑音を作ってください。",
        ),
        en=(
            "All count points share one noise.",
            "Each is shifted from its μ in the same direction, so they are no independent samples.",
            "Make fresh noise for every point, for example torch.randn(count, latent_dim).",
        ),
    ),
    Mistake(
        "one_noise_a_point",
        _noise(lambda count, latent_dim: torch.randn(count, 1)),
        ja=(
            "1 つの点のすべての次元に、同じ雑音を使っています。",
            "点が μ を通る 1 本の直線上にしか現れません。",
            "torch.randn(count, latent_dim) のように、次元ごとに別の雑音を作ってください。",
        ),
        en=(
            "All dimensions of a point share one noise.",
            "The points of an image then lie on one straight line through its μ.",
            "Make noise for every dimension, for example torch.randn(count, latent_dim).",
        ),
    ),
    Mistake(
        "uniform",
        _noise(torch.rand),
        ja=(
            "雑音が正規分布ではなく、0 から 1 までの一様分布です (torch.rand)。",
            "雑音が負にならないので、点が μ の片側に偏ります。",
            "torch.rand ではなく torch.randn を使ってください。",
        ),
        en=(
            "The noise is uniform between 0 and 1 (torch.rand), not normal.",
            "It is never negative, so the points lie on one side of μ.",
            "Use torch.randn instead of torch.rand.",
        ),
    ),
    Mistake(
        "first_images",
        (_first, lambda mu, logvar, count: _first(mu[:count], logvar[:count], min(count, len(mu)))),
        ja=(
            "画像をランダムに選ばず、いつも先頭から順に使っています。",
            "count が N より小さいと、後ろの画像は一度も選ばれません。",
            "torch.randint(N, (count,)) で画像の番号をランダムに選んでください。",
        ),
        en=(
            "The images are not chosen at random: it always takes them from the first one on.",
            "With count smaller than N, the later images are never chosen.",
            "Choose the images' numbers at random: torch.randint(N, (count,)).",
        ),
    ),
    Mistake(
        "without_return",
        _without_return,
        ja=(
            "同じ画像が 2 度選ばれることのない選び方です (torch.randperm など)。",
            "count 個の点が独立ではなくなり、count が N を超えると足りなくなります。",
            "重複を許して選んでください: torch.randint(N, (count,))。",
        ),
        en=(
            "No image can be chosen twice (torch.randperm, or something like it).",
            "The count points are then not independent, and there are too few of them when count exceeds N.",
            "Let an image be chosen again: torch.randint(N, (count,)).",
        ),
    ),
    Mistake(
        "one_image",
        _one_image,
        ja=(
            "画像を 1 枚しか選ばず、count 個の点をすべてその q(z|x) からサンプリングしています。",
            "1 回の呼び出しで得られる点が 1 か所に固まり、全体の広がりになりません。",
            "点ごとに画像を選び直してください: torch.randint(N, (count,))。",
        ),
        en=(
            "Only one image is chosen, and all count points come from its q(z|x).",
            "The points of one call then lie in one place instead of spreading over all clouds.",
            "Choose an image anew for every point: torch.randint(N, (count,)).",
        ),
    ),
    Mistake(
        "two_choices",
        _two_choices,
        ja=(
            "μ と logvar を、別々に選んだ画像から取っています。",
            "ある画像の位置と別の画像の広さを組み合わせると、どの q(z|x) でもない分布になります。",
            "番号を 1 度だけ選び、その番号で mu と logvar の両方を取り出してください。",
        ),
        en=(
            "μ and logvar are taken from images chosen separately.",
            "The place of one image with the width of another belongs to no q(z|x).",
            "Choose the numbers once, and use them for both mu and logvar.",
        ),
    ),
    Mistake(
        "gaussian",
        (_gaussian, _spread_of_mu),
        ja=(
            "全体の平均と分散に合わせた、1 つの正規分布からサンプリングしています。",
            "平均と分散は合いますが、形が違います。q(z|x) を集めた分布には隙間や濃淡があり、1 つの正規分布では表せません。",
            "画像を選び、その画像の μ と σ を使ってください。",
        ),
        en=(
            "It samples from one normal distribution with the overall mean and variance.",
            "Those agree, but the shape does not: all clouds together have gaps and crowded places, which one normal distribution cannot have.",
            "Choose images, and use the μ and σ of the chosen ones.",
        ),
    ),
    Mistake(
        "mean_cloud",
        lambda mu, logvar, count: mu.mean(dim=0) + (0.5 * logvar.mean(dim=0)).exp() * torch.randn(count, mu.shape[1]),
        ja=(
            "mu と logvar を画像について平均してから、サンプリングしています。",
            "分布を集めることと、μ や σ を平均することは違います。平均すると、中央の小さな 1 つの分布になってしまいます。",
            "平均せずに画像を選び、その画像の μ と σ を使ってください。",
        ),
        en=(
            "mu and logvar are averaged over the images before sampling.",
            "Putting clouds together is not averaging their μ and σ: that leaves one small cloud in the middle.",
            "Do not average: choose images, and use the μ and σ of the chosen ones.",
        ),
    ),
    Mistake(
        "prior",
        lambda mu, logvar, count: torch.randn(count, mu.shape[1]),
        ja=(
            "mu も logvar も使わず、事前分布 N(0, I) からサンプリングしています。",
            "集約事後分布が事前分布に近いとは限りません。それを調べるための関数です。",
            "画像を選び、その画像の q(z|x) からサンプリングしてください。",
        ),
        en=(
            "It samples from the prior N(0, I), and uses neither mu nor logvar.",
            "Whether the aggregate posterior is near the prior is what this function is meant to find out.",
            "Choose images, and sample from their q(z|x).",
        ),
    ),
]

NEAREST_MISTAKES = [
    Mistake(
        "position",
        lambda mu, labels, z: (mu - z).pow(2).sum(dim=1).argmin(),
        ja=(
            "画像の番号を返しています。",
            "argmin が返すのは、何番目の画像が最も近いかです。数字のラベルではありません。",
            "その番号で labels から値を取り出してください。",
        ),
        en=(
            "It returns the position of the image.",
            "argmin says which image is nearest, not which digit it shows.",
            "Use that position to look the digit up in labels.",
        ),
    ),
    Mistake(
        "farthest",
        lambda mu, labels, z: labels[(mu - z).pow(2).sum(dim=1).argmax()],
        ja=(
            "最も遠い画像の数字を返しています。",
            "argmax は距離が最大のものを選びます。",
            "argmin を使ってください。",
        ),
        en=(
            "It returns the digit of the image farthest away.",
            "argmax picks the largest distance.",
            "Use argmin.",
        ),
    ),
    Mistake(
        "signed",
        lambda mu, labels, z: labels[(mu - z).sum(dim=1).argmin()],
        ja=(
            "差をそのまま足していて、距離になっていません。",
            "座標が小さいほど和も小さくなるので、z に近い画像ではなく、端の画像が選ばれます。",
            "差を 2 乗してから足してください。",
        ),
        en=(
            "The differences are added as they are; that is no distance.",
            "The smaller the coordinates, the smaller the sum: an image at the rim is picked, not one near z.",
            "Square the differences before adding.",
        ),
    ),
    Mistake(
        "z1_only",
        lambda mu, labels, z: labels[(mu[:, 0] - z[0]).abs().argmin()],
        ja=(
            "z1 だけで比べています。",
            "z1 が近くても、z2 が遠ければ別の数字です。",
            "すべての次元の差を 2 乗して足してください。",
        ),
        en=(
            "Only z1 is compared.",
            "An image near in z1 but far in z2 may show another digit.",
            "Square and add the differences of all dimensions.",
        ),
    ),
    Mistake(
        "origin",
        lambda mu, labels, z: labels[mu.pow(2).sum(dim=1).argmin()],
        ja=(
            "z ではなく、原点に最も近い画像を選んでいます。",
            "どの z を渡しても同じ数字になります。",
            "mu から z を引いてから 2 乗してください。",
        ),
        en=(
            "It picks the image nearest to the origin, not to z.",
            "Whatever z is, the answer is the same.",
            "Subtract z from mu before squaring.",
        ),
    ),
    Mistake(
        "l1",
        lambda mu, labels, z: labels[(mu - z).abs().sum(dim=1).argmin()],
        ja=(
            "差の絶対値を足した距離 (L1 距離) で比べています。",
            "普通の距離とは、最も近い点が違うことがあります。",
            "差を 2 乗してから足してください。",
        ),
        en=(
            "It compares sums of absolute differences (the L1 distance).",
            "The nearest point by that distance is not always the nearest by the usual one.",
            "Square the differences before adding.",
        ),
    ),
    Mistake(
        "centroid",
        _nearest_centre,
        ja=(
            "数字ごとの平均の点と比べています。",
            "同じ数字が平面の 2 か所に分かれていると、平均はどちらからも遠い点になります。",
            "すべての画像の点との距離を比べてください。",
        ),
        en=(
            "It compares with the mean point of each digit.",
            "Where a digit lies in two places, its mean is far from both.",
            "Compare the distances to the points of all images.",
        ),
    ),
    Mistake(
        "no_sum",
        lambda mu, labels, z: labels[(mu - z).pow(2).argmin()],
        ja=(
            "次元についての和がありません。",
            "行列全体での番号が返り、labels の範囲を超えるか、別の画像を指します。",
            "argmin の前に sum(dim=1) を取ってください。",
        ),
        en=(
            "The sum over the dimensions is missing.",
            "argmin then counts through the whole matrix: outside labels, or at another image.",
            "Take sum(dim=1) before argmin.",
        ),
    ),
]

EXERCISES = {
    "nearest_digit": Exercise(
        nearest_digit,
        (cases(*(_means(number, latent_dim) for number in (20, 50, 100, 200, 400) for latent_dim in (2, 3, 5))),),
        NEAREST_MISTAKES,
    ),
    "sample_aggregate": Exercise(sample_aggregate, (drawn_points, any_count), AGGREGATE_MISTAKES),
}
