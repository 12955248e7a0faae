"""A toy in which log p(x), the ELBO and the true posterior are all known: z ~ N(0, 1), x given z ~ N(z, 1), x = 2.

What lesson 04 quotes: python notebooks/runs/evidence_toy.py > notebooks/runs/evidence_toy.txt
"""

import math

import torch
from torch.distributions import Normal, kl_divergence

X, PRIOR, POSTERIOR = torch.tensor(2.0), Normal(0.0, 1.0), Normal(1.0, math.sqrt(0.5))


def main(points=4001):
    z = torch.linspace(-8, 8, points)
    log_likelihood = Normal(z, 1.0).log_prob(X)  # log p(x|z)
    log_px = torch.trapezoid((log_likelihood + PRIOR.log_prob(z)).exp(), z).log()
    print(f"log p(x): {log_px:.4f} from a grid, {Normal(0.0, math.sqrt(2)).log_prob(X):.4f} from p(x) = N(0, 2)")
    for mu, std in ((1.0, math.sqrt(0.5)), (0.0, math.sqrt(0.5)), (1.0, 0.3)):
        q = Normal(mu, std)
        elbo = torch.trapezoid(q.log_prob(z).exp() * log_likelihood, z) - kl_divergence(q, PRIOR)
        gap, kl = log_px - elbo, kl_divergence(q, POSTERIOR)
        print(f"mu {mu:.0f}, sigma {std:.2f}: ELBO {elbo:.4f}, gap {gap:z.4f}, KL(q || posterior) {kl:z.4f}")
    at_mu = Normal(1.0, 1.0).log_prob(X) - kl_divergence(POSTERIOR, PRIOR)
    print(f"mu 1, sigma 0.71, with z = mu in place of the mean over q: {at_mu:.4f}")


if __name__ == "__main__":
    main()
