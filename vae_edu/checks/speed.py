"""Exercises on speed: what a stopwatch says, and the work of a layer."""

import statistics

from ..language import tr
from .measuring import Exercise, Mistake, Part, call, cases, given, numbers

CONVOLUTIONS = cases(*(given(*sizes) for sizes in ((1, 32, 4, 14), (32, 64, 3, 7), (5, 2, 1, 3))))
WORK = (9.0, 1.1, 8.7, 2.3, 1.9, 2.9, 2.1, 1.7, 3.1, 2.6)  # seconds of the runs, the first with its warm-up
HANDED_OVER = 0.01  # seconds until run returns; the work itself is done while one waits


def seconds_per_run(run, wait, clock, repeats):
    """The median seconds of `repeats` runs, each timed until its work is done, after one that warms up."""
    seconds = []
    for _ in range(repeats + 1):
        started = clock()
        run()
        wait()
        seconds.append(clock() - started)
    return statistics.median(seconds[1:])


def multiplications(channels_in, channels_out, kernel, size_out):
    """The multiplications of a convolution with square kernels for one image whose output has size_out x size_out pixels."""
    return size_out**2 * channels_out * channels_in * kernel**2


def stopwatch(function):
    """Measure: what the function returns where run, wait and clock are those of an imagined GPU."""
    return [
        Part(
            tr(ja=f"想像上の GPU、repeats={repeats}", en=f"an imagined GPU, repeats={repeats}"),
            numbers(call(function, *_imagined(), repeats)),
        )
        for repeats in (3, 5, 1)
    ]


def _imagined():
    """run, wait and clock of a GPU that works only while somebody waits for it."""
    now, waiting, work = [100.0], [0.0], iter(WORK)

    def run():
        now[0] += HANDED_OVER
        waiting[0] += next(work, WORK[-1])

    def wait():
        now[0] += waiting[0]
        waiting[0] = 0.0

    return run, wait, lambda: now[0]


def _timed(run, wait, clock, repeats, warm=True, awaited=True):
    """The seconds of single runs, perhaps without a warm-up, perhaps without waiting for their ends."""
    if warm:
        run()
        wait()
    seconds = []
    for _ in range(repeats):
        started = clock()
        run()
        if awaited:
            wait()
        seconds.append(clock() - started)
    return seconds


def _all_at_once(run, wait, clock, repeats):
    run()
    wait()
    started = clock()
    for _ in range(repeats):
        run()
    wait()
    return (clock() - started) / repeats


def _stopped_early(run, wait, clock, repeats):
    run()
    wait()
    seconds = []
    for _ in range(repeats):
        started = clock()
        run()
        seconds.append(clock() - started)
        wait()
    return statistics.median(seconds)


def _cold_wait(run, wait, clock, repeats):
    run()
    return statistics.median(_timed(run, wait, clock, repeats, warm=False))


def _counted(run, wait, clock, repeats):
    return statistics.median(_timed(run, wait, clock, repeats + 1, warm=False))


SPEED_MISTAKES = [
    Mistake(
        "no_wait",
        (lambda *all: statistics.median(_timed(*all, awaited=False)), _stopped_early),
        ja=(
            "計算が終わる前に計測を終えています。",
            "GPU に計算を頼むと、Python は終わりを待たずに次へ進みます。測ったのは、頼むのにかかった時間だけです。",
            "run() の後に wait() を呼び、それから clock() を読んでください。",
        ),
        en=(
            "The clock is read before the work is done.",
            "Python only hands a GPU its work and goes on; what was timed is the handing over.",
            "Call wait() after run(), and read clock() after that.",
        ),
    ),
    Mistake(
        "no_warm_up",
        lambda *all: statistics.median(_timed(*all, warm=False)),
        ja=(
            "準備を含む最初の 1 回も数えています。",
            "最初の 1 回には、メモリの確保などの準備の時間が入り、その後の速さとは違います。",
            "測り始める前に run() と wait() を 1 回ずつ実行してください。",
        ),
        en=(
            "The first run, which warms up, counts as well.",
            "It includes preparations such as asking for memory, and says nothing about the speed afterwards.",
            "Call run() and wait() once before the first measurement.",
        ),
    ),
    Mistake(
        "warm_up_counted",
        _counted,
        ja=(
            "repeats + 1 回すべての中央値になっています。",
            "最初の 1 回は準備のための実行なので、結果に入れません。",
            "1 回目の秒数を除いてから、中央値を求めてください。",
        ),
        en=(
            "It is the median of all repeats + 1 runs.",
            "The first one only warms up and must not count.",
            "Leave out the first time before you take the median.",
        ),
    ),
    Mistake(
        "warm_up_not_awaited",
        _cold_wait,
        ja=(
            "準備のための 1 回の終わりを待たずに、測り始めています。",
            "終わっていない計算の時間が、次の 1 回に加わってしまいます。",
            "準備の run() の後でも wait() を呼んでください。",
        ),
        en=(
            "The measuring starts before the run that warms up has ended.",
            "What is left of its work is added to the next run.",
            "Call wait() after the run that warms up, too.",
        ),
    ),
    Mistake(
        "mean",
        (lambda *all: statistics.mean(_timed(*all)), _all_at_once),
        ja=(
            "中央値ではなく平均になっています。",
            "1 回だけほかの処理に邪魔されて長くなると、平均はそれに大きく引きずられます。",
            "1 回ごとに測った秒数をリストに集め、statistics.median で中央値を求めてください。",
        ),
        en=(
            "It is the mean and not the median.",
            "One run that something else disturbed pulls the mean far away.",
            "Collect the seconds of single runs in a list, and take statistics.median of it.",
        ),
    ),
    Mistake(
        "fastest",
        lambda *all: min(_timed(*all)),
        ja=(
            "いちばん短い 1 回の秒数を返しています。",
            "運よく速かった 1 回は、ふだんの速さを表しません。",
            "min の代わりに statistics.median を使ってください。",
        ),
        en=(
            "It returns the shortest time.",
            "One lucky run does not tell the usual speed.",
            "Use statistics.median and not min.",
        ),
    ),
    Mistake(
        "sum",
        lambda *all: sum(_timed(*all)),
        ja=(
            "すべての回の秒数の合計になっています。",
            "合計は repeats とともに大きくなるので、1 回の速さを表しません。",
            "合計の代わりに中央値を返してください。",
        ),
        en=(
            "It is the sum of all times.",
            "A sum grows with repeats, so it does not tell how long one run takes.",
            "Return the median in its place.",
        ),
    ),
    Mistake(
        "list",
        lambda *all: _timed(*all)[:1] if all[3] == 1 else _timed(*all),
        ja=(
            "秒数のリストをそのまま返しています。",
            "比べるには、1 つの値にまとめる必要があります。",
            "statistics.median(リスト) を返してください。",
        ),
        en=(
            "It returns the list of times as it is.",
            "To compare two ways one needs a single number.",
            "Return statistics.median of the list.",
        ),
    ),
]

WORK_MISTAKES = [
    Mistake(
        "weights",
        lambda channels_in, channels_out, kernel, size_out: channels_out * channels_in * kernel**2,
        ja=(
            "これは重みの個数です。",
            "畳み込みは、同じ重みを出力のすべての画素で使い回します。掛け算は、その画素の数だけ繰り返されます。",
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
            "数えたいのは掛け算の回数です。バイアスは足すだけで、重みは出力のすべての画素で使います。",
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
            "フィルタを、1 つの方向にしか数えていません。",
            "フィルタは縦にも横にも kernel 画素あります。",
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
            "出力の 1 画素は、入力のすべてのチャネルから計算します。",
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
            "出力のチャネルは、それぞれが自分のフィルタを持ちます。",
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

EXERCISES = {
    "seconds_per_run": Exercise(seconds_per_run, (stopwatch,), SPEED_MISTAKES),
    "multiplications": Exercise(multiplications, (CONVOLUTIONS,), WORK_MISTAKES),
}
