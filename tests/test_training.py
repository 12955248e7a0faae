"""training: the run learns, repeats, stops, and says what went wrong; models survive the disk."""

import errno
import io
import itertools
import multiprocessing
import os
import pickle
import random

import pytest
import torch
from torch.utils.data import TensorDataset

import vae_edu
from vae_edu import MLPVAE, ConvVAE, training

# Nats per image that the pretrained models must not exceed on MNIST's 10,000 test images.
PRETRAINED = {"conv_vae_2d": 153.5, "mlp_vae_2d": 138.0}


@pytest.fixture(scope="module")
def digits():
    """The first 600 images of the sample."""
    return TensorDataset(*(part[:600] for part in vae_edu.load_mnist("train").tensors))


@pytest.fixture
def model():
    vae_edu.set_seed(0)
    return ConvVAE(latent_dim=2)


@pytest.fixture
def press_stop(monkeypatch):
    """Presses the stop button at one training step, counted from 1."""

    def press_stop(at_step):
        step, steps = training.training_step, itertools.count(1)

        def stopped(*args):
            if next(steps) == at_step:
                raise KeyboardInterrupt
            return step(*args)

        monkeypatch.setattr(training, "training_step", stopped)

    return press_stop


def test_training_learns(model, digits):
    history = vae_edu.train(model, digits, epochs=3, test_dataset=digits, batch_size=20, progress=False)
    assert [record.epoch for record in history] == [1, 2, 3]
    for record in history:
        assert record.seconds > 0
        for terms in (record.train, record.test):
            assert all(isinstance(term, float) for term in terms)
            assert terms.total == pytest.approx(terms.reconstruction + terms.kl, rel=1e-5)
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
    assert losses[0] == losses[1] == losses[2]
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
    assert record.train.reconstruction == pytest.approx(expected.reconstruction, rel=1e-5)
    ink = sorted(x.sum().item() for images in seen for x in images)
    assert ink == sorted(x.sum().item() for x in digits.tensors[0])
    assert not torch.equal(torch.cat(seen), digits.tensors[0])


def test_a_step_is_one_of_adam(digits):
    x = digits.tensors[0][:64]
    vae_edu.set_seed(0)
    ours, theirs = ConvVAE(), ConvVAE()
    theirs.load_state_dict(ours.state_dict())
    for model, run in ((ours, vae_edu.training_step), (theirs, plain_step)):
        vae_edu.set_seed(3)
        optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
        for _ in range(3):
            run(model, x, optimizer)
    for one, other in zip(ours.state_dict().values(), theirs.state_dict().values(), strict=True):
        assert torch.allclose(one, other, atol=1e-5)


def plain_step(model, x, optimizer):
    """The loss as published, written out: sums over everything, divided by the batch."""
    optimizer.zero_grad()
    mu, logvar = model.encode(x)
    x_hat = model.decode(mu + torch.randn_like(mu) * (logvar / 2).exp())
    bce = torch.nn.functional.binary_cross_entropy(x_hat, x, reduction="sum")
    kld = -0.5 * torch.sum(1 + logvar - mu.pow(2) - logvar.exp())
    ((bce + kld) / len(x)).backward()
    optimizer.step()


def test_one_cycle_is_the_loop_of_torchs_schedule(model, digits):
    again = ConvVAE()
    again.load_state_dict(model.state_dict())
    vae_edu.set_seed(4)
    vae_edu.train(model, digits, 2, batch_size=100, learning_rate=1e-2, schedule="one_cycle", progress=False)

    vae_edu.set_seed(4)
    optimizer = torch.optim.Adam(again.parameters(), betas=(0.9, 0.95))
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, max_lr=1e-2, epochs=2, steps_per_epoch=6, cycle_momentum=False
    )
    rates = []
    for _ in range(2):
        for batch in torch.randperm(len(digits)).split(100):
            rates.append(optimizer.param_groups[0]["lr"])
            vae_edu.training_step(again, digits.tensors[0][batch], optimizer)
            schedule.step()
    assert max(rates) == pytest.approx(1e-2, rel=0.05) and rates[0] < max(rates) / 10 > rates[-1]
    for one, other in zip(model.state_dict().values(), again.state_dict().values(), strict=True):
        assert torch.allclose(one, other, atol=1e-6)


def test_a_step_can_use_numbers_of_16_bits(model, digits):
    again = ConvVAE()
    again.load_state_dict(model.state_dict())
    losses = []
    for one, enabled in ((model, True), (again, False)):
        vae_edu.set_seed(4)
        optimizer = torch.optim.SGD(one.parameters(), lr=1e-5)
        with torch.autocast("cpu", torch.bfloat16, enabled=enabled):
            losses.append(vae_edu.training_step(one, digits.tensors[0][:50], optimizer).total.item())
    assert losses[0] != losses[1] and losses[0] == pytest.approx(losses[1], rel=0.01)


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
    assert vae_edu.evaluate(model, digits) == terms
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


@pytest.mark.parametrize("network", [ConvVAE, MLPVAE])
@pytest.mark.parametrize("latent_dim", [1, 2, 7])
def test_a_file_gives_back_the_network_that_it_is_of(network, latent_dim, tmp_path):
    model = network(latent_dim)
    vae_edu.save(model, tmp_path / "my_vae.pt")
    loaded = vae_edu.load(tmp_path / "my_vae.pt")
    assert type(loaded) is network and loaded.latent_dim == latent_dim
    assert all(torch.equal(loaded.state_dict()[name], weight) for name, weight in model.state_dict().items())


def test_save_and_load(model, tmp_path):
    vae_edu.save(model, tmp_path / "model.pt")
    z = torch.randn(3, 2)
    assert torch.equal(vae_edu.load(tmp_path / "model.pt").decode(z), model.decode(z))


class Hostile:
    def __reduce__(self):
        return (print, ("executed",))


def torch_bytes(content):
    buffer = io.BytesIO()
    torch.save(content, buffer)
    return buffer.getvalue()


NOT_WEIGHTS = {
    "text": b"no weights",
    "empty": b"",
    "cut off": torch_bytes(ConvVAE().state_dict())[:5000],
    "another network": torch_bytes(torch.nn.Linear(2, 2).state_dict()),
    "other shapes": torch_bytes({**ConvVAE().state_dict(), "fc_mu.bias": torch.zeros(3)}),
    "a list": torch_bytes([1, 2]),
    "a number": torch_bytes({"fc_mu.bias": 1.0}),
    "hostile": pickle.dumps(Hostile()),
    "hostile archive": torch_bytes({"fc_mu.bias": Hostile()}),
}


@pytest.mark.filterwarnings("ignore:Detected pickle protocol")  # torch on the hostile file
@pytest.mark.parametrize(("lang", "words"), [("ja", "重みとして読めません"), ("en", "no weights of a ConvVAE")])
@pytest.mark.parametrize("content", NOT_WEIGHTS)
def test_a_file_without_weights_is_named(content, lang, words, tmp_path, capsys):
    vae_edu.set_language(lang)
    (tmp_path / "model.pt").write_bytes(NOT_WEIGHTS[content])
    with pytest.raises(ValueError, match=words) as error:
        vae_edu.load(tmp_path / "model.pt")
    assert "model.pt" in str(error.value)
    assert "executed" not in capsys.readouterr().out


@pytest.mark.parametrize(("lang", "words"), [("ja", "がありません"), ("en", "names no file")])
def test_a_missing_file_is_named(lang, words, tmp_path):
    vae_edu.set_language(lang)
    with pytest.raises(FileNotFoundError, match=words):
        vae_edu.load(tmp_path / "model.pt")


@pytest.mark.parametrize("lang", ["ja", "en"])
def test_an_unknown_pretrained_model_is_named(lang):
    vae_edu.set_language(lang)
    with pytest.raises(ValueError, match=r"name.*conv_vae_2d.*'vae'"):
        vae_edu.load_pretrained("vae")


@pytest.mark.parametrize(("name", "nats"), PRETRAINED.items())
def test_the_pretrained_models_on_the_bundled_test_images(name, nats):
    terms = vae_edu.evaluate(vae_edu.load_pretrained(name), vae_edu.load_mnist("test"))
    assert terms.total < nats + 5  # a thousand images: their mean differs from that of all ten thousand
    assert 4 < terms.kl < 9


@pytest.mark.parametrize(("name", "nats"), PRETRAINED.items())
def test_the_pretrained_models_on_all_test_images(whole_mnist, name, nats):
    terms = vae_edu.evaluate(vae_edu.load_pretrained(name), vae_edu.load_mnist("test"))
    assert terms.total < nats


# A run that outlives its session.


@pytest.fixture(scope="module")
def few(digits):
    """The first 200 images: an epoch of four steps."""
    return TensorDataset(*(part[:200] for part in digits.tensors))


RUN = {"batch_size": 50, "learning_rate": 2e-3, "progress": False}


def the_run(digits, checkpoint, epochs=4, seed=0, **options):
    """The model and the history of a run from the beginning, or from where its checkpoint stands."""
    vae_edu.set_seed(seed)
    model = ConvVAE()
    return model, vae_edu.train(model, digits, epochs, test_dataset=digits, checkpoint=checkpoint, **RUN | options)


def same(one, other):
    """Whether two runs have the same weights and losses, to the bit."""
    (model, history), (other_model, other_history) = one, other
    weights = zip(model.state_dict().values(), other_model.state_dict().values(), strict=True)
    return all(torch.equal(*pair) for pair in weights) and [record[:3] for record in history] == [
        record[:3] for record in other_history
    ]


def test_a_checkpoint_changes_nothing(few, tmp_path):
    assert same(the_run(few, tmp_path / "run.pt"), the_run(few, None))
    assert [path.name for path in tmp_path.iterdir()] == ["run.pt"]


@pytest.mark.parametrize("lang", ["ja", "en"])
def test_a_run_goes_on_as_if_it_had_never_stopped(few, tmp_path, capsys, lang):
    vae_edu.set_language(lang)
    the_run(few, tmp_path / "run.pt", epochs=2)
    torch.rand(5)  # another session draws other numbers, and starts from other weights
    again = the_run(few, tmp_path / "run.pt", seed=9)
    assert same(again, the_run(few, None))
    said = capsys.readouterr().out
    assert {"ja": "4 エポックのうち 2 エポックが終わっています", "en": "2 of 4 epochs are done"}[lang] in said
    assert all(isinstance(record.test, vae_edu.LossTerms) for record in again[1])
    finished = the_run(few, tmp_path / "run.pt")
    assert same(finished, again), "a finished run is not trained on"


@pytest.mark.parametrize("schedule", ["constant", "one_cycle"])
def test_a_stopped_run_goes_on_after_its_last_complete_epoch(few, tmp_path, press_stop, schedule):
    press_stop(at_step=6)  # four batches an epoch
    assert len(the_run(few, tmp_path / "run.pt", schedule=schedule)[1]) == 1
    again = the_run(few, tmp_path / "run.pt", seed=9, schedule=schedule)
    assert same(again, the_run(few, None, schedule=schedule))
    assert same(the_run(few, tmp_path / "run.pt", schedule=schedule), again), "a finished run is not trained on"


def test_a_cycle_goes_on_only_to_where_it_was_to_end(few, tmp_path, told):
    the_run(few, tmp_path / "run.pt", epochs=2, schedule="one_cycle")
    told(
        lambda: the_run(few, tmp_path / "run.pt", epochs=4, schedule="one_cycle"),
        ValueError,
        ["checkpoint", "epochs=2", "epochs=4"],
    )


def test_killed_at_twenty_random_moments_it_loses_at_most_the_running_epoch(few, tmp_path):
    path, generator = tmp_path / "run.pt", random.Random(0)
    expected = the_run(few, None, epochs=40)
    seconds = sum(record.seconds for record in expected[1])
    done, kills = 0, 0
    while kills < 20:
        process = multiprocessing.get_context("fork").Process(target=the_run, args=(few, path, 40))
        process.start()
        process.join(timeout=generator.uniform(0, seconds / 8))
        if process.is_alive():
            process.kill()
            process.join()
            kills += 1
        if path.exists():
            epochs = len(training._read_checkpoint(path)["history"])
            assert epochs >= done, "what was complete stays complete"
            done = epochs
    assert same(the_run(few, path, epochs=40), expected)


def test_the_model_of_a_checkpoint_loads(few, tmp_path):
    model, _ = the_run(few, tmp_path / "run.pt", epochs=1)
    loaded = vae_edu.load(tmp_path / "run.pt")
    assert torch.equal(loaded.fc_mu.weight, model.fc_mu.weight)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"batch_size": 20}, ["batch_size=50", "batch_size=20"]),
        ({"learning_rate": 1e-3}, ["learning_rate=0.002", "learning_rate=0.001"]),
        ({"beta": 2.0}, ["beta=1.0", "beta=2.0"]),
        ({"schedule": "one_cycle"}, ["schedule='constant'", "schedule='one_cycle'"]),
    ],
)
def test_a_checkpoint_of_other_settings_is_refused(few, tmp_path, told, changed, words):
    the_run(few, tmp_path / "run.pt", epochs=1)
    before = (tmp_path / "run.pt").read_bytes()
    told(
        lambda: vae_edu.train(ConvVAE(), few, 2, checkpoint=tmp_path / "run.pt", **RUN | changed),
        ValueError,
        ["checkpoint", "run.pt", *words],
    )
    assert (tmp_path / "run.pt").read_bytes() == before


def test_a_checkpoint_of_another_model_or_data_set_is_refused(few, tmp_path, told):
    the_run(few, tmp_path / "run.pt", epochs=1)
    fewer = TensorDataset(*(part[:150] for part in few.tensors))
    for model, dataset, name in [
        (ConvVAE(3), few, "latent_dim=3"),
        (MLPVAE(), few, "model='MLPVAE'"),
        (ConvVAE(), fewer, "images=150"),
    ]:
        told(
            lambda model=model, dataset=dataset: vae_edu.train(
                model, dataset, 2, checkpoint=tmp_path / "run.pt", **RUN
            ),
            ValueError,
            ["checkpoint", name],
        )


NOT_A_RUN = NOT_WEIGHTS | {
    "weights of save": torch_bytes(ConvVAE().state_dict()),
    "of a later version": torch_bytes({"format": "vae-edu checkpoint 2"}),
}


@pytest.mark.filterwarnings("ignore:Detected pickle protocol")  # torch on the hostile file
@pytest.mark.parametrize("content", NOT_A_RUN)
def test_a_file_that_holds_no_run_is_named_and_kept(content, few, tmp_path, told, capsys):
    (tmp_path / "run.pt").write_bytes(NOT_A_RUN[content])
    told(lambda: the_run(few, tmp_path / "run.pt"), ValueError, ["checkpoint", "run.pt"])
    assert (tmp_path / "run.pt").read_bytes() == NOT_A_RUN[content]
    assert "executed" not in capsys.readouterr().out


def test_a_place_that_cannot_be_written_is_named_before_training(model, few, tmp_path, told, monkeypatch):
    monkeypatch.setattr(training, "training_step", lambda *args: pytest.fail("trained"))
    nowhere = tmp_path / "missing" / "run.pt"
    told(lambda: vae_edu.train(model, few, checkpoint=nowhere, **RUN), OSError, ["missing", "No such file"])
    told(lambda: vae_edu.save(model, nowhere), OSError, ["missing", "No such file"])


@pytest.mark.parametrize(("lang", "words"), [("ja", "書き込めません"), ("en", "cannot be written")])
def test_a_disk_that_fills_up_ends_no_run_and_spoils_no_file(few, tmp_path, monkeypatch, capsys, lang, words):
    vae_edu.set_language(lang)
    the_run(few, tmp_path / "run.pt", epochs=1)

    def full(descriptor):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(training.os, "fsync", full)
    assert same(the_run(few, tmp_path / "run.pt"), the_run(few, None))
    said = capsys.readouterr().out
    assert words in said and "No space left" in said
    assert [path.name for path in tmp_path.iterdir()] == ["run.pt"]
    assert len(training._read_checkpoint(tmp_path / "run.pt")["history"]) == 1
    model = vae_edu.load(tmp_path / "run.pt")
    with pytest.raises(OSError, match=words):
        vae_edu.save(ConvVAE(), tmp_path / "run.pt")
    assert torch.equal(vae_edu.load(tmp_path / "run.pt").fc_mu.weight, model.fc_mu.weight)


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
