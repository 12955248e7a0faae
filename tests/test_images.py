"""images: what images may be; of all others the message names the fault, and its own code mends them."""

import re

import numpy as np
import pytest
import torch

import vae_edu
from vae_edu import images

torch.manual_seed(0)
X = torch.rand(6, 1, 28, 28)
X[0, 0, 0, :2] = torch.tensor([0.0, 1.0])  # black and white occur, so that a range can be told
WIDE = torch.nn.functional.interpolate(X, size=40)


def with_alpha(colours, alpha):
    return torch.cat([colours.expand(-1, 3, -1, -1), alpha], dim=1)


# What is brought: the faults in both languages (a part of their words), and how near to X the message's cure leads.
BROUGHT = {
    "-1 to 1": (X * 2 - 1, "Normalize((0.5,), (0.5,))", "Normalize((0.5,), (0.5,))", 1e-6),
    "standardised as MNIST": ((X - 0.1307) / 0.3081, "MNIST の平均", "MNIST's mean", 1e-6),
    "standardised otherwise": ((X - 0.286) / 0.353, "標準化", "standardised", 1e-6),
    "0 to 255, float32": (X * 255, "0 から 255", "0 to 255", 1e-6),
    "0 to 255, float64": (X.double() * 255, "0 から 255", "0 to 255", 1e-6),
    "0 to 255, float16": (X.half() * 255, "0 から 255", "0 to 255", 1e-3),  # 11 bits of precision
    "0 to 255, uint8": ((X * 255).byte(), "浮動小数点数でない", "no floating-point", 1 / 255),  # cut to whole numbers
    "0 to 255, int64": ((X * 255).long(), "浮動小数点数でない", "no floating-point", 1 / 255),
    "0 and 1, bool": (X > 0.5, "浮動小数点数でない", "no floating-point", 0.51),
    "0 and 1, uint8": ((X > 0.5).byte(), "浮動小数点数でない", "no floating-point", 0.51),
    "0 to 65535": (X * 65535, "16 ビット", "16 bits", 1e-6),
    "0 to 16": (X * 16, "0 から 16", "0 to 16", 1e-6),
    "a little outside": (X * 1.02, "はみ出し", "a little outside", 0.021),
    "NaN": (torch.where(X < 0.01, torch.nan, X), "nan", "nan", 0.011),
    "inf": (torch.where(X > 0.99, torch.inf, X), "inf", "inf", 1.0),
    "(N, 28, 28)": (X[:, 0], "チャンネルの次元がない", "no dimension for the channel", 0),
    "(28, 28)": (X[0, 0], "チャンネルの次元がない", "no dimension for the channel", 0),
    "(N, 784)": (X.flatten(1), "一列", "in a row", 0),
    "(784,)": (X[0].flatten(), "一列", "in a row", 0),
    "(N, 1, 784)": (X.flatten(2), "一列", "in a row", 0),
    "(N, 785), labels first": (torch.cat([torch.full((6, 1), 7.0), X.flatten(1)], 1), "ラベル", "labels", 0),
    "(N, 28, 28, 1)": (X.movedim(1, -1), "最後", "come last", 0),
    "uint8 (N, 28, 28)": ((X[:, 0] * 255).byte(), "0 から 255", "0 to 255", 1 / 255),
    "3 colours": (X.expand(-1, 3, -1, -1), "色が 3", "3 colours", 1e-6),
    "3 colours, last": (X.expand(-1, 3, -1, -1).movedim(1, -1), "最後", "come last", 1e-6),
    "ink in alpha alone": (with_alpha(torch.zeros(6, 1, 28, 28), X), "透明度のチャンネルだけ", "transparency alone", 0),
    "opaque alpha": (with_alpha(X, torch.ones(6, 1, 28, 28)), "透明度", "transparency", 1e-6),
    "grey and alpha": (torch.cat([X, torch.ones_like(X)], 1), "透明度", "transparency", 1e-6),
    "40 x 40": (WIDE, "28x28 でない", "not 28x28", 1.0),
    "8 x 8 in a row, 0 to 16": (torch.rand(6, 64) * 16, "一列", "in a row", 1.0),
    "a photo of 3 colours": (
        (torch.rand(3, 50, 40) * 255).byte(),
        "バッチの次元がない",
        "no dimension for the batch",
        1.0,
    ),
}


def cure_in(message):
    """The code that a message tells to write."""
    return re.search(r"Write (.*)$|。([^。]*) と書いてください。$", message).expand(r"\1\2")


@pytest.mark.parametrize("lang", ["ja", "en"])
@pytest.mark.parametrize("case", BROUGHT)
def test_a_fault_is_named_and_the_messages_own_code_mends_it(case, lang):
    x, ja, en, near = BROUGHT[case]
    vae_edu.set_language(lang)
    with pytest.raises((TypeError, ValueError)) as error:
        images.require_images(x)
    assert {"ja": ja, "en": en}[lang] in str(error.value) and str(tuple(x.shape)) in str(error.value)
    mended = eval(cure_in(str(error.value)), {"x": x, "torch": torch})
    images.require_images(mended)
    assert (mended.float() - X[: len(mended)]).abs().max() <= near


@pytest.mark.parametrize("lang", ["ja", "en"])
def test_an_array_is_told_to_become_a_tensor(lang):
    vae_edu.set_language(lang)
    with pytest.raises(TypeError, match="ndarray") as error:
        images.require_images(X.numpy())
    space = {"x": X.numpy(), "torch": torch}
    exec(cure_in(str(error.value)), space)
    images.require_images(space["x"])


def test_rounding_is_no_fault():
    """1.0000001 is what float32 makes of 1 in many computations: the loss stays what it is within 0.01 nats."""
    x = X.clone()
    x[:, :, 3:9] = 1 + 1.2e-7
    images.require_images(x)
    logits = torch.full_like(X, 10.0)
    exact = vae_edu.reconstruction_loss(logits, x.clamp(0, 1))
    assert abs(vae_edu.reconstruction_loss(logits, x) - exact) < 0.01


WRONG = {
    "no tensor": (lambda: images.require_images([1.0]), TypeError, ["x", "list"]),
    "no image": (lambda: images.require_images(X[:0]), ValueError, ["x", "(0, 1, 28, 28)"]),
    "no shape of an image": (
        lambda: images.require_images(torch.rand(3, 2)),
        ValueError,
        ["x", "(3, 2)", "(B, 1, 28, 28)"],
    ),
    "7 channels": (lambda: images.require_images(torch.rand(2, 7, 28, 28)), ValueError, ["x", "(2, 7, 28, 28)"]),
    "values of no image": (lambda: images.require_images(X * 1e30), ValueError, ["x", "e+30"]),
    "complex": (lambda: images.require_images(X * 1j), TypeError, ["x", "complex64"]),
    "sparse": (lambda: images.require_images(X.to_sparse()), TypeError, ["x"]),
    "object array": (lambda: images.require_images(np.array([None])), TypeError, ["x", "ndarray"]),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_cannot_be_mended_is_named(case, told):
    told(*WRONG[case])
