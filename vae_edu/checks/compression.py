"""Exercises on what a VAE compresses an image to, and on decoding a point."""

import torch

from ..models import MLPVAE, ConvVAE
from .measuring import Exercise, Mistake, cases, given, tensor


def compression_ratio(height, width, latent_dim):
    """How many pixels of an image stand for each latent number."""
    return height * width / latent_dim


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


RATIO_MISTAKES = [
    Mistake(
        "upside_down",
        lambda height, width, latent_dim: latent_dim / (height * width),
        ja=(
            "割り算の向きが逆です。",
            "圧縮比は、圧縮した数 1 つが画素何個分の代わりをするかです。逆にすると、元の何分の 1 が残るかになります。",
            "画素の数を latent_dim で割ってください。",
        ),
        en=(
            "The division is upside down.",
            "The ratio says how many pixels one number stands for; its inverse says what share is left.",
            "Divide the number of pixels by latent_dim.",
        ),
    ),
    Mistake(
        "height_only",
        lambda height, width, latent_dim: height / latent_dim,
        ja=(
            "画像の縦だけを数えています。",
            "28 × 28 の画像の画素は、28 個ではなく 784 個です。",
            "height に width を掛けてください。",
        ),
        en=(
            "Only the height of the image is counted.",
            "An image of 28 × 28 has 784 pixels, not 28.",
            "Multiply height by width.",
        ),
    ),
    Mistake(
        "sum",
        lambda height, width, latent_dim: (height + width) / latent_dim,
        ja=(
            "縦と横を足しています。",
            "画素は格子に並ぶので、個数は縦と横の積です。",
            "height と width を掛けてください。",
        ),
        en=(
            "Height and width are added.",
            "Pixels stand in a grid, so their number is the product.",
            "Multiply height by width.",
        ),
    ),
    Mistake(
        "difference",
        lambda height, width, latent_dim: height * width - latent_dim,
        ja=(
            "引き算になっています。",
            "差では、784 から 2 への圧縮も 7840 から 7058 への圧縮も同じ値になり、強さを比べられません。",
            "画素の数を latent_dim で割ってください。",
        ),
        en=(
            "It is a difference.",
            "A difference would be the same for 784 to 2 and for 7840 to 7058, and those are not equally strong.",
            "Divide the number of pixels by latent_dim.",
        ),
    ),
    Mistake(
        "not_divided",
        lambda height, width, latent_dim: height * width,
        ja=(
            "latent_dim で割っていません。",
            "画素の数だけでは、何個の数に圧縮したのか分かりません。",
            "height × width を latent_dim で割ってください。",
        ),
        en=(
            "It is not divided by latent_dim.",
            "The number of pixels alone does not say how few numbers they were compressed to.",
            "Divide height × width by latent_dim.",
        ),
    ),
    Mistake(
        "rounded",
        (
            lambda height, width, latent_dim: height * width // latent_dim,
            lambda height, width, latent_dim: round(height * width / latent_dim),
        ),
        ja=(
            "結果を整数に丸めています。",
            "圧縮比は整数とは限りません。丸めると、違う圧縮が同じ強さに見えることがあります。",
            "//、int、round などを使わず、/ の結果をそのまま返してください。",
        ),
        en=(
            "The result is rounded to a whole number.",
            "A ratio need not be whole; rounded, different compressions can look equally strong.",
            "Return the result of / as it is, without //, int or round.",
        ),
    ),
    Mistake(
        "constant",
        (
            lambda height, width, latent_dim: 392.0,
            lambda height, width, latent_dim: 784 / latent_dim,
        ),
        ja=(
            "28 × 28 の画像にしか使えない数が書き込まれています。",
            "判定では、別の大きさの画像でも確かめます。引数から計算した関数なら、どの画像にも使えます。",
            "784 や 392 と書く代わりに、height と width と latent_dim から計算してください。",
        ),
        en=(
            "A number that is right for images of 28 × 28 only is written into the function.",
            "The check tries other sizes too; a function of its arguments works for any image.",
            "Compute it from height, width and latent_dim instead of writing 784 or 392.",
        ),
    ),
]

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

EXERCISES = {
    "compression_ratio": Exercise(
        compression_ratio,
        (cases(given(28, 28, 2), given(32, 48, 7), given(5, 9, 13), given(64, 45, 11)),),
        RATIO_MISTAKES,
    ),
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
}
