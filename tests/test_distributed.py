"""The script of lesson 16 under torchrun, in two processes on the CPU, against the same training without torch.distributed."""

import ast
import os
import subprocess
import sys

import build
import pytest
import torch

import vae_edu

IMAGES = 640  # five steps; the lesson takes more


@pytest.fixture(scope="module")
def script():
    """The text that lesson 16 writes into a file."""
    cells = build.read(build.HERE / "lessons" / "16_speed.md")
    source = next(cell.source for cell in cells if cell.metadata["label"] == "script")
    text = ast.literal_eval(ast.parse(source).body[0].value)
    assert text.count("[:3840]") == text.count(".Adam(") == 1
    # Plain steps, because Adam's would hide a wrong factor of the gradient and blow rounding up.
    return text.replace("[:3840]", f"[:{IMAGES}]").replace(".Adam(", ".SGD(")


@pytest.fixture(scope="module")
def plain_weights():
    """What the script does, by one process that knows no other."""
    images = vae_edu.load_mnist("train").tensors[0][:IMAGES]
    vae_edu.set_seed(0)
    model = vae_edu.ConvVAE(latent_dim=2)
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-3)
    for step, batch in enumerate(torch.randperm(len(images)).split(128)):
        losses = []
        for part in range(2):
            vae_edu.set_seed(2 * step + part)
            x = images[batch[part::2]]
            losses.append(vae_edu.vae_loss(model(x), x).total)
        optimizer.zero_grad()
        torch.stack(losses).mean().backward()
        optimizer.step()
    return model.state_dict()


@pytest.mark.parametrize("processes", [1, 2])
def test_processes_that_share_a_batch_train_as_one_does(script, plain_weights, processes, tmp_path):
    (tmp_path / "train.py").write_text(script, encoding="utf-8")
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={processes}"]
    cpu = os.environ | {"CUDA_VISIBLE_DEVICES": ""}
    subprocess.run([*torchrun, tmp_path / "train.py", tmp_path / "model.pt"], check=True, env=cpu)
    weights = torch.load(tmp_path / "model.pt", weights_only=True)
    for name, weight in weights.items():
        # The same operations, but the gradients' sum may be rounded otherwise; the steps are up to 1e-2.
        assert torch.allclose(weight, plain_weights[name], rtol=0, atol=1e-5), name
    vae_edu.set_seed(0)
    untrained = vae_edu.ConvVAE(latent_dim=2).state_dict()
    assert (weights["decoder.3.weight"] - untrained["decoder.3.weight"]).abs().max() > 1e-2
