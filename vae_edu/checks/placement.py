"""Exercise on where an image belongs: the point of the latent space at which the decoder draws it best."""

import torch
import torch.nn.functional as F

from ..models import MLPVAE, ConvVAE
from .measuring import Exercise, Mistake, cases, tensor


def best_point(model, x, points):
    """The one of the points (M, latent_dim) with the lowest reconstruction error for an image x (1, 1, 28, 28)."""
    return points[_errors(model, x, points).argmin()]


def _errors(model, x, points):
    """The reconstruction error of x at each of the points: (M,)."""
    x_logits = model.decode_logits(points)
    return _per_point(F.binary_cross_entropy_with_logits(x_logits, x.expand_as(x_logits), reduction="none"))


def _per_point(pixels):
    return pixels.flatten(1).sum(dim=1)


def _without_logits(make, swapped=False):
    """The best point by BCE of what `make` gives, which takes probabilities."""

    def way(model, x, points):
        x_hat = make(model, points)
        pair = (x.expand_as(x_hat), x_hat) if swapped else (x_hat, x.expand_as(x_hat))
        return points[_per_point(F.binary_cross_entropy(*pair, reduction="none")).argmin()]

    return way


def _sigmoid_twice(model, x, points):
    x_hat = model.decode(points)
    return points[_per_point(F.binary_cross_entropy_with_logits(x_hat, x.expand_as(x_hat), reduction="none")).argmin()]


def _all_points(model, x, points):
    x_logits = model.decode_logits(points)
    return points[F.binary_cross_entropy_with_logits(x_logits, x.expand_as(x_logits)).argmin()]


def _search(kind, latent_dim, count, contrast, spread=1.5):
    """Draw a model with random weights, a blocky grey image, and points; the wider their spread, the more a prior matters."""

    def draw():
        model = kind(latent_dim)
        with torch.no_grad():
            for layer, factor in ((model.fc_mu, 20), (model.fc_z, contrast)):
                layer.weight *= factor
        points = spread * torch.randn(count, latent_dim)
        blocks = F.interpolate(torch.rand(1, 1, 7, 7), scale_factor=4).round()
        return model, blocks * (0.5 + 0.5 * torch.rand(1, 1, 28, 28)), points

    return draw


MISTAKES = [
    Mistake(
        "index",
        lambda model, x, points: _errors(model, x, points).argmin(),
        ja=(
            "点ではなく、その番号を返しています。",
            "argmin の結果は、何行目の誤差が最も小さいかを表すだけです。番号はデコードできません。",
            "points[番号] のように、points からその行を取り出してください。",
        ),
        en=(
            "It returns the number of the point, not the point.",
            "argmin says only in which row the error is lowest; a row number cannot be decoded.",
            "Take that row out of points: points[number].",
        ),
    ),
    Mistake(
        "lowest_error",
        lambda model, x, points: _errors(model, x, points).min(),
        ja=(
            "点ではなく、最も小さい誤差を返しています。",
            "知りたいのは、その誤差になる場所です。誤差からは場所が分かりません。",
            "min の代わりに argmin で番号を求め、points からその行を取り出してください。",
        ),
        en=(
            "It returns the lowest error, not the point.",
            "The question is where the error is that low, and the error itself does not tell.",
            "Find the row with argmin instead of min, and take it out of points.",
        ),
    ),
    Mistake(
        "worst",
        lambda model, x, points: points[_errors(model, x, points).argmax()],
        ja=(
            "再構築誤差が最も大きい点を返しています。",
            "誤差が小さいほど、デコードした画像は元の画像に近くなります。",
            "argmax ではなく argmin を使うか、誤差の符号を確かめてください (BCE には − が付きます)。",
        ),
        en=(
            "It returns the point with the highest error.",
            "The lower the error, the closer the decoded image is to the original.",
            "Use argmin instead of argmax, or look at the sign: BCE begins with a minus.",
        ),
    ),
    Mistake(
        "all_points",
        _all_points,
        ja=(
            "誤差をすべての点にわたって 1 つの値にまとめているので、いつも最初の点が選ばれます。",
            "点を比べるには、点ごとに 1 つの誤差が必要です。",
            'reduction="none" で画素ごとの値を求め、flatten(1).sum(dim=1) で点ごとに足してください。',
        ),
        en=(
            "The errors of all points are reduced to one number, so that the first point is always chosen.",
            "To compare the points one needs an error for each.",
            'Ask for reduction="none", then add up the pixels of each point: flatten(1).sum(dim=1).',
        ),
    ),
    Mistake(
        "sigmoid_twice",
        _sigmoid_twice,
        ja=(
            "シグモイドが 2 回かかっています。model.decode の確率を、ロジットを受け取る関数に渡しています。",
            "確率をもう一度シグモイドに通すと、どの画素も 0.5 と 0.73 の間になり、別の点が選ばれます。",
            "binary_cross_entropy_with_logits には model.decode_logits(points) を渡してください。",
        ),
        en=(
            "The sigmoid is applied twice: the probabilities of model.decode go into a function that takes logits.",
            "A second sigmoid squeezes every pixel between 0.5 and 0.73, and another point wins.",
            "Give binary_cross_entropy_with_logits the logits, model.decode_logits(points).",
        ),
    ),
    Mistake(
        "logits",
        _without_logits(lambda model, points: model.decode_logits(points)),
        ja=(
            "ロジットを、確率を受け取る binary_cross_entropy に渡しています。",
            "ロジットは 0 から 1 の間に収まらず、その対数は求められません。",
            "binary_cross_entropy_with_logits を使うか、model.decode(points) の確率を渡してください。",
        ),
        en=(
            "Logits go into binary_cross_entropy, which takes probabilities.",
            "A logit need not lie between 0 and 1, and then has no log.",
            "Use binary_cross_entropy_with_logits, or pass the probabilities of model.decode(points).",
        ),
    ),
    Mistake(
        "prior_added",
        lambda model, x, points: points[(_errors(model, x, points) + points.square().sum(dim=1) / 2).argmin()],
        ja=(
            "再構築誤差に、事前分布の項 |z|²/2 を加えています。",
            "それは p(z|x) が最大の点です。ここで求めるのは、p(x|z) が最大の点、つまり再構築誤差が最小の点です。",
            "再構築誤差だけで点を比べてください。",
        ),
        en=(
            "The prior's term |z|²/2 is added to the reconstruction error.",
            "That gives the point where p(z|x) is largest. Asked for is the largest p(x|z): the lowest reconstruction error.",
            "Compare the points by the reconstruction error alone.",
        ),
    ),
    Mistake(
        "squared_error",
        lambda model, x, points: points[_per_point((model.decode(points) - x) ** 2).argmin()],
        ja=(
            "BCE ではなく、2 乗誤差で点を比べています。",
            "このモデルの p(x|z) は画素ごとのコイン投げなので、再構築誤差 −log p(x|z) は BCE です。2 乗誤差では別の点が選ばれることがあります。",
            "F.binary_cross_entropy_with_logits を使ってください。",
        ),
        en=(
            "The points are compared by the squared error, not by BCE.",
            "This model's p(x|z) is a coin toss for each pixel, so the reconstruction error −log p(x|z) is BCE; the squared error may choose another point.",
            "Use F.binary_cross_entropy_with_logits.",
        ),
    ),
    Mistake(
        "white_only",
        lambda model, x, points: points[_per_point(-x * model.decode(points).log()).argmin()],
        ja=(
            "白い画素の項 x log x̂ しか使っていません。",
            "黒いはずの画素を白く描いても誤差が増えないので、全体に白い画像になる点が選ばれます。",
            "(1 − x) log(1 − x̂) の項も加えてください。",
        ),
        en=(
            "Only the term of the white pixels, x log x̂, is used.",
            "White where the image is black then costs nothing, and the point with the whitest image wins.",
            "Add the term (1 − x) log(1 − x̂).",
        ),
    ),
    Mistake(
        "swapped",
        _without_logits(lambda model, points: model.decode(points), swapped=True),
        ja=(
            "binary_cross_entropy に渡す 2 つの画像の順序が逆です。",
            "元の画像のほうが確率として扱われ、0 や 1 の画素の対数が誤差のほとんどを占めてしまいます。",
            "1 つ目にデコードした画像、2 つ目に元の画像を渡してください。",
        ),
        en=(
            "The two images of binary_cross_entropy are swapped.",
            "The original is then taken for the probabilities, and the logs of its pixels of 0 and 1 are nearly all of the error.",
            "Pass the decoded image first, the original second.",
        ),
    ),
    Mistake(
        "encoder",
        (
            lambda model, x, points: points[(points - model.encode(x)[0]).square().sum(dim=1).argmin()],
            lambda model, x, points: model.encode(x)[0][0],
        ),
        ja=(
            "エンコーダの μ をもとに点を選んでいます。",
            "μ が最もよい点とは限りません。この関数は、それを確かめるためのものです。",
            "エンコーダを使わず、points をすべてデコードして、誤差を比べてください。",
        ),
        en=(
            "The point is chosen by the encoder's μ.",
            "Whether μ is the best point is the very question that this function is to answer.",
            "Leave the encoder out: decode all of the points and compare their errors.",
        ),
    ),
    Mistake(
        "image",
        lambda model, x, points: model.decode(best_point(model, x, points)[None])[0],
        ja=(
            "点ではなく、その点をデコードした画像を返しています。",
            "場所が分からないと、エンコーダの μ と比べられません。",
            "デコードする前の点、つまり points の 1 行を返してください。",
        ),
        en=(
            "It returns the image decoded at the point, not the point.",
            "Without the place one cannot compare it with the encoder's μ.",
            "Return the row of points that was decoded.",
        ),
    ),
]

EXERCISES = {
    "best_point": Exercise(
        best_point,
        (
            cases(
                _search(ConvVAE, 2, 50, contrast=4),
                _search(MLPVAE, 2, 40, contrast=6),
                _search(MLPVAE, 3, 30, contrast=1, spread=3),
                result=tensor,
            ),
        ),
        MISTAKES,
    ),
}
