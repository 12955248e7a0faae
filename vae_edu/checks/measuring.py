"""How a learner's function is run and measured: on fresh inputs, within a time limit, without harm to anything else."""

import ctypes
import os
import threading
import traceback
from collections.abc import Callable
from typing import NamedTuple

import torch

from ..language import tr

SEED = 20140416
TIME_LIMIT = float(os.environ.get("VAE_EDU_TIME_LIMIT", 20))  # seconds for one call of a learner's function


class Mistake(NamedTuple):
    """A known wrong answer: a function that makes it, or several, and what to say in each language.

    Three sentences: what happened, why it matters, what to try.
    """

    function: Callable | tuple[Callable, ...]
    ja: tuple[str, str, str]
    en: tuple[str, str, str]

    def ways(self):
        """The functions that make this mistake."""
        return self.function if isinstance(self.function, tuple) else (self.function,)


class Exercise(NamedTuple):
    """The right function, how to measure a function, and the known mistakes.

    `measure(function)` returns a list of (inputs as text, tensor): two functions that agree in all of them are the same.
    """

    reference: Callable
    measure: Callable
    mistakes: list[Mistake]
    tolerance: float = 1e-4


class AnswerError(Exception):
    """A sentence for the learner, on its way to `check`; with the error that the learner's function raised, if it did."""

    def __init__(self, sentence, error=None):
        super().__init__(sentence)
        self.error = error and (type(error), str(error))


def cases(*draws):
    """A measure: the function's results on inputs that `draws`, functions without arguments, make afresh."""

    def measure(function):
        torch.default_generator.manual_seed(SEED)  # learner, reference and mistakes meet the same inputs
        inputs = [draw() for draw in draws]
        return [(as_text(arguments), numbers(call(function, *arguments))) for arguments in inputs]

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


def call(function, *inputs):
    """What the function returns for copies of the inputs; whatever goes wrong becomes a sentence (AnswerError)."""
    if not callable(function):
        raise AnswerError(
            tr(
                ja=f"関数そのものを渡してください。渡されたのは {type(function).__name__} です。"
                "関数名の後に () を付けていませんか。",
                en=f"Pass the function itself, but a {type(function).__name__} was given. "
                "Are there parentheses after its name?",
            )
        )
    copies = [x.clone() if isinstance(x, torch.Tensor) else x for x in inputs]
    outcome = _run(lambda: function(*copies))
    if isinstance(outcome, BaseException):
        raise AnswerError(_error_text(outcome), outcome)
    for x, copy in zip(inputs, copies, strict=True):
        if isinstance(x, torch.Tensor) and not (x.shape == copy.shape and torch.equal(x, copy)):
            raise AnswerError(
                tr(
                    ja="受け取ったテンソルの中身を書き換えています。"
                    "x += ... や x.clamp_() の代わりに、新しいテンソルを作ってください。",
                    en="It changes a tensor that it was given. Make a new one instead of x += ... or x.clamp_().",
                )
            )
    return outcome


def numbers(value):
    """A result as a float64 tensor on the CPU, without gradients; AnswerError if it holds anything but real numbers."""
    if value is None:
        raise AnswerError(
            tr(
                ja="関数が値を返していません (None)。return を書き忘れていませんか。",
                en="The function returns nothing (None). Is `return` missing?",
            )
        )
    if value is ...:
        raise AnswerError(unwritten())
    if isinstance(value, tuple | list) and value:
        parts = [numbers(part) for part in value]
        if len({part.shape for part in parts}) > 1:
            shapes = ", ".join(str(tuple(part.shape)) for part in parts)
            raise AnswerError(
                tr(
                    ja=f"戻り値の要素の形がそろっていません: {shapes}。",
                    en=f"The parts of the result have different shapes: {shapes}.",
                )
            )
        return torch.stack(parts)
    if isinstance(value, bool | int | float):
        return torch.tensor(value, dtype=torch.float64)
    if not isinstance(value, torch.Tensor) or value.is_complex():
        kind = value.dtype if isinstance(value, torch.Tensor) else type(value)
        raise AnswerError(
            tr(
                ja=f"戻り値は PyTorch のテンソルか Python の数のはずですが、{kind} でした。",
                en=f"The result must be a PyTorch tensor or a Python number, but it is {kind}.",
            )
        )
    return value.detach().cpu().double()


def unwritten():
    """What to say about a skeleton that nobody has filled in."""
    return tr(
        ja="まだ書かれていません。... を自分の式に置き換えて、もう一度実行してください。",
        en="It is not written yet. Replace the ... with your own code and run the cell again.",
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


def _run(work):
    """What `work()` returns, or the error it raised, in a thread of its own that is abandoned after TIME_LIMIT."""
    outcome = []

    def catch():
        try:
            outcome.append(work())
        except BaseException as error:  # not even sys.exit() ends the lesson
            outcome.append(error)

    thread = threading.Thread(target=catch, daemon=True)
    thread.start()
    thread.join(TIME_LIMIT)
    if not outcome:
        ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread.ident), ctypes.py_object(SystemExit))
        raise AnswerError(
            tr(
                ja=f"{TIME_LIMIT:g} 秒たっても終わらないので止めました。終わらない繰り返しがないか確かめてください。",
                en=f"It was stopped after {TIME_LIMIT:g} seconds. Is there a loop that never ends?",
            )
        )
    return outcome[0]


def _error_text(error):
    if "ellipsis" in str(error):
        return unwritten()
    frames = traceback.extract_tb(error.__traceback__)[2:]  # without this module's own two
    line = frames[0].lineno if frames else 1
    return tr(
        ja=f"関数を実行すると、セルの {line} 行目でエラーになりました。\n   {type(error).__name__}: {error}",
        en=f"Running the function raised an error in line {line} of its cell.\n   {type(error).__name__}: {error}",
    )
