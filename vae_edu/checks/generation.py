"""Exercises on making images: draw from the prior, walk between two points, draw black-and-white pixels."""

import torch

from ..language import tr
from ..latent import interpolate
from .measuring import SEED, Exercise, Mistake, as_text, call, cases, numbers
from .sampling import CALLS, IMAGES, noise_features


def sample_prior(number, latent_dim):
    """Draw `number` points (number, latent_dim) from N(0, I)."""
    return torch.randn(number, latent_dim)


def draws(function):
    """Measure a source of points by what many of them have in common."""
    torch.default_generator.manual_seed(SEED)
    shapes = [(as_text(shape), torch.zeros(numbers(call(function, *shape)).shape)) for shape in ((3, 4), (5, 2))]
    if [z.shape for _, z in shapes] != [(3, 4), (5, 2)]:
        return shapes
    z = call(lambda number, latent_dim: torch.stack([function(number, latent_dim) for _ in range(CALLS)]), IMAGES, 2)
    return [*shapes, *noise_features(numbers(z), "z")]


def coins(function):
    """Measure a source of black-and-white images by what many of them have in common."""
    torch.default_generator.manual_seed(SEED)
    few = torch.rand(2, 1, 3, 4)
    shape = (as_text([few]), torch.zeros(numbers(call(function, few)).shape))
    if shape[1].shape != few.shape:
        return [shape]
    x_hat = torch.linspace(0.1, 0.9, 9).expand(1, 1, 2, 9)
    x = numbers(call(lambda x_hat: torch.stack([function(x_hat) for _ in range(CALLS)]), x_hat))
    centred = x - x.mean(dim=0)
    together = (centred[..., 0, 4] * centred[..., 1, 4]).mean()
    return [
        shape,
        (tr(ja="0 か 1 の画素の割合", en="the share of pixels that are 0 or 1"), ((x == 0) | (x == 1)).double().mean()),
        (tr(ja="各画素の平均", en="the mean of each pixel"), x.mean(dim=0).mul(20).round().div(20)),  # to 0.05
        (tr(ja="各画素の分散", en="the variance of each pixel"), x.var(dim=0)),
        (tr(ja="2 つの画素の共分散", en="the covariance of two pixels"), together),
    ]


def _ends(latent_dim, steps):
    return lambda: (torch.randn(latent_dim), torch.randn(latent_dim), steps)


PRIOR_MISTAKES = [
    Mistake(
        lambda number, latent_dim: torch.rand(number, latent_dim),
        ja=(
            "正規分布ではなく、0 から 1 までの一様分布から引いています (torch.rand)。",
            "平面の右上の小さな正方形の点しか出ないので、そこにある数字しか作れません。",
            "torch.randn を使ってください。n が normal の n です。",
        ),
        en=(
            "The points are uniform between 0 and 1 (torch.rand), not normal.",
            "They all fall into one small square of the plane, so only the digits there can appear.",
            "Use torch.randn, with the n of normal.",
        ),
    ),
    Mistake(
        lambda number, latent_dim: 2 * torch.rand(number, latent_dim) - 1,
        ja=(
            "−1 から 1 までの一様分布から引いています。",
            "事前分布の外側の数字が作られません。",
            "torch.randn を使ってください。",
        ),
        en=(
            "The points are uniform between −1 and 1.",
            "The digits further out in the prior can never appear.",
            "Use torch.randn.",
        ),
    ),
    Mistake(
        lambda number, latent_dim: 6 * torch.rand(number, latent_dim) - 3,
        ja=(
            "−3 から 3 までの一様分布から引いています。",
            "地図の端の、訓練でほとんど使われなかった点が多くなり、数字に見えない画像が増えます。",
            "torch.randn を使ってください。",
        ),
        en=(
            "The points are uniform between −3 and 3.",
            "Too many come from the rim of the map, hardly used in training: more images look like no digit.",
            "Use torch.randn.",
        ),
    ),
    Mistake(
        lambda number, latent_dim: torch.randn(1, latent_dim).expand(number, latent_dim),
        ja=(
            "すべての行が同じ点です。",
            "何枚作っても同じ画像になります。",
            "torch.randn(number, latent_dim) のように、必要な数だけ引いてください。",
        ),
        en=(
            "All rows are the same point.",
            "However many images you make, they are one and the same.",
            "Draw as many numbers as you need: torch.randn(number, latent_dim).",
        ),
    ),
    Mistake(
        lambda number, latent_dim: torch.randn(number, 1).expand(number, latent_dim),
        ja=(
            "1 つの点のすべての次元が同じ値です。",
            "点が対角線の上にしか出ません。",
            "torch.randn(number, latent_dim) のように、必要な数だけ引いてください。",
        ),
        en=(
            "All dimensions of a point are equal.",
            "The points lie on the diagonal only.",
            "Draw as many numbers as you need: torch.randn(number, latent_dim).",
        ),
    ),
    Mistake(
        lambda number, latent_dim: torch.zeros(number, latent_dim),
        ja=(
            "どの点も原点で、乱数を引いていません。",
            "何枚作っても同じ画像になります。",
            "torch.randn を使ってください。",
        ),
        en=(
            "Every point is the origin: nothing is random.",
            "However many images you make, they are one and the same.",
            "Use torch.randn.",
        ),
    ),
    Mistake(
        lambda number, latent_dim: torch.randn(
            number, latent_dim, generator=torch.default_generator.clone_state().manual_seed(0)
        ),
        ja=(
            "呼び出すたびに同じ点が出ます。",
            "何度実行しても同じ画像しか作れません。",
            "関数の中で乱数の種を固定しないでください。",
        ),
        en=(
            "Every call gives the same points.",
            "However often you run it, the images are the same.",
            "Do not seed inside the function.",
        ),
    ),
]

LINE_MISTAKES = [
    Mistake(
        lambda start, end, steps: start + torch.arange(steps)[:, None] / steps * (end - start),
        ja=(
            "最後の点が end に届いていません。",
            "steps 個の点の間隔は steps − 1 個です。steps で割ると、1 歩手前で終わります。",
            "torch.linspace(0, 1, steps) を使うか、steps − 1 で割ってください。",
        ),
        en=(
            "The last point does not reach end.",
            "Between steps points there are steps − 1 gaps; divided by steps, the walk stops one gap short.",
            "Use torch.linspace(0, 1, steps), or divide by steps − 1.",
        ),
    ),
    Mistake(
        lambda start, end, steps: interpolate(end, start, steps),
        ja=(
            "向きが逆です。end から start へ進んでいます。",
            "最初の行が start、最後の行が end のはずです。",
            "重みが 0 のときに start になるようにしてください。",
        ),
        en=(
            "It walks backwards, from end to start.",
            "The first row must be start and the last row end.",
            "Make it start where the weight is 0.",
        ),
    ),
    Mistake(
        lambda start, end, steps: start + torch.linspace(0, 1, steps)[:, None] * end,
        ja=(
            "start に end を足していて、差 end − start になっていません。",
            "最後の点が end ではなく start + end になります。",
            "重みを (end − start) に掛けてください。",
        ),
        en=(
            "end is added to start instead of the difference end − start.",
            "The last point is then start + end, not end.",
            "Multiply the weights by (end − start).",
        ),
    ),
    Mistake(
        lambda start, end, steps: interpolate(start, end, steps + 1),
        ja=(
            "点が 1 つ多くなっています。",
            "steps は間隔の数ではなく、点の数です。両端も数えます。",
            "torch.linspace(0, 1, steps) を使ってください。",
        ),
        en=(
            "There is one point too many.",
            "steps is the number of points, both ends included, not of gaps.",
            "Use torch.linspace(0, 1, steps).",
        ),
    ),
    Mistake(
        lambda start, end, steps: interpolate(start, end, steps + 2)[1:-1],
        ja=(
            "両端の点 start と end が入っていません。",
            "両端があれば、道が元の 2 枚の画像を本当に結んでいることが分かります。",
            "重みを 0 から始めて 1 で終えてください。",
        ),
        en=(
            "The ends, start and end themselves, are left out.",
            "With them one sees that the walk really joins the two images.",
            "Let the weights begin at 0 and end at 1.",
        ),
    ),
    Mistake(
        lambda start, end, steps: interpolate(start, end, steps).T,
        ja=(
            "行と列が逆です。",
            "1 行が 1 つの点でなければ、まとめてデコードできません。",
            "重みの形を (steps, 1) にすると、結果が (steps, latent_dim) になります。",
        ),
        en=(
            "Rows and columns are swapped.",
            "Each row must be one point, or they cannot be decoded together.",
            "Give the weights the shape (steps, 1): the result then has the shape (steps, latent_dim).",
        ),
    ),
]

COIN_MISTAKES = [
    Mistake(
        lambda x_hat: (x_hat > 0.5).float(),
        ja=(
            "0.5 を境に白黒に分けていて、乱数を引いていません。",
            "確率 0.6 の画素がいつも白になります。ベルヌーイ分布なら 10 回に 4 回は黒です。",
            "torch.bernoulli(x_hat) を使うか、一様乱数と比べてください。",
        ),
        en=(
            "It cuts at 0.5; nothing is random.",
            "A pixel of probability 0.6 is then always white; drawn from its Bernoulli it is black 4 times in 10.",
            "Use torch.bernoulli(x_hat), or compare with uniform random numbers.",
        ),
    ),
    Mistake(
        lambda x_hat: x_hat,
        ja=(
            "確率そのものを返しています。",
            "x_hat は画素が白になる確率で、分布の平均です。分布から引いた画像は 0 と 1 だけでできています。",
            "torch.bernoulli(x_hat) を使ってください。",
        ),
        en=(
            "It returns the probabilities themselves.",
            "x_hat is the mean of the distribution; an image drawn from it is made of 0 and 1 only.",
            "Use torch.bernoulli(x_hat).",
        ),
    ),
    Mistake(
        lambda x_hat: (torch.rand(()) < x_hat).float(),
        ja=(
            "すべての画素で、1 つの乱数を使っています。",
            "z が決まれば画素は互いに独立です。1 つの乱数では、明るい画素がそろって白か黒になります。",
            "torch.rand_like(x_hat) で、画素ごとに乱数を引いてください。",
        ),
        en=(
            "All pixels share one random number.",
            "Given z the pixels are independent; with one number they turn white or black together.",
            "Draw one number for each pixel: torch.rand_like(x_hat).",
        ),
    ),
    Mistake(
        lambda x_hat: (torch.rand_like(x_hat) > x_hat).float(),
        ja=(
            "白と黒が逆です。",
            "確率 x_hat で白 (1) になるはずが、黒になっています。",
            "不等号の向きを変えてください。",
        ),
        en=(
            "Black and white are swapped.",
            "A pixel must be white (1) with probability x_hat, and here it is black.",
            "Turn the inequality round.",
        ),
    ),
    Mistake(
        lambda x_hat: (torch.randn_like(x_hat) < x_hat).float(),
        ja=(
            "一様乱数ではなく、正規乱数と比べています (torch.randn_like)。",
            "正規乱数が x_hat より小さい確率は x_hat ではないので、黒いはずの画素も半分が白になります。",
            "0 から 1 までの一様乱数 torch.rand_like(x_hat) と比べてください。",
        ),
        en=(
            "It compares with normal random numbers (torch.randn_like), not uniform ones.",
            "A normal number is below x_hat with another probability than x_hat: half of the black pixels turn white.",
            "Compare with uniform numbers between 0 and 1: torch.rand_like(x_hat).",
        ),
    ),
    Mistake(
        lambda x_hat: x_hat + (x_hat * (1 - x_hat)).sqrt() * torch.randn_like(x_hat),
        ja=(
            "正規分布の雑音を足しています。",
            "平均と分散は合っていますが、画素の値が 0 と 1 以外になります。ベルヌーイ分布の値は 0 か 1 だけです。",
            "torch.bernoulli(x_hat) を使ってください。",
        ),
        en=(
            "Normal noise is added.",
            "Mean and variance are right, but a Bernoulli pixel is 0 or 1 and nothing between.",
            "Use torch.bernoulli(x_hat).",
        ),
    ),
]

EXERCISES = {
    "sample_prior": Exercise(sample_prior, draws, PRIOR_MISTAKES, tolerance=0.06),
    "interpolate": Exercise(interpolate, cases(_ends(2, 5), _ends(3, 8), _ends(2, 2)), LINE_MISTAKES),
    "bernoulli_sample": Exercise(torch.bernoulli, coins, COIN_MISTAKES, tolerance=0.025),
}
