"""Checks of the exercises: run the learner's function on fresh inputs and, if it is wrong, say which mistake it makes.

Every exercise is a row of a table: the right function, how to measure a function, and small wrong implementations, each
with what to say about it. A function that measures like a wrong implementation makes its mistake. Adding a mistake is
adding a row.
"""

import functools
import os

import torch

from ..language import tr
from . import compression, generation, latent_plane, losses, observation, sampling, shapes, speed, training
from .measuring import AnswerError, Exercise, Mistake, unwritten

EXERCISES = {
    **compression.EXERCISES,
    **observation.EXERCISES,
    **shapes.EXERCISES,
    **sampling.EXERCISES,
    **losses.EXERCISES,
    **training.EXERCISES,
    **generation.EXERCISES,
    **latent_plane.EXERCISES,
    **speed.EXERCISES,
}


def check(name, function):
    """Say whether `function` solves the exercise `name`, and if not, which mistake it makes.

    Nothing raises an error here, whatever the function does. With the environment variable VAE_EDU_STRICT=1 a wrong
    answer raises AssertionError, for tests.
    """
    fault = diagnose(name, function)
    if fault is not None and os.environ.get("VAE_EDU_STRICT") == "1":
        raise AssertionError(fault)
    if fault is None:
        print(tr(ja="✅ 正解です。", en="✅ Correct."))
    else:
        mark = "✏️" if fault == unwritten() else "❌"
        print(tr(ja=f"{mark} {fault}", en=f"{mark} {fault}"))


def compare(prediction, result):
    """Show what the learner predicted beside what came out."""
    if prediction is ...:
        prediction = tr(ja="(まだ書いていません)", en="(none yet)")
    print(tr(ja=f"予想: {prediction}  /  結果: {result}", en=f"prediction: {prediction}  /  result: {result}"))


def diagnose(name, function):
    """None if the function solves the exercise, else what to say about it, in the current language."""
    if not isinstance(name, str) or name not in EXERCISES:
        return tr(
            ja=f"name は演習の名前でなければなりませんが、{name!r} が渡されました。次のどれかです: {', '.join(EXERCISES)}。",
            en=f"name must be the name of an exercise, but {name!r} was given. It is one of {', '.join(EXERCISES)}.",
        )
    state, dtype = torch.get_rng_state(), torch.get_default_dtype()
    try:
        return _fault(EXERCISES[name], function)
    except Exception as error:  # a result so odd that it cannot even be compared
        return tr(
            ja=f"戻り値を確かめられませんでした ({type(error).__name__}: {error})。戻り値の型と形を見直してください。",
            en=f"The result could not be checked ({type(error).__name__}: {error}). Look at its type and shape.",
        )
    finally:
        torch.set_rng_state(state)
        torch.set_default_dtype(dtype)


def _fault(exercise, function):
    given = _measured(exercise.measure, function)
    if str(given) == unwritten():
        return unwritten()
    expected = _known(exercise.measure, exercise.reference)
    if _agree(given, expected, exercise.tolerance):
        return None
    for mistake in exercise.mistakes:
        if any(_agree(given, _known(exercise.measure, way), exercise.tolerance) for way in mistake.ways()):
            happened, why, cure = tr(ja=mistake.ja, en=mistake.en)
            return tr(
                ja=f"{happened}\n   なぜ大事か: {why}\n   試すこと: {cure}",
                en=f"{happened}\n   Why it matters: {why}\n   Try: {cure}",
            )
    return str(given) if isinstance(given, AnswerError) else _description(given, expected, exercise.tolerance)


def _measured(measure, function):
    """The measurements of a function, or what stopped it."""
    try:
        return measure(function)
    except AnswerError as sentence:
        return sentence


def _known(measure, function):
    """The measurements of a function of the tables: made once, in each language since errors speak it."""
    return _known_in(tr(ja="ja", en="en"), measure, function)


@functools.cache
def _known_in(_language, measure, function):
    return _measured(measure, function)


def _agree(one, other, tolerance):
    """Whether two functions measure the same, or raised the same error."""
    if isinstance(one, AnswerError) or isinstance(other, AnswerError):
        return getattr(one, "error", None) is not None and one.error == getattr(other, "error", None)
    return all(_same(a, b, tolerance) for (_, a), (_, b) in zip(one, other, strict=True))


def _same(a, b, tolerance):
    return a.shape == b.shape and torch.allclose(a, b, rtol=tolerance, atol=tolerance, equal_nan=True)


def _description(given, expected, tolerance):
    """The most helpful true statement about a wrong answer that no known mistake explains."""
    pairs = [(text, a, b) for (text, a), (_, b) in zip(given, expected, strict=False)]  # a wrong shape ends a measure
    text, a, b = next(pair for pair in pairs if not _same(*pair[1:], tolerance))
    if a.shape != b.shape:
        return tr(
            ja=f"戻り値の形が違います ({text})。正しくは {_shape(b)} ですが、{_shape(a)} でした。",
            en=f"The result has the wrong shape ({text}): it must be {_shape(b)}, but it is {_shape(a)}.",
        )
    if not a.isfinite().all():
        return tr(
            ja=f"結果が inf か nan になります ({text})。0 での割り算、0 や負の数の対数、負の数の平方根がないか確かめてください。",
            en=f"The result is inf or nan ({text}). Look for a division by 0, the log of 0 or of a negative number, or the square root of a negative number.",
        )
    if tolerance < 1e-3 and all(a.shape == b.shape for _, a, b in pairs):
        given, expected = (torch.cat([pair[i].flatten() for pair in pairs]) for i in (1, 2))
        ratio = (given @ expected / (expected @ expected)).item()
        if _same(given, ratio * expected, tolerance) and abs(ratio) > tolerance:
            return tr(
                ja=f"どの入力でも、正しい値の {ratio:.4g} 倍になっています。余分な係数か、抜けた係数がありませんか。",
                en=f"For every input it is {ratio:.4g} times the right value. Is there a factor too many, or one missing?",
            )
    worst = (a - b).abs().argmax()
    if a.numel() > 1:
        text += tr(ja="、最も違う要素", en="; the element that differs most")
    right, wrong = (_number(x.flatten()[worst].item(), tolerance) for x in (b, a))
    return tr(
        ja=f"値が違います ({text})。正しくは {right} ですが、{wrong} でした。",
        en=f"The value is wrong ({text}): it must be {right}, but it is {wrong}.",
    )


def _shape(result):
    return tuple(result.shape) if result.dim() else tr(ja="() (1 つの数)", en="() (a single number)")


def _number(value, tolerance):
    return f"{value:,.0f}" if value == round(value) else f"{value:.{4 if tolerance < 1e-3 else 3}g}"
