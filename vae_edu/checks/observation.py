"""Exercises on the data: rebuilding images from a few directions, and how far a rebuilt image is from the original."""

import torch

from .measuring import Exercise, Mistake, cases


def squared_error(x, x_hat):
    """The squared difference, summed over the pixels of an image, mean over the images."""
    return (x - x_hat).pow(2).flatten(1).sum(dim=1).mean()


def rebuild(images, mean, directions):
    """Images (N, 1, 28, 28), rebuilt from their parts along orthonormal directions (784, k) around a mean (784,)."""
    centred = images.flatten(1) - mean
    return _as_images(mean + centred @ directions @ directions.T)


def _as_images(rows):
    return rows.reshape(-1, 1, 28, 28)


def _pairs(batch):
    """Draw images and reconstructions that may, like those of PCA, leave the range from 0 to 1."""
    return lambda: (torch.rand(batch, 1, 28, 28), torch.rand(batch, 1, 28, 28) * 1.5 - 0.3)


def _projections(batch, k):
    """Draw images of much black and white, a mean that is not theirs, and k orthonormal directions."""
    return lambda: (
        (3 * torch.rand(batch, 1, 28, 28) - 1).clamp(0, 1),
        torch.rand(784),
        torch.linalg.qr(torch.randn(784, k)).Q,
    )


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
            "求めたいのは 1 つの値、つまり画像についての平均です。",
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

REBUILD_MISTAKES = [
    Mistake(
        "not_centred",
        lambda images, mean, directions: _as_images(mean + images.flatten(1) @ directions @ directions.T),
        ja=(
            "係数を、平均画像を引かずに画像そのものから計算しています。",
            "平均画像の成分が x_hat に二重に入り、どの画像も平均画像の側へずれます。",
            "flatten(1) した画像から mean を引き、その差に directions を掛けてください。",
        ),
        en=(
            "The coefficients come from the images themselves, without subtracting the mean image.",
            "What the mean image has along the directions then enters twice.",
            "Subtract mean from the flattened images first, then multiply by directions.",
        ),
    ),
    Mistake(
        "mean_not_added",
        lambda images, mean, directions: _as_images((images.flatten(1) - mean) @ directions @ directions.T),
        ja=(
            "最後に平均画像を足し戻していません。",
            "残るのは平均画像からの差だけで、画像としては暗すぎ、負の値も現れます。",
            "方向を混ぜた結果に mean を足してください。",
        ),
        en=(
            "The mean image is not added back at the end.",
            "What is left is only the difference from the mean image: too dark, and partly negative.",
            "Add mean to the mix of the directions.",
        ),
    ),
    Mistake(
        "no_mean",
        lambda images, mean, directions: _as_images(images.flatten(1) @ directions @ directions.T),
        ja=(
            "平均画像 mean を引くことも足すこともしていません。",
            "PCA の方向は、平均画像からの差を表すためのものです。mean がないと、差ではなく画像全体を k 個の方向だけで表すことになります。",
            "mean を引いてから係数を計算し、最後に mean を足してください。",
        ),
        en=(
            "The mean image is neither subtracted nor added.",
            "PCA's directions are made for differences from the mean image; here they have to make up the whole image.",
            "Subtract mean before the coefficients are computed, and add it at the end.",
        ),
    ),
    Mistake(
        "mean_of_these",
        lambda images, mean, directions: rebuild(images, images.flatten(1).mean(dim=0), directions),
        ja=(
            "受け取った mean ではなく、渡された画像から平均を計算し直しています。",
            "mean は訓練データの平均画像です。テスト画像の平均を使うと、同じ画像でも、一緒に渡された画像によって結果が変わります。",
            "引くときも足すときも、引数の mean を使ってください。",
        ),
        en=(
            "The mean is computed anew from the given images instead of taken from the argument mean.",
            "mean is that of the training data; otherwise an image's result depends on the images beside it.",
            "Subtract and add the argument mean.",
        ),
    ),
    Mistake(
        "first_only",
        lambda images, mean, directions: rebuild(images, mean, directions[:, :1]),
        ja=(
            "最初の方向しか使っていません。",
            "残りの方向の成分が失われ、方向を増やしても誤差が減りません。",
            "directions のすべての列を使ってください。行列の積なら、一度に計算できます。",
        ),
        en=(
            "Only the first direction is used.",
            "The parts along the others are lost, and more directions bring no smaller error.",
            "Use all the columns of directions; a matrix product takes them at once.",
        ),
    ),
    Mistake(
        "last_only",
        lambda images, mean, directions: rebuild(images, mean, directions[:, -1:]),
        ja=(
            "最後の方向しか残っていません。",
            "繰り返しのたびに x_hat を作り直すと、それまでの方向の成分が消えてしまいます。",
            "繰り返しの前に x_hat を mean で始め、方向ごとの成分を足し込んでください。",
        ),
        en=(
            "Only the last direction is left.",
            "If a loop makes x_hat anew each time, the parts along the earlier directions are gone.",
            "Start x_hat as mean before the loop, and add the part of each direction to it.",
        ),
    ),
    Mistake(
        "mean_each_time",
        lambda images, mean, directions: _as_images(
            rebuild(images, mean, directions).flatten(1) + (directions.shape[1] - 1) * mean
        ),
        ja=(
            "平均画像を、方向ごとに何度も足しています。",
            "方向が k 個なら平均画像が k 回入り、方向が増えるほど画像が明るくなります。",
            "mean を足すのは 1 回だけにしてください。",
        ),
        en=(
            "The mean image is added once for every direction.",
            "With k directions it enters k times, and the images become brighter the more there are.",
            "Add mean only once.",
        ),
    ),
    Mistake(
        "clamped",
        lambda images, mean, directions: rebuild(images, mean, directions).clamp(0, 1),
        ja=(
            "結果を 0〜1 に収めています (クリップ)。",
            "画像として表示するには便利ですが、2 乗誤差を測るときに PCA そのものの値ではなくなります。",
            "clamp を取り除き、0〜1 をはみ出した値もそのまま返してください。",
        ),
        en=(
            "The result is clamped to the range from 0 to 1.",
            "That is handy for showing it, but the squared error is then no longer that of PCA itself.",
            "Remove clamp, and return values outside the range as they are.",
        ),
    ),
    Mistake(
        "flat",
        lambda images, mean, directions: rebuild(images, mean, directions).flatten(1),
        ja=(
            "画像の形に戻していません。結果の形が (N, 784) のままです。",
            "plot_images やデコーダの出力と比べる計算では、画像の形 (N, 1, 28, 28) が必要です。",
            "最後に reshape(-1, 1, 28, 28) を使ってください。",
        ),
        en=(
            "The result still has the shape (N, 784): it is not turned back into images.",
            "Whatever shows images, or compares them, expects the shape (N, 1, 28, 28).",
            "Use reshape(-1, 1, 28, 28) at the end.",
        ),
    ),
    Mistake(
        "codes",
        lambda images, mean, directions: (images.flatten(1) - mean) @ directions,
        ja=(
            "圧縮した係数 z が、そのまま返っています。",
            "求めたいのは z ではなく、z から再構築した画像です。",
            "z に directions.T を掛けて mean を足し、画像の形に戻してください。",
        ),
        en=(
            "It returns the coefficients z, the compressed images.",
            "What we want is the images that are rebuilt from z.",
            "Multiply z by directions.T, add mean, and turn the result back into images.",
        ),
    ),
    Mistake(
        "scrambled",
        lambda images, mean, directions: _as_images(rebuild(images, mean, directions).flatten(1).T),
        ja=(
            "画像を列に並べた行列 (784, N) を、そのまま画像の形に変えています。",
            "reshape は値を行の順に並べ直すので、違う画像の画素が混ざってしまいます。",
            "reshape の前に転置 (.T) して、1 行が 1 枚の画像になるようにしてください。",
        ),
        en=(
            "A matrix with the images as columns, (784, N), is reshaped as it is.",
            "reshape takes the values row by row, so that pixels of different images get mixed.",
            "Transpose it (.T) before reshape, so that each row is an image.",
        ),
    ),
    Mistake(
        "transposed",
        lambda images, mean, directions: (images.flatten(1) - mean) @ directions.T,
        ja=(
            "画像に掛ける行列の向きが逆です (directions.T を先に掛けています)。",
            "画像は (N, 784)、directions は (784, k) なので、転置せずに掛けると係数 (N, k) になります。",
            "先に directions を、次に directions.T を掛けてください。",
        ),
        en=(
            "The images are multiplied by directions.T first: the wrong way round.",
            "Images are (N, 784) and directions (784, k), so the product without transposing gives the coefficients (N, k).",
            "Multiply by directions first, and by directions.T afterwards.",
        ),
    ),
    Mistake(
        "not_transposed",
        lambda images, mean, directions: (images.flatten(1) - mean) @ directions @ directions,
        ja=(
            "係数に掛ける行列が転置されていません。",
            "係数は (N, k) なので、画素 784 個に戻すには、形が (k, 784) の行列を掛ける必要があります。",
            "2 回目の積では directions.T を掛けてください。",
        ),
        en=(
            "The second factor is not transposed.",
            "The coefficients are (N, k), so that a matrix of shape (k, 784) leads back to 784 pixels.",
            "Multiply by directions.T the second time.",
        ),
    ),
    Mistake(
        "not_flattened",
        lambda images, mean, directions: images - mean,
        ja=(
            "画像を 1 行に並べ直さずに、平均画像を引いています。",
            "images の形は (N, 1, 28, 28)、mean の形は (784,) なので、そのままでは引き算ができません。",
            "先に images.flatten(1) で形を (N, 784) にしてください。",
        ),
        en=(
            "The mean image is subtracted from images that are not flattened.",
            "images has the shape (N, 1, 28, 28) and mean (784,): they do not fit together.",
            "Use images.flatten(1) first, which gives the shape (N, 784).",
        ),
    ),
]


EXERCISES = {
    "squared_error": Exercise(squared_error, (cases(_pairs(3), _pairs(5), _pairs(1)),), ERROR_MISTAKES),
    "rebuild": Exercise(
        rebuild,
        (cases(_projections(3, 2), _projections(5, 3), _projections(1, 1)),),
        REBUILD_MISTAKES,
    ),
}
