"""vae_edu: the helper library of a course on the variational autoencoder, in Japanese and English."""

from .checks import check, compare
from .data import load_fashion_mnist, load_kmnist, load_mnist, one_of_each_digit
from .evaluation import evaluate
from .explorer import export_explorer, latent_explorer
from .language import set_language
from .latent import LatentCodes, encode_dataset, interpolate, latent_axis, latent_grid, nearest_distance
from .losses import LossTerms, kl_divergence, reconstruction_loss, vae_loss
from .models import MLPVAE, ConvVAE, VAEOutput, reparameterize
from .pictures import load_images
from .plotting import (
    plot_history,
    plot_images,
    plot_latent_grid,
    plot_latent_scatter,
    plot_network,
    plot_reconstructions,
)
from .saving import load, load_pretrained, save
from .training import EpochRecord, pick_device, set_seed, train, training_step
from .widgets import latent_sliders
