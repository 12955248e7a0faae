"""Exercises on the map of the latent space: where a point lies in the picture, how probable it is, whose it is."""

import torch

from .measuring import Exercise, Mistake, cases, given


def map_position(i, j, limit, steps):
    """The point (z1, z2) of the image in row i (from the top) and column j (from the left) of a map."""
    step = 2 * limit / (steps - 1)
    return -limit + step * j, limit - step * i


def prior_share(low, high):
    """The probability that one latent number drawn from N(0, 1) lies between low and high."""
    return torch.special.ndtr(torch.tensor(float(high))) - torch.special.ndtr(torch.tensor(float(low)))


def nearest_digit(mu, labels, z):
    """The label of the image whose mean, a row of mu (N, latent_dim), lies nearest to z (latent_dim,)."""
    return labels[(mu - z).pow(2).sum(dim=1).argmin()]


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


def _density(z):
    return torch.exp(-(torch.tensor(float(z)) ** 2) / 2) / (2 * torch.pi) ** 0.5


POSITION_MISTAKES = [
    Mistake(
        "upside_down",
        lambda i, j, limit, steps: (-limit + 2 * limit * j / (steps - 1), -limit + 2 * limit * i / (steps - 1)),
        ja=(
            "z2 の向きが逆です。",
            "画像の行は上から数えますが、z2 は上へ行くほど大きくなります。逆にすると、地図と散布図が上下逆になります。",
            "z2 は limit から始めて、行が下がるごとに減らしてください。",
        ),
        en=(
            "z2 runs the wrong way.",
            "Rows are counted from the top, but z2 grows upwards; the map would stand on its head beside the scatter plot.",
            "Start z2 at limit and let it fall from row to row.",
        ),
    ),
    Mistake(
        "swapped",
        lambda i, j, limit, steps: map_position(i, j, limit, steps)[::-1],
        ja=(
            "z1 と z2 が入れ替わっています。",
            "横の列 j が z1、縦の行 i が z2 です。入れ替えると、地図が対角線で折り返されます。",
            "(z1, z2) の順に、z1 を j から、z2 を i から計算してください。",
        ),
        en=(
            "z1 and z2 are swapped.",
            "The column j gives z1, the row i gives z2; swapped, the map is mirrored at its diagonal.",
            "Return (z1, z2), with z1 computed from j and z2 from i.",
        ),
    ),
    Mistake(
        "i_and_j",
        lambda i, j, limit, steps: (-limit + 2 * limit * i / (steps - 1), limit - 2 * limit * j / (steps - 1)),
        ja=(
            "行 i と列 j を取り違えています。",
            "i は上から数えた行なので z2 を、j は左から数えた列なので z1 を決めます。",
            "z1 の式の i と、z2 の式の j を入れ替えてください。",
        ),
        en=(
            "Row i and column j are mixed up.",
            "i counts rows from the top and sets z2; j counts columns from the left and sets z1.",
            "Exchange the i in z1 with the j in z2.",
        ),
    ),
    Mistake(
        "by_steps",
        lambda i, j, limit, steps: (-limit + 2 * limit * j / steps, limit - 2 * limit * i / steps),
        ja=(
            "幅を steps で割っています。",
            "steps 枚の画像の中心の間には、間隔が steps − 1 個しかありません。最後の列が limit に届きません。",
            "steps − 1 で割ってください。",
        ),
        en=(
            "The width is divided by steps.",
            "Between the centres of steps images there are steps − 1 gaps; the last column would not reach limit.",
            "Divide by steps − 1.",
        ),
    ),
    Mistake(
        "from_zero",
        lambda i, j, limit, steps: (limit * j / (steps - 1), limit - limit * i / (steps - 1)),
        ja=(
            "0 から limit までの地図になっています。",
            "地図は −limit から limit までで、幅は 2 × limit です。原点は地図の中央にあります。",
            "z1 は −limit から始め、幅 2 × limit を steps − 1 で割ってください。",
        ),
        en=(
            "This map runs from 0 to limit.",
            "The map runs from −limit to limit, a width of 2 × limit, with the origin in its middle.",
            "Start z1 at −limit and divide the width 2 × limit by steps − 1.",
        ),
    ),
    Mistake(
        "half_steps",
        lambda i, j, limit, steps: (-limit + limit * j / (steps - 1), limit - limit * i / (steps - 1)),
        ja=(
            "間隔が半分です。",
            "地図の幅は limit ではなく 2 × limit です。",
            "2 × limit を steps − 1 で割ってください。",
        ),
        en=(
            "The gaps are half as wide as they should be.",
            "The width of the map is 2 × limit, not limit.",
            "Divide 2 × limit by steps − 1.",
        ),
    ),
    Mistake(
        "cells",
        lambda i, j, limit, steps: (
            -limit + 2 * limit * (j + 0.5) / steps,
            limit - 2 * limit * (i + 0.5) / steps,
        ),
        ja=(
            "両端の画像の中心が ±limit になっていません。",
            "幅を steps 個の升目に分け、その中央を取ると、両端が limit より内側に来ます。この講座の地図は、両端の画像の中心が ±limit です。",
            "間隔を 2 × limit / (steps − 1) にしてください。",
        ),
        en=(
            "The centres of the outermost images are not at ±limit.",
            "These are the middles of steps cells, all inside the limits; in our maps the outermost centres lie at ±limit.",
            "Make the gap 2 × limit / (steps − 1).",
        ),
    ),
    Mistake(
        "constant",
        (
            lambda i, j, limit, steps: (-3 + 6 * j / 19, 3 - 6 * i / 19),
            lambda i, j, limit, steps: (-3 + 6 * j / (steps - 1), 3 - 6 * i / (steps - 1)),
            lambda i, j, limit, steps: (-limit + 2 * limit * j / 19, limit - 2 * limit * i / 19),
        ),
        ja=(
            "limit = 3 か steps = 20 の地図にしか使えない数が書き込まれています。",
            "判定では、別の範囲や枚数の地図でも確かめます。",
            "3 や 6 や 19 と書く代わりに、limit と steps − 1 から計算してください。",
        ),
        en=(
            "Numbers that fit only limit = 3 or steps = 20 are written into the function.",
            "The check tries other maps too.",
            "Compute them from limit and steps − 1 instead of writing 3, 6 or 19.",
        ),
    ),
]

SHARE_MISTAKES = [
    Mistake(
        "width_share",
        lambda low, high: (high - low) / 6,
        ja=(
            "地図の幅のうちの割合を計算しています。",
            "正規分布では、同じ幅でも中央の方が確率が高くなります。幅の割合が確率になるのは一様分布です。",
            "累積分布関数の差を取ってください (torch.special.ndtr)。",
        ),
        en=(
            "It is the share of the map's width.",
            "Under a normal distribution the same width is more probable near the centre; only a uniform one goes by width.",
            "Take the difference of the cumulative distribution function (torch.special.ndtr).",
        ),
    ),
    Mistake(
        "density_width",
        lambda low, high: _density((low + high) / 2) * (high - low),
        ja=(
            "中央の密度に幅を掛けています。",
            "密度は区間の中でも変わるので、広い区間では確率からずれます。",
            "累積分布関数の差を取ってください (torch.special.ndtr)。",
        ),
        en=(
            "It is the density in the middle times the width.",
            "The density changes within the interval, so for a wide one this is off.",
            "Take the difference of the cumulative distribution function (torch.special.ndtr).",
        ),
    ),
    Mistake(
        "density_difference",
        lambda low, high: _density(high) - _density(low),
        ja=(
            "累積分布関数ではなく、密度の差を計算しています。",
            "密度の差は負にもなり、確率ではありません。",
            "torch.special.ndtr か Normal(0, 1).cdf を使ってください。",
        ),
        en=(
            "It is a difference of densities, not of the cumulative distribution function.",
            "That may be negative, and is no probability.",
            "Use torch.special.ndtr or Normal(0, 1).cdf.",
        ),
    ),
    Mistake(
        "order",
        lambda low, high: -prior_share(low, high),
        ja=(
            "引き算の順序が逆で、負の値になっています。",
            "確率は負になりません。",
            "上の端の値から、下の端の値を引いてください。",
        ),
        en=(
            "The subtraction is the wrong way round: the result is negative.",
            "A probability never is.",
            "Subtract the value at low from the value at high.",
        ),
    ),
    Mistake(
        "below_high",
        lambda low, high: torch.special.ndtr(torch.tensor(float(high))),
        ja=(
            "high より小さい確率の全体を返しています。",
            "low より小さい部分が余分に入っています。",
            "low までの確率を引いてください。",
        ),
        en=(
            "It returns the whole probability below high.",
            "That includes the part below low.",
            "Subtract the probability below low.",
        ),
    ),
    Mistake(
        "squared",
        lambda low, high: prior_share(low, high) ** 2,
        ja=(
            "確率を 2 乗しています。",
            "2 乗は、2 つの次元がどちらもこの区間に入る確率です。ここでは 1 つの次元だけを考えます。",
            "2 乗を取り除いてください。",
        ),
        en=(
            "The probability is squared.",
            "The square is the probability that both dimensions lie in the interval; here there is one.",
            "Remove the square.",
        ),
    ),
    Mistake(
        "outside",
        lambda low, high: 1 - prior_share(low, high),
        ja=(
            "区間の外の確率を返しています。",
            "求めたいのは、区間の中の点が引かれる確率です。",
            "1 から引かずに、そのまま返してください。",
        ),
        en=(
            "It returns the probability outside the interval.",
            "We want that of a point inside.",
            "Do not subtract from 1.",
        ),
    ),
    Mistake(
        "symmetric",
        lambda low, high: 2 * torch.special.ndtr(torch.tensor(float(high))) - 1,
        ja=(
            "low が −high であることを仮定しています。",
            "2Φ(high) − 1 は、0 を中心とする区間の確率です。ほかの区間では合いません。",
            "Φ(high) から Φ(low) を引いてください。",
        ),
        en=(
            "It takes for granted that low is −high.",
            "2Φ(high) − 1 is the probability of an interval around 0; for others it is wrong.",
            "Subtract Φ(low) from Φ(high).",
        ),
    ),
    Mistake(
        "width_first",
        lambda low, high: torch.special.ndtr(torch.tensor(float(high - low))),
        ja=(
            "区間の幅の累積分布関数を取っています。",
            "同じ幅でも、中央の区間と端の区間では確率が違います。",
            "引き算を Φ の外で行い、Φ(high) − Φ(low) としてください。",
        ),
        en=(
            "It takes the cumulative distribution function of the width.",
            "Intervals of one width have different probabilities near the centre and far from it.",
            "Subtract outside Φ: Φ(high) − Φ(low).",
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
    "map_position": Exercise(
        map_position,
        (cases(given(0, 0, 3.0, 20), given(2, 5, 3.0, 20), given(4, 1, 1.7, 6), given(16, 7, 2.45, 18)),),
        POSITION_MISTAKES,
    ),
    "prior_share": Exercise(
        prior_share,
        (cases(given(-1.0, 1.0), given(0.55, 2.5), given(-3.0, -1.2), given(0.0, 0.3), given(-0.63, 1.9)),),
        SHARE_MISTAKES,
    ),
    "nearest_digit": Exercise(
        nearest_digit,
        (cases(*(_means(number, latent_dim) for number in (20, 50, 100, 200, 400) for latent_dim in (2, 3, 5))),),
        NEAREST_MISTAKES,
    ),
}
