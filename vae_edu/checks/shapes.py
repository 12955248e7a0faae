"""Exercises on the shapes of convolutions: sizes after a layer, and its number of parameters."""

from .measuring import Exercise, Mistake, cases, given

SIZES = cases(
    *(
        given(*sizes)
        for sizes in (
            (28, 4, 2, 1),
            (28, 5, 1, 2),
            (7, 3, 2, 0),
            (11, 2, 4, 1),
            (10, 2, 3, 0),
            (12, 3, 1, 0),
            (14, 5, 4, 4),
            (9, 5, 3, 0),
            (10, 3, 2, 1),
        )
    )
)


def conv_size(size, kernel, stride, padding):
    """The size after a convolution (torch.nn.Conv2d, dilation 1)."""
    return (size + 2 * padding - kernel) // stride + 1


def transposed_size(size, kernel, stride, padding):
    """The size after a transposed convolution (torch.nn.ConvTranspose2d, dilation 1, output_padding 0)."""
    return (size - 1) * stride - 2 * padding + kernel


def conv_parameters(channels_in, channels_out, kernel):
    """The number of weights and biases of a convolution with square kernels."""
    return channels_out * (channels_in * kernel**2 + 1)


CONV_MISTAKES = [
    Mistake(
        "no_padding",
        lambda size, kernel, stride, padding: (size - kernel) // stride + 1,
        ja=(
            "パディングが計算に入っていません。",
            "kernel=4、stride=2、padding=1 のとき、28 画素は 14 画素になりますが、この式では 13 になり、次の層と形が合わなくなります。",
            "両端に足される 2 × padding を size に加えてください。",
        ),
        en=(
            "The padding is left out.",
            "With kernel=4, stride=2 and padding=1 the 28 pixels become 14; this formula says 13, and the next layer would not fit.",
            "Add the 2 × padding pixels of both sides to size.",
        ),
    ),
    Mistake(
        "one_padding",
        lambda size, kernel, stride, padding: (size + padding - kernel) // stride + 1,
        ja=(
            "パディングを片側だけ数えています。",
            "padding は左右 (上下) の両方に付きます。片側だけでは、大きさが合わなくなることがあります。",
            "padding を 2 倍してください。",
        ),
        en=(
            "The padding is counted on one side only.",
            "It is added on both sides; with one only, the size can be wrong.",
            "Multiply padding by 2.",
        ),
    ),
    Mistake(
        "no_stride",
        lambda size, kernel, stride, padding: size + 2 * padding - kernel + 1,
        ja=(
            "ストライドが計算に入っていません。",
            "たとえば stride=2 の層は位置を 1 つ飛ばしに取るので、大きさが約半分になります。",
            "size + 2 × padding − kernel を stride で割り (切り捨て)、それから 1 を足してください。",
        ),
        en=(
            "The stride is left out.",
            "A layer with stride=2, for example, takes every second position, which about halves the size.",
            "Divide size + 2 × padding − kernel by stride, rounding down, then add 1.",
        ),
    ),
    Mistake(
        "no_plus_one",
        lambda size, kernel, stride, padding: (size + 2 * padding - kernel) // stride,
        ja=(
            "最後の + 1 が抜けています。",
            "カーネルを最初に置く位置も 1 つと数えるので、答えが 1 だけ小さくなっています。",
            "割り算の後に 1 を足してください。",
        ),
        en=(
            "The + 1 at the end is missing.",
            "The kernel's first position counts too, so the answer is one too small.",
            "Add 1 after the division.",
        ),
    ),
    Mistake(
        "plus_one_early",
        lambda size, kernel, stride, padding: (size + 2 * padding - kernel + 1) // stride,
        ja=(
            "1 を、割り算の前に足しています。",
            "stride が 1 なら同じ値になりますが、2 以上では変わってしまいます。",
            "stride で割ってから 1 を足してください。",
        ),
        en=(
            "The 1 is added before the division.",
            "With stride 1 that makes no difference; with a larger stride it does.",
            "Divide by stride first, then add 1.",
        ),
    ),
    Mistake(
        "quotient",
        lambda size, kernel, stride, padding: (size + 2 * padding - kernel) / stride + 1,
        ja=(
            "割り算を切り捨てていません。",
            "カーネルが端からはみ出す位置は使われないので、画素の数はいつも整数です。",
            "/ の代わりに // を使ってください。",
        ),
        en=(
            "The division is not rounded down.",
            "A position where the kernel would stick out is not used: a size is always a whole number.",
            "Use // instead of /.",
        ),
    ),
    Mistake(
        "ceil",
        lambda size, kernel, stride, padding: -(-(size + 2 * padding - kernel) // stride) + 1,
        ja=(
            "割り算を切り上げています。",
            "カーネルが端からはみ出す位置は使われません。",
            "// で切り捨ててください。",
        ),
        en=(
            "The division is rounded up.",
            "A position where the kernel would stick out is not used.",
            "Round down with //.",
        ),
    ),
    Mistake(
        "nearest",
        lambda size, kernel, stride, padding: round((size + 2 * padding - kernel) / stride) + 1,
        ja=(
            "割り算を、いちばん近い整数に丸めています (round)。",
            "カーネルが端からはみ出す位置は使われないので、端数はいつも切り捨てです。",
            "round ではなく // で切り捨ててください。",
        ),
        en=(
            "The division is rounded to the nearest whole number (round).",
            "A position where the kernel would stick out is not used, so what remains is always dropped.",
            "Round down with // instead of round.",
        ),
    ),
    Mistake(
        "stride_only",
        lambda size, kernel, stride, padding: size // stride,
        ja=(
            "size を stride で割っただけです。",
            "kernel=4、stride=2、padding=1 の 28 → 14 → 7 はこれでも合いますが、カーネルやパディングが変わると合わなくなります。",
            "カーネルを置ける位置の数を数えてください: size + 2 × padding − kernel を stride で割り、1 を足します。",
        ),
        en=(
            "It only divides size by stride.",
            "That happens to fit 28 → 14 → 7 (kernel=4, stride=2, padding=1), but not every other kernel or padding.",
            "Count where the kernel can stand: divide size + 2 × padding − kernel by stride, and add 1.",
        ),
    ),
    Mistake(
        "transposed",
        transposed_size,
        ja=(
            "これは転置畳み込みの式です。",
            "ストライドで割る畳み込みと違い、転置畳み込みではストライドを掛けます。2 つは逆向きの計算です。",
            "カーネルを置ける位置の数を数えてください。",
        ),
        en=(
            "This is the formula of the transposed convolution.",
            "A convolution divides by the stride, a transposed one multiplies by it: they go opposite ways.",
            "Count the positions where the kernel can stand.",
        ),
    ),
    Mistake(
        "no_kernel",
        (
            lambda size, kernel, stride, padding: (size + 2 * padding) // stride,
            lambda size, kernel, stride, padding: (size + 2 * padding) // stride + 1,
        ),
        ja=(
            "カーネルの大きさが計算に入っていません。",
            "カーネルは端からはみ出せないので、大きいほど置ける位置が減ります。",
            "size + 2 × padding から kernel を引いてください。",
        ),
        en=(
            "The size of the kernel is left out.",
            "A kernel may not stick out, so the larger it is, the fewer positions it has.",
            "Subtract kernel from size + 2 × padding.",
        ),
    ),
]

TRANSPOSED_MISTAKES = [
    Mistake(
        "ordinary",
        conv_size,
        ja=(
            "畳み込みの式をそのまま使っています。",
            "この講座の転置畳み込みは大きさを増やします。kernel=4、stride=2、padding=1 なら 7 が 14 になるはずですが、この式では 3 になります。",
            "畳み込みの式を size について解いてください: 割り算が掛け算に、足し算が引き算に変わります。",
        ),
        en=(
            "This is the formula of the ordinary convolution.",
            "Ours makes the image larger: with kernel=4, stride=2 and padding=1 the 7 pixels become 14; this formula says 3.",
            "Solve the convolution's formula for size: the division becomes a product, what was added is subtracted.",
        ),
    ),
    Mistake(
        "no_padding",
        lambda size, kernel, stride, padding: (size - 1) * stride + kernel,
        ja=(
            "パディングが計算に入っていません。",
            "転置畳み込みの padding は、広げた画像の両端を切り落とします。",
            "2 × padding を引いてください。",
        ),
        en=(
            "The padding is left out.",
            "In a transposed convolution the padding is cut off both sides of the result.",
            "Subtract 2 × padding.",
        ),
    ),
    Mistake(
        "one_padding",
        lambda size, kernel, stride, padding: (size - 1) * stride - padding + kernel,
        ja=(
            "パディングを片側だけ引いています。",
            "padding は両端から切り落とされます。",
            "padding を 2 倍してから引いてください。",
        ),
        en=(
            "The padding is subtracted on one side only.",
            "It is cut off both sides.",
            "Subtract 2 × padding.",
        ),
    ),
    Mistake(
        "padding_added",
        lambda size, kernel, stride, padding: (size - 1) * stride + 2 * padding + kernel,
        ja=(
            "パディングの符号が逆です。",
            "畳み込みでは画像に足される padding が、転置畳み込みでは結果から切り落とされます。",
            "2 × padding を足さずに引いてください。",
        ),
        en=(
            "The sign of the padding is reversed.",
            "A convolution adds its padding to the image; a transposed one cuts it off the result.",
            "Subtract 2 × padding instead of adding it.",
        ),
    ),
    Mistake(
        "size_steps",
        lambda size, kernel, stride, padding: size * stride - 2 * padding + kernel,
        ja=(
            "size − 1 ではなく size に stride を掛けています。",
            "size 個の画素の間には size − 1 個の間隔しかありません。",
            "(size − 1) × stride としてください。",
        ),
        en=(
            "size is multiplied by stride, not size − 1.",
            "Between size pixels there are only size − 1 steps.",
            "Write (size − 1) × stride.",
        ),
    ),
    Mistake(
        "stride_only",
        lambda size, kernel, stride, padding: size * stride,
        ja=(
            "size に stride を掛けただけです。",
            "kernel=4、stride=2、padding=1 の 7 → 14 → 28 はこれでも合いますが、カーネルやパディングが変わると合わなくなります。",
            "最初のカーネルの幅と、(size − 1) 回の移動と、切り落とす両端を数えてください。",
        ),
        en=(
            "It only multiplies size by stride.",
            "That happens to fit 7 → 14 → 28 (kernel=4, stride=2, padding=1), but not every other kernel or padding.",
            "Count the width of the first kernel, the size − 1 steps, and what is cut off both sides.",
        ),
    ),
    Mistake(
        "plus_one",
        lambda size, kernel, stride, padding: (size - 1) * stride - 2 * padding + kernel + 1,
        ja=(
            "1 だけ大きすぎます。",
            "畳み込みの式の + 1 は、size − 1 の − 1 にすでに使われています。",
            "最後の + 1 を取ってください。",
        ),
        en=(
            "It is one too large.",
            "The + 1 of the convolution's formula is already used up by the − 1 in size − 1.",
            "Remove the + 1 at the end.",
        ),
    ),
]

PARAMETER_MISTAKES = [
    Mistake(
        "no_bias",
        lambda channels_in, channels_out, kernel: channels_out * channels_in * kernel**2,
        ja=(
            "バイアスが数えられていません。",
            "出力チャネルごとに 1 個のバイアスが学習されます。",
            "channels_out を足してください。",
        ),
        en=(
            "The biases are not counted.",
            "Every output channel learns one bias.",
            "Add channels_out.",
        ),
    ),
    Mistake(
        "kernel_once",
        lambda channels_in, channels_out, kernel: channels_out * (channels_in * kernel + 1),
        ja=(
            "カーネルの辺の長さが 2 乗されていません。",
            "画像のカーネルは縦 kernel、横 kernel の正方形です。",
            "kernel**2 としてください。",
        ),
        en=(
            "The side of the kernel is not squared.",
            "The kernel of an image is a square of kernel × kernel.",
            "Write kernel**2.",
        ),
    ),
    Mistake(
        "no_input",
        lambda channels_in, channels_out, kernel: channels_out * (kernel**2 + 1),
        ja=(
            "入力のチャネル数が掛けられていません。",
            "カーネルは入力のチャネルごとに 1 枚あり、それらの結果が足し合わされます。",
            "kernel**2 に channels_in を掛けてください。",
        ),
        en=(
            "The number of input channels is left out.",
            "There is one kernel for every input channel, and their results are added up.",
            "Multiply kernel**2 by channels_in.",
        ),
    ),
    Mistake(
        "one_output",
        lambda channels_in, channels_out, kernel: channels_in * kernel**2 + 1,
        ja=(
            "出力のチャネルを 1 つしか数えていません。",
            "出力のチャネルごとに、別のカーネルとバイアスがあります。",
            "全体に channels_out を掛けてください。",
        ),
        en=(
            "Only one output channel is counted.",
            "Every output channel has kernels and a bias of its own.",
            "Multiply everything by channels_out.",
        ),
    ),
    Mistake(
        "one_bias",
        lambda channels_in, channels_out, kernel: channels_out * channels_in * kernel**2 + 1,
        ja=(
            "バイアスを全体で 1 個しか数えていません。",
            "バイアスは出力のチャネルごとに 1 個あります。",
            "1 ではなく channels_out を足してください。",
        ),
        en=(
            "Only one bias is counted in all.",
            "There is one bias for every output channel.",
            "Add channels_out instead of 1.",
        ),
    ),
    Mistake(
        "input_bias",
        lambda channels_in, channels_out, kernel: channels_out * channels_in * kernel**2 + channels_in,
        ja=(
            "バイアスを入力のチャネルごとに数えています。",
            "バイアスは結果に足されるので、出力のチャネルごとに 1 個です。",
            "channels_in ではなく channels_out を足してください。",
        ),
        en=(
            "The biases are counted for the input channels.",
            "A bias is added to a result: there is one for every output channel.",
            "Add channels_out instead of channels_in.",
        ),
    ),
    Mistake(
        "bias_each_kernel",
        lambda channels_in, channels_out, kernel: channels_out * channels_in * (kernel**2 + 1),
        ja=(
            "バイアスをカーネル 1 枚ごとに数えています。",
            "入力のチャネルごとの結果は先に足し合わされるので、バイアスは出力のチャネルごとに 1 個で足ります。",
            "+ 1 を、channels_in を掛けた後に足してください。",
        ),
        en=(
            "One bias is counted for every single kernel.",
            "The results of the input channels are added up first, so one bias for each output channel is enough.",
            "Add the 1 after multiplying by channels_in.",
        ),
    ),
]

EXERCISES = {
    "conv_size": Exercise(conv_size, (SIZES,), CONV_MISTAKES),
    "transposed_size": Exercise(transposed_size, (SIZES,), TRANSPOSED_MISTAKES),
    "conv_parameters": Exercise(
        conv_parameters, (cases(given(1, 32, 4), given(32, 64, 4), given(7, 5, 3)),), PARAMETER_MISTAKES
    ),
}
