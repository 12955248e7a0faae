"""Exercises on speed: what a stopwatch says, the work of a layer, and a process's share of a mini-batch."""

import torch

from .measuring import Exercise, Mistake, cases, given

STOPWATCHES = cases(
    given(torch.tensor([1.1, 8.7, 2.3]), 1280),
    given(torch.tensor([0.91, 0.53, 0.72, 0.38, 0.35]), 37),
    given(torch.tensor([1.9, 9.4, 2.7, 3.1, 2.2, 2.9, 2.1]), 50),
    given(torch.tensor([4.3]), 128),
)
CONVOLUTIONS = cases(*(given(*sizes) for sizes in ((1, 32, 4, 14), (32, 64, 3, 7), (5, 2, 1, 3))))


def _dealt(count, rank, world_size):
    """Draw the indices of a mini-batch, in no order and unrelated to their places."""
    return lambda: (torch.randperm(1000)[:count], rank, world_size)


SHARES = cases(
    *(
        _dealt(count, rank, world_size)
        for count, world_size in ((8, 2), (12, 3), (7, 2), (5, 1), (14, 4))
        for rank in range(world_size)
    )
)


def images_per_second(seconds, images):
    """Images per second, from the median of several rounds of `images` images, each timed in seconds."""
    return images / seconds.median()


def multiplications(channels_in, channels_out, kernel, size_out):
    """The multiplications of a convolution with square kernels for one image whose output has size_out x size_out pixels."""
    return size_out**2 * channels_out * channels_in * kernel**2


def share_of_batch(batch, rank, world_size):
    """The indices of a mini-batch that process `rank` of `world_size` works on: every world_size-th of them."""
    return batch[rank::world_size]


SPEED_MISTAKES = [
    Mistake(
        "mean",
        lambda seconds, images: images / seconds.mean(),
        ja=(
            "中央値ではなく平均を使っています。",
            "1 回だけ他の処理に邪魔されて長くなると、平均はそれに大きく引きずられます。",
            "枚数を、平均ではなく seconds.median() で割ってください。",
        ),
        en=(
            "It takes the mean, not the median.",
            "One round that something else disturbed pulls the mean far away.",
            "Divide the number of images by seconds.median(), not by a mean.",
        ),
    ),
    Mistake(
        "upside_down",
        lambda seconds, images: seconds.median() / images,
        ja=(
            "割り算が逆で、画像 1 枚あたりの秒数になっています。",
            "その値は、速いほど小さくなります。比べたいのは、速いほど大きくなる値です。",
            "枚数を秒数で割ってください。",
        ),
        en=(
            "The division is the wrong way round: these are seconds per image.",
            "They get smaller the faster it is; we want a number that grows with the speed.",
            "Divide the number of images by the seconds.",
        ),
    ),
    Mistake(
        "sum",
        lambda seconds, images: images / seconds.sum(),
        ja=(
            "すべての回の秒数を合計しています。",
            "邪魔の入った 1 回が長いと、その時間まで速さに数えてしまいます。",
            "合計せずに、秒数の中央値で割ってください。",
        ),
        en=(
            "The seconds of all rounds are added up.",
            "The time of a disturbed round then counts as well.",
            "Do not add them: divide by the median of the seconds.",
        ),
    ),
    Mistake(
        "fastest",
        lambda seconds, images: images / seconds.min(),
        ja=(
            "いちばん短い回だけを使っています。",
            "運よく速かった 1 回は、いつもの速さより速く見えます。",
            "いちばん短い秒数ではなく、seconds.median() で割ってください。",
        ),
        en=(
            "It takes the fastest round only.",
            "One lucky round looks faster than the usual speed.",
            "Divide by seconds.median(), not by the shortest time.",
        ),
    ),
    Mistake(
        "middle_unsorted",
        lambda seconds, images: images / seconds[len(seconds) // 2],
        ja=(
            "並べ替えずに、真ん中の回の秒数を取り出しています。",
            "中央値は、小さい順に並べたときの真ん中の値です。測った順の真ん中の回は、邪魔の入った回かもしれません。",
            "seconds.median() を使ってください。",
        ),
        en=(
            "It takes the seconds of the round in the middle, without sorting.",
            "The median is the middle of the sorted values; the round measured in the middle may be a disturbed one.",
            "Use seconds.median().",
        ),
    ),
    Mistake(
        "per_round",
        lambda seconds, images: images / seconds,
        ja=(
            "回ごとの速さが並んだままです。",
            "ほかの方法と比べるには、1 つの数にまとめる必要があります。",
            "枚数を、秒数の中央値で割ってください。",
        ),
        en=(
            "The speeds of all rounds are returned.",
            "One number is needed to compare two methods.",
            "Divide the number of images by the median of the seconds.",
        ),
    ),
]

WORK_MISTAKES = [
    Mistake(
        "weights",
        lambda channels_in, channels_out, kernel, size_out: channels_out * channels_in * kernel**2,
        ja=(
            "これは重みの個数です。",
            "畳み込みは、同じ重みを出力の全ての画素で使い回します。掛け算は、その画素の数だけ繰り返されます。",
            "出力の画素の数 size_out × size_out を掛けてください。",
        ),
        en=(
            "This is the number of weights.",
            "A convolution uses the same weights for every pixel of its output, and multiplies by them each time.",
            "Multiply by the number of output pixels, size_out × size_out.",
        ),
    ),
    Mistake(
        "weights_biases",
        lambda channels_in, channels_out, kernel, size_out: channels_out * (channels_in * kernel**2 + 1),
        ja=(
            "これは重みとバイアスの個数です。",
            "数えたいのは掛け算の回数です。バイアスは足すだけで、重みは出力の全ての画素で使います。",
            "バイアスの 1 を除き、出力の画素の数 size_out × size_out を掛けてください。",
        ),
        en=(
            "This is the number of weights and biases.",
            "Multiplications are wanted: a bias is only added, and a weight is used for every output pixel.",
            "Leave out the 1 of the bias, and multiply by the number of output pixels, size_out × size_out.",
        ),
    ),
    Mistake(
        "size_once",
        lambda channels_in, channels_out, kernel, size_out: size_out * channels_out * channels_in * kernel**2,
        ja=(
            "出力の画素を、1 つの方向にしか数えていません。",
            "出力は縦にも横にも size_out 画素あります。",
            "size_out を 2 乗してください。",
        ),
        en=(
            "The output pixels are counted in one direction only.",
            "The output is size_out pixels high and size_out pixels wide.",
            "Square size_out.",
        ),
    ),
    Mistake(
        "kernel_once",
        lambda channels_in, channels_out, kernel, size_out: size_out**2 * channels_out * channels_in * kernel,
        ja=(
            "カーネルを、1 つの方向にしか数えていません。",
            "カーネルは縦にも横にも kernel 画素あります。",
            "kernel を 2 乗してください。",
        ),
        en=(
            "The kernel is counted in one direction only.",
            "It is kernel pixels high and kernel pixels wide.",
            "Square kernel.",
        ),
    ),
    Mistake(
        "no_input",
        lambda channels_in, channels_out, kernel, size_out: size_out**2 * channels_out * kernel**2,
        ja=(
            "入力のチャネル数が入っていません。",
            "出力の 1 画素は、入力の全てのチャネルから計算します。",
            "channels_in を掛けてください。",
        ),
        en=(
            "The input channels are left out.",
            "One output pixel is computed from all channels of the input.",
            "Multiply by channels_in.",
        ),
    ),
    Mistake(
        "no_output",
        lambda channels_in, channels_out, kernel, size_out: size_out**2 * channels_in * kernel**2,
        ja=(
            "出力のチャネル数が入っていません。",
            "出力のチャネルは、それぞれが自分のカーネルを持ちます。",
            "channels_out を掛けてください。",
        ),
        en=(
            "The output channels are left out.",
            "Every channel of the output has kernels of its own.",
            "Multiply by channels_out.",
        ),
    ),
    Mistake(
        "additions",
        lambda channels_in, channels_out, kernel, size_out: 2 * size_out**2 * channels_out * channels_in * kernel**2,
        ja=(
            "足し算まで数えています。",
            "ここで数えるのは掛け算だけです。FLOP では足し算も 1 回と数えるので、ちょうど 2 倍になります。",
            "2 を掛けるのをやめてください。",
        ),
        en=(
            "Additions are counted as well.",
            "Here only multiplications count; FLOPs count each addition too, which makes twice as many.",
            "Leave out the factor 2.",
        ),
    ),
]

SHARE_MISTAKES = [
    Mistake(
        "everything",
        lambda batch, rank, world_size: batch,
        ja=(
            "どのプロセスもミニバッチ全体を受け取ります。",
            "全員が同じ計算をするだけで、速くなりません。",
            "rank 番目から world_size 個おきに取り出してください。",
        ),
        en=(
            "Every process gets the whole mini-batch.",
            "All of them would compute the same, and nothing gets faster.",
            "Take every world_size-th index, starting at number rank.",
        ),
    ),
    Mistake(
        "no_rank",
        lambda batch, rank, world_size: batch[::world_size],
        ja=(
            "rank を使っていないので、どのプロセスも同じ部分を受け取ります。",
            "残りの画像は、だれにも使われません。",
            "取り出し始める位置を rank にしてください。",
        ),
        en=(
            "rank is not used, so every process gets the same part.",
            "The other images are used by none.",
            "Start at number rank.",
        ),
    ),
    Mistake(
        "no_step",
        lambda batch, rank, world_size: batch[rank:],
        ja=(
            "rank 番目から後を全て取り出しています。",
            "いくつものプロセスが同じ画像を受け取り、その画像だけが重く数えられます。",
            "world_size 個おきに取り出してください。スライスの 3 つ目の数です。",
        ),
        en=(
            "It takes everything from number rank on.",
            "Several processes would get the same images, which then weigh more than others.",
            "Take every world_size-th index: that is the third number of a slice.",
        ),
    ),
    Mistake(
        "dropped_rest",
        lambda batch, rank, world_size: batch[
            rank * (len(batch) // world_size) : (rank + 1) * (len(batch) // world_size)
        ],
        ja=(
            "割り切れないとき、余りの画像がどのプロセスにも渡りません。",
            "7 枚を 2 つに分けると 3 枚ずつになり、最後の 1 枚は使われません。",
            "batch[rank::world_size] のように、world_size 個おきに取り出してください。",
        ),
        en=(
            "What remains of an uneven division goes to no process.",
            "Of 7 images two processes would get 3 each, and the last one is never used.",
            "Take every world_size-th index instead, as in batch[rank::world_size].",
        ),
    ),
    Mistake(
        "block",
        lambda batch, rank, world_size: batch.chunk(world_size)[rank],
        ja=(
            "続いた画像をひとかたまりで渡しています。",
            "分け方としては正しいのですが、この演習では、順に 1 枚ずつ配ったときと同じ並びを求めています。",
            "rank 番目から world_size 個おきに取り出してください。",
        ),
        en=(
            "Each process gets a block of neighbours.",
            "That is a fair division too, but the task asks for dealing out one by one, as cards are.",
            "Take every world_size-th index, starting at number rank.",
        ),
    ),
    Mistake(
        "one",
        lambda batch, rank, world_size: batch[rank],
        ja=(
            "1 枚しか取り出していません。",
            "残りの画像は、だれにも使われません。",
            "rank 番目から world_size 個おきに、最後まで取り出してください。",
        ),
        en=(
            "Only one image is taken.",
            "The others are used by none.",
            "Take every world_size-th index, from number rank to the end.",
        ),
    ),
    Mistake(
        "swapped",
        lambda batch, rank, world_size: batch[world_size::rank] if rank else batch[world_size:],
        ja=(
            "スライスの 2 つの数が入れ替わっています。",
            "始める位置が rank で、間隔が world_size です。",
            "batch[rank::world_size] の順に書いてください。",
        ),
        en=(
            "The two numbers of the slice are swapped.",
            "It starts at rank, and goes in steps of world_size.",
            "Write them in the order batch[rank::world_size].",
        ),
    ),
]

EXERCISES = {
    "images_per_second": Exercise(images_per_second, (STOPWATCHES,), SPEED_MISTAKES),
    "multiplications": Exercise(multiplications, (CONVOLUTIONS,), WORK_MISTAKES),
    "share_of_batch": Exercise(share_of_batch, (SHARES,), SHARE_MISTAKES),
}
