"""datasets: whatever holds images is taken; of what cannot be, the message names the line that makes it fit."""

import re

import hypothesis
import numpy as np
import pytest
import torch
import torchvision
from hypothesis import strategies as st
from PIL import Image
from test_arguments import is_for_a_learner
from torch.utils.data import ConcatDataset, DataLoader, Dataset, IterableDataset, Subset, TensorDataset, random_split

import vae_edu
from vae_edu import datasets

torch.manual_seed(0)
BYTES = torch.randint(0, 256, (20, 1, 28, 28), dtype=torch.uint8)
X = BYTES / 255
Y = torch.arange(20) % 10
DIGITS = TensorDataset(X, Y)
PICTURES = [Image.fromarray(image[0].numpy()) for image in BYTES]


class Own(Dataset):
    """A data set as torchvision's are: images and labels by number, after a transform."""

    def __init__(self, images, transform=None):
        self.images, self.transform = images, transform

    def __len__(self):
        return len(self.images)

    def __getitem__(self, i):
        return (self.transform or (lambda image: image))(self.images[i]), int(Y[i])


class Endless(IterableDataset):
    def __iter__(self):
        return iter(DIGITS)


# Everything here holds X in its order; the second is whether it has labels.
TAKEN = {
    "TensorDataset": (DIGITS, True),
    "TensorDataset without labels": (TensorDataset(X), False),
    "TensorDataset, float64": (TensorDataset(X.double(), Y), True),
    "TensorDataset with three tensors": (TensorDataset(X, Y, Y), True),
    "Subset": (Subset(DIGITS, range(20)), True),
    "random_split": (random_split(DIGITS, [20, 0])[0], True),
    "ConcatDataset": (ConcatDataset([Subset(DIGITS, range(7)), Subset(DIGITS, range(7, 20))]), True),
    "Dataset with ToTensor": (Own(PICTURES, torchvision.transforms.ToTensor()), True),
    "Dataset of pictures": (Own(PICTURES), True),
    "Dataset of arrays": (Own(X.numpy()), True),
    "DataLoader": (DataLoader(DIGITS, batch_size=6), True),
    "DataLoader without labels": (DataLoader(X, batch_size=6), False),
    "tensor": (X, False),
    "tensor with a gradient": (X.clone().requires_grad_(), False),
    "array": (X.numpy(), False),
    "array, float64": (X.numpy().astype(">f8"), False),
    "array, backwards": (X.flip(0).numpy()[::-1], False),
    "list of tensors": (list(X), False),
    "list of pairs": (list(DIGITS), True),
    "tuple of lists": (tuple([x, int(y)] for x, y in DIGITS), True),
    "list of arrays": (list(X.numpy()), False),
    "list of pictures": (PICTURES, False),
}


@pytest.fixture(scope="module")
def model():
    vae_edu.set_seed(0)
    return vae_edu.ConvVAE()


@pytest.mark.parametrize("kind", TAKEN)
def test_whatever_holds_images_is_taken(kind, model):
    dataset, has_labels = TAKEN[kind]
    images, labels = datasets.tensors_of(dataset)
    if kind == "random_split":
        images, labels = images[(order := torch.tensor(dataset.indices).argsort())], labels[order]
    assert torch.allclose(images, X, atol=1e-7) and images.dtype == torch.float32 and not images.requires_grad
    assert torch.equal(labels, Y) if has_labels else labels is None


@pytest.mark.parametrize(
    "kind", ["Subset", "Dataset with ToTensor", "DataLoader", "tensor", "array", "list of pictures"]
)
def test_every_function_that_reads_a_data_set_takes_it(kind, model):
    dataset, has_labels = TAKEN[kind]
    assert vae_edu.evaluate(model, dataset) == vae_edu.evaluate(model, DIGITS)
    codes = vae_edu.encode_dataset(model, dataset)
    assert torch.equal(codes.mu, vae_edu.encode_dataset(model, DIGITS).mu) and (codes.labels is None) != has_labels
    vae_edu.plot_latent_scatter(codes)
    assert len(vae_edu.plot_images(dataset).axes) == 20
    vae_edu.plot_reconstructions(model, dataset)
    (record,) = vae_edu.train(vae_edu.ConvVAE(), dataset, 1, test_dataset=dataset, progress=False)
    assert record.test.total > 0


class Broken(Own):
    def __getitem__(self, i):
        return self.picture[i]


def coloured(size, mode="RGB"):
    noise = np.random.default_rng(0).integers(0, 256, (3, *size[::-1], 3), np.uint8)
    return [Image.fromarray(pixels).convert(mode) for pixels in noise]


# What is brought, and what the message says beside `dataset`; its line then makes a data set of it.
MENDED = {
    "TensorDataset of bytes": (lambda: TensorDataset(BYTES[:, 0], Y), ["(20, 28, 28)", "uint8"]),
    "TensorDataset in [-1, 1]": (lambda: TensorDataset(X * 2 - 1, Y), ["-1", "Normalize"]),
    "tensor of bytes": (lambda: BYTES[:, 0], ["(20, 28, 28)", "uint8"]),
    "array of bytes": (lambda: BYTES.numpy()[:, 0], ["255"]),
    "array of flat images": (lambda: X.flatten(1).numpy(), ["(20, 784)"]),
    "Dataset in [-1, 1]": (lambda: Own(X * 2 - 1), ["-1", "Normalize"]),
    "Dataset of byte arrays": (lambda: Own(BYTES.numpy()[:, 0]), ["255"]),
    "Dataset of flat tensors": (lambda: Own(X.flatten(1)), ["(20, 784)"]),
    "Dataset of colour pictures": (lambda: Own(coloured((28, 28))), ["(3, 4, 28, 28)"]),
    "list of pictures of one size": (lambda: coloured((40, 50)), ["(3, 4, 50, 40)"]),
    "list of pictures of many sizes": (lambda: coloured((40, 50)) + PICTURES, ["(4, 50, 40)"]),
    "list of tensors of many sizes": (lambda: [X[0], torch.rand(1, 40, 30)], ["(1, 40, 30)"]),
    "DataLoader in [-1, 1]": (lambda: DataLoader(TensorDataset(X * 2 - 1, Y), 6), ["Normalize"]),
    "DataLoader of pictures": (lambda: DataLoader(Own(PICTURES), 6), ["PIL"]),
    "DataLoader without end": (lambda: DataLoader(Endless(), 6), ["DataLoader"]),
    "iterator": (lambda: iter(DIGITS), ["iterator"]),
    "pair of tensors": (lambda: (X, Y), ["(20,)"]),
    "list of batches": (lambda: [X[:8], X[8:16]], ["(8, 1, 28, 28)"]),
    "list of batches with labels": (lambda: list(DataLoader(DIGITS, 6)), ["(6, 1, 28, 28)"]),
    "samples by name": (lambda: [{"image": x, "label": y} for x, y in DIGITS], ["list"]),
    "divided twice": (lambda: TensorDataset(X / 255, Y), ["0.0039"]),
    "a list divided twice": (lambda: list(X / 255), ["0.0039"]),
}


def cure_in(message):
    """The line that a message tells to write."""
    return re.search(r"(?:Write|Try) (.*)$|。([^。]*) と書いて(?:みて)?ください。$", message).expand(r"\1\2")


@pytest.mark.parametrize("lang", ["ja", "en"])
@pytest.mark.parametrize("kind", MENDED)
def test_a_line_is_named_that_makes_it_a_data_set(kind, lang, model):
    make, words = MENDED[kind]
    vae_edu.set_language(lang)
    space = {"dataset": make(), "torch": torch, "torchvision": torchvision}
    for _ in range(2):  # an iterator of batches takes two lines
        try:
            vae_edu.evaluate(model, space["dataset"])
        except (TypeError, ValueError) as error:
            assert is_for_a_learner(error, "dataset", lang)
            assert "dataset" in str(error) and (_ or all(word in str(error) for word in words)), str(error)
            exec(cure_in(str(error)), space)
        else:
            assert _, "nothing was said"
    vae_edu.evaluate(model, space["dataset"])
    images, _ = datasets.tensors_of(space["dataset"])
    assert images.min() >= 0 and images.max() <= 1 and images.std() > 0.05  # no longer dark, no longer flat


@pytest.mark.parametrize("lang", ["ja", "en"])
@pytest.mark.parametrize("kind", [TensorDataset(1 - X * 0.3, Y), 1 - X * 0.3, list(1 - X * 0.3), Own(1 - X * 0.3)])
def test_dark_ink_on_light_paper_is_remarked_and_the_line_turns_it_round(kind, lang, model, capsys):
    vae_edu.set_language(lang)
    vae_edu.evaluate(model, kind)
    said = capsys.readouterr().out.strip()
    assert {"ja": "明るい地に暗い線", "en": "dark ink on light paper"}[lang] in said
    space = {"dataset": kind, "torch": torch}
    exec(re.search(r"write (.*)$|には (.*) と書いてください。$", said).expand(r"\1\2"), space)
    vae_edu.evaluate(model, space["dataset"])
    assert torch.allclose(datasets.tensors_of(space["dataset"])[0], X * 0.3, atol=1e-6) and not capsys.readouterr().out
    if isinstance(kind, TensorDataset):
        kind.tensors = (1 - kind.tensors[0], kind.tensors[1])  # as it was, for the other language


def test_of_digits_in_white_on_black_nothing_is_remarked(model, capsys):
    vae_edu.evaluate(model, vae_edu.load_mnist("test"))
    vae_edu.evaluate(model, X)  # noise: its border is as grey as its middle
    assert "ink" not in capsys.readouterr().out


def test_a_run_remarks_it_once(capsys):
    dark = TensorDataset(1 - X * 0.3, Y)
    vae_edu.train(vae_edu.ConvVAE(), dark, 3, test_dataset=dark, progress=False)
    assert capsys.readouterr().out.count("Note:") == 2  # of dataset and of test_dataset


LABELS = {
    "float": (Y.float(), ["float32", "long()"]),
    "column": (Y[:, None], ["(20, 1)", "flatten()"]),
    "one-hot": (torch.nn.functional.one_hot(Y), ["(20, 10)", "argmax"]),
}


@pytest.mark.parametrize("lang", ["ja", "en"])
@pytest.mark.parametrize("kind", LABELS)
def test_labels_are_judged_only_where_they_are_used(kind, lang, model):
    labels, words = LABELS[kind]
    vae_edu.set_language(lang)
    dataset = TensorDataset(X, labels)
    assert vae_edu.evaluate(model, dataset) == vae_edu.evaluate(model, DIGITS)
    with pytest.raises(TypeError) as error:
        vae_edu.encode_dataset(model, dataset)
    assert all(word in str(error.value) for word in [*words, "dataset"])
    first, second = re.findall(r"dataset(?:\.tensors)? = [^。]*?(?=, or|$| と書く| でラベル)", str(error.value))
    for line, expected in ((first, Y), (second, None)):
        space = {"dataset": dataset}
        exec(line, space)
        codes = vae_edu.encode_dataset(model, space["dataset"])
        assert codes.labels is None if expected is None else torch.equal(codes.labels, expected)


@pytest.mark.parametrize("dtype", [torch.uint8, torch.int32])
def test_labels_of_every_whole_type_are_taken(dtype, model):
    assert torch.equal(vae_edu.encode_dataset(model, TensorDataset(X, Y.to(dtype))).labels, Y)


@pytest.mark.parametrize("lang", ["ja", "en"])
@pytest.mark.parametrize("kind", ["Subset", "ConcatDataset", "Dataset with ToTensor", "list of pairs"])
def test_one_of_each_digit_names_the_line_that_gathers_a_data_set(kind, lang):
    vae_edu.set_language(lang)
    dataset = TAKEN[kind][0]
    with pytest.raises(TypeError, match="TensorDataset") as error:
        vae_edu.one_of_each_digit(dataset)
    space = {"dataset": dataset, "torch": torch}
    exec(re.search(r"(dataset = .*\))", str(error.value))[1], space)
    assert torch.equal(vae_edu.one_of_each_digit(space["dataset"]), X[:10])


def few(given):
    return {"images": given, "torch": torch, "vae_edu": vae_edu}


@pytest.mark.parametrize("lang", ["ja", "en"])
@pytest.mark.parametrize(
    "make", [lambda x: x, lambda x: x.numpy(), TensorDataset, list, lambda x: Subset(x, range(300))]
)
def test_too_many_images_for_a_figure_are_cut_by_the_messages_code(make, lang):
    vae_edu.set_language(lang)
    given = make(torch.rand(300, 1, 28, 28))
    with pytest.raises(ValueError, match="300") as error:
        vae_edu.plot_images(given)
    code = re.search(r"Pass (.*)$|。([^。]*) を渡してください。$", str(error.value)).expand(r"\1\2")
    assert len(vae_edu.plot_images(eval(code, few(given))).axes) == 200


WRONG = {
    "numbers": (lambda: datasets.images_of([1, 2]), TypeError, ["dataset", "list", "load_mnist()"]),
    "None": (lambda: datasets.images_of(None), TypeError, ["dataset", "None"]),
    "a dict": (lambda: datasets.images_of({"x": X}), TypeError, ["dataset", "dict"]),
    "a text": (lambda: datasets.images_of("abc"), TypeError, ["dataset", "'abc'"]),
    "empty": (lambda: datasets.images_of(TensorDataset(X[:0], Y[:0])), ValueError, ["dataset", "(0, 1, 28, 28)"]),
    "an empty list": (lambda: datasets.images_of([]), TypeError, ["dataset", "[]"]),
    "an error of its own": (lambda: datasets.images_of(Broken(X)), TypeError, ["dataset", "AttributeError", "picture"]),
    "a digit is missing": (
        lambda: vae_edu.one_of_each_digit(TensorDataset(X[:4], Y[:4])),
        ValueError,
        ["dataset", "[4, 5, 6"],
    ),
    "no labels": (lambda: vae_edu.one_of_each_digit(TensorDataset(X)), TypeError, ["dataset", "(images, labels)"]),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_cannot_be_mended_is_named(case, told):
    told(*WRONG[case])


def test_an_error_of_a_data_sets_own_is_kept_as_the_cause():
    with pytest.raises(TypeError) as error:
        datasets.images_of(Broken(X))
    assert isinstance(error.value.__cause__, AttributeError)


# Data sets at random

SHAPES = [(28, 28), (1, 28, 28), (3, 28, 28), (4, 30, 20), (784,), (28, 28, 1), (32, 32), (), (0,), (2, 1, 28, 28)]
DTYPES = [torch.float32, torch.float64, torch.float16, torch.uint8, torch.bool, torch.int64, torch.complex64]


@st.composite
def anything_like_a_data_set(draw):
    """Samples of shapes, types and ranges drawn at random, alike or not, in one of the containers."""
    count, shape, dtype = draw(st.integers(0, 5)), draw(st.sampled_from(SHAPES)), draw(st.sampled_from(DTYPES))
    scale, shift = (
        draw(st.sampled_from([0, 1 / 255, 1, 16, 255, 65535, 1e30, torch.nan])),
        draw(st.sampled_from([0, -0.5, -1])),
    )
    images = [((torch.rand(shape) + shift) * scale).to(dtype) for _ in range(count)]
    odd = draw(
        st.sampled_from([None] * 5 + [torch.rand(1, 30, 30), "x", np.zeros(3), PICTURES[0], coloured((9, 7))[0], 5, {}])
    )
    images += [] if odd is None else [odd]
    form = draw(st.sampled_from(["tensor", "array", "picture"]))
    if form == "array":
        images = [image.numpy() if isinstance(image, torch.Tensor) else image for image in images]
    if form == "picture":
        images = [draw(st.sampled_from(PICTURES + coloured((28, 28)) + coloured((5, 90)))) for _ in images]
    labels = draw(st.sampled_from([list(range(9)), ["a"] * 9, [None] * 9, torch.rand(9), [torch.ones(2)] * 9]))
    pairs = list(zip(images, labels, strict=False))
    stack = torch.stack([i for i in images if isinstance(i, torch.Tensor) and i.shape == shape] or [torch.zeros(shape)])
    options = [images, pairs, tuple(pairs), iter(images), stack, stack.numpy(), TensorDataset(stack)]
    options += [Own(images), Broken(images), [pairs], {"image": images}, Subset(pairs, range(9)), DataLoader(pairs, 2)]
    options += [
        DataLoader(stack, 2),
        DataLoader(Own(images), 2),
        Endless(),
        np.array(images, object) if not images else stack,
    ]
    return draw(st.sampled_from(options))


@pytest.mark.parametrize("name", ["evaluate", "encode_dataset", "plot_images", "one_of_each_digit"])
@hypothesis.settings(
    deadline=None, max_examples=250, derandomize=True, suppress_health_check=list(hypothesis.HealthCheck)
)
@hypothesis.given(dataset=anything_like_a_data_set(), language=st.sampled_from(["ja", "en"]))
def test_any_data_set_is_taken_or_gets_a_message(model, capsys, name, dataset, language):
    vae_edu.set_language(language)
    before = {"evaluate": [model], "encode_dataset": [model]}.get(name, [])
    try:
        getattr(vae_edu, name)(*before, dataset)
    except (TypeError, ValueError) as error:
        assert is_for_a_learner(error, "images" if name == "plot_images" else "dataset", language)
