"""Checks of the exercises: run the learner's function on fresh inputs and, if it is wrong, say which mistake it makes.

Every exercise is a row of a table: the right function, how to measure a function, and small wrong implementations, each
with what to say about it. A function that measures like a wrong implementation makes its mistake. Adding a mistake is
adding a row.
"""

import dis
import functools
import os
import warnings

import torch

from ..language import tr
from . import (
    blur,
    compression,
    generation,
    holes,
    latent_plane,
    losses,
    observation,
    placement,
    sampling,
    speed,
    training,
)
from .isolation import fresh
from .measuring import TOLERANCE, AnswerError, Exercise, Mistake, unwritten
from .results import LONGEST, keep
from .running import bounded_output, unlimited

EXERCISES = {
    **compression.EXERCISES,
    **observation.EXERCISES,
    **holes.EXERCISES,
    **sampling.EXERCISES,
    **placement.EXERCISES,
    **losses.EXERCISES,
    **training.EXERCISES,
    **generation.EXERCISES,
    **blur.EXERCISES,
    **latent_plane.EXERCISES,
    **speed.EXERCISES,
}
READS = ("LOAD_FAST", "LOAD_DEREF", "LOAD_CLOSURE", "MAKE_CELL")  # parts of the names of instructions
RETIRED = {  # the name of an exercise of older lessons -> (what to do instead in Japanese, in English)
    name: (
        f"この演習は今の版の講座にはありません。レッスン {number} の新しいノートブックを開き、そこにある演習に取り組んでください。",
        f"This exercise is no longer part of the course. Open the new notebook of lesson {number} and do the exercises there.",
    )
    for name, number in {
        "compression_ratio": "00",
        "number_of_batches": "01",
        "conv_size": "02",
        "conv_parameters": "02",
        "transposed_size": "02",
        "epoch_loss": "05",
        "test_loss": "05",
        "map_position": "07",
        "prior_share": "07",
        "images_per_second": "16",
        "share_of_batch": "16",
    }.items()
}


class Fault(str):
    """What to say about an answer, with its key: a mistake's, or one of those below, in which no mistake is known."""

    __slots__ = ("key",)

    def __new__(cls, key, sentence):
        fault = super().__new__(cls, sentence)
        fault.key = key
        return fault


def check(name, function):
    """Say whether `function` solves the exercise `name`, and if not, which mistake it makes.

    Nothing raises an error here, whatever the function does; only the stop button (KeyboardInterrupt) ends it. With the
    environment variable VAE_EDU_STRICT=1 a wrong answer raises AssertionError, for tests. What was said is kept for the
    session, in results.RECORDS.
    """
    fault = diagnose(name, function)
    untouched = fault == unwritten()
    if fault is None or fault.key not in ("name", "retired"):
        verdict = "right" if fault is None else "unwritten" if untouched else "wrong"
        keep(exercise=name, verdict=verdict, mistake=fault.key if verdict == "wrong" else None)
    if fault is not None and os.environ.get("VAE_EDU_STRICT") == "1":
        raise AssertionError(fault)
    if fault is None:
        print(tr(ja="✅ 正解です。", en="✅ Correct."))
    else:
        mark = "✏️" if untouched or fault.key == "unfinished" else "❌"
        print(tr(ja=f"{mark} {fault}", en=f"{mark} {fault}"))


def compare(prediction, result):
    """Show what the learner predicted beside what came out, and keep both for the session, in results.RECORDS."""
    keep(prediction=None if prediction is ... else f"{prediction}"[:LONGEST], result=f"{result}"[:LONGEST])
    if prediction is ...:
        prediction = tr(ja="(まだ書いていません)", en="(none yet)")
    print(tr(ja=f"予想: {prediction}  /  結果: {result}", en=f"prediction: {prediction}  /  result: {result}"))


def diagnose(name, function):
    """None if the function solves the exercise, else the Fault: what to say about it, in the current language."""
    if isinstance(name, str) and name in RETIRED:
        ja, en = RETIRED[name]
        return Fault("retired", tr(ja=ja, en=en))
    if not isinstance(name, str) or name not in EXERCISES:
        return Fault(
            "name",
            tr(
                ja=f"name は演習の名前でなければなりませんが、{name!r} が渡されました。次のどれかです: {', '.join(EXERCISES)}。",
                en=f"name must be the name of an exercise, but {name!r} was given. It is one of {', '.join(EXERCISES)}.",
            ),
        )
    try:
        with fresh(), bounded_output():
            return _fault(EXERCISES[name], function)
    except Exception as error:  # a result so odd that it cannot even be compared
        return Fault(
            "odd",
            tr(
                ja=f"戻り値を確かめられませんでした ({type(error).__name__}: {error})。戻り値の型と形を見直してください。",
                en=f"The result could not be checked ({type(error).__name__}: {error}). Look at its type and shape.",
            ),
        )


def _fault(exercise, function):
    expected = [
        _known(measure, exercise.reference) for measure in exercise.measures
    ]  # before any code of the learner's
    for i, (measure, right) in enumerate(zip(exercise.measures, expected, strict=True)):
        given = _measured(measure, function)
        if _agree(given, right):
            continue
        for mistake in exercise.mistakes:
            if any(_makes(exercise, i, given, way) for way in mistake.ways()):
                return _told(mistake)
        if isinstance(given, AnswerError):
            return Fault(given.key, str(given))
        key, sentence = _description(given, right)
        return Fault(key, sentence + _unused(function))
    return None


def _makes(exercise, i, given, way):
    """Whether a known wrong way, too, is right in the measures before number i, and gives the same there."""
    before = exercise.measures[:i]
    return _agree(given, _known(exercise.measures[i], way)) and all(
        _agree(_known(measure, way), _known(measure, exercise.reference)) for measure in before
    )


def _told(mistake):
    happened, why, cure = tr(ja=mistake.ja, en=mistake.en)
    return Fault(
        mistake.key,
        tr(
            ja=f"{happened}\n   なぜ大事か: {why}\n   試すこと: {cure}",
            en=f"{happened}\n   Why it matters: {why}\n   Try: {cure}",
        ),
    )


def _measured(measure, function):
    """The Parts measured of a function, or what stopped it."""
    try:
        return measure(function)
    except AnswerError as sentence:
        return sentence


def _known(measure, function):
    """The measurements of a function of the tables: made once, in each language since errors speak it."""
    return _known_in(tr(ja="ja", en="en"), measure, function)


@functools.cache
def _known_in(_language, measure, function):
    with unlimited(), warnings.catch_warnings(action="ignore"):
        return _measured(measure, function)


def _agree(one, other):
    """Whether two functions measure the same, or raised the same error."""
    if isinstance(one, AnswerError) or isinstance(other, AnswerError):
        return getattr(one, "error", None) is not None and one.error == getattr(other, "error", None)
    return all(_same(a, b) for a, b in zip(one, other, strict=False))  # a wrong shape ends a measure


def _same(a, b):
    return a.value.shape == b.value.shape and torch.allclose(
        a.value, b.value, rtol=b.tolerance, atol=b.tolerance, equal_nan=True
    )


def _description(given, expected):
    """(key, the most helpful true statement) about a wrong answer that no known mistake explains."""
    pairs = list(zip(given, expected, strict=False))
    a, b = next(pair for pair in pairs if not _same(*pair))
    if a.value.shape != b.value.shape:
        return "shape", tr(
            ja=f"戻り値の形が違います ({a.text})。正しくは {_shape(b)} ですが、{_shape(a)} でした。",
            en=f"The result has the wrong shape ({a.text}): it must be {_shape(b)}, but it is {_shape(a)}.",
        )
    if not a.value.isfinite().all():
        return "not_finite", tr(
            ja=f"結果が inf か nan になります ({a.text})。0 での割り算、0 や負の数の対数、負の数の平方根がないか確かめてください。",
            en=f"The result is inf or nan ({a.text}). Look for a division by 0, the log of 0 or of a negative number, or the square root of a negative number.",
        )
    return (a.key, a.words) if a.words else _factor(pairs) or _numbers(a, b)


def _factor(pairs):
    """Says by which factor all results are wrong, if there is one."""
    if any(a.value.shape != b.value.shape or b.tolerance > TOLERANCE for a, b in pairs):
        return None
    given, expected = (torch.cat([part.value.flatten() for part in parts]) for parts in zip(*pairs, strict=True))
    if len(given) < 2:  # any number is some factor of another
        return None
    ratio = (given @ expected / (expected @ expected)).item()
    if abs(ratio) <= TOLERANCE or not torch.allclose(given, ratio * expected, rtol=TOLERANCE, atol=TOLERANCE):
        return None
    return "factor", tr(
        ja=f"どの入力でも、正しい値の {ratio:.4g} 倍になっています。余分な係数か、抜けた係数がありませんか。",
        en=f"For every input it is {ratio:.4g} times the right value. Is there a factor too many, or one missing?",
    )


def _numbers(a, b):
    """Says what the element that differs most is, and what it must be."""
    worst = (a.value - b.value).abs().argmax()
    right, wrong = (_number(part.value.flatten()[worst].item(), b.tolerance) for part in (b, a))
    text = a.text + (tr(ja="、最も違う要素", en="; the element that differs most") if a.value.numel() > 1 else "")
    return a.key, tr(
        ja=f"値が違います ({text})。正しくは {right} ですが、{wrong} でした。",
        en=f"The value is wrong ({text}): it must be {right}, but it is {wrong}.",
    )


def _shape(part):
    return tuple(part.value.shape) if part.value.dim() else tr(ja="() (1 つの数)", en="() (a single number)")


def _number(value, tolerance):
    if tolerance > TOLERANCE:  # it was drawn at random
        value = round(value, 2) + 0.0  # no -0
    return f"{value:,.0f}" if value == round(value) else f"{value:.5g}"


def _unused(function):
    """Names an argument that a function never reads: for example where a variable of the notebook stands instead."""
    code = getattr(getattr(function, "__wrapped__", function), "__code__", None)
    if code is None:
        return ""
    read = [step.argval for step in dis.get_instructions(code) if any(name in step.opname for name in READS)]
    read = {name for names in read for name in (names if isinstance(names, tuple) else (names,))}
    unused = [name for name in code.co_varnames[: code.co_argcount] if name not in read]
    if not unused:
        return ""
    return tr(
        ja=f"\n   引数 {unused[0]} が関数の中で使われていません。",
        en=f"\n   The function does not use its argument {unused[0]}.",
    )
