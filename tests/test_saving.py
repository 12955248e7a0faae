"""saving: models survive the disk, and runs their session; a file of another kind is named."""

import errno
import multiprocessing
import os
import pickle
import random

import pytest
import torch
from torch.utils.data import TensorDataset

import vae_edu
from vae_edu import MLPVAE, ConvVAE, saving, training
from vae_edu.saving import packed

# Nats per image that the pretrained models must not exceed on MNIST's 10,000 test images.
PRETRAINED = {"conv_vae_2d": 153.5, "mlp_vae_2d": 138.0}


@pytest.mark.parametrize("network", [ConvVAE, MLPVAE])
@pytest.mark.parametrize("latent_dim", [1, 2, 7])
def test_a_file_gives_back_the_network_that_it_is_of(network, latent_dim, tmp_path):
    model = network(latent_dim)
    vae_edu.save(model, tmp_path / "my_vae.pt")
    loaded = vae_edu.load(tmp_path / "my_vae.pt")
    assert type(loaded) is network and loaded.latent_dim == latent_dim
    assert all(torch.equal(loaded.state_dict()[name], weight) for name, weight in model.state_dict().items())


def test_save_and_load(tmp_path):
    model = ConvVAE()
    vae_edu.save(model, tmp_path / "model.pt")
    z = torch.randn(3, 2)
    assert torch.equal(vae_edu.load(tmp_path / "model.pt").decode(z), model.decode(z))


class Hostile:
    def __reduce__(self):
        return (print, ("executed",))


HOSTILE = {"hostile": pickle.dumps(Hostile()), "hostile archive": packed({"fc_mu.bias": Hostile()})}


@pytest.mark.parametrize("content", HOSTILE)
def test_nothing_in_a_file_is_executed(content, tmp_path, capsys, told):
    (tmp_path / "model.pt").write_bytes(HOSTILE[content])
    told(lambda: vae_edu.load(tmp_path / "model.pt"), ValueError, ["model.pt"])
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
def few():
    """The first 200 images of the sample: an epoch of four steps."""
    return TensorDataset(*(part[:200] for part in vae_edu.load_mnist("train").tensors))


RUN = {"batch_size": 50, "learning_rate": 2e-3, "progress": False}


def the_run(digits, checkpoint, epochs=4, seed=0, **options):
    """The model and the history of a run from the beginning, or from where its checkpoint stands."""
    vae_edu.set_seed(seed)
    model = ConvVAE()
    return model, vae_edu.train(model, digits, epochs, test_dataset=digits, checkpoint=checkpoint, **RUN | options)


def same(one, other):
    """Whether two runs have the same weights and losses, to the bit.

    On one machine, with one number of threads, they do the same operations on the same numbers in the same order.
    """
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


def test_a_compiled_runs_checkpoint_goes_on_uncompiled_and_back(few, tmp_path):
    path = tmp_path / "run.pt"
    for compiled, epochs in ((True, 1), (False, 2), (True, 3)):
        vae_edu.set_seed(epochs)
        model = torch.compile(ConvVAE(), backend="eager") if compiled else ConvVAE()
        assert len(vae_edu.train(model, few, epochs, checkpoint=path, **RUN)) == epochs
    z = torch.zeros(1, 2)
    assert torch.equal(vae_edu.load(path).decode(z), model.decode(z))


def test_a_cycle_goes_on_only_to_where_it_was_to_end(few, tmp_path, told):
    the_run(few, tmp_path / "run.pt", epochs=2, schedule="one_cycle")
    told(
        lambda: the_run(few, tmp_path / "run.pt", epochs=4, schedule="one_cycle"),
        ValueError,
        ["checkpoint", "epochs=2", "epochs=4"],
    )


@pytest.fixture
def one_thread():
    """A forked process has none of its parent's threads: if torch used several, it would wait for them for ever."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.mark.usefixtures("one_thread")
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
            epochs = len(saving.read_checkpoint(path)["history"])
            assert epochs >= done, "what was complete stays complete"
            done = epochs
    assert done > 1, "the killed processes trained"
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


NOT_A_RUN = HOSTILE | {
    "text": b"no weights",
    "empty": b"",
    "cut off": packed(ConvVAE().state_dict())[:5000],
    "a list": packed([1, 2]),
    "weights of save": packed(ConvVAE().state_dict()),
    "of a later version": packed({"format": "vae-edu checkpoint 2"}),
}


@pytest.mark.parametrize("content", NOT_A_RUN)
def test_a_file_that_holds_no_run_is_named_and_kept(content, few, tmp_path, told, capsys):
    (tmp_path / "run.pt").write_bytes(NOT_A_RUN[content])
    told(lambda: the_run(few, tmp_path / "run.pt"), ValueError, ["checkpoint", "run.pt"])
    assert (tmp_path / "run.pt").read_bytes() == NOT_A_RUN[content]
    assert "executed" not in capsys.readouterr().out


def test_a_place_that_cannot_be_written_is_named_before_training(few, tmp_path, told, monkeypatch):
    monkeypatch.setattr(training, "training_step", lambda *args: pytest.fail("trained"))
    model, nowhere = ConvVAE(), tmp_path / "missing" / "run.pt"
    told(lambda: vae_edu.train(model, few, checkpoint=nowhere, **RUN), OSError, ["missing", "No such file"])
    told(lambda: vae_edu.save(model, nowhere), OSError, ["missing", "No such file"])


@pytest.mark.parametrize(("lang", "words"), [("ja", "書き込めません"), ("en", "cannot be written")])
def test_a_disk_that_fills_up_ends_no_run_and_spoils_no_file(few, tmp_path, monkeypatch, capsys, lang, words):
    vae_edu.set_language(lang)
    the_run(few, tmp_path / "run.pt", epochs=1)

    def full(descriptor):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    assert same(the_run(few, tmp_path / "run.pt"), the_run(few, None))
    said = capsys.readouterr().out
    assert words in said and "No space left" in said
    assert [path.name for path in tmp_path.iterdir()] == ["run.pt"]
    assert len(saving.read_checkpoint(tmp_path / "run.pt")["history"]) == 1
    model = vae_edu.load(tmp_path / "run.pt")
    with pytest.raises(OSError, match=words):
        vae_edu.save(ConvVAE(), tmp_path / "run.pt")
    assert torch.equal(vae_edu.load(tmp_path / "run.pt").fc_mu.weight, model.fc_mu.weight)
