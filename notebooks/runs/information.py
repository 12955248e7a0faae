"""What the KL divergence of the shipped model consists of: information about the image, and the rest.

What lesson 04 quotes: VAE_EDU_DATA=... python notebooks/runs/information.py > notebooks/runs/information.txt
"""

import torch
from torch.distributions import Categorical, Independent, MixtureSameFamily, Normal

import vae_edu


def main(images=10_000):
    test_images = vae_edu.load_mnist("test").tensors[0][:images]
    mu, logvar, _ = vae_edu.encode_dataset(vae_edu.load_pretrained(), test_images)
    clouds = Independent(Normal(mu, (0.5 * logvar).exp()), 1)
    together = MixtureSameFamily(Categorical(torch.ones(len(mu))), clouds)  # q(z), all of them with equal weights
    prior = Independent(Normal(torch.zeros(2), torch.ones(2)), 1)
    vae_edu.set_seed(0)
    z = clouds.sample()  # (images, 2), one point of each
    log_q = torch.cat([together.log_prob(points) for points in z.split(500)])
    parts = {
        "KL(q(z|x) || p(z))": clouds.log_prob(z) - prior.log_prob(z),
        "information about the image": clouds.log_prob(z) - log_q,
        "KL(q(z) || p(z))": log_q - prior.log_prob(z),
    }
    for name, nats in parts.items():
        error = nats.std() / len(nats) ** 0.5
        print(f"{name:27}  {nats.mean():.2f} nats / image  (standard error {error:.2f})")


if __name__ == "__main__":
    vae_edu.set_language("en")
    main()
