"""How much two estimators of one gradient scatter: the score function's, and that of the reparameterization trick.

What lesson 03 quotes: VAE_EDU_DATA=... python notebooks/runs/gradient_noise.py > notebooks/runs/gradient_noise.txt
"""

import torch
import torch.nn.functional as F

import vae_edu


def variances(model, image, draws):
    """Variances of single draws, summed over the coordinates of mu: of the score function, with a baseline, of the trick."""
    mu, logvar = (part.detach() for part in model.encode(image))
    sigma = (0.5 * logvar).exp()
    noise = torch.randn(draws, mu.shape[1])
    z = (mu + sigma * noise).requires_grad_()
    x_logits = model.decode_logits(z)
    target = image.expand_as(x_logits)
    errors = F.binary_cross_entropy_with_logits(x_logits, target, reduction="none").flatten(1).sum(dim=1)
    (pathwise,) = torch.autograd.grad(errors.sum(), z)  # z = mu + sigma noise, so this is the gradient by mu
    score = noise / sigma  # the gradient of log q(z|x) by mu
    errors = errors.detach()[:, None]
    estimates = errors * score, (errors - errors.mean()) * score, pathwise
    return torch.stack([estimate.var(dim=0).sum() for estimate in estimates])


def main(images=20, draws=2000, epochs=3):
    test_images = vae_edu.load_mnist("test").tensors[0][:images, None]
    train_digits = vae_edu.load_mnist("train")
    print("gradient of the reconstruction error by mu: variance, score function / reparameterization")
    for latent_dim in (None, 2, 5, 10, 20):
        vae_edu.set_seed(0)
        if latent_dim is None:
            name, model = "conv_vae_2d", vae_edu.load_pretrained()
        else:
            name, model = f"MLPVAE, {latent_dim} dimensions", vae_edu.MLPVAE(latent_dim)
            vae_edu.train(model, train_digits, epochs=epochs, progress=False)
        plain, baseline, pathwise = sum(variances(model, image, draws) for image in test_images)
        print(
            f"{name:21} {plain / pathwise:8,.0f}   with the mean error subtracted {baseline / pathwise:6.1f}",
            flush=True,
        )


if __name__ == "__main__":
    vae_edu.set_language("en")
    main()
