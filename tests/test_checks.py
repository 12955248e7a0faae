"""checks: every mistake is named as itself, the right answer passes in any style, and nothing a learner writes does harm."""

import math
import re
import time
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch.distributions import Bernoulli, MultivariateNormal, Normal, kl_divergence

import vae_edu
from vae_edu.checks import EXERCISES, RETIRED, diagnose, results

MISTAKES = [
    pytest.param(name, mistake, id=f"{name}-{mistake.key}")
    for name, exercise in EXERCISES.items()
    for mistake in exercise.mistakes
]


@pytest.mark.parametrize(("name", "mistake"), MISTAKES)
def test_every_mistake_is_named_as_itself(name, mistake):
    for lang in ("ja", "en"):
        vae_edu.set_language(lang)
        for way in mistake.ways():
            fault = diagnose(name, way)
            assert (fault.key, fault.split("\n")[0]) == (mistake.key, getattr(mistake, lang)[0])


@pytest.mark.parametrize(("name", "mistake"), MISTAKES)
def test_every_mistake_is_told_in_three_sentences_in_each_language(name, mistake):
    for text in mistake.ja:
        assert any("ぁ" <= character <= "ん" for character in text) and text.endswith(("。", "。)"))
    for text in mistake.en:
        assert not any("ぁ" <= character <= "龠" for character in text) and text[-1] in ".)"
    assert len(mistake.ja) == len(mistake.en) == 3


@pytest.mark.parametrize("name", EXERCISES)
def test_the_keys_of_mistakes_are_short_and_unique(name):
    """Records and class reports hold them; those of checks/__init__.py and measuring.py stand beside them."""
    keys = [mistake.key for mistake in EXERCISES[name].mistakes]
    assert len({*keys}) == len(keys) and all(re.fullmatch("[a-z0-9_]{2,25}", key) for key in keys)
    assert not {*keys} & {"value", "shape", "factor", "not_finite", "type", "none", "error", "endless", "unfinished"}


@pytest.mark.parametrize("name", EXERCISES)
def test_the_reference_is_right(name):
    for _ in range(3):
        assert diagnose(name, EXERCISES[name].reference) is None


def loop_kl(m, s):
    total = 0.0
    for row_m, row_s in zip(m, s, strict=True):
        for a, b in zip(row_m, row_s, strict=True):
            total += 0.5 * (math.e**b + a * a - 1 - b)
    return total / len(m)


def loop_sample(mean, log_variance):
    z = torch.empty_like(mean)
    for i in range(mean.shape[0]):
        for j in range(mean.shape[1]):
            z[i, j] = mean[i, j] + torch.randn(()) * math.e ** (log_variance[i, j] / 2)
    return z


def rebuilt_by_loop(images, mean, directions):
    flat = images.flatten(1)
    x_hat = mean
    for w in directions.T:
        x_hat = x_hat + ((flat - mean) @ w).unsqueeze(1) * w
    return x_hat.reshape(len(images), 1, 28, 28)


def dice(images, count):
    return torch.multinomial(torch.ones(images), count, replacement=True)


def mixture(mu, logvar):
    clouds = torch.distributions.Independent(Normal(mu, logvar.exp().sqrt()), 1)
    return torch.distributions.MixtureSameFamily(torch.distributions.Categorical(torch.ones(len(mu))), clouds)


def one_by_one(mu, logvar, count):
    points = []
    for _ in range(count):
        i = np.random.randint(len(mu))
        points.append(vae_edu.reparameterize(mu[i : i + 1], logvar[i : i + 1])[0])
    return points


def written_step(model, x, optimizer):
    optimizer.zero_grad()
    x_logits, mu, logvar, _ = model(x)
    bce = F.binary_cross_entropy_with_logits(x_logits, x, reduction="sum") / x.shape[0]
    kl = -0.5 * torch.einsum("bd->", 1 + logvar - mu**2 - logvar.exp()) / len(mu)
    (bce + kl).backward()
    optimizer.step()
    return (bce + kl).item()


def zero_at_the_end(model, x, optimizer):
    terms = vae_edu.vae_loss(model(x), x)
    terms.total.backward()
    optimizer.step()
    optimizer.zero_grad()
    return terms.total


def written_epoch(model, batches, optimizer):
    losses, images = [], 0
    for batch in batches:
        losses.append(written_step(model, batch, optimizer) * batch.shape[0])
        images += batch.shape[0]
    return math.fsum(losses) / images


def mean_by_hand(z, mu, logvar, images):
    density = torch.distributions.Normal(mu.double(), (logvar.double() / 2).exp()).log_prob(z.double()).sum(dim=-1)
    weights = (density - density.max()).exp()
    return ((weights / weights.sum()).view(-1, 1, 1, 1) * images).sum(dim=0)


def timed(run, wait, clock, repeats):
    def one():
        begin = clock()
        run()
        wait()
        return clock() - begin

    one()
    return torch.tensor([one() for _ in range(repeats)], dtype=torch.float64).median()


RIGHT = [
    ("mean_at", mean_by_hand),
    ("seconds_per_run", timed),
    ("multiplications", lambda a, b, k, n: torch.nn.Conv2d(a, b, k, bias=False).weight.numel() * n * n),
    ("multiplications", lambda a, b, k, n: n * n * a * b * k * k),
    ("decode_point", lambda model, a, b: model.decode(torch.Tensor([a, b])[None])),
    ("decode_point", lambda model, a, b: torch.sigmoid(model.decode_logits(torch.tensor([[a, b]])))),
    ("halfway", lambda model, a, b: model.decode(torch.lerp(model.encode(a)[0], model.encode(b)[0], 0.5))),
    ("halfway", lambda model, a, b: model.decode(model.encode(torch.cat([a, b]))[0].mean(dim=0, keepdim=True))),
    ("squared_error", lambda x, y: F.mse_loss(x, y, reduction="sum") / len(x)),
    ("squared_error", lambda x, y: 784 * ((x - y).double() ** 2).mean()),
    ("squared_error", lambda x, y: torch.einsum("bchw,bchw->b", x - y, x - y).mean()),
    ("rebuild", rebuilt_by_loop),
    ("rebuild", lambda x, m, w: ((x.view(-1, 784) - m) @ (w @ w.T) + m).view(x.shape)),
    ("rebuild", lambda x, m, w: torch.stack([(m + w @ (w.T @ (y.flatten() - m))).view(1, 28, 28) for y in x])),
    ("hole_share", lambda a, b, r: ((a[:, None] - b).norm(dim=2) > r).all(dim=1).float().mean()),
    ("hole_share", lambda a, b, r: sum(min(math.dist(p, q) for q in b.tolist()) > r for p in a.tolist()) / len(a)),
    ("sample_fitted", lambda c, n: MultivariateNormal(c.mean(0), torch.cov(c.T)).sample((n,))),
    (
        "sample_fitted",
        lambda c, n: torch.from_numpy(np.random.multivariate_normal(c.mean(0).numpy(), np.cov(c.numpy().T), n)),
    ),
    ("sigma", lambda logvar: logvar.exp().sqrt()),
    ("sigma", lambda logvar: torch.exp(logvar.double() / 2)),
    ("sigma", lambda log_variance: math.e ** (0.5 * log_variance)),
    ("reparameterize", lambda mu, logvar: Normal(mu, logvar.exp().sqrt()).rsample()),
    ("reparameterize", lambda m, v: torch.randn(m.shape) * torch.exp(v / 2) + m),
    ("reparameterize", lambda m, v: m.double() - torch.randn(m.size(), dtype=torch.float64) * v.exp() ** 0.5),
    ("reparameterize", lambda m, v: torch.addcmul(m, torch.empty_like(m).normal_(), (0.5 * v).exp())),
    ("reparameterize", loop_sample),
    (
        "best_point",
        lambda model, x, points: min(
            points, key=lambda z: F.binary_cross_entropy_with_logits(model.decode_logits(z[None]), x).item()
        ),
    ),
    ("kl_divergence", lambda m, v: kl_divergence(Normal(m, v.exp().sqrt()), Normal(0.0, 1.0)).sum(1).mean()),
    ("kl_divergence", lambda m, v: -0.5 * torch.sum(1 + v - m.pow(2) - v.exp()) / m.shape[0]),
    ("kl_divergence", lambda m, v: 0.5 * torch.einsum("bd->b", v.double().exp() + m.double() ** 2 - 1 - v).mean()),
    ("kl_divergence", lambda m, v: (0.5 * (v.exp() + m * m - 1 - v)).mean(0).sum()),
    ("kl_divergence", loop_kl),
    (
        "kl_between",
        lambda a, b, c, d: kl_divergence(Normal(a, (b / 2).exp()), Normal(c, (d / 2).exp())).sum(1),
    ),
    ("kl_between", lambda a, b, c, d: 0.5 * ((b - d).expm1() - (b - d) + (a - c) ** 2 * (-d).exp()).sum(-1)),
    (
        "reconstruction_loss",
        lambda a, x: -Bernoulli(logits=a, validate_args=False).log_prob(x).flatten(1).sum(1).mean(),
    ),
    ("reconstruction_loss", lambda a, x: F.binary_cross_entropy_with_logits(a, x, reduction="sum") / len(x)),
    ("reconstruction_loss", lambda a, x: -(x * F.logsigmoid(a) + (1 - x) * F.logsigmoid(-a)).sum() / x.size(0)),
    ("reconstruction_loss", lambda a, x: 784 * F.binary_cross_entropy_with_logits(a.double(), x.double())),
    ("reconstruction_loss", lambda a, x: (F.softplus(a) - x * a).sum((1, 2, 3)).mean()),
    (
        "reconstruction_loss",
        lambda a, x: (
            sum(F.binary_cross_entropy_with_logits(b, y, reduction="sum") for b, y in zip(a, x, strict=True)) / len(x)
        ),
    ),
    ("training_step", vae_edu.training_step),
    ("training_step", written_step),
    ("training_step", zero_at_the_end),
    ("train_epoch", written_epoch),
    (
        "train_epoch",
        lambda model, batches, optimizer: np.average(
            [zero_at_the_end(model, x, optimizer).detach() for x in batches], weights=[len(x) for x in batches]
        ),
    ),
    ("sample_prior", lambda number, latent_dim: Normal(0.0, 1.0).sample((number, latent_dim))),
    ("sample_prior", lambda n, d: torch.stack([torch.randn(d) for _ in range(n)])),
    ("sample_prior", lambda n, d: torch.zeros(n, d).normal_()),
    ("interpolate", lambda a, b, n: torch.stack([a + (b - a) * i / (n - 1) for i in range(n)])),
    ("interpolate", lambda a, b, n: (1 - torch.linspace(0, 1, n))[:, None] * a + torch.linspace(0, 1, n)[:, None] * b),
    ("bernoulli_sample", lambda p: (torch.rand_like(p) < p).float()),
    ("bernoulli_sample", lambda p: torch.rand(p.shape) <= p),
    ("bernoulli_sample", lambda p: Bernoulli(p).sample()),
    ("nearest_digit", lambda mu, labels, z: labels[torch.cdist(z[None], mu)[0].argmin()]),
    ("nearest_digit", lambda mu, labels, z: labels[(mu - z).norm(dim=1).argmin()].item()),
    ("nearest_digit", lambda mu, labels, z: min(zip((mu - z).norm(dim=1), labels, strict=True), key=lambda p: p[0])[1]),
    (
        "sample_aggregate",
        lambda m, v, n: torch.stack([Normal(m[i], v[i].exp().sqrt()).sample() for i in dice(len(m), n)]),
    ),
    ("sample_aggregate", lambda m, v, n: mixture(m, v).sample((n,))),
    ("sample_aggregate", one_by_one),
]


@pytest.mark.parametrize(("name", "function"), RIGHT)
def test_the_right_answer_passes_in_any_style(name, function):
    assert diagnose(name, function) is None


def test_every_exercise_has_a_right_answer_in_another_style():
    assert {name for name, _ in RIGHT} == set(EXERCISES)


# The list of the course, as a learner would write it: words that the sentence about it must have.
COURSE = [
    ("kl_divergence", lambda m, v: 0.5 * torch.sum(1 + v - m**2 - v.exp(), dim=1).mean(), "sign"),
    ("kl_divergence", lambda m, v: -torch.sum(1 + v - m**2 - v.exp(), dim=1).mean(), "1/2"),
    ("kl_divergence", lambda m, v: -0.5 * torch.sum(1 + torch.log(v**2) - m**2 - v**2, dim=1).mean(), "standard dev"),
    ("kl_divergence", lambda m, v: -0.5 * torch.sum(1 + torch.log(v) - m**2 - v, dim=1).mean(), "variance"),
    ("kl_divergence", lambda m, v: -0.5 * torch.sum(1 + v - m**2 - v, dim=1).mean(), "exp is forgotten"),
    ("kl_divergence", lambda m, v: -0.5 * torch.mean(1 + v - m**2 - v.exp(), dim=1).mean(), "instead of the sum"),
    ("kl_divergence", lambda m, v: -0.5 * torch.mean(1 + v - m**2 - v.exp()), "over everything"),
    ("kl_divergence", lambda m, v: -0.5 * torch.sum(1 + v - m**2 - v.exp()), "images of the batch"),
    ("kl_divergence", lambda m, v: -0.5 * torch.sum(1 + v - m - v.exp(), dim=1).mean(), "mu is not squared"),
    ("kl_divergence", lambda m, v: (0.5 * (m**2 + v - 1 - v)).sum(1).mean(), "exp is forgotten"),
    ("kl_divergence", lambda m, v: (1 + v - m**2 - v.exp()).mean(), "1/2"),
    ("kl_divergence", lambda m, v: 0.5 * (1 + v - m**2 - v.exp()).sum(), "sign"),
    ("kl_divergence", lambda m, v: kl_divergence(Normal(m, v), Normal(0.0, 1.0)).sum(1).mean(), "standard deviation"),
    ("kl_divergence", lambda m, v: kl_divergence(Normal(m, v.exp()), Normal(0.0, 1.0)).sum(1).mean(), "exp(logvar)"),
    (
        "kl_divergence",
        lambda m, v: kl_divergence(Normal(0.0, 1.0), Normal(m, (v / 2).exp())).sum(1).mean(),
        "other way",
    ),
    ("reparameterize", lambda m, v: m + torch.exp(v) * torch.randn_like(m), "exp(logvar) is used as the standard"),
    ("reparameterize", lambda m, v: m + torch.exp(v / 2) * torch.randn(len(m), 1), "dimensions of an image share"),
    ("reparameterize", lambda m, v: m + torch.exp(v / 2) * torch.rand_like(m), "uniform"),
    ("reparameterize", lambda m, v: m + torch.exp(v / 2) * torch.randn(1, m.shape[1]), "batch share one noise"),
    ("reparameterize", lambda m, v: m, "without any noise"),
    ("reconstruction_loss", lambda a, x: F.binary_cross_entropy_with_logits(a, x), "mean is taken over the pixels"),
    ("reconstruction_loss", lambda a, x: F.binary_cross_entropy_with_logits(a, x, reduction="sum"), "images of the"),
    ("reconstruction_loss", lambda a, x: ((a.sigmoid() - x) ** 2).sum((1, 2, 3)).mean(), "MSE"),
    ("reconstruction_loss", lambda a, x: 784 * F.binary_cross_entropy_with_logits(a.sigmoid(), x), "twice"),
    ("reconstruction_loss", lambda a, x: F.binary_cross_entropy_with_logits(a.sigmoid(), x), "twice"),
    ("reconstruction_loss", lambda a, x: F.mse_loss(a.sigmoid(), x, reduction="sum"), "MSE"),
    ("reconstruction_loss", lambda a, x: F.binary_cross_entropy(x, a.sigmoid(), reduction="sum") / len(x), "swapped"),
    (
        "reconstruction_loss",
        lambda a, x: F.binary_cross_entropy(a.sigmoid(), x, reduction="sum") / len(x),
        "large ones",
    ),
    ("reconstruction_loss", lambda a, x: -(x * a.sigmoid().log()).sum() / len(x), "white"),
    ("reconstruction_loss", lambda a, x: F.binary_cross_entropy(a, x, reduction="sum") / len(x), "as probabilities"),
    ("reconstruction_loss", lambda a, x: 784 * F.binary_cross_entropy_with_logits(x, a), "swapped"),
]


@pytest.mark.parametrize(("name", "function", "words"), COURSE)
def test_the_mistakes_of_the_course_are_recognised_however_they_are_written(name, function, words):
    assert words in diagnose(name, function).split("\n")[0]


UNKNOWN = [
    ("kl_divergence", lambda m, v: 3 * EXERCISES["kl_divergence"].reference(m, v), "3 times the right value"),
    ("kl_divergence", lambda m, v: EXERCISES["kl_divergence"].reference(m, v) + 0.01, "value is wrong (inputs: "),
    ("kl_divergence", lambda m, v: EXERCISES["kl_divergence"].reference(m, v) * (1 + 1e-3 * len(m)), "value is wrong"),
    ("kl_divergence", lambda m, v: m, "wrong shape (inputs: ["),
    ("kl_divergence", lambda m, v: torch.full((), math.inf), "inf or nan"),
    ("reconstruction_loss", lambda a, x: (a - 9).sqrt().sum(), "inf or nan"),
    ("reconstruction_loss", lambda a, x: a.abs().sum() / 0, "inf or nan"),
    (
        "reparameterize",
        lambda m, v: m[0],
        "wrong shape (mu and logvar of shape (3, 4)): it must be (3, 4), but it is (4,)",
    ),
    (
        "reparameterize",
        lambda m, v: m + 1.3 * torch.randn_like(m) * (v / 2).exp(),
        "the standard deviation of (z − μ) / σ; the element that differs most): it must be 1",
    ),
    ("sample_prior", lambda n, d: torch.randn(d, n), "wrong shape (inputs: 3, 4): it must be (3, 4), but it is (4, 3)"),
    ("bernoulli_sample", lambda x_hat: x_hat.flatten(), "wrong shape"),
    (
        "training_step",
        lambda model, x, optimizer: written_step(model, x, optimizer) * torch.ones(3),
        "wrong shape (the loss returned by step 1)",
    ),
    ("hole_share", lambda points, codes, reach: 0.25, "value is wrong (inputs: a tensor of shape (40, 2)"),
]


@pytest.mark.parametrize(("name", "function", "words"), UNKNOWN)
def test_an_unknown_mistake_gets_a_true_statement(name, function, words):
    assert words in diagnose(name, function)


def raises(m, v):
    raise IndexError("out of range")


def exits(m, v):
    raise SystemExit


def recurses(m, v):
    return recurses(m, v)


def changes(m, v):
    m += 1
    return EXERCISES["kl_divergence"].reference(m - 1, v)


def half_written(m, v):
    weight = ...
    return weight * (m + v)


ODD = [
    (lambda m, v: None, "(None)"),
    (lambda m, v: ..., "..."),
    (half_written, "..."),
    (lambda m, v: (m.sum(), ...), "..."),
    (lambda m, v: m.numpy().astype(object), "object"),
    (lambda m, v: "0.5", "str"),
    (lambda m, v: [], "list"),
    (lambda m, v: {"kl": 1.0}, "dict"),
    (lambda m, v: (m, m[0]), "(2,)"),
    (lambda m, v: torch.fft.fft(m), "complex"),
    (lambda m: m, "TypeError"),
    (raises, "IndexError: out of range"),
    (exits, "SystemExit"),
    (recurses, "RecursionError"),
    (changes, "x += ..."),
    (3.5, "float"),
    (None, "NoneType"),
]


@pytest.mark.parametrize(("function", "words"), ODD)
@pytest.mark.parametrize("lang", ["ja", "en"])
def test_whatever_a_learner_writes_gets_a_sentence(function, words, lang, capsys):
    vae_edu.set_language(lang)
    vae_edu.check("kl_divergence", function)
    said = capsys.readouterr().out
    assert said.startswith("✏️ " if words == "..." else "❌ ") and words in said
    assert any("ぁ" <= character <= "ん" for character in said) == (lang == "ja")


@pytest.mark.parametrize("name", EXERCISES)
def test_a_check_leaves_the_random_numbers_as_they_were(name):
    torch.manual_seed(0)
    expected = torch.rand(3)
    torch.manual_seed(0)
    diagnose(name, EXERCISES[name].mistakes[0].ways()[0])
    assert torch.equal(torch.rand(3), expected)


@pytest.mark.parametrize("name", EXERCISES)
def test_a_wrong_answer_is_never_called_right(name, monkeypatch):
    """Neither a constant nor another exercise's answer passes, whether or not a mistake is known."""
    monkeypatch.setitem(EXERCISES, name, EXERCISES[name]._replace(mistakes=[]))
    for function in (lambda *inputs: 0.0, lambda *inputs: inputs[0], lambda *inputs: torch.zeros(3, 2)):
        assert diagnose(name, function) is not None
    for other, exercise in EXERCISES.items():
        assert other == name or diagnose(name, exercise.reference) is not None, other


# What a number may be, and a tensor must be.
NUMBERS = [float, np.float32, np.float64, np.array, torch.tensor, Fraction, Decimal, lambda x: torch.tensor(x).double()]


@pytest.mark.parametrize("kind", NUMBERS)
def test_a_number_may_be_of_any_kind(kind):
    assert diagnose("multiplications", lambda a, b, k, n: kind(a * b * k**2 * n**2)) is None
    assert diagnose("multiplications", lambda a, b, k, n: kind(a + b + k + n)).key == "value"


@pytest.mark.parametrize("kind", [list, tuple, np.array, torch.tensor])
def test_several_numbers_may_be_of_any_kind(kind):
    reference = EXERCISES["sample_aggregate"].reference
    assert diagnose("sample_aggregate", lambda *given: kind(reference(*given).tolist())) is None


def points(start, end, steps):
    return EXERCISES["interpolate"].reference(start, end, steps)


NO_TENSORS = [
    ("interpolate", lambda *inputs: points(*inputs).numpy()),
    ("interpolate", lambda *inputs: points(*inputs).tolist()),
    ("interpolate", lambda *inputs: list(points(*inputs))),
    ("interpolate", lambda *inputs: tuple(points(*inputs))),
    ("sigma", lambda logvar: np.exp(logvar.numpy() / 2)),
    ("sample_prior", lambda number, latent_dim: torch.randn(number, latent_dim).tolist()),
    ("bernoulli_sample", lambda x_hat: torch.bernoulli(x_hat).numpy()),
    ("decode_point", lambda model, z1, z2: model.decode(torch.tensor([[z1, z2]])).detach().numpy()),
    ("halfway", lambda model, x1, x2: EXERCISES["halfway"].reference(model, x1, x2).detach().numpy()),
]


@pytest.mark.parametrize(("name", "function"), NO_TENSORS)
@pytest.mark.parametrize(("lang", "words"), [("ja", "テンソルになります"), ("en", "makes a tensor of it")])
def test_what_is_almost_a_tensor_is_told_the_cure_which_works(name, function, lang, words):
    vae_edu.set_language(lang)
    fault = diagnose(name, function)
    assert fault.key == "type" and words in fault
    cure = re.search(r"torch\.\w+\(result\)", fault)[0]
    cured = lambda *inputs: eval(cure, {"torch": torch, "result": function(*inputs)})  # noqa: E731
    assert diagnose(name, cured) is None


CUTS = [
    ("kl_divergence", lambda m, v: EXERCISES["kl_divergence"].reference(m, v).item(), "no_gradient"),
    ("kl_divergence", lambda m, v: float(EXERCISES["kl_divergence"].reference(m, v)), "no_gradient"),
    ("kl_divergence", torch.no_grad()(lambda m, v: EXERCISES["kl_divergence"].reference(m, v)), "no_gradient"),
    ("kl_divergence", lambda m, v: 0.5 * np.mean(np.sum((m**2 + v.exp() - 1 - v).numpy(), axis=1)), "no_gradient"),
    ("kl_divergence", lambda m, v: EXERCISES["kl_divergence"].reference(m, v.detach()), "gradient"),
    ("kl_divergence", lambda m, v: 0.5 * (m**2 + v.exp().detach() - 1 - v).sum(1).mean(), "gradient"),
    ("reconstruction_loss", lambda a, x: EXERCISES["reconstruction_loss"].reference(a, x).item(), "no_gradient"),
    ("reconstruction_loss", lambda a, x: EXERCISES["reconstruction_loss"].reference(a.data, x), "no_gradient"),
    ("reparameterize", lambda m, v: vae_edu.reparameterize(m, v).tolist(), "no_gradient"),
    ("reparameterize", lambda m, v: vae_edu.reparameterize(m, v).detach().numpy(), "no_gradient"),
    ("reparameterize", torch.no_grad()(lambda m, v: vae_edu.reparameterize(m, v)), "no_gradient"),
]


@pytest.mark.parametrize(("name", "function", "key"), CUTS)
@pytest.mark.parametrize(("lang", "words"), [("ja", "勾配"), ("en", "gradient")])
def test_a_gradient_that_does_not_pass_is_a_mistake_of_its_own(name, function, key, lang, words):
    vae_edu.set_language(lang)
    fault = diagnose(name, function)
    assert fault.key == key and words in fault.split("\n")[0]


UNFINISHED = [
    ("kl_divergence", half_written),
    ("kl_divergence", lambda m, v: 0.5 * ...),
    ("sample_aggregate", lambda mu, logvar, count: (mu[0], ...)),
    ("training_step", lambda model, x, optimizer: [written_step(model, x, optimizer), ...][1]),
]


@pytest.mark.parametrize(("name", "function"), UNFINISHED)
def test_what_is_half_written_is_not_called_unwritten(name, function, capsys):
    assert diagnose(name, function).key == "unfinished"
    vae_edu.check(name, function)
    assert "It is not finished" in capsys.readouterr().out


@pytest.mark.parametrize("word", ["ellipsis", "unsupported operand type(s) for *: 'float' and 'ellipsis'"])
def test_an_error_that_speaks_of_an_ellipsis_is_an_error(word):
    def fails(m, v):
        raise TypeError(word)

    assert diagnose("kl_divergence", fails).key == "error"


def test_an_argument_that_is_not_read_is_named():
    model = vae_edu.ConvVAE()
    fault = diagnose("decode_point", lambda other, z1, z2: model.decode(torch.tensor([[z1, z2]])))
    assert fault.key == "value" and "does not use its argument other" in fault
    vae_edu.set_language("ja")
    assert "引数 other が" in diagnose("decode_point", lambda other, z1, z2: model.decode(torch.tensor([[z1, z2]])))
    assert "argument" not in diagnose("hole_share", lambda points, codes, reach: 0 * len([points, codes, reach]))


def own_pass(model, x, draw):
    """The loss by a forward pass of one's own."""
    mu, logvar = model.encode(x)
    x_logits = model.decode_logits(mu + (0.5 * logvar).exp() * draw(mu))
    return vae_edu.vae_loss(vae_edu.VAEOutput(x_logits, mu, logvar, mu), x).total


DRAWS = [
    torch.randn_like,
    lambda mu: [torch.rand(1), torch.randn_like(mu)][1],  # not the first random number
    lambda mu: torch.randn(mu.shape),
    lambda mu: torch.randn(*mu.size(), dtype=mu.dtype),
    lambda mu: torch.empty_like(mu).normal_(),
    lambda mu: torch.zeros_like(mu).normal_(mean=0, std=1),
    lambda mu: torch.normal(0.0, 1.0, mu.shape),
    lambda mu: torch.normal(torch.zeros_like(mu), 1.0),
    lambda mu: Normal(0.0, 1.0).sample(mu.shape),
    lambda mu: Normal(torch.zeros_like(mu), torch.ones_like(mu)).rsample(),
]


def own_step(draw):
    """A training step whose forward pass is one's own."""

    def step(model, x, optimizer):
        loss = own_pass(model, x, draw)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss

    return step


@pytest.mark.parametrize("draw", DRAWS)
def test_a_forward_pass_of_ones_own_is_judged_like_the_models(draw):
    step = own_step(draw)

    def epoch(model, batches, optimizer):
        return sum(step(model, x, optimizer).item() * len(x) for x in batches) / sum(map(len, batches))

    assert diagnose("training_step", step) is None
    assert diagnose("train_epoch", epoch) is None


@pytest.mark.parametrize("draw", [torch.zeros_like, torch.ones_like, torch.rand_like])
def test_a_forward_pass_of_ones_own_with_other_noise_is_wrong(draw):
    assert diagnose("training_step", own_step(draw)) is not None


def test_check_prints_and_strict_raises(monkeypatch, capsys):
    vae_edu.check("sigma", lambda logvar: (logvar / 2).exp())
    vae_edu.check("sigma", lambda logvar: logvar.exp())
    right, wrong = capsys.readouterr().out.split("\n", 1)
    assert right == "✅ Correct."
    assert wrong.startswith("❌ exp(logvar) is the variance") and "Why it matters:" in wrong and "Try:" in wrong
    monkeypatch.setenv("VAE_EDU_STRICT", "1")
    with pytest.raises(AssertionError, match="variance"):
        vae_edu.check("sigma", lambda logvar: logvar.exp())
    vae_edu.check("sigma", lambda logvar: (logvar / 2).exp())


def test_an_unknown_exercise_is_named(capsys):
    vae_edu.check("kl", lambda m, v: m)
    assert "'kl'" in (said := capsys.readouterr().out) and "kl_divergence" in said


def test_a_prediction_stands_beside_the_result(capsys):
    vae_edu.compare(0.7, 0.5)
    vae_edu.compare(..., "test")
    vae_edu.set_language("ja")
    vae_edu.compare("(1, 28, 28)", (1, 28, 28))
    vae_edu.compare(..., 3)
    assert capsys.readouterr().out.splitlines() == [
        "prediction: 0.7  /  result: 0.5",
        "prediction: (none yet)  /  result: test",
        "予想: (1, 28, 28)  /  結果: (1, 28, 28)",
        "予想: (まだ書いていません)  /  結果: 3",
    ]


@pytest.fixture
def records(monkeypatch):
    """The records of this test."""
    monkeypatch.setattr(results, "RECORDS", [])
    return results.RECORDS


def test_what_was_said_is_kept_for_the_session(records):
    started = time.time()
    vae_edu.check("sigma", lambda logvar: ...)
    vae_edu.check("sigma", lambda logvar: 0.5 * ...)
    vae_edu.check("sigma", lambda logvar: logvar.exp())
    vae_edu.compare(..., 0.5)
    vae_edu.set_language("ja")
    vae_edu.check("sigma", lambda logvar: logvar.no_such_method())
    vae_edu.check("sigma", lambda logvar: (logvar / 2).exp())
    vae_edu.compare("(1, 28)", torch.zeros(1000))
    assert all(started <= record.time <= time.time() for record in records)
    assert [record[1:4] for record in records] == [
        ("sigma", "unwritten", None),
        ("sigma", "wrong", "unfinished"),
        ("sigma", "wrong", "variance"),
        (None, None, None),
        ("sigma", "wrong", "error"),
        ("sigma", "right", None),
        (None, None, None),
    ]
    assert records[3][4:] == (None, "0.5")
    assert records[6].prediction == "(1, 28)" and len(records[6].result) == results.LONGEST


@pytest.mark.parametrize(("lang", "words"), [("ja", "レッスン 12 の演習 1 を使ってください"), ("en", "Use exercise 1")])
def test_a_retired_exercise_gets_its_sentence(lang, words, monkeypatch, records, capsys):
    vae_edu.set_language(lang)
    row = (
        "この演習はなくなりました。レッスン 12 の演習 1 を使ってください。",
        "It is gone. Use exercise 1 of lesson 12.",
    )
    monkeypatch.setitem(RETIRED, "old_exercise", row)
    vae_edu.check("old_exercise", lambda x: x)
    assert capsys.readouterr().out == f"❌ {row[lang == 'en']}\n" and words in row[lang == "en"]
    assert not records


def test_a_name_is_retired_or_an_exercise_and_told_in_both_languages():
    assert not RETIRED.keys() & EXERCISES.keys()
    for ja, en in RETIRED.values():
        assert ja.endswith("。") and en.endswith(".")
