"""training: the run learns, repeats, stops, and says what went wrong."""

import copy

import pytest
import torch
from torch.optim.lr_scheduler import LambdaLR, OneCycleLR
from torch.utils.data import TensorDataset

import vae_edu
from vae_edu import MLPVAE, ConvVAE, training


@pytest.fixture(scope="module")
def digits():
    """The first 600 images of the sample."""
    return TensorDataset(*(part[:600] for part in vae_edu.load_mnist("train").tensors))


@pytest.fixture
def model():
    vae_edu.set_seed(0)
    return ConvVAE(latent_dim=2)


def test_training_learns(model, digits):
    history = vae_edu.train(model, digits, epochs=3, test_dataset=digits, batch_size=20, progress=False)
    assert [record.epoch for record in history] == [1, 2, 3]
    for record in history:
        assert record.seconds > 0
        for terms in (record.train, record.test):
            assert all(isinstance(term, float) for term in terms)
            assert terms.total == pytest.approx(terms.reconstruction + terms.kl, rel=1e-5)  # sums of float32
    assert history[0].train.total > history[-1].train.total
    assert history[-1].test.total < 250 < 543  # 784 ln 2 = 543.4 nats: an untrained model
    assert not model.training


def test_the_same_seed_gives_the_same_history_with_or_without_held_out_data(digits):
    histories = []
    for test_dataset in (None, digits, None):
        vae_edu.set_seed(1)
        histories.append(
            vae_edu.train(ConvVAE(), digits, epochs=2, test_dataset=test_dataset, batch_size=100, progress=False)
        )
    losses = [[record.train for record in history] for history in histories]
    assert losses[0] == losses[1] == losses[2]  # to the bit: the same operations, in one process
    vae_edu.set_seed(2)
    other = vae_edu.train(ConvVAE(), digits, epochs=2, batch_size=100, progress=False)
    assert [record.train for record in other] != losses[0]


def test_an_epoch_uses_every_image_once_and_weighs_batches_by_their_size(model, digits, monkeypatch):
    torch.nn.init.constant_(model.fc_logvar.bias, -40)  # sigma is nearly 0: no noise in the comparison
    seen = []
    step = training.training_step
    monkeypatch.setattr(training, "training_step", lambda m, x, *rest: (seen.append(x), step(m, x, *rest))[1])
    expected = vae_edu.evaluate(model, digits)
    record = vae_edu.train(model, digits, epochs=1, batch_size=256, learning_rate=1e-12, progress=False)[0]
    assert [len(x) for x in seen] == [256, 256, 88]
    # In batches of another size float32 is rounded otherwise, by some 1e-7 of each number.
    assert record.train.reconstruction == pytest.approx(expected.reconstruction, rel=1e-5)
    used = sorted(x.numpy().tobytes() for images in seen for x in images)
    assert used == sorted(x.numpy().tobytes() for x in digits.tensors[0])
    assert not torch.equal(torch.cat(seen), digits.tensors[0])


def test_steps_follow_the_gradient_of_the_loss_as_published(digits):
    x = digits.tensors[0][:64]
    vae_edu.set_seed(0)
    ours, theirs = ConvVAE(), ConvVAE()
    with torch.no_grad():
        ours.fc_mu.weight *= 20  # untrained clouds lie so near the prior that the KL would not count
        ours.fc_logvar.weight *= 20
    # Adam would divide by the square root of squares near 0, and blow rounding up.
    runs = [
        (model, step, torch.optim.SGD(model.parameters(), lr=1e-3))
        for model, step in ((ours, vae_edu.training_step), (theirs, plain_step))
    ]
    for seed in range(3):
        theirs.load_state_dict(ours.state_dict())  # or what rounding does in one step could switch a ReLU in the next
        for model, step, optimizer in runs:
            vae_edu.set_seed(seed)
            step(model, x, optimizer)
        # The losses are not written alike, so they are not rounded alike: 1e-7 apart after steps of 1e-2. A KL that
        # weighs 0.2% more makes 5e-6.
        for one, other in zip(ours.state_dict().values(), theirs.state_dict().values(), strict=True):
            assert torch.allclose(one, other, rtol=0, atol=1e-6)


def plain_step(model, x, optimizer):
    """The loss as published, written out: sums over everything, divided by the batch."""
    optimizer.zero_grad()
    mu, logvar = model.encode(x)
    x_hat = model.decode(mu + torch.randn_like(mu) * (logvar / 2).exp())
    bce = torch.nn.functional.binary_cross_entropy(x_hat, x, reduction="sum")
    kld = -0.5 * torch.sum(1 + logvar - mu.pow(2) - logvar.exp())
    ((bce + kld) / len(x)).backward()
    optimizer.step()


@pytest.mark.parametrize(
    ("schedule", "betas", "rule"),
    [
        ("constant", (0.9, 0.999), lambda optimizer: LambdaLR(optimizer, lambda step: 1)),
        ("one_cycle", (0.9, 0.95), lambda optimizer: OneCycleLR(optimizer, 1e-2, 12, cycle_momentum=False)),
    ],
    ids=["constant", "one_cycle"],
)
def test_a_run_is_the_loop_written_out(model, digits, schedule, betas, rule):
    again = copy.deepcopy(model)
    vae_edu.set_seed(4)
    vae_edu.train(model, digits, 2, batch_size=100, learning_rate=1e-2, schedule=schedule, progress=False)

    vae_edu.set_seed(4)
    optimizer = torch.optim.Adam(again.parameters(), lr=1e-2, betas=betas, fused=True)
    rule = rule(optimizer)
    for _ in range(2):
        for batch in torch.randperm(len(digits)).split(100):
            vae_edu.training_step(again, digits.tensors[0][batch], optimizer)
            rule.step()
    # The same operations on the same numbers in the same order: equal to the bit on every machine.
    for one, other in zip(model.state_dict().values(), again.state_dict().values(), strict=True):
        assert torch.equal(one, other)


def test_one_cycle_rises_and_falls(model, digits, monkeypatch):
    rates, step = [], training.training_step
    monkeypatch.setattr(
        training, "training_step", lambda *args: (rates.append(args[2].param_groups[0]["lr"]), step(*args))[1]
    )
    vae_edu.train(model, digits, 2, batch_size=20, learning_rate=1e-2, schedule="one_cycle", progress=False)
    assert rates[0] == pytest.approx(1e-2 / 25) and rates[-1] < 1e-2 / 1000
    assert max(rates) == pytest.approx(1e-2, rel=0.05)  # the peak can lie between two steps


def test_a_step_can_use_numbers_of_16_bits(model, digits):
    again = ConvVAE()
    again.load_state_dict(model.state_dict())
    losses = []
    for one, enabled in ((model, True), (again, False)):
        vae_edu.set_seed(4)
        optimizer = torch.optim.SGD(one.parameters(), lr=1e-5)
        with torch.autocast("cpu", torch.bfloat16, enabled=enabled):
            losses.append(vae_edu.training_step(one, digits.tensors[0][:50], optimizer).total.item())
    assert losses[0] != losses[1]
    assert losses[0] == pytest.approx(losses[1], rel=0.01)  # bfloat16 rounds a number by up to 0.4%


@pytest.mark.parametrize("epochs", [1, 2])
@pytest.mark.parametrize("batch_size", [600, 300, 7])
def test_one_cycle_takes_any_number_of_steps(digits, epochs, batch_size):
    options = {"batch_size": batch_size, "schedule": "one_cycle", "progress": False}
    assert len(vae_edu.train(MLPVAE(), digits, epochs, **options)) == epochs


def test_evaluate_leaves_the_random_numbers_and_the_weights_alone(model, digits):
    before = {key: value.clone() for key, value in model.state_dict().items()}
    torch.manual_seed(5)
    first = torch.rand(3)
    torch.manual_seed(5)
    terms = vae_edu.evaluate(model, digits)
    assert torch.equal(torch.rand(3), first)
    assert vae_edu.evaluate(model, digits) == terms  # to the bit: the same operations, in one process
    assert all(torch.equal(before[key], value) for key, value in model.state_dict().items())
    assert all(parameter.grad is None for parameter in model.parameters())


def test_evaluate_is_the_mean_over_the_images(model, digits):
    torch.nn.init.constant_(model.fc_logvar.bias, -40)
    whole = vae_edu.evaluate(model, digits)
    parts = vae_edu.evaluate(model, digits, batch_size=7)
    x = digits.tensors[0]
    with torch.no_grad():
        x_hat = model.decode(model.encode(x)[0])
    by_hand = torch.nn.functional.binary_cross_entropy(x_hat, x, reduction="sum") / len(x)
    # Other batches and another order of the sums: float32 is rounded otherwise, by some 1e-7 of each number.
    assert whole.reconstruction == pytest.approx(by_hand.item(), rel=1e-5)
    assert parts.reconstruction == pytest.approx(whole.reconstruction, rel=1e-5)
    assert parts.kl == pytest.approx(whole.kl, rel=1e-5)


@pytest.mark.parametrize(("lang", "words"), [("ja", "停止しました"), ("en", "Stopped during epoch 2")])
def test_the_stop_button_keeps_what_was_learned(model, digits, press_stop, capsys, lang, words):
    vae_edu.set_language(lang)
    press_stop(at_step=8)  # five batches an epoch
    start = model.fc_mu.weight.clone()
    history = vae_edu.train(model, digits, epochs=5)
    assert [record.epoch for record in history] == [1]
    assert words in capsys.readouterr().out
    assert not torch.equal(model.fc_mu.weight, start)
    assert vae_edu.evaluate(model, digits).total < 543


@pytest.mark.parametrize(
    ("lang", "words"), [("ja", "エポック 1 のステップ 2"), ("en", "epoch 1, step 2")], ids=["ja", "en"]
)
def test_a_loss_that_is_not_finite_ends_the_run(model, digits, lang, words):
    vae_edu.set_language(lang)
    with pytest.raises(FloatingPointError, match=words) as error:
        vae_edu.train(model, digits, epochs=50, learning_rate=1e9, progress=False)
    assert "learning_rate" in str(error.value)


@pytest.mark.parametrize(("lang", "words"), [("ja", "再構築誤差"), ("en", "reconstruction")])
def test_one_bar_shows_both_terms(model, digits, capsys, lang, words):
    vae_edu.set_language(lang)
    vae_edu.train(model, digits, epochs=2, test_dataset=digits)
    last = capsys.readouterr().out.rstrip().split("\r")[-1]
    assert "10/10" in last and words in last and "KL" in last and "2/2" in last


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA GPU: a step must not make the host wait for it")
def test_a_step_does_not_wait_for_the_gpu(digits):
    model = ConvVAE().to("cuda")
    x, optimizer = digits.tensors[0][:64].to("cuda"), torch.optim.Adam(model.parameters(), fused=True)
    vae_edu.training_step(model, x, optimizer)
    torch.cuda.set_sync_debug_mode("error")
    try:
        vae_edu.training_step(model, x, optimizer)
    finally:
        torch.cuda.set_sync_debug_mode("default")


WRONG = {
    "epochs": ({"epochs": 0}, "epochs"),
    "batch_size": ({"batch_size": 1.5}, "batch_size"),
    "learning_rate": ({"learning_rate": -1e-3}, "learning_rate"),
    "a word": ({"learning_rate": "fast"}, "learning_rate"),
    "schedule": ({"schedule": "cosine"}, "schedule"),
}


@pytest.mark.parametrize(("lang", "words"), [("ja", "でなければなりません"), ("en", "must be")])
@pytest.mark.parametrize("case", WRONG)
def test_wrong_settings_are_named(model, digits, case, lang, words):
    vae_edu.set_language(lang)
    settings, name = WRONG[case]
    with pytest.raises(ValueError, match=words) as error:
        vae_edu.train(model, digits, **settings)
    assert name in str(error.value) and str(settings[name]) in str(error.value)
