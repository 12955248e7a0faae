"""Answers that learners could give, written from the tasks of the lessons alone: right ones in odd styles, wrong ones too.

Of a wrong one stand here: what is wrong, the key that `check` finds, and the function. Keys such as "value" and "shape"
belong to no known mistake: what is said then is the result beside the right one.
"""

import itertools
import math
import random
import statistics
import time

import numpy as np
import pytest
import torch
import torch.nn.functional as F

import vae_edu
from vae_edu import vae_loss
from vae_edu.checks import EXERCISES, diagnose

NOISE = torch.randn(5000, 50)  # drawn once, outside the function


def error_by_loop(x, x_hat):
    total = 0.0
    for picture, other in zip(x, x_hat, strict=True):
        total = total + torch.sum((picture - other) ** 2)
    return total / len(x)


def rebuilt_in_numpy(images, mean, directions):
    x, m, w = images.numpy().reshape(len(images), -1), mean.numpy(), directions.numpy()
    return np.float64(m + (x - m).dot(w).dot(w.transpose())).reshape(-1, 1, 28, 28)


def rebuilt_with_mean_each_time(images, mean, directions):
    x = images.flatten(1) - mean
    return sum(mean + torch.outer(x @ w, w) for w in directions.T).reshape(images.shape)


def rebuilt_anew_each_time(images, mean, directions):
    x = images.flatten(1) - mean
    for i in range(directions.shape[1]):
        x_hat = mean + torch.outer(x @ directions[:, i], directions[:, i])
    return x_hat.view(-1, 1, 28, 28)


def squares(points, codes):
    return (points[:, None] - codes).square().sum(dim=2)


def holes_by_loop(points, codes, reach):
    holes = 0
    for point in points:
        if min(torch.dist(point, code) for code in codes) > reach:
            holes += 1
    return holes / len(points)


def fitted_by_eigenvectors(codes, count):
    centred = codes - codes.mean(dim=0)
    values, vectors = torch.linalg.eigh(centred.T @ centred / (len(codes) - 1))
    return codes.mean(dim=0) + torch.randn(count, 2) * values.sqrt() @ vectors.T


def fitted_by_loop(codes, count):
    source = torch.distributions.MultivariateNormal(codes.mean(dim=0), torch.cov(codes.T))
    return torch.stack([source.sample() for _ in range(count)])


def seeded_reparameterize(mu, logvar):
    torch.manual_seed(0)
    return mu + torch.exp(0.5 * logvar) * torch.randn_like(mu)


def point_error(model, x, z):
    """The reconstruction error of one image at one point."""
    x_hat = model.decode(z[None]).double()
    return -(x * x_hat.log() + (1 - x) * (1 - x_hat).log()).sum()


def best_by_loop(model, x, points):
    best, lowest = None, math.inf
    for z in points:
        error = point_error(model, x, z)
        if error < lowest:
            best, lowest = z, error
    return best


def best_by_numpy(x_hat, x):
    x_hat, x = x_hat.detach().numpy().astype(float).reshape(len(x_hat), -1), x.numpy().reshape(-1)
    return int(np.argmin(-(np.log(x_hat) @ x + np.log1p(-x_hat) @ (1 - x))))


def box_muller(mu, logvar):
    radius = (-2 * torch.log(1 - torch.rand(mu.shape))).sqrt()
    return mu + (logvar / 2).exp() * radius * torch.cos(2 * math.pi * torch.rand(mu.shape))


def loss_by_loop(x_logits, x):
    per_image = []
    for logits, picture in zip(x_logits, x, strict=True):
        per_image.append(-(picture * F.logsigmoid(logits) + (1 - picture) * F.logsigmoid(-logits)).sum())
    return torch.stack(per_image).mean()


def own_loss(model, x):
    """The loss by a forward pass of one's own."""
    mu, logvar = model.encode(x)
    z = mu + (0.5 * logvar).exp() * torch.randn_like(mu)
    reconstruction = F.binary_cross_entropy_with_logits(model.decode_logits(z), x, reduction="sum")
    return (reconstruction - 0.5 * (1 + logvar - mu**2 - logvar.exp()).sum()) / len(x)


def aggregate_by_loop(mu, logvar, count):
    points = torch.empty(count, mu.size(1))
    for k in range(count):
        i = random.randrange(len(mu))
        points[k] = mu[i] + torch.sqrt(torch.exp(logvar[i])) * torch.randn(mu.size(1))
    return points


def aggregate_by_numpy(mu, logvar, count):
    i = np.random.choice(len(mu), size=count)
    return np.random.normal(mu.numpy()[i], np.exp(0.5 * logvar.numpy()[i]))


def aggregate_of_one(mu, logvar, count):
    i = random.randrange(len(mu))
    return torch.stack([mu[i] + (logvar[i] / 2).exp() * torch.randn(mu.shape[1]) for _ in range(count)])


def fitted_to_all(mu, logvar, count):
    return torch.normal(mu.mean(dim=0).expand(count, -1), mu.std(dim=0).expand(count, -1))


def seeded_aggregate(mu, logvar, count):
    random.seed(1)
    torch.manual_seed(1)
    return aggregate_by_loop(mu, logvar, count)


def step_by_own_forward(model, x, optimizer):
    loss = own_loss(model, x)
    model.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.item()


def step_by_grad(model, x, optimizer):
    loss = vae_loss(model(x), x).total
    for p, g in zip(model.parameters(), torch.autograd.grad(loss, list(model.parameters())), strict=True):
        p.grad = g
    optimizer.step()
    return float(loss)


def step_without_zero(model, x, optimizer):
    loss = vae_loss(model(x), x).total
    loss.backward()
    optimizer.step()
    return loss


def step_zeroed_between(model, x, optimizer):
    loss = vae_loss(model(x), x).total
    loss.backward()
    optimizer.zero_grad()
    optimizer.step()
    return loss


def step_measured_afterwards(model, x, optimizer):
    loss = vae_loss(model(x), x).total
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return vae_loss(model(x), x).total


def step_of_another_optimizer(model, x, optimizer):
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-3)
    return step_by_own_forward(model, x, optimizer)


def step_uphill(model, x, optimizer):
    loss = vae_loss(model(x), x).total
    optimizer.zero_grad()
    (-loss).backward()
    optimizer.step()
    return loss


def step_not_taken(model, x, optimizer):
    loss = vae_loss(model(x), x).total
    optimizer.zero_grad()
    loss.backward()
    return loss


def step_of_reconstruction(model, x, optimizer):
    loss = vae_loss(model(x), x).reconstruction
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss


def epoch_with_weights(model, batches, optimizer):
    model.train()
    losses = [step_by_own_forward(model, x, optimizer) for x in batches]
    return np.average(losses, weights=[x.shape[0] for x in batches])


def epoch_by_running_mean(model, batches, optimizer):
    mean, images = 0.0, 0
    for x in batches:
        loss = float(step_by_grad(model, x, optimizer))
        images += len(x)
        mean += (loss - mean) * len(x) / images
    return mean


def epoch_by_library(model, batches, optimizer):
    total, images = torch.zeros(()), 0
    for x in batches:
        total += vae_edu.training_step(model, x, optimizer).total * x.size(0)
        images += x.size(0)
    return total.div(images).item()


def epoch_of(step, mean):
    """An epoch of such steps, and what `mean` makes of their losses and of the sizes of the mini-batches."""

    def epoch(model, batches, optimizer):
        losses = [float(step(model, x, optimizer)) for x in batches]
        return mean(losses, [len(x) for x in batches])

    return epoch


def weighted(losses, sizes):
    return sum(a * b for a, b in zip(losses, sizes, strict=True)) / sum(sizes)


def epoch_that_returns_in_its_loop(model, batches, optimizer):
    for x in batches:
        return step_by_own_forward(model, x, optimizer)


def epoch_stepped_at_its_end(model, batches, optimizer):
    total = 0.0
    for x in batches:
        loss = vae_loss(model(x), x).total
        optimizer.zero_grad()
        loss.backward()
        total += loss.item() * len(x)
    optimizer.step()
    return total / sum(map(len, batches))


def epoch_of_all_at_once(model, batches, optimizer):
    return step_by_own_forward(model, torch.cat(batches), optimizer)


def epoch_with_its_graphs(model, batches, optimizer):
    total = 0
    for x in batches:
        loss = own_loss(model, x)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += loss * len(x)
    return total / sum(map(len, batches))


def epoch_without_the_last(model, batches, optimizer):
    return epoch_of(step_by_own_forward, weighted)(model, batches[:-1], optimizer)


def epoch_evaluated(model, batches, optimizer):
    with torch.no_grad():
        return sum(own_loss(model, x).item() * len(x) for x in batches) / sum(map(len, batches))


def mean_at_by_loop(z, mu, logvar, images):
    logs = [
        sum(-0.5 * (z[k] - m[k]) ** 2 / v[k].exp() - 0.5 * v[k] for k in range(len(z)))
        for m, v in zip(mu, logvar, strict=True)
    ]
    weights = [torch.exp(log - max(logs)) for log in logs]
    return sum(weight * image for weight, image in zip(weights, images, strict=True)) / sum(weights)


def mean_at_by_normal(z, mu, logvar, images):
    log_density = torch.distributions.Normal(mu, (logvar / 2).exp()).log_prob(z).sum(dim=1)
    weights = (log_density - log_density.logsumexp(dim=0)).exp()
    return (weights @ images.flatten(1)).reshape(1, 28, 28)


def mean_at_in_double(z, mu, logvar, images):
    density = np.exp(-0.5 * ((z - mu) ** 2 / logvar.exp() + logvar).sum(dim=1).double().numpy())
    return torch.from_numpy(np.average(images.numpy(), axis=0, weights=density)).float()


def mean_at_by_density(z, mu, logvar, images):
    density = torch.distributions.Normal(mu, (logvar / 2).exp()).log_prob(z).exp().prod(dim=1)
    return (density[:, None, None, None] * images).sum(dim=0) / density.sum()


def nearest_by_hand(mu, labels, z):
    best, digit = float("inf"), None
    for row, label in zip(mu.tolist(), labels.tolist(), strict=True):
        distance = math.dist(row, z.tolist())
        if distance < best:
            best, digit = distance, label
    return digit


def centroid(mu, labels, z):
    digits = labels.unique()
    return digits[torch.stack([(mu[labels == d].mean(0) - z).norm() for d in digits]).argmin()]


def halfway_by_loop(model, x1, x2):
    middle = torch.zeros(1, 2)
    for x in (x1, x2):
        mu, _logvar = model.encode(x)
        for i in range(2):
            middle[0, i] += mu[0, i] / 2
    return model.decode(middle)


def halfway_by_numpy(model, x1, x2):
    codes = [model.encode(x)[0].detach().numpy() for x in (x1, x2)]
    return model.decode(torch.from_numpy(np.mean(codes, axis=0)))


def timed_by_index(run, wait, clock, repeats, start=1):
    marks = [clock()]
    for _ in range(repeats + start):
        run()
        wait()
        marks.append(clock())
    return statistics.median(b - a for a, b in itertools.pairwise(marks[start:]))


def timed_with_numpy(run, wait, clock, repeats):
    seconds = np.zeros(repeats)
    for i in range(-1, repeats):
        wait()
        before = clock()
        run()
        wait()
        if i >= 0:
            seconds[i] = clock() - before
    return np.median(seconds)


def timed_and_sorted(run, wait, clock, repeats, pick=None):
    run(), wait()
    found = []
    while len(found) < repeats:
        t = clock()
        run(), wait()
        found += [clock() - t]
    return sorted(found)[repeats // 2 if pick is None else pick]


RIGHT = {
    "decode_point": [
        lambda model, z1, z2: model.decode(torch.stack([torch.tensor(z1), torch.tensor(z2)]).unsqueeze(0)),
        lambda model, z1, z2: torch.sigmoid(model.decode_logits(torch.tensor([z1, z2])[None])),
        torch.no_grad()(lambda model, z1, z2: model.decode(torch.tensor([z1, z2]).view(1, -1))),
        lambda model, z1, z2: model.decode(torch.from_numpy(np.array([[z1, z2]], dtype=np.float32))),
        lambda model, z1, z2: 1 / (1 + torch.exp(-model.decoder(model.fc_z(torch.tensor([[z1, z2]]))))),
    ],
    "halfway": [
        lambda model, x1, x2: model.decode(torch.stack([model.encode(x)[0] for x in (x1, x2)]).mean(dim=0)),
        lambda model, x1, x2: model.decode(vae_edu.interpolate(*model.encode(torch.cat([x1, x2]))[0], 3)[1:2]),
        lambda model, x1, x2: model.decode(model.encode(x1)[0] + (model(x2).mu - model(x1).mu) / 2),
        torch.no_grad()(lambda model, x1, x2: model.decode(0.5 * model.encode(x1)[0] + 0.5 * model.encode(x2)[0])),
        halfway_by_loop,
        halfway_by_numpy,
    ],
    "squared_error": [
        error_by_loop,
        lambda x, x_hat: F.mse_loss(x_hat, x, reduction="sum") / len(x),
        lambda x, x_hat: torch.dist(x, x_hat) ** 2 / x.shape[0],
        lambda x, x_hat: torch.einsum("nchw,nchw->", x - x_hat, x - x_hat).item() / len(x),
        lambda x, x_hat: (x - x_hat).square().mean() * 784,
    ],
    "rebuild": [
        rebuilt_in_numpy,
        lambda images, mean, directions: (
            mean + torch.einsum("np,pk,qk->nq", images.flatten(1) - mean, directions, directions)
        ).unflatten(1, (1, 28, 28)),
        lambda images, mean, directions: (
            mean[:, None] + directions @ directions.T @ (images.flatten(1) - mean).T
        ).T.reshape(images.shape),
        lambda images, mean, directions: (
            mean.view(1, 1, 28, 28)
            + (directions @ (directions.T @ (images - mean.view(28, 28)).reshape(-1, 784).T)).T.reshape(-1, 1, 28, 28)
        ),
        lambda images, mean, directions: torch.addmm(
            mean.double(), (images.double().flatten(1) - mean) @ directions.double(), directions.double().T
        ).view(-1, 1, 28, 28),
    ],
    "hole_share": [
        holes_by_loop,
        lambda points, codes, reach: (vae_edu.nearest_distance(points, codes) > reach).sum() / len(points),
        lambda points, codes, reach: 1 - (torch.cdist(points, codes) <= reach).any(dim=1).float().mean(),
        lambda points, codes, reach: torch.cdist(points, codes).amin(1).gt(reach).double().mean().item(),
        lambda points, codes, reach: np.mean(
            np.linalg.norm(points.numpy()[:, None] - codes.numpy(), axis=-1).min(axis=1) > reach
        ),
    ],
    "sample_fitted": [
        fitted_by_eigenvectors,
        fitted_by_loop,
        lambda codes, count: torch.distributions.MultivariateNormal(
            codes.mean(0), scale_tril=torch.linalg.cholesky(torch.cov(codes.T, correction=0))
        ).sample([count]),
        lambda codes, count: (torch.linalg.cholesky(codes.T.cov()) @ torch.randn(2, count)).T + codes.mean(0),
        lambda codes, count: torch.tensor(
            np.random.multivariate_normal(codes.mean(0).numpy(), np.cov(codes.numpy().T), size=count)
        ),
    ],
    "sigma": [
        lambda logvar: logvar.exp().sqrt(),
        lambda logvar: torch.pow(math.e, logvar / 2),
        lambda logvar: logvar.exp() / (logvar / 2).exp(),
        lambda logvar: torch.stack([torch.exp(row * 0.5) for row in logvar]),
    ],
    "reparameterize": [
        box_muller,
        lambda mu, logvar: torch.distributions.Normal(mu, (logvar / 2).exp()).rsample(),
        lambda mu, logvar: torch.addcmul(mu, logvar.mul(0.5).exp(), torch.empty_like(mu).normal_()),
        lambda mu, logvar: mu - logvar.exp().sqrt() * torch.randn(mu.size()),
        lambda mu, logvar: mu + torch.exp(0.5 * logvar) * torch.from_numpy(np.random.randn(*mu.shape)).float(),
    ],
    "best_point": [
        best_by_loop,
        lambda model, x, points: min(points, key=lambda z: F.binary_cross_entropy(model.decode(z[None]), x).item()),
        lambda model, x, points: points[
            F.binary_cross_entropy_with_logits(
                model.decode_logits(points), x.repeat(len(points), 1, 1, 1), reduction="none"
            )
            .mean(dim=(1, 2, 3))
            .sort()
            .indices[0]
        ],
        lambda model, x, points: points[
            torch.distributions.Bernoulli(logits=model.decode_logits(points), validate_args=False)
            .log_prob(x)
            .sum((1, 2, 3))
            .argmax()
        ],
        lambda model, x, points: points[best_by_numpy(model.decode(points), x)],
    ],
    "reconstruction_loss": [
        loss_by_loop,
        lambda x_logits, x: F.binary_cross_entropy_with_logits(x_logits, x, reduction="sum") / len(x),
        lambda x_logits, x: (F.softplus(x_logits) - x * x_logits).sum() / x.size(0),
        lambda x_logits, x: (
            -torch.distributions.Bernoulli(logits=x_logits, validate_args=False).log_prob(x).sum([1, 2, 3]).mean()
        ),
        lambda x_logits, x: 784 * torch.nn.BCEWithLogitsLoss()(x_logits, x),
    ],
    "kl_divergence": [
        lambda mu, logvar: (
            torch.distributions.kl_divergence(
                torch.distributions.Normal(mu, (logvar / 2).exp()), torch.distributions.Normal(0.0, 1.0)
            )
            .sum(1)
            .mean()
        ),
        lambda mu, logvar: -0.5 * torch.sum(1 + logvar - mu.pow(2) - logvar.exp()) / mu.size(0),
        lambda mu, logvar: 0.5 * (mu * mu + logvar.expm1() - logvar).mean() * mu.shape[1],
        lambda mu, logvar: (
            sum(0.5 * (m @ m + v.exp().sum() - v.sum() - len(v)) for m, v in zip(mu, logvar, strict=True)) / len(mu)
        ),
    ],
    "kl_between": [
        lambda mu1, logvar1, mu2, logvar2: torch.distributions.kl_divergence(
            torch.distributions.Normal(mu1, logvar1.exp().sqrt()),
            torch.distributions.Normal(mu2, logvar2.exp().sqrt()),
        ).sum(1),
        lambda mu1, logvar1, mu2, logvar2: (
            ((mu1.double() - mu2) ** 2 / logvar2.exp() + (logvar1 - logvar2).exp() - 1 - logvar1 + logvar2).sum(1) / 2
        ),
        lambda *given: torch.stack(
            [
                0.5 * (d.sum() - b.sum() - len(a) + (((a - c) ** 2 + b.exp()) @ (-d).exp()))
                for a, b, c, d in zip(*given, strict=True)
            ]
        ),
        lambda mu1, logvar1, mu2, logvar2: torch.distributions.kl_divergence(
            torch.distributions.MultivariateNormal(mu1, torch.diag_embed(logvar1.exp())),
            torch.distributions.MultivariateNormal(mu2, torch.diag_embed(logvar2.exp())),
        ),
    ],
    "training_step": [step_by_own_forward, step_by_grad],
    "train_epoch": [epoch_with_weights, epoch_by_running_mean, epoch_by_library],
    "sample_prior": [
        lambda number, latent_dim: torch.normal(0.0, 1.0, size=(number, latent_dim)),
        lambda number, latent_dim: torch.distributions.Normal(0, 1).sample((number, latent_dim)),
        lambda number, latent_dim: torch.tensor(
            [[random.gauss(0, 1) for _ in range(latent_dim)] for _ in range(number)]
        ),
        lambda number, latent_dim: torch.stack([torch.randn(latent_dim) for _ in range(number)]),
        lambda number, latent_dim: torch.from_numpy(np.random.default_rng().standard_normal((number, latent_dim))),
    ],
    "bernoulli_sample": [
        torch.bernoulli,
        lambda x_hat: torch.floor(x_hat + torch.rand_like(x_hat)),
        lambda x_hat: torch.distributions.Bernoulli(x_hat).sample(),
        lambda x_hat: torch.where(torch.rand(x_hat.shape) < x_hat, 1, 0),
        lambda x_hat: torch.from_numpy(np.random.binomial(1, x_hat.numpy())).float(),
    ],
    "interpolate": [
        lambda start, end, steps: torch.lerp(start, end, torch.linspace(0, 1, steps)[:, None]),
        lambda start, end, steps: torch.stack(
            [torch.linspace(a, b, steps) for a, b in zip(start, end, strict=True)], dim=1
        ),
        lambda start, end, steps: torch.stack([start + (end - start) * k / (steps - 1) for k in range(steps)]),
        lambda start, end, steps: start + torch.outer(torch.arange(steps) / (steps - 1), end - start),
    ],
    "mean_at": [
        mean_at_by_loop,
        mean_at_by_normal,
        mean_at_in_double,
        lambda z, mu, logvar, images: torch.tensordot(
            torch.distributions.MultivariateNormal(mu, torch.diag_embed(logvar.exp())).log_prob(z).softmax(0), images, 1
        ),
    ],
    "nearest_digit": [
        nearest_by_hand,
        lambda mu, labels, z: labels[torch.cdist(z[None], mu).argmin()].item(),
        lambda mu, labels, z: labels[(mu - z).norm(dim=1).argsort()[0]],
        lambda mu, labels, z: labels.numpy()[np.linalg.norm(mu.numpy() - z.numpy(), axis=1).argmin()],
    ],
    "sample_aggregate": [
        aggregate_by_loop,
        aggregate_by_numpy,
        lambda mu, logvar, count: vae_edu.reparameterize(
            *torch.stack([mu, logvar])[:, torch.randint(len(mu), (count,))]
        ),
        lambda mu, logvar, count: torch.normal(
            *(part[indices] for indices in [(torch.rand(count) * len(mu)).long()] for part in (mu, (logvar / 2).exp()))
        ),
    ],
    "seconds_per_run": [timed_by_index, timed_with_numpy, timed_and_sorted],
    "multiplications": [
        lambda channels_in, channels_out, kernel, size_out: math.prod(
            [channels_in, channels_out, kernel, kernel, size_out, size_out]
        ),
        lambda channels_in, channels_out, kernel, size_out: (
            torch.nn.Conv2d(channels_in, channels_out, kernel).weight.numel() * size_out**2
        ),
    ],
}

WRONG = {
    "decode_point": [
        ("swapped", "swapped", lambda model, z1, z2: model.decode(torch.tensor([[z2, z1]]))),
        ("no batch", "no_batch", lambda model, z1, z2: model.decode(torch.tensor([z1, z2]))),
        ("two points", "error", lambda model, z1, z2: model.decode(torch.tensor([[z1], [z2]]))),
        ("logits", "logits", lambda model, z1, z2: model.decode_logits(torch.tensor([[z1, z2]]))),
        ("one image", "shape", lambda model, z1, z2: model.decode(torch.tensor([[z1, z2]]))[0]),
        ("z2 ignored", "z1_twice", lambda model, z1, z2: model.decode(torch.tensor([[z1, z1]]))),
        ("whole numbers", "value", lambda model, z1, z2: model.decode(torch.tensor([[int(z1), int(z2)]]).float())),
        ("black and white", "value", lambda model, z1, z2: (model.decode(torch.tensor([[z1, z2]])) > 0.5).float()),
        (
            "another model",
            "value",
            lambda model, z1, z2: vae_edu.load_pretrained("conv_vae_2d").decode(torch.tensor([[z1, z2]])),
        ),
        ("shape only", "value", lambda model, z1, z2: torch.zeros(1, 1, 28, 28)),
        ("list of lists", "error", lambda model, z1, z2: model.decode([[z1, z2]])),
        ("sigmoid twice", "value", lambda model, z1, z2: torch.sigmoid(model.decode(torch.tensor([[z1, z2]])))),
    ],
    "halfway": [
        ("pixels", "pixel_mean", lambda model, x1, x2: 0.5 * x1 + 0.5 * x2),
        ("images first", "pixels_first", lambda model, x1, x2: model.decode(model(0.5 * (x1 + x2)).mu)),
        (
            "images last",
            "mean_of_images",
            lambda model, x1, x2: model.decode(model.encode(torch.cat([x1, x2]))[0]).mean(dim=0, keepdim=True),
        ),
        ("sum", "sum", lambda model, x1, x2: model.decode(model.encode(x1)[0] + model.encode(x2)[0])),
        ("brackets", "one_halved", lambda model, x1, x2: model.decode(model.encode(x1)[0] + model.encode(x2)[0] / 2)),
        ("first twice", "one_image", lambda model, x1, x2: model.decode((model.encode(x1)[0] * 2) / 2)),
        ("second only", "one_image", lambda model, x1, x2: model.decode(model.encode(x2)[0])),
        ("pair", "pair", lambda model, x1, x2: model.decode((model.encode(x1) + model.encode(x2)) / 2)),
        ("pairs joined", "error", lambda model, x1, x2: model.decode(model.encode(x1) + model.encode(x2))),
        ("point", "no_decode", lambda model, x1, x2: torch.lerp(model.encode(x1)[0], model.encode(x2)[0], 0.5)),
        ("logits", "logits", lambda model, x1, x2: model.decode_logits((model(x1).mu + model(x2).mu) / 2)),
        ("sampled", "sampled", lambda model, x1, x2: model.decode(model(torch.cat([x1, x2])).z.mean(0, keepdim=True))),
        ("sampled, one image", "sampled", lambda model, x1, x2: model.decode(model(x1).z)),
        ("one image", "shape", lambda model, x1, x2: model.decode((model(x1).mu + model(x2).mu) / 2)[0]),
        ("two images", "shape", lambda model, x1, x2: model.decode(model.encode(torch.cat([x1, x2]))[0])),
        ("a third", "value", lambda model, x1, x2: model.decode(torch.lerp(model(x1).mu, model(x2).mu, 0.3))),
    ],
    "squared_error": [
        ("mean of all", "mean_pixels", lambda x, x_hat: ((x - x_hat) ** 2).mean()),
        ("sum of all", "sum_images", lambda x, x_hat: ((x - x_hat) ** 2).sum()),
        ("absolute", "absolute", lambda x, x_hat: (x - x_hat).abs().flatten(1).sum(1).mean()),
        ("root", "root_each", lambda x, x_hat: (x - x_hat).flatten(1).norm(dim=1).mean()),
        ("vector", "per_image", lambda x, x_hat: (x - x_hat).square().sum(dim=(1, 2, 3))),
        ("channel only", "mean_pixels", lambda x, x_hat: (x - x_hat).square().sum(dim=1).mean()),
        ("sum first", "squared_late", lambda x, x_hat: (x - x_hat).sum(dim=(1, 2, 3)).square().mean()),
        ("difference of squares", "difference_of_squares", lambda x, x_hat: (x**2 - x_hat**2).flatten(1).sum(1).mean()),
        ("half", "factor", lambda x, x_hat: 0.5 * ((x - x_hat) ** 2).sum() / len(x)),
        ("first image", "value", lambda x, x_hat: ((x[0] - x_hat[0]) ** 2).sum()),
    ],
    "rebuild": [
        (
            "not centred",
            "not_centred",
            lambda images, mean, directions: (images.flatten(1) @ directions @ directions.T + mean).view(-1, 1, 28, 28),
        ),
        (
            "mean lost",
            "mean_not_added",
            lambda images, mean, directions: torch.einsum(
                "np,pk,qk->nq", images.flatten(1) - mean, directions, directions
            ).view(images.shape),
        ),
        (
            "no mean at all",
            "no_mean",
            lambda images, mean, directions: (images.view(-1, 784) @ directions @ directions.T).view(images.shape),
        ),
        (
            "mean of the batch",
            "mean_of_these",
            lambda images, mean, directions: (
                images.mean(0) + ((images - images.mean(0)).flatten(1) @ directions @ directions.T).view(images.shape)
            ),
        ),
        (
            "one direction",
            "first_only",
            lambda images, mean, directions: (
                mean + ((images.flatten(1) - mean) @ directions[:, 0])[:, None] * directions[:, 0]
            ).view(images.shape),
        ),
        ("overwritten", "last_only", rebuilt_anew_each_time),
        ("a mean for each direction", "mean_each_time", rebuilt_with_mean_each_time),
        (
            "clipped",
            "clamped",
            lambda images, mean, directions: np.clip(rebuilt_in_numpy(images, mean, directions), 0, 1),
        ),
        ("rows", "flat", lambda images, mean, directions: rebuilt_in_numpy(images, mean, directions).reshape(-1, 784)),
        ("z", "codes", lambda images, mean, directions: torch.mm(images.flatten(1) - mean, directions)),
        (
            "columns",
            "scrambled",
            lambda images, mean, directions: (
                mean.view(-1, 1) + directions @ (directions.T @ (images.flatten(1) - mean).T)
            ).reshape(images.shape),
        ),
        (
            "transposed first",
            "transposed",
            lambda images, mean, directions: (mean + (images.flatten(1) - mean) @ directions.T @ directions).view(-1),
        ),
        (
            "never transposed",
            "not_transposed",
            lambda images, mean, directions: mean + (images.flatten(1) - mean) @ directions @ directions,
        ),
        ("not flattened", "not_flattened", lambda images, mean, directions: (images - mean) @ directions),
        (
            "no channel",
            "shape",
            lambda images, mean, directions: rebuilt_in_numpy(images, mean, directions).reshape(-1, 28, 28),
        ),
        ("unchanged", "value", lambda images, mean, directions: images),
        ("the mean image", "value", lambda images, mean, directions: mean.expand(len(images), 784).view(images.shape)),
    ],
    "hole_share": [
        (
            "mean code",
            "centre",
            lambda points, codes, reach: ((points - codes.mean(0)).norm(dim=1) > reach).float().mean(),
        ),
        ("near", "within", lambda points, codes, reach: (torch.cdist(points, codes).amin(1) < reach).float().mean()),
        ("no root", "squared", lambda points, codes, reach: (squares(points, codes).amin(1) > reach).float().mean()),
        (
            "columns",
            "wrong_axis",
            lambda points, codes, reach: (torch.cdist(points, codes).amin(0) > reach).float().mean(),
        ),
        ("all pairs", "pairs", lambda points, codes, reach: (torch.cdist(points, codes) > reach).float().mean()),
        ("a number", "count", lambda points, codes, reach: sum(torch.cdist(points, codes).amin(1) > reach)),
        ("no share", "per_point", lambda points, codes, reach: torch.cdist(points, codes).amin(1) > reach),
        ("no reach", "mean_of_distances", lambda points, codes, reach: torch.cdist(points, codes).amin(1).mean()),
        ("any", "farthest", lambda points, codes, reach: (torch.cdist(points, codes) > reach).any(1).float().mean()),
        ("distances", "shape", lambda points, codes, reach: torch.cdist(points, codes).amin(1)),
        ("row by row", "error", lambda points, codes, reach: ((points - codes).norm(dim=1) > reach).float().mean()),
    ],
    "sample_fitted": [
        ("prior", "standard_normal", lambda codes, count: torch.randn(count, 2)),
        (
            "no covariance",
            "independent_axes",
            lambda codes, count: torch.normal(codes.mean(0).expand(count, 2), codes.std(0)),
        ),
        ("no mean", "no_mean", lambda codes, count: fitted_by_loop(codes - codes.mean(0), count)),
        ("bootstrap", "codes_again", lambda codes, count: codes[np.random.choice(len(codes), count)]),
        ("slice", "first_codes", lambda codes, count: codes[:count]),
        (
            "box",
            "rectangle",
            lambda codes, count: codes.amin(0) + torch.rand(count, 2) * (codes.amax(0) - codes.amin(0)),
        ),
        ("one draw", "one_point", lambda codes, count: fitted_by_loop(codes, 1).repeat(count, 1)),
        (
            "rows",
            "cov_of_rows",
            lambda codes, count: torch.distributions.MultivariateNormal(codes.mean(0), codes.cov()),
        ),
        ("half", "value", lambda codes, count: codes.mean(0) + (fitted_by_loop(codes, count) - codes.mean(0)) / 2),
        ("sphere", "value", lambda codes, count: codes.mean(0) + codes.std() * torch.randn(count, 2)),
        (
            "array",
            "type",
            lambda codes, count: np.random.multivariate_normal(codes.numpy().mean(0), np.cov(codes.numpy().T), count),
        ),
        (
            "seeded",
            "same_every_call",
            lambda codes, count: (torch.manual_seed(1), fitted_by_eigenvectors(codes, count))[1],
        ),
    ],
    "sigma": [
        ("variance", "variance", lambda logvar: logvar.exp()),
        ("root of log", "root_of_log", lambda logvar: logvar.sqrt()),
        ("half variance", "half_outside", lambda logvar: 0.5 * logvar.exp()),
        ("sign", "inverse", lambda logvar: torch.exp(-0.5 * logvar)),
        ("no exp", "no_exp", lambda logvar: 0.5 * logvar),
        ("squared", "doubled", lambda logvar: torch.exp(2 * logvar)),
        ("clamped", "value", lambda logvar: torch.exp(0.5 * logvar).clamp(max=1)),
        ("log", "not_finite", lambda logvar: torch.log(logvar)),
        ("one number", "shape", lambda logvar: torch.exp(0.5 * logvar).mean()),
        ("math", "error", lambda logvar: math.exp(0.5 * logvar)),
        ("base 10", "value", lambda logvar: 10 ** (0.5 * logvar)),
    ],
    "reparameterize": [
        ("gradient", "no_gradient", lambda mu, logvar: torch.distributions.Normal(mu, (logvar / 2).exp()).sample()),
        ("gradient", "no_gradient", lambda mu, logvar: torch.normal(mu, torch.exp(0.5 * logvar)).detach()),
        ("gradient", "no_gradient", lambda mu, logvar: (mu + torch.exp(0.5 * logvar) * torch.randn_like(mu)).tolist()),
        (
            "half gradient",
            "logvar_cut",
            lambda mu, logvar: mu + torch.exp(0.5 * logvar.detach()) * torch.randn_like(mu),
        ),
        ("half gradient", "mu_cut", lambda mu, logvar: mu.detach() + torch.exp(0.5 * logvar) * torch.randn_like(mu)),
        ("variance", "variance", lambda mu, logvar: mu + logvar.exp() * torch.randn_like(mu)),
        ("logvar", "logvar", lambda mu, logvar: mu + logvar * torch.randn_like(mu)),
        ("uniform", "uniform", lambda mu, logvar: mu + torch.exp(0.5 * logvar) * torch.rand_like(mu)),
        ("uniform", "value", lambda mu, logvar: mu + torch.exp(0.5 * logvar) * (torch.rand_like(mu) - 0.5) * 12**0.5),
        ("one number", "one_number", lambda mu, logvar: mu + torch.exp(0.5 * logvar) * torch.randn(1)),
        (
            "shared by dimensions",
            "shared_dimensions",
            lambda mu, logvar: mu + torch.exp(0.5 * logvar) * torch.randn(len(mu), 1),
        ),
        (
            "shared by images",
            "shared_images",
            lambda mu, logvar: mu + torch.exp(0.5 * logvar) * torch.randn(mu.shape[1]),
        ),
        ("no noise", "mu_plus_sigma", lambda mu, logvar: mu + torch.exp(0.5 * logvar)),
        ("no mu", "no_mu", lambda mu, logvar: torch.exp(0.5 * logvar) * torch.randn_like(mu)),
        ("mu only", "no_noise", lambda mu, logvar: mu),
        ("seed", "same_every_call", seeded_reparameterize),
        (
            "drawn once",
            "same_every_call",
            lambda mu, logvar: mu + torch.exp(0.5 * logvar) * NOISE[: mu.shape[0], : mu.shape[1]],
        ),
        ("one sided", "value", lambda mu, logvar: mu + torch.exp(0.5 * logvar) * torch.randn_like(mu).abs()),
        ("no log", "not_finite", lambda mu, logvar: mu + logvar.sqrt() * torch.randn_like(mu)),
        ("noise on mu", "roles_swapped", lambda mu, logvar: mu * torch.randn_like(mu) + torch.exp(0.5 * logvar)),
        ("clamped", "value", lambda mu, logvar: mu + torch.exp(0.5 * logvar) * torch.randn_like(mu).clamp(-1.5, 1.5)),
        (
            "first two",
            "shape",
            lambda mu, logvar: mu[:, :2] + torch.exp(0.5 * logvar[:, :2]) * torch.randn_like(mu[:, :2]),
        ),
    ],
    "best_point": [
        ("number", "index", lambda model, x, points: torch.stack([point_error(model, x, z) for z in points]).argmin()),
        ("error", "lowest_error", lambda model, x, points: min(point_error(model, x, z) for z in points)),
        ("maximum", "worst", lambda model, x, points: max(points, key=lambda z: point_error(model, x, z).item())),
        (
            "mean of everything",
            "all_points",
            lambda model, x, points: points[
                F.binary_cross_entropy(model.decode(points), x.expand(len(points), -1, -1, -1)).argmin()
            ],
        ),
        (
            "sigmoid twice",
            "sigmoid_twice",
            lambda model, x, points: min(
                points, key=lambda z: F.binary_cross_entropy_with_logits(model.decode(z[None]), x).item()
            ),
        ),
        (
            "logits",
            "logits",
            lambda model, x, points: min(
                points, key=lambda z: F.binary_cross_entropy(model.decode_logits(z[None]), x).item()
            ),
        ),
        (
            "posterior",
            "prior_added",
            lambda model, x, points: min(points, key=lambda z: (point_error(model, x, z) + z @ z / 2).item()),
        ),
        (
            "squares",
            "squared_error",
            lambda model, x, points: min(points, key=lambda z: F.mse_loss(model.decode(z[None]), x).item()),
        ),
        (
            "white",
            "white_only",
            lambda model, x, points: points[(x * model.decode(points).log()).sum((1, 2, 3)).argmax()],
        ),
        (
            "swapped",
            "swapped",
            lambda model, x, points: min(points, key=lambda z: F.binary_cross_entropy(x, model.decode(z[None])).item()),
        ),
        ("mu", "encoder", lambda model, x, points: model.encode(x)[0].squeeze()),
        ("near mu", "encoder", lambda model, x, points: points[torch.cdist(model.encode(x)[0], points).argmin()]),
        ("sample", "value", lambda model, x, points: model(x).z[0]),
        ("a row", "shape", lambda model, x, points: best_by_loop(model, x, points)[None]),
        ("first", "all_points", lambda model, x, points: points[0]),
        ("size differs", "error", lambda model, x, points: F.binary_cross_entropy(model.decode(points), x)),
    ],
    "reconstruction_loss": [
        ("mean", "mean_pixels", lambda x_logits, x: F.binary_cross_entropy_with_logits(x_logits, x)),
        ("sum", "sum_images", lambda x_logits, x: F.binary_cross_entropy_with_logits(x_logits, x, reduction="sum")),
        (
            "vector",
            "per_image",
            lambda x_logits, x: F.binary_cross_entropy_with_logits(x_logits, x, reduction="none").flatten(1).sum(1),
        ),
        (
            "logits as probabilities",
            "logits_as_probabilities",
            lambda x_logits, x: F.binary_cross_entropy(x_logits, x, reduction="sum") / len(x),
        ),
        (
            "sigmoid twice",
            "sigmoid_twice",
            lambda x_logits, x: F.binary_cross_entropy_with_logits(x_logits.sigmoid(), x, reduction="sum") / len(x),
        ),
        ("squares", "squared_error", lambda x_logits, x: (x_logits.sigmoid() - x).square().sum() / len(x)),
        ("half the formula", "white_only", lambda x_logits, x: -(x * F.logsigmoid(x_logits)).sum() / len(x)),
        (
            "sign",
            "sign",
            lambda x_logits, x: (x * F.logsigmoid(x_logits) + (1 - x) * F.logsigmoid(-x_logits)).sum() / len(x),
        ),
        (
            "swapped",
            "swapped",
            lambda x_logits, x: F.binary_cross_entropy_with_logits(x, x_logits, reduction="sum") / len(x),
        ),
        (
            "item",
            "no_gradient",
            lambda x_logits, x: (F.binary_cross_entropy_with_logits(x_logits, x, reduction="sum") / len(x)).item(),
        ),
        (
            "item",
            "no_gradient",
            lambda x_logits, x: F.binary_cross_entropy_with_logits(x_logits.detach(), x, reduction="sum") / len(x),
        ),
        (
            "item",
            "no_gradient",
            lambda x_logits, x: np.mean(
                [float(F.softplus(a).sum() - (a * b).sum()) for a, b in zip(x_logits, x, strict=True)]
            ),
        ),
        (
            "bits",
            "factor",
            lambda x_logits, x: F.binary_cross_entropy_with_logits(x_logits, x, reduction="sum") / len(x) / math.log(2),
        ),
        (
            "black and white",
            "value",
            lambda x_logits, x: F.binary_cross_entropy_with_logits(x_logits, x.round(), reduction="sum") / len(x),
        ),
        (
            "median",
            "value",
            lambda x_logits, x: (
                F.binary_cross_entropy_with_logits(x_logits, x, reduction="none").flatten(1).sum(1).median()
            ),
        ),
    ],
    "kl_divergence": [
        ("sum", "sum_images", lambda mu, logvar: 0.5 * (mu**2 + logvar.exp() - 1 - logvar).sum()),
        ("mean", "mean_dimensions", lambda mu, logvar: 0.5 * (mu**2 + logvar.exp() - 1 - logvar).mean()),
        ("wrong mean", "exchanged", lambda mu, logvar: 0.5 * (mu**2 + logvar.exp() - 1 - logvar).sum(dim=0).mean()),
        ("vector", "per_image", lambda mu, logvar: 0.5 * (mu**2 + logvar.exp() - 1 - logvar).sum(dim=1)),
        ("sign", "sign", lambda mu, logvar: 0.5 * (1 + logvar - mu**2 - logvar.exp()).sum(1).mean()),
        ("no half", "no_half", lambda mu, logvar: (mu**2 + logvar.exp() - 1 - logvar).sum(1).mean()),
        ("no one", "no_one", lambda mu, logvar: 0.5 * (mu**2 + logvar.exp() - logvar).sum(1).mean()),
        ("no square", "mu_not_squared", lambda mu, logvar: 0.5 * (mu + logvar.exp() - 1 - logvar).sum(1).mean()),
        (
            "sigma",
            "sigma_for_variance",
            lambda mu, logvar: 0.5 * (mu**2 + (0.5 * logvar).exp() - 1 - logvar).sum(1).mean(),
        ),
        ("plus logvar", "sign_logvar", lambda mu, logvar: 0.5 * (mu**2 + logvar.exp() - 1 + logvar).sum(1).mean()),
        (
            "logvar as variance",
            "logvar_as_variance",
            lambda mu, logvar: 0.5 * (mu**2 + logvar - 1 - logvar.log()).sum(1).mean(),
        ),
        ("reversed", "reversed", lambda mu, logvar: 0.5 * ((mu**2 + 1) / logvar.exp() - 1 + logvar).sum(1).mean()),
        ("item", "no_gradient", lambda mu, logvar: (0.5 * (mu**2 + logvar.exp() - 1 - logvar).sum(1).mean()).item()),
        (
            "item",
            "no_gradient",
            torch.no_grad()(lambda mu, logvar: 0.5 * (mu**2 + logvar.exp() - 1 - logvar).sum(1).mean()),
        ),
        ("item", "gradient", lambda mu, logvar: 0.5 * (mu.detach() ** 2 + logvar.exp() - 1 - logvar).sum(1).mean()),
        (
            "two dimensions",
            "no_half_and_reduction",
            lambda mu, logvar: 0.5 * (mu**2 + logvar.exp() - 1 - logvar).mean() * 2,
        ),
        ("first two", "value", lambda mu, logvar: 0.5 * (mu**2 + logvar.exp() - 1 - logvar)[:, :2].sum(1).mean()),
        (
            "free bits",
            "value",
            lambda mu, logvar: (0.5 * (mu**2 + logvar.exp() - 1 - logvar)).clamp(min=0.5).sum(1).mean(),
        ),
        ("no mu", "value", lambda mu, logvar: 0.5 * (logvar.exp() - 1 - logvar).sum(1).mean()),
    ],
    "kl_between": [
        (
            "swapped",
            "reversed",
            lambda a, b, c, d: 0.5 * (b - d + (d.exp() + (c - a) ** 2) / b.exp() - 1).sum(1),
        ),
        (
            "wrong reference",
            "to_prior",
            lambda a, b, c, d: 0.5 * (a**2 + b.exp() - 1 - b).sum(1),
        ),
        (
            "difference",
            "difference",
            lambda a, b, c, d: 0.5 * (a**2 + b.exp() - b - c**2 - d.exp() + d).sum(1),
        ),
        ("sign", "sign", lambda a, b, c, d: 0.5 * (b - d - (b.exp() + (a - c) ** 2) / d.exp() + 1).sum(1)),
        ("no half", "no_half", lambda a, b, c, d: (d - b + (b.exp() + (a - c) ** 2) / d.exp() - 1).sum(1)),
        ("no one", "no_one", lambda a, b, c, d: 0.5 * (d - b + (b.exp() + (a - c) ** 2) / d.exp()).sum(1)),
        ("logs", "sign_logvar", lambda a, b, c, d: 0.5 * (b - d + (b.exp() + (a - c) ** 2) / d.exp() - 1).sum(1)),
        ("no square", "mu_not_squared", lambda a, b, c, d: 0.5 * (d - b + (b.exp() + (a - c)) / d.exp() - 1).sum(1)),
        (
            "two squares",
            "squares_apart",
            lambda a, b, c, d: 0.5 * (d - b + (b.exp() + a**2 - c**2) / d.exp() - 1).sum(1),
        ),
        (
            "brackets",
            "centre_not_divided",
            lambda a, b, c, d: 0.5 * (d - b + b.exp() / d.exp() + (a - c) ** 2 - 1).sum(1),
        ),
        (
            "sigma",
            "sigma_for_variance",
            lambda a, b, c, d: 0.5 * (d - b + ((0.5 * b).exp() + (a - c) ** 2) / (0.5 * d).exp() - 1).sum(1),
        ),
        ("no exp", "no_exp", lambda a, b, c, d: 0.5 * (d - b + (b + (a - c) ** 2) / d - 1).sum(1)),
        ("mean", "mean_dimensions", lambda a, b, c, d: 0.5 * (d - b + (b.exp() + (a - c) ** 2) / d.exp() - 1).mean(1)),
        ("loss", "mean_pairs", lambda a, b, c, d: 0.5 * (d - b + (b.exp() + (a - c) ** 2) / d.exp() - 1).sum(1).mean()),
        ("no sum", "per_dimension", lambda a, b, c, d: 0.5 * (d - b + (b.exp() + (a - c) ** 2) / d.exp() - 1)),
        (
            "list",
            "no_gradient",
            lambda a, b, c, d: (0.5 * (d - b + (b.exp() + (a - c) ** 2) / d.exp() - 1)).sum(1).tolist(),
        ),
        (
            "fixed target",
            "gradient",
            lambda a, b, c, d: 0.5 * (d - b + (b.exp() + (a - c.detach()) ** 2) / d.exp() - 1).sum(1),
        ),
        ("distance", "value", lambda a, b, c, d: (a - c).norm(dim=1)),
    ],
    "training_step": [
        ("no zero", "no_zero_grad", step_without_zero),
        ("zeroed between", "no_backward", step_zeroed_between),
        ("measured afterwards", "loss_after", step_measured_afterwards),
        ("another optimizer", "other_step", step_of_another_optimizer),
        ("uphill", "sign", step_uphill),
        ("not taken", "no_step", step_not_taken),
        ("reconstruction", "no_kl", step_of_reconstruction),
    ],
    "train_epoch": [
        ("mean of means", "unweighted", epoch_of(step_by_own_forward, lambda losses, sizes: sum(losses) / len(losses))),
        ("sum", "sum", epoch_of(step_by_own_forward, lambda losses, sizes: sum(losses))),
        ("sum over images", "sum", epoch_of(step_by_own_forward, lambda losses, sizes: np.dot(losses, sizes))),
        (
            "by images",
            "sum_by_images",
            epoch_of(step_by_own_forward, lambda losses, sizes: sum(losses) / sum(sizes)),
        ),
        ("last", "last_batch", epoch_of(step_by_own_forward, lambda losses, sizes: losses[-1])),
        ("list", "shape", epoch_of(step_by_own_forward, lambda losses, sizes: losses)),
        ("times the first size", "value", epoch_of(step_by_own_forward, lambda a, b: sum(a) * b[0] / sum(b))),
        ("no zero", "no_zero_grad", epoch_of(step_without_zero, weighted)),
        ("zeroed between", "no_backward", epoch_of(step_zeroed_between, weighted)),
        ("not taken", "no_step", epoch_of(step_not_taken, weighted)),
        ("uphill", "other_step", epoch_of(step_uphill, weighted)),
        ("another optimizer", "other_step", epoch_of(step_of_another_optimizer, weighted)),
        ("measured afterwards", "loss_after", epoch_of(step_measured_afterwards, weighted)),
        ("reconstruction", "no_kl", epoch_of(step_of_reconstruction, weighted)),
        ("returned too soon", "first_batch", epoch_that_returns_in_its_loop),
        ("one step at the end", "one_step", epoch_stepped_at_its_end),
        ("all at once", "one_step", epoch_of_all_at_once),
        ("graphs", "graph_kept", epoch_with_its_graphs),
        ("without the last", "other_step", epoch_without_the_last),
        ("evaluated", "no_backward", epoch_evaluated),
    ],
    "sample_prior": [
        ("uniform", "uniform", lambda number, latent_dim: torch.rand(number, latent_dim)),
        ("uniform", "uniform_map", lambda number, latent_dim: torch.rand(number, latent_dim) * 6 - 3),
        ("uniform", "value", lambda number, latent_dim: (torch.rand(number, latent_dim) - 0.5) * 12**0.5),
        ("transposed", "shape", lambda number, latent_dim: torch.randn(latent_dim, number)),
        ("two dimensions", "shape", lambda number, latent_dim: torch.randn(number, 2)),
        ("wider", "value", lambda number, latent_dim: 2 * torch.randn(number, latent_dim)),
        ("zeros", "origin", lambda number, latent_dim: torch.zeros(number, latent_dim)),
        ("one point", "one_point", lambda number, latent_dim: torch.randn(latent_dim).repeat(number, 1)),
        ("same coordinates", "diagonal", lambda number, latent_dim: torch.randn(number, 1).repeat(1, latent_dim)),
        (
            "seed",
            "same_every_call",
            lambda number, latent_dim: torch.randn(number, latent_dim, generator=torch.Generator().manual_seed(1)),
        ),
        ("drawn once", "same_every_call", lambda number, latent_dim: NOISE[:number, :latent_dim]),
        ("clamped", "value", lambda number, latent_dim: torch.randn(number, latent_dim).clamp(-1.5, 1.5)),
        ("sorted", "value", lambda number, latent_dim: torch.randn(number, latent_dim).sort(dim=0).values),
        ("array", "type", lambda number, latent_dim: np.random.randn(number, latent_dim)),
    ],
    "bernoulli_sample": [
        (
            "four dimensions are taken for granted",
            "error",
            lambda p: (torch.rand(*p.shape[:3], p.shape[3]) < p).float(),
        ),
        ("threshold", "threshold", lambda x_hat: (x_hat > 0.5).float()),
        ("threshold", "threshold", lambda x_hat: x_hat.round()),
        ("inverted", "inverted", lambda x_hat: (torch.rand_like(x_hat) > x_hat).float()),
        ("normal", "normal_numbers", lambda x_hat: (torch.randn_like(x_hat) < x_hat).float()),
        ("one number", "one_number", lambda x_hat: (torch.rand(1) < x_hat).float()),
        ("one number for a row", "shared_noise", lambda x_hat: (torch.rand(x_hat.shape[-1]) < x_hat).float()),
        ("coin", "value", lambda x_hat: (torch.rand_like(x_hat) < 0.5).float()),
        ("grey", "grey", lambda x_hat: x_hat * torch.rand_like(x_hat)),
        ("probabilities", "probabilities", lambda x_hat: x_hat),
        ("squared", "value", lambda x_hat: (torch.rand_like(x_hat) < x_hat**2).float()),
        ("seed", "same_every_call", lambda x_hat: torch.bernoulli(x_hat, generator=torch.Generator().manual_seed(0))),
        ("drawn twice", "grey", lambda x_hat: (torch.bernoulli(x_hat) + torch.bernoulli(x_hat)) / 2),
        ("flat", "shape", lambda x_hat: torch.bernoulli(x_hat).flatten()),
    ],
    "interpolate": [
        (
            "swapped",
            "backwards",
            lambda start, end, steps: torch.stack([end + (start - end) * t for t in torch.linspace(0, 1, steps)]),
        ),
        (
            "end missing",
            "stops_early",
            lambda start, end, steps: torch.stack([start + (end - start) * k / steps for k in range(steps)]),
        ),
        (
            "one more",
            "one_more",
            lambda start, end, steps: torch.stack([start + (end - start) * k / steps for k in range(steps + 1)]),
        ),
        (
            "no ends",
            "no_ends",
            lambda start, end, steps: start + (end - start) * torch.linspace(0, 1, steps + 2)[1:-1, None],
        ),
        (
            "transposed",
            "transposed",
            lambda start, end, steps: torch.stack(
                [torch.linspace(a, b, steps) for a, b in zip(start, end, strict=True)]
            ),
        ),
        (
            "uneven",
            "value",
            lambda start, end, steps: start + (end - start) * torch.linspace(0, 1, steps)[:, None] ** 2,
        ),
        ("no minus", "end_added", lambda start, end, steps: start + end * torch.linspace(0, 1, steps)[:, None]),
        ("no brackets", "error", lambda start, end, steps: start + (end - start) * torch.linspace(0, 1, steps)),
        ("five always", "shape", lambda start, end, steps: torch.lerp(start, end, torch.linspace(0, 1, 5)[:, None])),
        ("random", "value", lambda start, end, steps: torch.lerp(start, end, torch.rand(steps).sort().values[:, None])),
    ],
    "mean_at": [
        ("density", "underflow", mean_at_by_density),
        ("all images", "unweighted", lambda z, mu, logvar, images: images.mean(dim=0)),
        ("one image", "nearest", lambda z, mu, logvar, images: images[(mu - z).norm(dim=1).argmin()]),
        (
            "no variance",
            "no_width",
            lambda z, mu, logvar, images: mean_at_by_loop(z, mu, torch.zeros_like(logvar), images),
        ),
        (
            "variance as width",
            "variance_as_width",
            lambda z, mu, logvar, images: mean_at_by_loop(z, mu, 2 * logvar, images),
        ),
        (
            "not divided",
            "not_divided",
            lambda z, mu, logvar, images: sum(
                torch.distributions.Normal(m, (v / 2).exp()).log_prob(z).sum().exp() * image
                for m, v, image in zip(mu, logvar, images, strict=True)
            ),
        ),
        (
            "over the dimensions",
            "error",
            lambda z, mu, logvar, images: (
                torch.distributions.Normal(mu, (logvar / 2).exp()).log_prob(z).softmax(dim=1) @ images
            ),
        ),
        ("inverse distance", "value", lambda z, mu, logvar, images: mean_at_by_loop(z, 2 * z - mu / 2, logvar, images)),
        ("flat", "shape", lambda z, mu, logvar, images: mean_at_by_normal(z, mu, logvar, images).flatten()),
        ("of a batch", "shape", lambda z, mu, logvar, images: mean_at_by_normal(z, mu, logvar, images)[None]),
    ],
    "nearest_digit": [
        ("farthest", "farthest", lambda mu, labels, z: labels[(mu - z).norm(dim=1).argmax()]),
        ("position", "position", lambda mu, labels, z: (mu - z).norm(dim=1).argmin()),
        ("distance", "value", lambda mu, labels, z: (mu - z).norm(dim=1).min()),
        ("signed", "signed", lambda mu, labels, z: labels[(mu - z).sum(dim=1).argmin()]),
        ("signed", "value", lambda mu, labels, z: labels[(mu - z).sum(dim=1).abs().argmin()]),
        ("first two", "value", lambda mu, labels, z: labels[(mu - z)[:, :2].norm(dim=1).argmin()]),
        ("Manhattan", "l1", lambda mu, labels, z: labels[(mu - z).abs().sum(dim=1).argmin()]),
        ("largest coordinate", "value", lambda mu, labels, z: labels[(mu - z).abs().amax(dim=1).argmin()]),
        ("angle", "value", lambda mu, labels, z: labels[F.cosine_similarity(mu, z[None]).argmax()]),
        ("product", "value", lambda mu, labels, z: labels[(mu @ z).argmax()]),
        ("centroid", "centroid", centroid),
        ("flattened", "value", lambda mu, labels, z: labels[(mu - z).abs().argmin() % len(labels)]),
        ("z ignored", "origin", lambda mu, labels, z: labels[mu.norm(dim=1).argmin()]),
    ],
    "sample_aggregate": [
        ("no noise", "mu_alone", lambda mu, logvar, count: mu[torch.randint(len(mu), (count,))]),
        ("first", "first_images", lambda mu, logvar, count: vae_edu.reparameterize(mu[:count], logvar[:count])),
        (
            "shuffled",
            "without_return",
            lambda mu, logvar, count: vae_edu.reparameterize(mu, logvar)[torch.randperm(len(mu))[:count]],
        ),
        ("one image", "one_image", aggregate_of_one),
        ("fitted", "gaussian", fitted_to_all),
        ("all images", "shape", lambda mu, logvar, count: vae_edu.reparameterize(mu, logvar)),
        ("prior", "prior", lambda mu, logvar, count: torch.randn(count, mu.shape[1])),
        (
            "the last is never chosen",
            "shares",
            lambda mu, logvar, count: aggregate_by_loop(mu[:-1], logvar[:-1], count),
        ),
        ("same numbers", "same_every_call", seeded_aggregate),
        (
            "one cloud",
            "mean_cloud",
            lambda mu, logvar, count: vae_edu.reparameterize(
                mu.mean(dim=0).expand(count, -1), logvar.mean(dim=0).expand(count, -1)
            ),
        ),
    ],
    "seconds_per_run": [
        (
            "first run",
            "no_warm_up",
            lambda run, wait, clock, repeats: timed_by_index(run, wait, clock, repeats, start=0),
        ),
        ("slowest", "value", lambda run, wait, clock, repeats: timed_and_sorted(run, wait, clock, repeats, pick=-1)),
        ("fastest", "fastest", lambda run, wait, clock, repeats: timed_and_sorted(run, wait, clock, repeats, pick=0)),
        ("speed", "value", lambda run, wait, clock, repeats: 1 / timed_by_index(run, wait, clock, repeats)),
        ("no run", "value", lambda run, wait, clock, repeats: clock() - clock()),
        (
            "real clock",
            "value",
            lambda run, wait, clock, repeats: timed_by_index(run, wait, time.perf_counter, repeats),
        ),
    ],
    "multiplications": [
        (
            "size once",
            "size_once",
            lambda channels_in, channels_out, kernel, size_out: channels_in * channels_out * kernel**2 * size_out,
        ),
        (
            "kernel once",
            "kernel_once",
            lambda channels_in, channels_out, kernel, size_out: channels_in * channels_out * kernel * size_out**2,
        ),
        (
            "no input",
            "no_input",
            lambda channels_in, channels_out, kernel, size_out: channels_out * kernel**2 * size_out**2,
        ),
        (
            "no output",
            "no_output",
            lambda channels_in, channels_out, kernel, size_out: channels_in * kernel**2 * size_out**2,
        ),
        (
            "bias",
            "value",
            lambda channels_in, channels_out, kernel, size_out: (
                (channels_in * kernel**2 + 1) * channels_out * size_out**2
            ),
        ),
        (
            "weights",
            "weights",
            lambda channels_in, channels_out, kernel, size_out: channels_in * channels_out * kernel**2,
        ),
        (
            "channels added",
            "value",
            lambda channels_in, channels_out, kernel, size_out: (channels_in + channels_out) * (kernel * size_out) ** 2,
        ),
    ],
}


RIGHT_ANSWERS = [
    pytest.param(name, function, id=f"{name}-{i}")
    for name, functions in RIGHT.items()
    for i, function in enumerate(functions, start=1)
]
WRONG_ANSWERS = [
    pytest.param(name, key, function, id=f"{name}-{what}")
    for name, answers in WRONG.items()
    for what, key, function in answers
]


@pytest.mark.parametrize(("name", "function"), RIGHT_ANSWERS)
def test_no_right_answer_is_refused(name, function):
    assert diagnose(name, function) is None


@pytest.mark.parametrize(("name", "key", "function"), WRONG_ANSWERS)
def test_every_wrong_answer_is_named_or_described(name, key, function):
    assert diagnose(name, function).key == key


def test_answers_of_both_kinds_stand_for_every_exercise():
    assert RIGHT.keys() == WRONG.keys() == EXERCISES.keys()
