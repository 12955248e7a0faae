"""Exercises on decoding a point of the latent space, and the point halfway between two images."""

import torch

from ..language import tr
from ..models import MLPVAE, ConvVAE, reparameterize
from .measuring import Exercise, Mistake, Part, call, cases, seed, tensor


def decode_point(model, z1, z2):
    """The image (1, 1, 28, 28) that the model draws at the point (z1, z2)."""
    return model.decode(torch.tensor([[z1, z2]]))


def _drawing(kind, z1, z2):
    """Draw a model with random weights, whose images differ clearly from point to point, and the point."""

    def draw():
        model = kind(latent_dim=2)
        with torch.no_grad():
            model.fc_z.weight *= 20
        return model, z1, z2

    return draw


def halfway(model, x1, x2):
    """The image (1, 1, 28, 28) that the model draws halfway between the mu of two images (1, 1, 28, 28)."""
    mu1, _ = model.encode(x1)
    mu2, _ = model.encode(x2)
    return model.decode((mu1 + mu2) / 2)


def _pair(kind):
    """Draw a model with random weights, whose codes and images differ clearly, and two images."""

    def draw():
        model = kind(latent_dim=2)
        with torch.no_grad():
            for layer, factor in ((model.fc_mu, 100), (model.fc_logvar, 100), (model.fc_z, 20)):
                layer.weight *= factor
        position = torch.arange(28)
        left, bottom = position < 10, (position > 12)[:, None]
        return model, torch.rand(1, 1, 28, 28) * left, torch.rand(1, 1, 28, 28) * bottom

    return draw


def _repeated(function):
    """A measure: whether two calls with the same inputs give the same image."""
    seed()
    inputs = _pair(ConvVAE)()
    first, second = (tensor(call(function, *inputs)) for _ in range(2))
    differ = torch.tensor(float(not torch.equal(first, second)))
    return [
        Part(
            tr(ja="同じ画像で 2 回呼び出したときの違い", en="the difference between two calls with the same images"),
            differ,
            tr(
                ja="同じ 2 枚の画像を渡しても、呼び出すたびに違う結果になります。",
                en="The same two images give another result at every call.",
            ),
            "random",
        )
    ]


def _means(model, x1, x2):
    return model.encode(x1)[0], model.encode(x2)[0]


def _sampled(model, x1, x2):
    return reparameterize(*model.encode(x1)), reparameterize(*model.encode(x2))


def _decoding(combine, codes=_means):
    """A way that decodes what `combine` makes of the two codes."""
    return lambda model, x1, x2: model.decode(combine(*codes(model, x1, x2)))


DECODE_MISTAKES = [
    Mistake(
        "swapped",
        lambda model, z1, z2: decode_point(model, z2, z1),
        ja=(
            "z1 と z2 が入れ替わっています。",
            "入れ替えると別の点になり、地図の横と縦を取り違えたことになります。",
            "[z1, z2] の順に並べてください。",
        ),
        en=(
            "z1 and z2 are swapped.",
            "That is another point: on the map you would go up instead of right.",
            "Put them in the order [z1, z2].",
        ),
    ),
    Mistake(
        "no_batch",
        lambda model, z1, z2: model.decode(torch.tensor([z1, z2])),
        ja=(
            "点の形が (2,) です。",
            "decode は一度に何点でも受け取れるように、形が (点の数, 次元数) のテンソルを渡す決まりです。",
            "括弧を 1 組増やして、torch.tensor([[z1, z2]]) としてください。",
        ),
        en=(
            "The point has the shape (2,).",
            "decode takes many points at once, so it expects the shape (number of points, dimensions).",
            "Add a pair of brackets: torch.tensor([[z1, z2]]).",
        ),
    ),
    Mistake(
        "logits",
        lambda model, z1, z2: model.decode_logits(torch.tensor([[z1, z2]])),
        ja=(
            "返った値が 0 から 1 までの明るさではなく、ロジットになっています。",
            "ロジットはシグモイド関数を通す前の値で、そのままでは画像として見られません。",
            "decode_logits などではなく、model.decode を使ってください。",
        ),
        en=(
            "The values are no grey values between 0 and 1: they are logits.",
            "Logits are what the sigmoid is applied to; they cannot be shown as an image.",
            "Use model.decode, which applies the sigmoid.",
        ),
    ),
    Mistake(
        "z1_twice",
        lambda model, z1, z2: model.decode(torch.tensor([[z1, z1]])),
        ja=(
            "z1 を 2 回使っています。",
            "点が平面の対角線の上しか動かず、z2 が何をするか分かりません。",
            "2 つ目を z2 にしてください。",
        ),
        en=(
            "z1 is used twice.",
            "The point then moves along the diagonal only, and z2 does nothing.",
            "Make the second one z2.",
        ),
    ),
]

HALFWAY_MISTAKES = [
    Mistake(
        "sampled",
        (
            _decoding(lambda z1, z2: (z1 + z2) / 2, _sampled),
            lambda model, x1, x2: model.decode((model(x1).z + model(x2).z) / 2),
        ),
        ja=(
            "同じ 2 枚の画像を渡しても、呼び出すたびに違う画像になります。",
            "model(x) が返す z には乱数が加わっています。2 枚の間の点を決めるには、乱数の入らない mu を使います。",
            "model.encode(x1) と model.encode(x2) の 1 つ目の結果から点を計算してください。",
        ),
        en=(
            "The same two images give another image at every call.",
            "The z that model(x) returns has random numbers added to it; the point between two images is found from mu, which has none.",
            "Compute the point from the first results of model.encode(x1) and model.encode(x2).",
        ),
    ),
    Mistake(
        "pair",
        (
            lambda model, x1, x2: model.decode((model.encode(x1) + model.encode(x2)) / 2),
            lambda model, x1, x2: model.decode((model.encode(x1) + model.encode(x2)) / 2.0),
            lambda model, x1, x2: model.decode(0.5 * (model.encode(x1) + model.encode(x2))),
            lambda model, x1, x2: model.decode(model.encode(x1) / 2 + model.encode(x2) / 2),
            lambda model, x1, x2: model.decode(0.5 * model.encode(x1) + 0.5 * model.encode(x2)),
            lambda model, x1, x2: model.decode(torch.lerp(model.encode(x1), model.encode(x2), 0.5)),
        ),
        ja=(
            "model.encode の戻り値を、そのまま計算に使っています。",
            "model.encode は mu と、もう 1 つのテンソルの組を返すので、組のままでは足したり割ったりできません。",
            "mu1, _ = model.encode(x1) のように、1 つ目だけを取り出してください。",
        ),
        en=(
            "What model.encode returns is used as it is.",
            "It returns a pair, mu and another tensor, and a pair cannot be divided by 2.",
            "Take the first of the two, as in mu1, _ = model.encode(x1).",
        ),
    ),
    Mistake(
        "no_decode",
        lambda model, x1, x2: sum(_means(model, x1, x2)) / 2,
        ja=(
            "真ん中の点は求まっていますが、返しているのは画像ではなく点です。",
            "点の形は (1, 2) で、デコーダに渡して初めて画像になります。",
            "その点を model.decode に渡し、その結果を返してください。",
        ),
        en=(
            "The point in the middle is right, but the point is returned, not an image.",
            "Its shape is (1, 2), and it becomes an image only in the decoder.",
            "Hand the point to model.decode and return the result.",
        ),
    ),
    Mistake(
        "pixel_mean",
        lambda model, x1, x2: (x1 + x2) / 2,
        ja=(
            "2 枚の画像の画素を平均しています。",
            "それでは 2 枚が半透明に重なった画像になり、モデルも潜在空間も使っていません。",
            "画像ではなく mu を平均し、その点をデコードしてください。",
        ),
        en=(
            "The pixels of the two images are averaged.",
            "The result is one image laid over the other, and neither the model nor its latent space is used.",
            "Average the mu of the images instead, and decode that point.",
        ),
    ),
    Mistake(
        "pixels_first",
        lambda model, x1, x2: model.decode(model.encode((x1 + x2) / 2)[0]),
        ja=(
            "画像を平均してから、エンコードしています。",
            "重なった画像をエンコードした点は、2 枚の点の真ん中とは限りません。",
            "x1 と x2 を別々にエンコードし、得られた mu を平均してください。",
        ),
        en=(
            "The images are averaged before they are encoded.",
            "The encoder need not put the mixture of two images halfway between their points.",
            "Encode x1 and x2 separately, and average their mu.",
        ),
    ),
    Mistake(
        "mean_of_images",
        lambda model, x1, x2: sum(map(model.decode, _means(model, x1, x2))) / 2,
        ja=(
            "2 つの点を別々にデコードし、その画像を平均しています。",
            "それでは再構築した 2 枚が重なった画像になり、2 点の間に何があるかは分かりません。",
            "先に mu を平均して 1 つの点にし、その点を 1 回だけデコードしてください。",
        ),
        en=(
            "Both points are decoded, and the images are averaged.",
            "That lays two reconstructions over each other; it does not show what lies between the points.",
            "First average the mu to a single point, then decode it once.",
        ),
    ),
    Mistake(
        "sum",
        _decoding(lambda mu1, mu2: mu1 + mu2),
        ja=(
            "2 つの mu を足しただけで、2 で割っていません。",
            "和は、2 点の真ん中より原点から 2 倍遠い、別の点です。",
            "(mu1 + mu2) / 2 をデコードしてください。",
        ),
        en=(
            "The two mu are added, but not divided by 2.",
            "Their sum is another point, twice as far from the origin as the one in the middle.",
            "Decode (mu1 + mu2) / 2.",
        ),
    ),
    Mistake(
        "one_halved",
        (_decoding(lambda mu1, mu2: mu1 + mu2 / 2), _decoding(lambda mu1, mu2: mu1 / 2 + mu2)),
        ja=(
            "2 つの mu のうち、片方だけが 2 で割られています。",
            "/ は + より先に計算されるので、mu1 + mu2 / 2 は mu1 + (mu2 / 2) になります。",
            "括弧を付けて (mu1 + mu2) / 2 としてください。",
        ),
        en=(
            "Only one of the two mu is divided by 2.",
            "Division comes before addition, so mu1 + mu2 / 2 is mu1 + (mu2 / 2).",
            "Put brackets around the sum: (mu1 + mu2) / 2.",
        ),
    ),
    Mistake(
        "difference",
        (_decoding(lambda mu1, mu2: (mu1 - mu2) / 2), _decoding(lambda mu1, mu2: (mu2 - mu1) / 2)),
        ja=(
            "2 つの mu の差を 2 で割っています。",
            "差の半分は、一方の点から真ん中までの向きと長さを表すだけで、真ん中の点そのものではありません。",
            "差ではなく、和を 2 で割ってください。",
        ),
        en=(
            "The difference of the two mu is divided by 2.",
            "Half the difference is the way from one point to the middle, not the point in the middle.",
            "Divide the sum by 2 instead of the difference.",
        ),
    ),
    Mistake(
        "one_image",
        (_decoding(lambda mu1, mu2: mu1), _decoding(lambda mu1, mu2: mu2)),
        ja=(
            "片方の画像だけから描いています。",
            "それではその画像の再構築になり、もう 1 枚が結果に影響しません。",
            "mu1 と mu2 の両方を使って、真ん中の点を計算してください。",
        ),
        en=(
            "Only one of the two images is used.",
            "That is this image's reconstruction, whatever the other image is.",
            "Compute the point in the middle from both mu1 and mu2.",
        ),
    ),
    Mistake(
        "logvar",
        lambda model, x1, x2: model.decode((model.encode(x1)[1] + model.encode(x2)[1]) / 2),
        ja=(
            "model.encode の 2 つ目の結果を平均しています。",
            "画像の点を表すのは 1 つ目の mu です。2 つ目の結果は点ではありません。",
            "mu1, _ = model.encode(x1) のように、1 つ目を使ってください。",
        ),
        en=(
            "The second result of model.encode is averaged.",
            "The point of an image is the first result, mu; the second is not a point.",
            "Use the first result, as in mu1, _ = model.encode(x1).",
        ),
    ),
    Mistake(
        "logits",
        lambda model, x1, x2: model.decode_logits(sum(_means(model, x1, x2)) / 2),
        ja=(
            "返った値が 0 から 1 までの明るさではなく、ロジットになっています。",
            "ロジットはシグモイド関数を通す前の値で、そのままでは画像として見られません。",
            "decode_logits などではなく、model.decode を使ってください。",
        ),
        en=(
            "The values are no grey values between 0 and 1: they are logits.",
            "Logits are what the sigmoid is applied to; they cannot be shown as an image.",
            "Use model.decode, which applies the sigmoid.",
        ),
    ),
]

EXERCISES = {
    "decode_point": Exercise(
        decode_point,
        (
            cases(
                _drawing(ConvVAE, -0.6, 1.2),
                _drawing(MLPVAE, 1.55, 0.27),
                _drawing(ConvVAE, 0.0, -2.1),
                result=tensor,
            ),
        ),
        DECODE_MISTAKES,
    ),
    "halfway": Exercise(
        halfway,
        (_repeated, cases(_pair(ConvVAE), _pair(MLPVAE), _pair(ConvVAE), result=tensor)),
        HALFWAY_MISTAKES,
    ),
}
