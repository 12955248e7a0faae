"""What images must be: (B, 1, 28, 28), floating point, from 0 (black) to 1 (white). Others get the code that mends them."""

import math
from collections.abc import Callable
from typing import NamedTuple

import torch

from .arguments import shown, wrong
from .language import tr

SHAPE = (1, 28, 28)
FLOATS = (torch.float32, torch.float64, torch.float16, torch.bfloat16)
ROUNDING = 1e-6  # values this far outside [0, 1] come from rounding, and change no loss by 0.01 nats


class Fault(NamedTuple):
    """Something that images have instead of what they must have."""

    seen: Callable  # whether a tensor has it
    code: str  # mends it; $x stands for the images, and dimensions count from the last: it fits one image and many
    ja: str
    en: str


def _shape(test):
    return lambda x: test(tuple(x.shape))


def _within(low, high):
    return lambda x: low <= x.min() and x.max() <= high


def _side(s):
    """The side of square images whose pixels stand in a row, or 0."""
    side = math.isqrt(s[-1])
    return side if side >= 8 and side**2 == s[-1] else 0


def _flat(x):
    """Whether every channel of every image has one value throughout."""
    return bool((x.amin((2, 3)) == x.amax((2, 3))).all())


# From the outside in: a fault is judged once those before it are mended, and those of CONTENT once there are 4 dimensions.
LAYOUT = [
    Fault(
        lambda x: x.dtype not in FLOATS,
        "$x.float()",
        "値の型が浮動小数点数でない",
        "its numbers are no floating-point numbers",
    ),
    Fault(
        _shape(lambda s: len(s) < 3 and s[-1] == 785),
        "$x[..., 1:]",
        "先頭の列がラベルである",
        "its first column holds labels",
    ),
    Fault(
        _shape(lambda s: (len(s) == 1 or (len(s) == 2 and s[0] != s[1]) or (len(s) == 3 and s[1] == 1)) and _side(s)),
        "$x.unflatten(-1, ($side, $side))",
        "画素が一列に並んでいる",
        "its pixels stand in a row",
    ),
    Fault(
        _shape(lambda s: len(s) in (3, 4) and s[-1] <= 4 < min(s[-3:-1])),
        "$x.movedim(-1, -3)",
        "チャンネルの次元が最後にある",
        "its channels come last",
    ),
    Fault(
        _shape(lambda s: len(s) == 3 and s[0] in (3, 4) and s[1:] != (28, 28) and min(s[1:]) > 4),
        "$x.unsqueeze(0)",
        "バッチの次元がない",
        "it has no dimension for the batch",
    ),
    Fault(
        _shape(lambda s: len(s) in (2, 3) and min(s[-2:]) > 4),
        "$x.unsqueeze(-3)",
        "チャンネルの次元がない",
        "it has no dimension for the channel",
    ),
]
CONTENT = [
    Fault(
        lambda x: x.shape[1] in (2, 4) and _flat(x[:, :-1]) and not _flat(x[:, -1:]),
        "$x[..., -1:, :, :]",
        "絵が透明度のチャンネルだけにある",
        "its ink is in the channel of transparency alone",
    ),
    Fault(
        lambda x: x.shape[1] in (2, 4),
        "$x[..., :-1, :, :]",
        "透明度のチャンネルがある",
        "it has a channel of transparency",
    ),
    Fault(lambda x: x.shape[1] == 3, "$x.mean(dim=-3, keepdim=True)", "色が 3 チャンネルある", "it has 3 colours"),
    Fault(
        lambda x: x.shape[1] == 1 and x.shape[2:] != (28, 28),
        "torch.nn.functional.adaptive_avg_pool2d($x, 28)",
        "大きさが 28x28 でない (画像ファイルからなら vae_edu.load_images が MNIST のように整えます)",
        "its size is not 28x28 (from files of pictures, vae_edu.load_images prepares it as MNIST is)",
    ),
    Fault(
        lambda x: not x.isfinite().all(),
        "$x.nan_to_num(0, 0, 0)",
        "inf か nan がある (0/0 などの計算の結果)",
        "some values are inf or nan, as 0/0 is",
    ),
    Fault(_within(-0.1, 1.1), "$x.clamp(0, 1)", "値が少しはみ出している", "its values lie a little outside"),
    Fault(
        _within(-1 - ROUNDING, 1 + ROUNDING),
        "($x + 1) / 2",
        "値が [-1, 1] にある (Normalize((0.5,), (0.5,)) の結果)",
        "its values lie in [-1, 1], as Normalize((0.5,), (0.5,)) leaves them",
    ),
    Fault(
        lambda x: abs(x.min() + 0.4242) < 0.001 and x.max() < 2.83,
        "$x * 0.3081 + 0.1307",
        "値が MNIST の平均と標準偏差で標準化されている",
        "its values are standardised with MNIST's mean and deviation",
    ),
    Fault(_within(0, 16), "$x / 16", "値が 0 から 16 にある", "its values go from 0 to 16"),
    Fault(_within(0, 255), "$x / 255", "値が 0 から 255 にある", "its values go from 0 to 255"),
    Fault(_within(0, 65535), "$x / 65535", "値が 16 ビットの整数である", "its values have 16 bits"),
    Fault(_within(-1e6, 1e6), "($x - ($low)) / $span", "値が標準化されている", "its values are standardised"),
]


def fits(x, wait=True):
    """Whether a tensor holds images (B, 1, 28, 28), floating point, in [0, 1]; without wait, values on a GPU may be any."""
    if x.dtype not in FLOATS or x.shape[1:] != SHAPE or len(x) == 0:
        return False
    if not wait and x.device.type != "cpu":
        return True
    low, high = (value.item() for value in x.detach().aminmax())
    return -ROUNDING <= low and high <= 1 + ROUNDING


def require_images(x, name="x"):
    """Raise TypeError or ValueError unless `x` is a batch of images (B, 1, 28, 28), floating point, in [0, 1]."""
    if not isinstance(x, torch.Tensor):
        raise wrong(name, x, tr(ja=" float32 のテンソル", en="a float32 tensor"), _as_tensor(x, name), TypeError)
    # Reading a value back from a GPU would make every training step wait for it.
    if not readable(x) or not fits(x, wait=False):
        raise unfit(x, name, lambda code: code.replace("$x", name))


def readable(x):
    """Whether a tensor has values that are real numbers, one after the other in memory."""
    return x.layout == torch.strided and x.device.type != "meta" and not (x.is_complex() or x.is_quantized)


@torch.no_grad()
def unfit(x, name, line):
    """The error that says what is wrong with images, and the line that mends them: line(code), where code has $x."""
    faults, code = diagnose(x) if readable(x) else ([], None)
    kind = ValueError if x.dtype in FLOATS and readable(x) else TypeError
    cure = tr(ja=f"{line(code)} と書いてください。", en=f"Write {line(code)}") if code else ""
    values, why = _values(x), tr(ja="、", en=", ").join(dict.fromkeys(tr(ja=fault.ja, en=fault.en) for fault in faults))
    return kind(
        tr(
            ja=f"{name} は値が 0 以上 1 以下の画像 (B, 1, 28, 28) でなければなりませんが、{shown(x)}{values} が渡されました"
            f"{f' ({why})' if why else ''}。{cure}",
            en=f"{name} must be images of shape (B, 1, 28, 28) with values in [0, 1], but {shown(x)}{values} was given"
            f"{f': {why}' if why else ''}. {cure}".rstrip(),
        )
    )


def diagnose(x):
    """The faults of images, and the code that mends them, which was tried here; None where no fault explains them."""
    faults, code, x = [], "$x", x.detach().cpu()
    while not fits(x):
        known = LAYOUT + CONTENT * (x.dim() == 4)
        images = 0 < x.dim() < 4 or (x.dim() == 4 and min(x.shape[1], x.shape[3]) <= 4)
        fault = next((fault for fault in known if images and x.numel() and fault.seen(x)), None)
        if fault is None or len(faults) == len(known):
            return faults, None
        low, span = (x.min().item(), (x.max() - x.min()).item()) if "$low" in fault.code else (0, 0)
        step = fault.code.replace("$low", f"{low:.9g}").replace("$span", f"{span:.9g}")
        step = step.replace("$side", str(_side(x.shape)))
        x = eval(step.replace("$x", "x"), {"x": x, "torch": torch})  # the very code that the message shows
        code = step.replace("$x", f"({code})" if any(f" {sign} " in code for sign in "+-*/") else code)
        faults.append(fault)
    return faults, code


def _values(x):
    """The range of the values, in words; nothing where there is none."""
    if not readable(x) or x.numel() == 0:
        return ""
    low, high = (value.item() for value in x.float().aminmax())
    return tr(ja=f" (値は {low:g} から {high:g})", en=f" with values from {low:g} to {high:g}")


def _as_tensor(x, name):
    """How to make a tensor of what is none."""
    if hasattr(x, "astype"):
        return tr(
            ja=f'{name} = torch.tensor({name}.astype("float32")) と書いてください。',
            en=f'Write {name} = torch.tensor({name}.astype("float32"))',
        )
    return ""
