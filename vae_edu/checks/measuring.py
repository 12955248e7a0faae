"""How a learner's function is measured: on fresh inputs, as numbers that can be compared with another function's."""

import contextlib
import numbers as kinds
import random
from collections.abc import Callable
from decimal import Decimal
from typing import NamedTuple

import numpy as np
import torch

from ..language import tr
from . import running

SEED = 20140416
TOLERANCE = 2e-5  # relative and absolute: sums over 784 pixels in float32, in any order, differ by some 1e-6


class Mistake(NamedTuple):
    """A known wrong answer: a short key, a function that makes it, or several, and what to say in each language.

    The key is unique within its exercise and stays: records and class reports hold it.
    Three sentences: what happened, why it matters, what to try.
    """

    key: str
    function: Callable | tuple[Callable, ...]
    ja: tuple[str, str, str]
    en: tuple[str, str, str]

    def ways(self):
        """The functions that make this mistake."""
        return self.function if isinstance(self.function, tuple) else (self.function,)


class Part(NamedTuple):
    """One thing that is measured of a function."""

    text: str  # what it is, for a sentence
    value: torch.Tensor  # float64
    words: str = ""  # what to say where it is wrong; without, the right and the wrong number
    key: str = "value"  # of this fault
    tolerance: float = TOLERANCE  # relative and absolute


class Exercise(NamedTuple):
    """The right function, how to measure a function, and the known mistakes.

    Each of the measures gives a list of Parts: two functions that agree in all of them are the same. The first measure
    in which an answer and the right function differ is the one that mistakes are compared in; so what matters most
    comes first, and an answer with two mistakes is told of one at a time.
    """

    reference: Callable
    measures: tuple[Callable, ...]
    mistakes: list[Mistake]


class AnswerError(Exception):
    """A sentence for the learner on its way to `check`, its key, and the error that the learner's function raised."""

    def __init__(self, sentence, key, error=None):
        super().__init__(sentence)
        self.key, self.error = key, error and (type(error), str(error))


def seed():
    """Let learner, reference and mistakes meet the same inputs, and the same random numbers."""
    torch.default_generator.manual_seed(SEED)  # torch.manual_seed would seed the GPU's numbers as well
    np.random.seed(SEED)
    random.seed(SEED)


def cases(*draws, result=None):
    """A measure: the function's results on inputs that `draws`, functions without arguments, make afresh.

    `result` turns what the function returns into a tensor: `numbers`, or `tensor` where nothing else is right.
    """

    def measure(function):
        seed()
        inputs = [draw() for draw in draws]
        return [Part(as_text(arguments), (result or numbers)(call(function, *arguments))) for arguments in inputs]

    return measure


def codes(batch, latent_dim):
    """Draw mu and logvar, both (batch, latent_dim)."""
    return lambda: (1.5 * torch.randn(batch, latent_dim), torch.randn(batch, latent_dim) - 0.5)


def pictures(batch):
    """Draw logits and grey images, both (batch, 1, 28, 28)."""
    return lambda: (2 * torch.randn(batch, 1, 28, 28), torch.rand(batch, 1, 28, 28))


def given(*arguments):
    """The same arguments every time."""
    return lambda: arguments


def call(function, *inputs, within=None):
    """What the function returns for copies of the inputs, in a context if one is given; AnswerError if it fails."""
    if not callable(function):
        raise AnswerError(
            tr(
                ja=f"関数そのものを渡してください。渡されたのは {type(function).__name__} です。"
                "関数名の後に () を付けていませんか。",
                en=f"Pass the function itself, but a {type(function).__name__} was given. "
                "Are there parentheses after its name?",
            ),
            "no_function",
        )
    copies = [_copy(x) for x in inputs]

    def work():
        with within or contextlib.nullcontext():
            return function(*copies)

    outcome = running.run(work)
    if outcome is None:
        raise AnswerError(
            tr(
                ja=f"{running.TIME_LIMIT:g} 秒たっても終わらないので止めました。終わらない繰り返しがないか確かめてください。",
                en=f"It was stopped after {running.TIME_LIMIT:g} seconds. Is there a loop that never ends?",
            ),
            "endless",
        )
    value, error = outcome
    if error is not None:
        raise error if isinstance(error, AnswerError) else _error(error, function)
    if not all(map(_unchanged, inputs, copies)):
        raise AnswerError(
            tr(
                ja="受け取ったテンソルの中身を書き換えています。"
                "x += ... や x.clamp_() の代わりに、新しいテンソルを作ってください。",
                en="It changes a tensor that it was given. Make a new one instead of x += ... or x.clamp_().",
            ),
            "changed_input",
        )
    return value


def _copy(x):
    if isinstance(x, list):
        return [_copy(part) for part in x]
    return x.clone() if isinstance(x, torch.Tensor) else x


def _unchanged(x, copy):
    if isinstance(x, list):
        return len(x) == len(copy) and all(map(_unchanged, x, copy))
    return not isinstance(x, torch.Tensor) or (x.shape == copy.shape and torch.equal(x, copy))


def tensor(value):
    """A result that must be a PyTorch tensor, as `numbers` gives it; AnswerError with the cure if it is something like it."""
    cure = None
    if isinstance(value, np.ndarray):
        cure = "torch.from_numpy(result)"
    elif isinstance(value, list | tuple) and value:
        cure = "torch.stack(result)" if all(isinstance(x, torch.Tensor) for x in value) else "torch.tensor(result)"
    elif isinstance(value, kinds.Number | np.generic):
        cure = "torch.tensor(result)"
    result = numbers(value)  # says first what else is wrong
    if cure is None:
        return result
    kind = type(value).__name__
    raise AnswerError(
        tr(
            ja=f"戻り値は PyTorch のテンソルのはずですが、{kind} でした。今の戻り値を result とすると、{cure} でテンソルになります。",
            en=f"The result must be a PyTorch tensor, but it is a {kind}. If it is called result, {cure} makes a tensor of it.",
        ),
        "type",
    )


def numbers(value):
    """A result as a float64 tensor on the CPU, without gradients; AnswerError if it holds anything but real numbers.

    A number may be a Python or NumPy number, an array or a tensor without dimensions; several may be a tuple, a list,
    an array or a tensor.
    """
    if value is None:
        raise AnswerError(
            tr(
                ja="関数が値を返していません (None)。return を書き忘れていませんか。",
                en="The function returns nothing (None). Is `return` missing?",
            ),
            "none",
        )
    if _holds_gap(value):
        whole = value is ... or (isinstance(value, tuple | list) and all(part is ... for part in value))
        raise AnswerError(unwritten(), "unwritten") if whole else AnswerError(unfinished(), "unfinished")
    if isinstance(value, tuple | list) and value:
        return _stacked([numbers(part) for part in value])
    if isinstance(value, np.ndarray | np.generic) and value.dtype.kind in "biuf":
        return torch.from_numpy(np.array(value, dtype=np.float64))
    if isinstance(value, kinds.Real | Decimal):
        return torch.tensor(float(value), dtype=torch.float64)
    if isinstance(value, torch.Tensor) and not value.is_complex():
        return value.detach().cpu().double()
    kind = getattr(value, "dtype", type(value).__name__)
    raise AnswerError(
        tr(
            ja=f"戻り値は PyTorch のテンソルか Python の数のはずですが、{kind} でした。",
            en=f"The result must be a PyTorch tensor or a Python number, but it is {kind}.",
        ),
        "type",
    )


def _holds_gap(value):
    return value is ... or (isinstance(value, tuple | list) and any(part is ... for part in value))


def _stacked(parts):
    if len({part.shape for part in parts}) > 1:
        shapes = ", ".join(str(tuple(part.shape)) for part in parts)
        raise AnswerError(
            tr(
                ja=f"戻り値の要素の形がそろっていません: {shapes}。",
                en=f"The parts of the result have different shapes: {shapes}.",
            ),
            "uneven",
        )
    return torch.stack(parts)


def unwritten():
    """What to say about a skeleton that nobody has filled in."""
    return tr(
        ja="まだ書かれていません。... を自分の式に置き換えて、もう一度実行してください。",
        en="It is not written yet. Replace the ... with your own code and run the cell again.",
    )


def unfinished():
    """What to say about a function that still has a gap."""
    return tr(
        ja="書きかけです。... がまだ残っています。それも自分の式に置き換えて、もう一度実行してください。",
        en="It is not finished: a ... is left. Replace it with your own code, too, and run the cell again.",
    )


def as_text(arguments):
    """Inputs in words short enough for a sentence."""
    parts = []
    for x in arguments:
        if isinstance(x, torch.Tensor) and x.numel() > 6:
            parts.append(tr(ja=f"形 {tuple(x.shape)} のテンソル", en=f"a tensor of shape {tuple(x.shape)}"))
        elif isinstance(x, torch.Tensor):
            parts.append(str([round(value, 2) for value in x.flatten().tolist()]))
        elif isinstance(x, torch.nn.Module):
            parts.append("model")
        else:
            parts.append(repr(x))
    return tr(ja="入力: ", en="inputs: ") + ", ".join(parts)


def _error(error, function):
    """The AnswerError for an error that a learner's function raised."""
    code = getattr(getattr(function, "__wrapped__", function), "__code__", None)
    if isinstance(error, TypeError) and "ellipsis" in str(error) and ... in getattr(code, "co_consts", ()):
        return AnswerError(unfinished(), "unfinished")
    line = running.line_of(error)
    where = "" if line is None else tr(ja=f"、セルの {line} 行目で", en=f" in line {line} of its cell")
    return AnswerError(
        tr(
            ja=f"関数を実行すると{where}エラーになりました。\n   {type(error).__name__}: {error}",
            en=f"Running the function raised an error{where}.\n   {type(error).__name__}: {error}",
        ),
        "error",
        error,
    )
