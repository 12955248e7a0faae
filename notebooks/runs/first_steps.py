"""Where the KL of the first steps comes from, with several seeds, and with an output as dark as the data from the start.

What lesson 05 quotes: VAE_EDU_DATA=... python notebooks/runs/first_steps.py > notebooks/runs/first_steps.txt
"""

import torch
from fair_trial import spread

import vae_edu


@torch.no_grad()
def look(model, x):
    """The KL, its two parts, what of the place all images share, the mean brightness decoded at the centre and at 0."""
    mu, logvar = model.encode(x)
    place = 0.5 * mu.square().sum(dim=1).mean()
    width = 0.5 * (logvar.exp() - 1 - logvar).sum(dim=1).mean()
    centre = mu.mean(dim=0)
    there, here = model.decode(torch.stack([centre, torch.zeros(2)])).mean(dim=(1, 2, 3))
    return torch.stack([place + width, place, width, 0.5 * centre.square().sum(), there, here]).tolist()


def peak(seed, dark, images, x, steps):
    """What `look` sees after the step at which the KL is largest."""
    vae_edu.set_seed(seed)
    model = vae_edu.ConvVAE(latent_dim=2)
    if dark:
        torch.nn.init.constant_(model.decoder[-1].bias, -2.0)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    seen = []
    for batch in torch.randperm(len(images))[: 128 * steps].split(128):
        vae_edu.training_step(model, images[batch], optimizer)
        seen.append(look(model, x))
    return max(seen)


def main(seeds=5, steps=60):
    images, x = vae_edu.load_mnist("train").tensors[0], vae_edu.load_mnist("test").tensors[0][:500]
    print(f"{seeds} seeds, {steps} steps each, at the step with the largest KL: mean, and from least to most")
    for name, dark in (("output grey at the start", False), ("output dark at the start", True)):
        values = zip(*[peak(seed, dark, images, x, steps) for seed in range(seeds)], strict=True)
        kl, place, width, shared, there, here = (list(value) for value in values)
        print(f"{name}: KL {spread(kl, '.1f')} nats")
        print(f"    place {spread(place, '.1f')}, of it common to all images {spread(shared, '.1f')}")
        print(f"    width {spread(width, '.1f')}")
        print(
            f"    brightness at the centre of mu {spread(there, '.2f')}, at the origin {spread(here, '.2f')}",
            flush=True,
        )


if __name__ == "__main__":
    vae_edu.set_language("en")
    main()
