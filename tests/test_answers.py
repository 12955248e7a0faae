"""Answers that learners could give, written from the tasks of the lessons alone: right ones in odd styles, wrong ones too.

Of a wrong one stand here: what is wrong, the key that `check` finds, and the function. Keys such as "value" and "shape"
belong to no known mistake: what is said then is the result beside the right one.
"""

import fractions
import math
import random
import statistics

import numpy as np
import pytest
import torch
import torch.nn.functional as F

import vae_edu
from vae_edu import vae_loss
from vae_edu.checks import EXERCISES, diagnose

NOISE = torch.randn(5000, 50)  # drawn once, outside the function


def loop_of_batches(n_images, batch_size):
    batches = 0
    while n_images > 0:
        n_images -= batch_size
        batches += 1
    return batches


def error_by_loop(x, x_hat):
    total = 0.0
    for picture, other in zip(x, x_hat, strict=True):
        total = total + torch.sum((picture - other) ** 2)
    return total / len(x)


def size_by_torch(layer, size, kernel, stride, padding):
    return layer(1, 1, kernel, stride, padding)(torch.zeros(1, 1, size, size)).shape[-1]


def seeded_reparameterize(mu, logvar):
    torch.manual_seed(0)
    return mu + torch.exp(0.5 * logvar) * torch.randn_like(mu)


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


def loss_in_inference_mode(model, batches):
    model.eval()
    with torch.inference_mode():
        losses = [own_loss(model, x).item() for x in batches]
    return np.average(losses, weights=[x.shape[0] for x in batches])


@torch.no_grad()
def loss_of_all_at_once(model, batches):
    everything = torch.cat(batches)
    return vae_loss(model(everything), everything).total


@torch.no_grad()
def loss_of_loss(model, batches):
    return sum(vae_loss(model(x), x).total for x in batches) / len(batches)


@torch.no_grad()
def loss_of_last(model, batches):
    for x in batches:
        loss = vae_loss(model(x), x).total
    return loss


@torch.no_grad()
def loss_without_kl(model, batches):
    return sum(vae_loss(model(x), x).reconstruction * len(x) for x in batches) / sum(map(len, batches))


@torch.no_grad()
def loss_at_mean(model, batches):
    total = 0
    for x in batches:
        mu, logvar = model.encode(x)
        total += vae_loss(vae_edu.models.VAEOutput(model.decode_logits(mu), mu, logvar, mu), x).total * len(x)
    return total / sum(map(len, batches))


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


RIGHT = {
    "compression_ratio": [
        lambda height, width, latent_dim: np.float32(height * width) / latent_dim,
        lambda height, width, latent_dim: np.array(height * width / latent_dim),
        lambda height, width, latent_dim: torch.ones(height, width).numel() / torch.tensor(latent_dim),
        lambda height, width, latent_dim: fractions.Fraction(height * width, latent_dim),
    ],
    "decode_point": [
        lambda model, z1, z2: model.decode(torch.stack([torch.tensor(z1), torch.tensor(z2)]).unsqueeze(0)),
        lambda model, z1, z2: torch.sigmoid(model.decode_logits(torch.tensor([z1, z2])[None])),
        torch.no_grad()(lambda model, z1, z2: model.decode(torch.tensor([z1, z2]).view(1, -1))),
        lambda model, z1, z2: model.decode(torch.from_numpy(np.array([[z1, z2]], dtype=np.float32))),
        lambda model, z1, z2: 1 / (1 + torch.exp(-model.decoder(model.fc_z(torch.tensor([[z1, z2]]))))),
    ],
    "number_of_batches": [
        loop_of_batches,
        lambda n_images, batch_size: -(-n_images // batch_size),
        lambda n_images, batch_size: len(range(0, n_images, batch_size)),
        lambda n_images, batch_size: np.ceil(n_images / batch_size).astype(int),
        lambda n_images, batch_size: n_images // batch_size + (n_images % batch_size != 0),
        lambda n_images, batch_size: len(torch.arange(n_images).split(batch_size)),
    ],
    "squared_error": [
        error_by_loop,
        lambda x, x_hat: F.mse_loss(x_hat, x, reduction="sum") / len(x),
        lambda x, x_hat: torch.dist(x, x_hat) ** 2 / x.shape[0],
        lambda x, x_hat: torch.einsum("nchw,nchw->", x - x_hat, x - x_hat).item() / len(x),
        lambda x, x_hat: (x - x_hat).square().mean() * 784,
    ],
    "conv_size": [
        lambda size, kernel, stride, padding: size_by_torch(torch.nn.Conv2d, size, kernel, stride, padding),
        lambda size, kernel, stride, padding: len(range(-padding, size + padding - kernel + 1, stride)),
        lambda size, kernel, stride, padding: (size + 2 * padding - kernel + stride) // stride,
        lambda size, kernel, stride, padding: np.int64(np.floor((size - kernel + padding * 2) / stride) + 1),
    ],
    "conv_parameters": [
        lambda channels_in, channels_out, kernel: sum(
            p.numel() for p in torch.nn.Conv2d(channels_in, channels_out, kernel).parameters()
        ),
        lambda channels_in, channels_out, kernel: channels_out + kernel * kernel * channels_in * channels_out,
    ],
    "transposed_size": [
        lambda size, kernel, stride, padding: size_by_torch(torch.nn.ConvTranspose2d, size, kernel, stride, padding),
        lambda size, kernel, stride, padding: size * stride - stride + kernel - padding - padding,
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
    "training_step": [step_by_own_forward, step_by_grad],
    "epoch_loss": [
        lambda losses, sizes: torch.dot(losses, sizes.to(losses.dtype)) / sizes.sum(),
        lambda losses, sizes: np.average(losses.numpy(), weights=sizes.numpy()),
        lambda losses, sizes: (
            sum(a * b for a, b in zip(losses.tolist(), sizes.tolist(), strict=True)) / sum(sizes.tolist())
        ),
        lambda losses, sizes: losses.repeat_interleave(sizes.long()).mean(),
    ],
    "test_loss": [loss_in_inference_mode, loss_of_all_at_once],
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
    "map_position": [
        lambda i, j, limit, steps: [limit * (2 * j / (steps - 1) - 1), limit * (1 - 2 * i / (steps - 1))],
        lambda i, j, limit, steps: torch.stack(
            [torch.linspace(-limit, limit, steps)[j], torch.linspace(limit, -limit, steps)[i]]
        ),
        lambda i, j, limit, steps: (np.linspace(-limit, limit, steps)[j], np.linspace(-limit, limit, steps)[::-1][i]),
        lambda i, j, limit, steps: np.array(
            [-limit + 2 * limit * j / (steps - 1), limit - 2 * limit * i / (steps - 1)]
        ),
    ],
    "prior_share": [
        lambda low, high: statistics.NormalDist().cdf(high) - statistics.NormalDist().cdf(low),
        lambda low, high: (math.erf(high / math.sqrt(2)) - math.erf(low / math.sqrt(2))) / 2,
        lambda low, high: torch.distributions.Normal(0.0, 1.0).cdf(torch.tensor([low, high])).diff().squeeze(),
        lambda low, high: torch.special.ndtr(torch.tensor(-low)) - torch.special.ndtr(torch.tensor(-high)),
    ],
    "nearest_digit": [
        nearest_by_hand,
        lambda mu, labels, z: labels[torch.cdist(z[None], mu).argmin()].item(),
        lambda mu, labels, z: labels[(mu - z).norm(dim=1).argsort()[0]],
        lambda mu, labels, z: labels.numpy()[np.linalg.norm(mu.numpy() - z.numpy(), axis=1).argmin()],
    ],
    "images_per_second": [
        lambda seconds, images: images / statistics.median(seconds.tolist()),
        lambda seconds, images: np.median(images / seconds.numpy()),
        lambda seconds, images: images / seconds.sort().values[len(seconds) // 2],
        lambda seconds, images: images / torch.quantile(seconds, 0.5),
    ],
    "multiplications": [
        lambda channels_in, channels_out, kernel, size_out: math.prod(
            [channels_in, channels_out, kernel, kernel, size_out, size_out]
        ),
        lambda channels_in, channels_out, kernel, size_out: (
            torch.nn.Conv2d(channels_in, channels_out, kernel).weight.numel() * size_out**2
        ),
    ],
    "share_of_batch": [
        lambda batch, rank, world_size: batch[torch.arange(len(batch)) % world_size == rank],
        lambda batch, rank, world_size: [index for k, index in enumerate(batch) if k % world_size == rank],
        lambda batch, rank, world_size: batch[range(rank, len(batch), world_size)],
        lambda batch, rank, world_size: torch.from_numpy(batch.numpy()[rank::world_size]),
    ],
}

WRONG = {
    "compression_ratio": [
        ("floor", "rounded", lambda height, width, latent_dim: height * width // latent_dim),
        ("floor", "rounded", lambda height, width, latent_dim: int(height * width / latent_dim)),
        ("rounded", "rounded", lambda height, width, latent_dim: round(height * width / latent_dim)),
        ("inverse", "upside_down", lambda height, width, latent_dim: latent_dim / (height * width)),
        ("sum of sides", "sum", lambda height, width, latent_dim: (height + width) / latent_dim),
        ("square", "value", lambda height, width, latent_dim: height**2 / latent_dim),
        ("784 always", "constant", lambda height, width, latent_dim: 784 / latent_dim),
        ("string", "type", lambda height, width, latent_dim: f"{height * width / latent_dim:.1f}"),
        ("none", "none", lambda height, width, latent_dim: print(height * width / latent_dim)),
        ("saving", "value", lambda height, width, latent_dim: 1 - latent_dim / (height * width)),
        ("rounded to 2 digits", "value", lambda height, width, latent_dim: round(height * width / latent_dim, 2)),
    ],
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
    "number_of_batches": [
        ("a single image left over is lost", "value", lambda n, b: (n + b - 2) // b),
        ("a few images left over are lost", "value", lambda n, b: int(n / b + 0.99)),
        ("floor", "floor", lambda n_images, batch_size: n_images // batch_size),
        ("one more", "one_more", lambda n_images, batch_size: n_images // batch_size + 1),
        ("round", "nearest", lambda n_images, batch_size: round(n_images / batch_size)),
        ("fraction", "quotient", lambda n_images, batch_size: n_images / batch_size),
        ("rest", "remainder", lambda n_images, batch_size: n_images % batch_size),
        ("ceil too late", "floor", lambda n_images, batch_size: math.ceil(n_images // batch_size)),
        ("at least one", "value", lambda n_images, batch_size: max(1, n_images // batch_size)),
        ("128 always", "value", lambda n_images, batch_size: math.ceil(n_images / 128)),
        ("swapped", "upside_down", lambda n_images, batch_size: math.ceil(batch_size / n_images)),
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
    "conv_size": [
        ("fraction", "quotient", lambda size, kernel, stride, padding: (size + 2 * padding - kernel) / stride + 1),
        ("fence post", "no_plus_one", lambda size, kernel, stride, padding: (size + 2 * padding - kernel) // stride),
        ("one padding", "one_padding", lambda size, kernel, stride, padding: (size + padding - kernel) // stride + 1),
        ("halved", "stride_only", lambda size, kernel, stride, padding: size // stride),
        ("ceil", "ceil", lambda size, kernel, stride, padding: math.ceil((size + 2 * padding - kernel) / stride) + 1),
        (
            "one too early",
            "plus_one_early",
            lambda size, kernel, stride, padding: (size + 2 * padding - kernel + 1) // stride,
        ),
        ("no padding", "no_padding", lambda size, kernel, stride, padding: (size - kernel) // stride + 1),
        ("no stride", "no_stride", lambda size, kernel, stride, padding: size + 2 * padding - kernel + 1),
        ("round", "nearest", lambda size, kernel, stride, padding: round((size + 2 * padding - kernel) / stride) + 1),
    ],
    "conv_parameters": [
        ("no bias", "no_bias", lambda channels_in, channels_out, kernel: channels_in * channels_out * kernel**2),
        ("one bias", "one_bias", lambda channels_in, channels_out, kernel: channels_in * channels_out * kernel**2 + 1),
        (
            "kernel once",
            "kernel_once",
            lambda channels_in, channels_out, kernel: channels_out * (channels_in * kernel + 1),
        ),
        ("doubled", "value", lambda channels_in, channels_out, kernel: channels_out * (channels_in * kernel * 2 + 1)),
        (
            "bias each kernel",
            "bias_each_kernel",
            lambda channels_in, channels_out, kernel: channels_out * channels_in * (kernel**2 + 1),
        ),
        ("no input", "no_input", lambda channels_in, channels_out, kernel: channels_out * (kernel**2 + 1)),
        (
            "input biases",
            "input_bias",
            lambda channels_in, channels_out, kernel: channels_in * (channels_out * kernel**2 + 1),
        ),
    ],
    "transposed_size": [
        ("times", "stride_only", lambda size, kernel, stride, padding: size * stride),
        ("one too many", "size_steps", lambda size, kernel, stride, padding: size * stride + kernel - 2 * padding),
        ("no padding", "no_padding", lambda size, kernel, stride, padding: (size - 1) * stride + kernel),
        ("one padding", "one_padding", lambda size, kernel, stride, padding: (size - 1) * stride + kernel - padding),
        (
            "plus padding",
            "padding_added",
            lambda size, kernel, stride, padding: (size - 1) * stride + kernel + 2 * padding,
        ),
        ("convolution", "ordinary", lambda size, kernel, stride, padding: (size + 2 * padding - kernel) // stride + 1),
        ("no kernel", "value", lambda size, kernel, stride, padding: (size - 1) * stride - 2 * padding + 1),
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
    "training_step": [
        ("no zero", "no_zero_grad", step_without_zero),
        ("zeroed between", "no_backward", step_zeroed_between),
        ("measured afterwards", "loss_after", step_measured_afterwards),
        ("another optimizer", "other_step", step_of_another_optimizer),
        ("uphill", "sign", step_uphill),
        ("not taken", "no_step", step_not_taken),
        ("reconstruction", "no_kl", step_of_reconstruction),
    ],
    "epoch_loss": [
        ("mean", "unweighted", lambda losses, sizes: losses.mean()),
        ("not weighted", "sum_by_images", lambda losses, sizes: losses.sum() / sizes.sum()),
        ("per batch", "by_batches", lambda losses, sizes: (losses * sizes).sum() / len(losses)),
        ("sum", "sum", lambda losses, sizes: losses.sum()),
        ("sum of all", "not_divided", lambda losses, sizes: (losses * sizes).sum()),
        ("without the last", "value", lambda losses, sizes: losses[:-1].mean()),
        ("last", "last_batch", lambda losses, sizes: losses[-1]),
        ("divided", "value", lambda losses, sizes: (losses / sizes).sum() / sizes.sum()),
        ("vector", "shape", lambda losses, sizes: losses * sizes / sizes.sum()),
        ("first size", "value", lambda losses, sizes: (losses * sizes).sum() / (sizes[0] * len(sizes))),
    ],
    "test_loss": [
        ("mean of means", "unweighted", loss_of_loss),
        ("last", "last_batch", loss_of_last),
        ("no KL", "no_kl", loss_without_kl),
        ("at mu", "at_mu", loss_at_mean),
        (
            "gradients",
            "gradients_on",
            lambda model, batches: sum(own_loss(model, x) * len(x) for x in batches) / sum(map(len, batches)),
        ),
        (
            "sum",
            "not_divided",
            torch.no_grad()(lambda model, batches: sum(own_loss(model, x) * len(x) for x in batches)),
        ),
        (
            "times 128",
            "value",
            torch.no_grad()(lambda model, batches: sum(own_loss(model, x) for x in batches) / (128 * len(batches))),
        ),
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
    "map_position": [
        (
            "upside down",
            "upside_down",
            lambda i, j, limit, steps: (-limit + 2 * limit * j / (steps - 1), -limit + 2 * limit * i / (steps - 1)),
        ),
        (
            "i and j",
            "i_and_j",
            lambda i, j, limit, steps: (-limit + 2 * limit * i / (steps - 1), limit - 2 * limit * j / (steps - 1)),
        ),
        (
            "swapped result",
            "swapped",
            lambda i, j, limit, steps: (limit - 2 * limit * i / (steps - 1), -limit + 2 * limit * j / (steps - 1)),
        ),
        (
            "fence posts",
            "by_steps",
            lambda i, j, limit, steps: (-limit + 2 * limit * j / steps, limit - 2 * limit * i / steps),
        ),
        (
            "half",
            "half_steps",
            lambda i, j, limit, steps: (-limit + limit * j / (steps - 1), limit - limit * i / (steps - 1)),
        ),
        (
            "mirrored",
            "value",
            lambda i, j, limit, steps: (limit - 2 * limit * j / (steps - 1), limit - 2 * limit * i / (steps - 1)),
        ),
        ("limit 3", "constant", lambda i, j, limit, steps: (-3 + 6 * j / (steps - 1), 3 - 6 * i / (steps - 1))),
        (
            "centres",
            "cells",
            lambda i, j, limit, steps: (-limit + 2 * limit * (j + 0.5) / steps, limit - 2 * limit * (i + 0.5) / steps),
        ),
        ("from 0", "value", lambda i, j, limit, steps: (limit * j / (steps - 1), limit * i / (steps - 1))),
        ("z1 only", "shape", lambda i, j, limit, steps: -limit + 2 * limit * j / (steps - 1)),
    ],
    "prior_share": [
        (
            "order",
            "order",
            lambda low, high: torch.special.ndtr(torch.tensor(low)) - torch.special.ndtr(torch.tensor(high)),
        ),
        ("high only", "below_high", lambda low, high: torch.special.ndtr(torch.tensor(high))),
        ("symmetric", "symmetric", lambda low, high: 2 * torch.special.ndtr(torch.tensor(high)) - 1),
        (
            "outside",
            "outside",
            lambda low, high: 1 - torch.special.ndtr(torch.tensor(high)) + torch.special.ndtr(torch.tensor(low)),
        ),
        (
            "density",
            "density_difference",
            lambda low, high: statistics.NormalDist().pdf(high) - statistics.NormalDist().pdf(low),
        ),
        ("no root of 2", "value", lambda low, high: (math.erf(high) - math.erf(low)) / 2),
        ("width", "width_first", lambda low, high: torch.special.ndtr(torch.tensor(high - low))),
        (
            "sum",
            "value",
            lambda low, high: torch.special.ndtr(torch.tensor(high)) + torch.special.ndtr(torch.tensor(low)),
        ),
        ("box", "density_width", lambda low, high: (high - low) * statistics.NormalDist().pdf((high + low) / 2)),
        ("samples", "value", lambda low, high: ((NOISE > low) & (NOISE < high)).float().mean()),
        ("plain numbers", "error", lambda low, high: torch.special.ndtr(high) - torch.special.ndtr(low)),
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
    "images_per_second": [
        ("mean", "mean", lambda seconds, images: images / seconds.mean()),
        ("mean of speeds", "value", lambda seconds, images: (images / seconds).mean()),
        ("inverse", "upside_down", lambda seconds, images: seconds.median() / images),
        ("unsorted", "middle_unsorted", lambda seconds, images: images / seconds[len(seconds) // 2]),
        ("fastest", "fastest", lambda seconds, images: images / seconds.min()),
        ("slowest", "value", lambda seconds, images: images / seconds.max()),
        ("total", "sum", lambda seconds, images: images / seconds.sum()),
        ("all rounds", "mean", lambda seconds, images: images * len(seconds) / seconds.sum()),
        ("time", "value", lambda seconds, images: seconds.median()),
        ("product", "value", lambda seconds, images: images * seconds.median()),
        ("whole", "value", lambda seconds, images: int(images / seconds.median())),
        ("lower", "value", lambda seconds, images: images / seconds.sort().values[len(seconds) // 2 - 1]),
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
    "share_of_batch": [
        ("block", "block", lambda batch, rank, world_size: batch.chunk(world_size)[rank]),
        ("from 1", "value", lambda batch, rank, world_size: batch[rank + 1 :: world_size]),
        ("values", "shape", lambda batch, rank, world_size: batch[batch % world_size == rank]),
        ("swapped", "shape", lambda batch, rank, world_size: batch[world_size :: rank + 1]),
        ("positions", "value", lambda batch, rank, world_size: torch.arange(rank, len(batch), world_size)),
        ("everything", "everything", lambda batch, rank, world_size: batch),
        ("equal shares", "shape", lambda batch, rank, world_size: batch[rank::world_size][: len(batch) // world_size]),
        ("two processes", "shape", lambda batch, rank, world_size: batch[rank::2]),
        ("from the front", "no_rank", lambda batch, rank, world_size: batch[::world_size]),
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
