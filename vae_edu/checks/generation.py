"""Exercises on making images: sample the prior, walk between two points, sample black-and-white pixels."""

import torch

from ..language import tr
from ..latent import interpolate
from .measuring import Exercise, Mistake, Part, as_text, call, cases, seed, tensor
from .sampling import CALLS, DIMENSIONS, IMAGES, noise_parts

CHANCE = 0.03  # five standard errors of a pixel's mean, variance and covariances, for the difference of two


def sample_prior(number, latent_dim):
    """Draw `number` points (number, latent_dim) from N(0, I)."""
    return torch.randn(number, latent_dim)


def draws(function):
    """Measure a source of points by what many of them have in common."""
    seed()
    shapes = [Part(as_text(shape), torch.zeros(tensor(call(function, *shape)).shape)) for shape in ((3, 4), (5, 2))]
    if [part.value.shape for part in shapes] != [(3, 4), (5, 2)]:
        return shapes
    z = call(lambda *shape: torch.stack([tensor(function(*shape)) for _ in range(CALLS)]), IMAGES, DIMENSIONS)
    return [*shapes, *noise_parts(z, "z", tr(ja="点", en="points"))]


def coins(function):
    """Measure a source of black-and-white images by what many of them have in common."""
    seed()
    few, x_hat = torch.rand(2, 3), torch.rand(3, 1, 4, 5)  # of any shape
    x_hat[0, 0, 0, :2] = torch.tensor([0.0, 1.0])  # never white, and always
    shape = Part(as_text([few]), torch.zeros(tensor(call(function, few)).shape))
    if shape.value.shape != few.shape:
        return [shape]
    x = call(lambda x_hat: torch.stack([tensor(function(x_hat)) for _ in range(CALLS)]), x_hat).flatten(1)
    grey = tr(ja="0 と 1 以外の値が入っています。", en="It holds values other than 0 and 1.")
    same = tr(
        ja="呼び出すたびに同じ画像が返ります。関数の中で毎回、新しくサンプリングしてください。",
        en="Every call gives the same image. Draw new random numbers inside the function in every call.",
    )
    alone = tr(
        ja="画素どうしが独立になっていません。画素ごとに新しい乱数を使ってください。",
        en="The pixels are not independent. Draw one random number for each pixel.",
    )
    return [
        shape,
        Part("", ((x == 0) | (x == 1)).double().mean(), grey, "grey"),
        Part("", (x.std(dim=0).max() < 1e-6).double(), same, "same_every_call"),
        Part(tr(ja="各画素の平均", en="the mean of each pixel"), x.mean(dim=0), tolerance=CHANCE),
        Part(tr(ja="各画素の分散", en="the variance of each pixel"), x.var(dim=0), tolerance=CHANCE),
        Part("", x.T.cov().fill_diagonal_(0), alone, "shared_noise", CHANCE),
    ]


def _ends(latent_dim, steps):
    return lambda: (torch.randn(latent_dim), torch.randn(latent_dim), steps)


PRIOR_MISTAKES = [
    Mistake(
        "uniform",
        lambda number, latent_dim: torch.rand(number, latent_dim),
        ja=(
            "正規分布ではなく、0 から 1 までの一様分布からサンプリングしています (torch.rand)。",
            "どの次元の値も 0 から 1 の間になるので、潜在空間のその狭い範囲にある数字しか作れません。",
            "torch.randn を使ってください。n が normal の n です。",
        ),
        en=(
            "The points are uniform between 0 and 1 (torch.rand), not normal.",
            "Every coordinate lies between 0 and 1, so only the digits of that small part of the latent space can appear.",
            "Use torch.randn, with the n of normal.",
        ),
    ),
    Mistake(
        "uniform_symmetric",
        lambda number, latent_dim: 2 * torch.rand(number, latent_dim) - 1,
        ja=(
            "−1 から 1 までの一様分布からサンプリングしています。",
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
        "uniform_map",
        lambda number, latent_dim: 6 * torch.rand(number, latent_dim) - 3,
        ja=(
            "−3 から 3 までの一様分布からサンプリングしています。",
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
        "one_point",
        lambda number, latent_dim: torch.randn(1, latent_dim).expand(number, latent_dim),
        ja=(
            "すべての行が同じ点です。",
            "何枚作っても同じ画像になります。",
            "torch.randn(number, latent_dim) のように、すべての値をサンプリングしてください。",
        ),
        en=(
            "All rows are the same point.",
            "However many images you make, they are one and the same.",
            "Draw as many numbers as you need: torch.randn(number, latent_dim).",
        ),
    ),
    Mistake(
        "diagonal",
        lambda number, latent_dim: torch.randn(number, 1).expand(number, latent_dim),
        ja=(
            "1 つの点のすべての次元が同じ値です。",
            "点が対角線の上にしか出ません。",
            "torch.randn(number, latent_dim) のように、すべての値をサンプリングしてください。",
        ),
        en=(
            "All dimensions of a point are equal.",
            "The points lie on the diagonal only.",
            "Draw as many numbers as you need: torch.randn(number, latent_dim).",
        ),
    ),
    Mistake(
        "origin",
        lambda number, latent_dim: torch.zeros(number, latent_dim),
        ja=(
            "どの点も原点で、乱数を使っていません。",
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
        "same_every_call",
        lambda number, latent_dim: torch.randn(
            number, latent_dim, generator=torch.default_generator.clone_state().manual_seed(0)
        ),
        ja=(
            "呼び出すたびに同じ点が出ます。",
            "何度実行しても同じ画像しか作れません。",
            "乱数の種を固定せず、関数の中で毎回新しい点をサンプリングしてください。",
        ),
        en=(
            "Every call gives the same points.",
            "However often you run it, the images are the same.",
            "Draw new points inside the function in every call, without a fixed seed.",
        ),
    ),
]

LINE_MISTAKES = [
    Mistake(
        "stops_early",
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
        "backwards",
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
        "end_added",
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
        "one_more",
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
        "no_ends",
        lambda start, end, steps: interpolate(start, end, steps + 2)[1:-1],
        ja=(
            "両端の点 start と end が入っていません。",
            "両端があれば、補間の列が元の 2 枚の画像から始まり、終わることを確かめられます。",
            "重みを 0 から始めて 1 で終えてください。",
        ),
        en=(
            "The ends, start and end themselves, are left out.",
            "With them one sees that the walk really joins the two images.",
            "Let the weights begin at 0 and end at 1.",
        ),
    ),
    Mistake(
        "transposed",
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
        "threshold",
        lambda x_hat: (x_hat > 0.5).float(),
        ja=(
            "0.5 を境に白黒に分けていて、乱数を使っていません。",
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
        "probabilities",
        lambda x_hat: x_hat,
        ja=(
            "確率そのものを返しています。",
            "x_hat は画素が白になる確率で、分布の平均です。サンプリングした画像は 0 と 1 だけでできています。",
            "torch.bernoulli(x_hat) を使ってください。",
        ),
        en=(
            "It returns the probabilities themselves.",
            "x_hat is the mean of the distribution; an image drawn from it is made of 0 and 1 only.",
            "Use torch.bernoulli(x_hat).",
        ),
    ),
    Mistake(
        "one_number",
        lambda x_hat: (torch.rand(()) < x_hat).float(),
        ja=(
            "すべての画素で、1 つの乱数を使っています。",
            "z が決まれば画素は互いに独立です。1 つの乱数では、明るい画素がそろって白か黒になります。",
            "torch.rand_like(x_hat) で、画素ごとの乱数を使ってください。",
        ),
        en=(
            "All pixels share one random number.",
            "Given z the pixels are independent; with one number they turn white or black together.",
            "Draw one number for each pixel: torch.rand_like(x_hat).",
        ),
    ),
    Mistake(
        "inverted",
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
        "normal_numbers",
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
        "normal_noise",
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
    "sample_prior": Exercise(sample_prior, (draws,), PRIOR_MISTAKES),
    "interpolate": Exercise(
        interpolate, (cases(_ends(2, 5), _ends(3, 8), _ends(5, 2), _ends(4, 11), result=tensor),), LINE_MISTAKES
    ),
    "bernoulli_sample": Exercise(torch.bernoulli, (coins,), COIN_MISTAKES),
}
