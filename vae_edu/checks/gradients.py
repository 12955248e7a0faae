"""Whether gradients pass through a learner's function, where its result is differentiated later."""

import contextlib

import torch

from ..language import tr
from .measuring import AnswerError, Mistake, Part, call, seed


def gradients(draw, names):
    """A measure: the gradients that the sum of the result sends to the inputs of these names; the others get none."""

    def measure(function):
        seed()
        inputs = draw()
        learned = [x.requires_grad_() for x, name in zip(inputs, names, strict=True) if name]
        listed = ", ".join(filter(None, names))
        said = tr(
            ja=f"値は正しいのですが、{listed} に届く勾配が正しくありません。途中の値を detach() や .data で計算から切り離していませんか。",
            en=f"The value is right, but the gradient that reaches {listed} is not. "
            "Is some value cut off from the computation, by detach() or .data?",
        )
        parts = _gradients(function, inputs, learned)
        return [
            Part(
                tr(ja=f"{listed} に届く勾配", en=f"the gradient that reaches {listed}"),
                torch.cat(parts),
                said,
                "gradient",
            )
        ]

    return measure


def reached(function):
    """A measure of a sampler: to which of mu and logvar its result sends a gradient, whatever it is."""
    seed()
    few = [torch.randn(3, 4).requires_grad_() for _ in range(2)]
    arrived = [float(gradient.abs().sum() > 0) for gradient in _gradients(function, few, few)]
    return [Part(tr(ja="mu と logvar に届く勾配", en="the gradients that reach mu and logvar"), torch.tensor(arrived))]


def _gradients(function, inputs, learned):
    """The gradient of each learned input, flat; zeros where none arrives."""
    found = [None] * len(learned)
    with contextlib.suppress(AnswerError):  # of NumPy, which refuses tensors that gradients shall reach
        result = call(function, *inputs)
        if isinstance(result, torch.Tensor) and result.requires_grad:
            found = torch.autograd.grad(result.sum(), learned, allow_unused=True)
    pairs = zip(found, learned, strict=True)
    return [(torch.zeros_like(x) if gradient is None else gradient).double().flatten() for gradient, x in pairs]


def no_gradient(way, ja, en):
    """The mistake of a right value that no gradient passes: `way` is right, the inputs have these names."""

    def cut(*inputs):
        return way(*inputs).detach()

    return Mistake(
        "no_gradient",
        cut,
        ja=(
            f"値は正しいのですが、{ja} に勾配が届きません。",
            "損失の勾配が届かなければ、ネットワークは何も学べません。item()、detach()、tolist()、float()、"
            "NumPy、torch.no_grad() は、計算の記録を切ってしまいます。",
            "これらを使わず、テンソルのまま計算して返してください。",
        ),
        en=(
            f"The value is right, but the gradient does not pass to {en}.",
            "Without the gradient of the loss the network learns nothing; item(), detach(), tolist(), float(), NumPy and "
            "torch.no_grad() cut the record of the computation.",
            "Do without them: compute with tensors only, and return a tensor.",
        ),
    )
