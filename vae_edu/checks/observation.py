"""Exercises on the data: mini-batches, and how far a restored image is from the original."""

import torch

from .measuring import Exercise, Mistake, cases, given


def number_of_batches(n_images, batch_size):
    """How many mini-batches an epoch has; the last may be smaller."""
    return -(-n_images // batch_size)


def squared_error(x, x_hat):
    """The squared difference, summed over the pixels of an image, mean over the images."""
    return (x - x_hat).pow(2).flatten(1).sum(dim=1).mean()


def _pairs(batch):
    """Draw images and reconstructions that may, like those of PCA, leave the range from 0 to 1."""
    return lambda: (torch.rand(batch, 1, 28, 28), torch.rand(batch, 1, 28, 28) * 1.5 - 0.3)


BATCH_MISTAKES = [
    Mistake(
        "floor",
        lambda n_images, batch_size: n_images // batch_size,
        ja=(
            "割り算を切り捨てています。",
            "余った画像が最後の小さなミニバッチになります。切り捨てると、その画像は学習に使われません。",
            "math.ceil で切り上げてください (先に import math が必要です)。",
        ),
        en=(
            "The division is rounded down.",
            "The images that are left over make a last, smaller batch; rounded down they would never be used.",
            "Round up, for example with math.ceil (after import math).",
        ),
    ),
    Mistake(
        "one_more",
        lambda n_images, batch_size: n_images // batch_size + 1,
        ja=(
            "いつも 1 を足しています。",
            "割り切れるときには余りがないので、空のミニバッチを数えたことになります。",
            "1 を足す代わりに、math.ceil で切り上げてください (先に import math が必要です)。",
        ),
        en=(
            "1 is added every time.",
            "Where the division leaves no rest this counts an empty batch.",
            "Round up, for example with math.ceil (after import math), instead of adding 1.",
        ),
    ),
    Mistake(
        "quotient",
        lambda n_images, batch_size: n_images / batch_size,
        ja=(
            "割り算の結果がそのまま返っています。",
            "ミニバッチの数は整数です。画像の余りは、小さなミニバッチ 1 個になります。",
            "math.ceil で切り上げてください (先に import math が必要です)。",
        ),
        en=(
            "It returns the plain quotient.",
            "A number of batches is whole: images left over make one smaller batch.",
            "Round up, for example with math.ceil (after import math).",
        ),
    ),
    Mistake(
        "nearest",
        lambda n_images, batch_size: round(n_images / batch_size),
        ja=(
            "いちばん近い整数に丸めています (round)。",
            "余りが半分より少ないと、最後の小さなミニバッチが消えてしまいます。",
            "round ではなく、math.ceil で切り上げてください (先に import math が必要です)。",
        ),
        en=(
            "It rounds to the nearest whole number.",
            "If less than half a batch is left over, that last batch is lost.",
            "Round up, for example with math.ceil (after import math).",
        ),
    ),
    Mistake(
        "upside_down",
        lambda n_images, batch_size: -(-batch_size // n_images),
        ja=(
            "割り算の向きが逆です。",
            "ミニバッチが大きいほど、その個数は少なくなるはずです。",
            "n_images を batch_size で割ってください。",
        ),
        en=(
            "The division is upside down.",
            "The larger a batch, the fewer there should be.",
            "Divide n_images by batch_size.",
        ),
    ),
    Mistake(
        "remainder",
        lambda n_images, batch_size: n_images % batch_size,
        ja=(
            "余りの枚数を返しています。",
            "% が返すのは最後のミニバッチの枚数で、ミニバッチの個数ではありません。",
            "n_images を batch_size で割り、切り上げてください。",
        ),
        en=(
            "It returns the remainder.",
            "% gives the number of images in the last batch, not the number of batches.",
            "Divide n_images by batch_size and round up.",
        ),
    ),
    Mistake(
        "len",
        lambda n_images, batch_size: -(-len(n_images) // batch_size),
        ja=(
            "引数はどちらも整数で、画像のテンソルではありません。",
            "整数に len を使うと、エラーになります。",
            "len を使わず、そのまま割り算に使ってください。",
        ),
        en=(
            "Both arguments are whole numbers; neither is a tensor of images.",
            "len of a whole number raises an error.",
            "Divide by batch_size without len.",
        ),
    ),
]

ERROR_MISTAKES = [
    Mistake(
        "mean_pixels",
        (
            lambda x, x_hat: (x - x_hat).pow(2).mean(),
            lambda x, x_hat: (x - x_hat).pow(2).flatten(1).mean(dim=1),
        ),
        ja=(
            "画素について、和ではなく平均を取っています。",
            "値が 1/784 になり、画像 1 枚あたりの誤差として読めません。この違いはレッスン 04 でもう一度、大きな意味を持ちます。",
            "flatten(1).sum(dim=1) で画素の和を取ってから、mean() を取ってください。",
        ),
        en=(
            "The mean is taken over the pixels instead of the sum.",
            "The value is 1/784 of the error of an image. Lesson 04 shows how much hangs on this difference.",
            "Sum over the pixels with flatten(1).sum(dim=1), then take mean().",
        ),
    ),
    Mistake(
        "sum_images",
        lambda x, x_hat: (x - x_hat).pow(2).sum(),
        ja=(
            "画像についても和を取っています。",
            "画像の枚数が増えると値も増え、枚数の違うデータの間で比べられません。",
            "画素の和を取った後、画像について mean() を取ってください。",
        ),
        en=(
            "The sum runs over the images too.",
            "The value grows with the number of images, so two data sets cannot be compared.",
            "After the sum over pixels take the mean over the images.",
        ),
    ),
    Mistake(
        "per_image",
        lambda x, x_hat: (x - x_hat).pow(2).flatten(1).sum(dim=1),
        ja=(
            "画像ごとの値が返っています。",
            "求めたいのは 1 つの数、画像についての平均です。",
            "最後に mean() を取ってください。",
        ),
        en=(
            "It returns one value for each image.",
            "We want a single number, the mean over the images.",
            "Take mean() at the end.",
        ),
    ),
    Mistake(
        "absolute",
        lambda x, x_hat: (x - x_hat).abs().flatten(1).sum(dim=1).mean(),
        ja=(
            "2 乗ではなく、絶対値の和を計算しています。",
            "PCA が最小にするのは 2 乗誤差です。絶対値では、大きく外れた画素が軽く数えられます。",
            "差を 2 乗してください。",
        ),
        en=(
            "It sums absolute values, not squares.",
            "PCA minimises the squared error; absolute values count large misses less.",
            "Square the difference.",
        ),
    ),
    Mistake(
        "not_squared",
        lambda x, x_hat: (x - x_hat).flatten(1).sum(dim=1).mean(),
        ja=(
            "差が 2 乗されていません。",
            "正と負の差が打ち消し合い、まったく違う画像でも 0 に近くなります。",
            "差を 2 乗してから足してください。",
        ),
        en=(
            "The difference is not squared.",
            "Positive and negative differences cancel, and very different images come out near 0.",
            "Square the difference before adding.",
        ),
    ),
    Mistake(
        "root_each",
        lambda x, x_hat: (x - x_hat).pow(2).flatten(1).sum(dim=1).sqrt().mean(),
        ja=(
            "最後に平方根を取っています (2 点の間の距離になっています)。",
            "2 乗誤差は平方根を取らない量で、画素ごとに足し合わせられます。",
            "sqrt (または norm) を取り除いてください。",
        ),
        en=(
            "The square root is taken: this is a distance.",
            "The squared error has no root, so that pixels simply add up.",
            "Remove sqrt (or norm).",
        ),
    ),
    Mistake(
        "difference_of_squares",
        lambda x, x_hat: (x.pow(2) - x_hat.pow(2)).flatten(1).sum(dim=1).mean(),
        ja=(
            "差の 2 乗ではなく、2 乗の差を計算しています。",
            "2 乗の差は負にもなるので、誤差になりません。",
            "先に引き算をして、その結果を 2 乗してください。",
        ),
        en=(
            "It is the difference of squares, not the square of the difference.",
            "A difference of squares may be negative; an error may not.",
            "Subtract first, then square.",
        ),
    ),
    Mistake(
        "exchanged",
        lambda x, x_hat: (x - x_hat).pow(2).flatten(1).mean(dim=1).sum(),
        ja=(
            "和と平均の向きが逆です。画像について和を、画素について平均を取っています。",
            "画像 1 枚の誤差ではなくなり、値が画像の枚数に比例します。",
            "画素について sum、画像について mean を取ってください: flatten(1).sum(dim=1).mean() です。",
        ),
        en=(
            "Sum and mean are exchanged: the sum runs over the images, the mean over the pixels.",
            "That is not the error of an image, and it grows with the number of images.",
            "Take sum over the pixels and mean over the images: flatten(1).sum(dim=1).mean().",
        ),
    ),
    Mistake(
        "root",
        lambda x, x_hat: (x - x_hat).pow(2).flatten(1).sum(dim=1).mean().sqrt(),
        ja=(
            "最後に平方根を取っています。",
            "2 乗誤差は平方根を取らない量です。平方根を取ると、画素や画像の誤差を足し合わせて考えられなくなります。",
            "sqrt を取り除いてください。",
        ),
        en=(
            "The square root of the result is taken.",
            "The squared error has no root, so that the errors of pixels and images simply add up.",
            "Remove sqrt.",
        ),
    ),
    Mistake(
        "squared_late",
        lambda x, x_hat: (x - x_hat).flatten(1).sum(dim=1).pow(2).mean(),
        ja=(
            "差を足してから 2 乗しています。",
            "足すときに正と負の差が打ち消し合うので、まったく違う画像でも誤差が小さくなることがあります。",
            "先に差を 2 乗し、それから足してください。",
        ),
        en=(
            "The differences are added first and squared afterwards.",
            "In the sum positive and negative differences cancel, and very different images can get a small error.",
            "Square the differences first, then add.",
        ),
    ),
]

EXERCISES = {
    "number_of_batches": Exercise(
        number_of_batches,
        (cases(*map(given, (60_000, 1_000, 5_000, 130, 30, 1_281), (128, 100, 128, 64, 70, 128))),),
        BATCH_MISTAKES,
    ),
    "squared_error": Exercise(squared_error, (cases(_pairs(3), _pairs(5), _pairs(1)),), ERROR_MISTAKES),
}
