"""log p(x) of both shipped models by a grid over the plane, beside the ELBO: how far the loss is from what it bounds.

What lesson 04 quotes: VAE_EDU_DATA=... python notebooks/runs/evidence_grid.py > notebooks/runs/evidence_grid.txt
"""

import math

import torch
import torch.nn.functional as F

import vae_edu


@torch.no_grad()
def log_evidence(model, x, steps, limit=5.0):
    """log p(x) (B,): the sum of p(x|z) p(z) over the points of a grid, times the area of a cell."""
    total = torch.full((len(x),), -torch.inf)
    for z in vae_edu.latent_grid(limit, steps).reshape(-1, 2).split(2000):
        logits = model.decode_logits(z).flatten(1)  # (2000, 784)
        log_likelihood = logits @ x.flatten(1).T - F.softplus(logits).sum(dim=1, keepdim=True)  # (2000, B)
        log_prior = -0.5 * z.square().sum(dim=1, keepdim=True) - math.log(2 * math.pi)
        total = total.logaddexp((log_likelihood + log_prior).logsumexp(dim=0))
    return total + 2 * math.log(2 * limit / (steps - 1))


@torch.no_grad()
def elbo(model, x, draws, at_mu=False):
    """The ELBO (B,), averaged over some draws of z; or what becomes of it with z = mu."""
    mu, logvar = model.encode(x)
    kl = 0.5 * (mu**2 + logvar.exp() - 1 - logvar).sum(dim=1)
    values = []
    for _ in range(1 if at_mu else draws):
        logits = model.decode_logits(mu if at_mu else vae_edu.reparameterize(mu, logvar))
        values.append(-F.binary_cross_entropy_with_logits(logits, x, reduction="none").flatten(1).sum(dim=1))
    return torch.stack(values).mean(dim=0) - kl


def main(images=200, steps=401, draws=50):
    x = vae_edu.load_mnist("test").tensors[0][:images]
    print(f"the first {images} test images, {steps} x {steps} points, nats / image")
    for name in ("conv_vae_2d", "mlp_vae_2d"):
        vae_edu.set_seed(0)
        model = vae_edu.load_pretrained(name)
        exact, bound = log_evidence(model, x, steps), elbo(model, x, draws)
        off = (exact - log_evidence(model, x, steps // 2 + 1)).abs()
        gap = exact - bound
        print(f"{name}: log p(x) {exact.mean():.1f}, ELBO {bound.mean():.1f}")
        print(f"    gap: mean {gap.mean():.1f}, median {gap.median():.1f}, largest {gap.max():.0f}")
        print(
            f"    z = mu in place of the mean over q: above log p(x) for {(elbo(model, x, 1, True) > exact).sum()} images"
        )
        print(f"    with steps twice as large log p(x) moves by {off.mean():.2f} on average, {off.max():.1f} at most")


if __name__ == "__main__":
    vae_edu.set_language("en")
    main()
