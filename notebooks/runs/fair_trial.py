"""The fair trial of autoencoder and VAE: the same layers, data and epochs; three ways to choose the points to decode.

What lesson 06 quotes: VAE_EDU_DATA=... python notebooks/runs/fair_trial.py > notebooks/runs/fair_trial.txt
"""

import statistics

import torch

import vae_edu


class Autoencoder(vae_edu.ConvVAE):
    """ConvVAE's own layers without the noise: z = mu, so that nothing trains fc_logvar."""

    def forward(self, x):
        mu, logvar = self.encode(x)
        return vae_edu.VAEOutput(self.decode_logits(mu), mu, logvar, mu)


def rectangle(codes, count):
    low, high = codes.aminmax(dim=0)
    return low + (high - low) * torch.rand(count, 2)


def fitted_gaussian(codes, count):
    return torch.distributions.MultivariateNormal(codes.mean(dim=0), codes.T.cov()).sample((count,))


def prior(codes, count):
    return torch.randn(count, 2)


def trial(model_class, beta, seed, train_digits, test_digits, epochs):
    """The test loss, and for each way to choose points (holes, missed), in percent."""
    vae_edu.set_seed(seed)
    model = model_class()
    vae_edu.train(model, train_digits, epochs=epochs, beta=beta, progress=False)
    terms = vae_edu.evaluate(model, test_digits, beta=beta)
    codes, held_out = (vae_edu.encode_dataset(model, digits).mu for digits in (train_digits, test_digits))
    reach = vae_edu.nearest_distance(held_out, codes).quantile(0.99)
    shares = {}
    for choose in (rectangle, fitted_gaussian, prior):
        points = choose(codes, len(codes))
        holes = vae_edu.nearest_distance(points, codes) > reach
        missed = vae_edu.nearest_distance(held_out, points) > reach
        shares[choose.__name__] = 100 * holes.float().mean().item(), 100 * missed.float().mean().item()
    return terms, shares


def main(seeds=5, epochs=10):
    train_digits, test_digits = vae_edu.load_mnist("train"), vae_edu.load_mnist("test")
    print(f"{len(train_digits):,} images, {epochs} epochs, {seeds} seeds: mean, and from least to most")
    for name, model_class, beta in (("autoencoder", Autoencoder, 0), ("VAE", vae_edu.ConvVAE, 1)):
        runs = [trial(model_class, beta, seed, train_digits, test_digits, epochs) for seed in range(seeds)]
        print(f"{name}: test reconstruction {spread([terms.reconstruction for terms, _ in runs], '.1f')} nats")
        for way in runs[0][1]:
            holes, missed = (spread([shares[way][i] for _, shares in runs], "4.1f") for i in (0, 1))
            print(f"    {way.replace('_', ' '):15}  holes {holes} %  missed {missed} %", flush=True)


def spread(values, form):
    return f"{statistics.mean(values):{form}} ({min(values):{form}} to {max(values):{form}})"


if __name__ == "__main__":
    vae_edu.set_language("en")
    main()
