"""Which change of the recipe lowers the loss after four epochs? One change at a time, judged on held-out training images.

What the appendix 16_speed quotes: VAE_EDU_DATA=... python notebooks/runs/race.py > notebooks/runs/race.txt
"""

import torch
from fair_trial import spread
from torch.optim.lr_scheduler import OneCycleLR

import vae_edu

WAYS = {  # network, learning rate or its peak, one cycle or constant, Adam's second beta
    "ConvVAE, constant 0.001": (vae_edu.ConvVAE, 1e-3, False, 0.999),
    "ConvVAE, constant 0.007": (vae_edu.ConvVAE, 7e-3, False, 0.999),
    "ConvVAE, one cycle to 0.007": (vae_edu.ConvVAE, 7e-3, True, 0.999),
    "ConvVAE, beta2 = 0.95 too": (vae_edu.ConvVAE, 7e-3, True, 0.95),
    "MLPVAE, constant 0.001": (vae_edu.MLPVAE, 1e-3, False, 0.999),
    "MLPVAE, constant 0.005": (vae_edu.MLPVAE, 5e-3, False, 0.999),
    "MLPVAE, one cycle to 0.005": (vae_edu.MLPVAE, 5e-3, True, 0.999),
    "MLPVAE, beta2 = 0.95 too": (vae_edu.MLPVAE, 5e-3, True, 0.95),
}


def loss_after(epochs, images, held_out, seed, network, rate, cycle, beta2):
    """The loss on held-out images after some epochs of training, in nats per image."""
    vae_edu.set_seed(seed)
    model = network()
    optimizer = torch.optim.Adam(model.parameters(), lr=rate, betas=(0.9, beta2), fused=True)
    steps = epochs * len(torch.arange(len(images)).split(128))
    schedule = OneCycleLR(optimizer, rate, steps, cycle_momentum=False) if cycle else None
    for _ in range(epochs):
        for batch in torch.randperm(len(images)).split(128):
            vae_edu.training_step(model, images[batch], optimizer)
            if schedule is not None:
                schedule.step()
    return vae_edu.evaluate(model, held_out).total


def main(seeds=3, epochs=4):
    images = vae_edu.load_mnist("train").tensors[0]
    images, held_out = images[: -len(images) // 6], images[-len(images) // 6 :]
    print(f"{len(images):,} images, {epochs} epochs, {seeds} seeds: nats on {len(held_out):,} held-out training images")
    for name, way in WAYS.items():
        losses = [loss_after(epochs, images, held_out, seed, *way) for seed in range(seeds)]
        print(f"{name:28} {spread(losses, '.1f')}", flush=True)


if __name__ == "__main__":
    vae_edu.set_language("en")
    main()
