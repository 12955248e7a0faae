"""data: where the digits come from, what they are, and what is said when they cannot be had."""

import errno
import gzip
import hashlib
import http.server
import os
import shutil
import struct
import threading
import time
from pathlib import Path

import pytest
import torch
from torch.utils.data import TensorDataset
from torchvision.datasets import MNIST

import vae_edu
from vae_edu import arguments, data


@pytest.fixture
def official(tmp_path):
    """A folder with files of the official sizes: the sample's digits, repeated."""
    for split, (images_file, labels_file) in {split: tuple(files) for split, files in data.FILES.items()}.items():
        images, labels = data._sample(split).tensors
        repeat = (60_000 if split == "train" else 10_000) // len(images)
        pixels = (images * 255).round().to(torch.uint8).numpy().tobytes() * repeat
        raw = tmp_path / "MNIST" / "raw"
        raw.mkdir(parents=True, exist_ok=True)
        (raw / images_file).write_bytes(struct.pack(">4i", 2051, repeat * len(images), 28, 28) + pixels)
        (raw / labels_file).write_bytes(
            struct.pack(">2i", 2049, repeat * len(labels)) + labels.to(torch.uint8).numpy().tobytes() * repeat
        )
    return tmp_path


@pytest.fixture
def nowhere(monkeypatch, tmp_path):
    """No data named, none at hand, an empty cache."""
    monkeypatch.delenv("VAE_EDU_DATA")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(data, "CACHE", tmp_path / "cache")
    data._try_download.cache_clear()
    return tmp_path / "cache"


@pytest.mark.parametrize(("split", "per_digit"), [("train", 500), ("test", 100)])
def test_the_sample_is_balanced_and_in_range(split, per_digit):
    digits = vae_edu.load_mnist(split)
    images, labels = digits.tensors
    assert digits.source == "sample"
    assert images.shape == (10 * per_digit, 1, 28, 28) and images.dtype == torch.float32
    assert images.min() == 0 and images.max() == 1
    assert labels.dtype == torch.int64 and labels.bincount().tolist() == [per_digit] * 10


@pytest.mark.parametrize("split", ["train", "test"])
def test_the_sample_begins_as_the_whole_mnist_does(split, whole_mnist):
    sample, whole = data._sample(split), vae_edu.load_mnist(split)
    assert whole.source == "mnist" and len(whole) == {"train": 60_000, "test": 10_000}[split]
    for part, all_of_it in zip(sample.tensors, whole.tensors, strict=True):
        assert torch.equal(part[:500], all_of_it[:500])
    assert torch.equal(vae_edu.one_of_each_digit(sample), vae_edu.one_of_each_digit(whole))


def test_a_named_folder_is_read(official, monkeypatch, capsys):
    sample = vae_edu.load_mnist("test")
    monkeypatch.setenv("VAE_EDU_DATA", str(official))
    digits = vae_edu.load_mnist("test")
    assert digits.source == "mnist" and len(digits) == 10_000
    assert torch.equal(digits.tensors[0][:1000], sample.tensors[0])
    assert torch.equal(digits.tensors[1][:1000], sample.tensors[1])
    assert "all 10,000 test images" in capsys.readouterr().out


@pytest.mark.parametrize(("lang", "words"), [("ja", "途中で切れています"), ("en", "was cut off")])
def test_a_truncated_file_is_named(official, monkeypatch, lang, words):
    vae_edu.set_language(lang)
    path = official / "MNIST" / "raw" / "t10k-images-idx3-ubyte"
    path.write_bytes(path.read_bytes()[:-1000])
    monkeypatch.setenv("VAE_EDU_DATA", str(official))
    with pytest.raises(ValueError, match=words) as error:
        vae_edu.load_mnist("test")
    assert str(path) in str(error.value) and "7,839,016" in str(error.value) and "7,840,016" in str(error.value)
    assert vae_edu.load_mnist("train").source == "mnist"


@pytest.mark.parametrize(("lang", "words"), [("ja", "MNIST ではありません"), ("en", "does not hold MNIST")])
def test_a_file_of_the_right_size_and_another_content_is_named(official, monkeypatch, lang, words):
    vae_edu.set_language(lang)
    path = official / "MNIST" / "raw" / "train-labels-idx1-ubyte"
    path.write_bytes(bytes(path.stat().st_size))
    monkeypatch.setenv("VAE_EDU_DATA", str(official))
    with pytest.raises(ValueError, match=words) as error:
        vae_edu.load_mnist("train")
    assert str(path) in str(error.value)


@pytest.mark.parametrize(("lang", "words"), [("ja", "がありません"), ("en", "folder without")])
def test_a_missing_file_is_named(tmp_path, monkeypatch, lang, words):
    vae_edu.set_language(lang)
    monkeypatch.setenv("VAE_EDU_DATA", str(tmp_path))
    with pytest.raises(FileNotFoundError, match=words) as error:
        vae_edu.load_mnist("train")
    assert "train-images-idx3-ubyte" in str(error.value) and "VAE_EDU_DATA" in str(error.value)


def test_a_local_copy_is_used_before_any_download(official, nowhere, monkeypatch):
    (nowhere.parent / "data").symlink_to(official)
    monkeypatch.setattr(data, "_download", lambda folder: pytest.fail("went to the network"))
    assert vae_edu.load_mnist("test").source == "mnist"


@pytest.fixture
def mirror(nowhere, official, monkeypatch):
    """A host that serves MNIST's files, after `mirror.play(handler)` in the handler's own way: what torchvision lists."""
    raw = official / "MNIST" / "raw"
    packed = {f"{path.name}.gz": gzip.compress(path.read_bytes(), compresslevel=1) for path in sorted(raw.iterdir())}
    shutil.rmtree(official / "MNIST")

    class Host(http.server.BaseHTTPRequestHandler):
        files, ways = packed, [send]

        def do_GET(self):
            way = self.ways[0] if len(self.ways) == 1 else self.ways.pop(0)
            way(self, packed[self.path.strip("/")])

        def log_message(self, *args):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Host)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    here = f"http://127.0.0.1:{server.server_port}/"
    monkeypatch.setattr(MNIST, "mirrors", [here, here])
    monkeypatch.setattr(
        MNIST, "resources", [(name, hashlib.md5(content).hexdigest()) for name, content in packed.items()]
    )
    monkeypatch.setattr(data, "SILENCE", 0.3)
    Host.released = threading.Event()  # those who keep silent or dawdle do so until then
    yield Host
    Host.released.set()
    server.shutdown()


def send(host, content, *, status=200, length=None, pause=0):
    host.send_response(status)
    host.send_header("Content-Length", str(length or len(content)))
    host.end_headers()
    for start in range(0, len(content), 100_000):
        host.wfile.write(content[start : start + 100_000])
        host.released.wait(pause)


def status(code):
    return lambda host, content: send(host, b"an error page", status=code)


def silence(host, content):
    host.released.wait(20)


# What the host does, and what is said of it in each language.
FAULTS = {
    "refuses": (status(403), "エラー 403", "error 403"),
    "has lost it": (status(404), "エラー 404", "error 404"),
    "is overloaded": (status(503), "エラー 503", "error 503"),
    "accepts and never answers": (silence, "応答しません", "does not answer"),
    "shows a login page": (lambda host, content: send(host, b"<html>Please sign in</html>"), "ログイン画面", "login"),
    "breaks off midway": (
        lambda host, content: send(host, content[: len(content) // 2], length=len(content)),
        "途中で切れました",
        "the connection broke",
    ),
    "sends another content": (
        lambda host, content: send(host, bytes(len(content))),
        "MNIST ではありません",
        "is not MNIST",
    ),
    "dawdles": (lambda host, content: send(host, content, pause=0.2), "時間がかかっています", "takes long"),
}


@pytest.mark.parametrize("lang", ["ja", "en"])
@pytest.mark.parametrize("fault", FAULTS)
def test_whatever_the_host_does_the_lesson_goes_on(mirror, nowhere, monkeypatch, capsys, fault, lang):
    vae_edu.set_language(lang)
    monkeypatch.setattr(data, "PATIENCE", 2)
    mirror.ways = [FAULTS[fault][0]]
    assert vae_edu.load_mnist("train").source == "sample"
    said = capsys.readouterr().out
    assert FAULTS[fault][1 if lang == "ja" else 2] in said
    assert {"ja": "代わりに同梱のサンプルを使います", "en": "The bundled sample is used instead"}[lang] in said
    mirror.ways = [lambda host, content: pytest.fail("asked again")]
    assert vae_edu.load_mnist("test").source == "sample", "the second split does not wait again"
    kept = [path.name for path in nowhere.glob("MNIST/raw/*")]
    assert not kept, "nothing half-written is where data is looked for"


@pytest.mark.parametrize(("lang", "words"), [("ja", "配布元に接続できません"), ("en", "its host is out of reach")])
def test_without_a_network_the_sample_is_used(nowhere, monkeypatch, capsys, lang, words):
    vae_edu.set_language(lang)
    monkeypatch.setattr(MNIST, "mirrors", ["http://127.0.0.1:9/"])  # the discard port: refused at once
    assert vae_edu.load_mnist("train").source == "sample"
    assert words in capsys.readouterr().out


def test_a_lesson_waits_less_than_half_a_minute():
    assert data.PATIENCE < 30 and len(MNIST.mirrors) * data.SILENCE <= data.PATIENCE


def test_a_download_is_kept(mirror, nowhere):
    assert vae_edu.load_mnist("test").source == "mnist"
    mirror.ways = [lambda host, content: pytest.fail("asked again")]
    assert vae_edu.load_mnist("train").source == "mnist"
    assert sorted(path.name for path in nowhere.rglob("*") if path.is_file()) == sorted(
        name for files in data.FILES.values() for name in files
    )


@pytest.mark.parametrize("fault", [fault for fault in FAULTS if fault != "dawdles"])
def test_the_second_mirror_helps_the_first_out(mirror, fault):
    mirror.ways = [FAULTS[fault][0], send]
    assert vae_edu.load_mnist("test").source == "mnist"


def test_a_slow_download_is_used_as_soon_as_it_is_there(mirror, nowhere, monkeypatch):
    monkeypatch.setattr(data, "PATIENCE", 0.1)
    mirror.ways = [FAULTS["dawdles"][0]]
    assert vae_edu.load_mnist("test").source == "sample"
    mirror.released.set()
    for _ in range(100):
        if data._fault(nowhere, "test") is None:
            break
        time.sleep(0.1)
    assert vae_edu.load_mnist("test").source == "mnist"


def test_two_notebooks_that_download_at_once_do_not_harm_each_other(mirror, nowhere):
    threads = [threading.Thread(target=data._download, args=[nowhere]) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert data._fault(nowhere, "train") is None and data._fault(nowhere, "test") is None
    assert [path.name for path in nowhere.iterdir()] == ["MNIST"]


@pytest.mark.parametrize("lang", ["ja", "en"])
@pytest.mark.parametrize("number", [errno.EROFS, errno.ENOSPC, errno.EACCES, errno.ENOTDIR, errno.EEXIST])
def test_a_disk_that_cannot_be_written_is_named(mirror, nowhere, monkeypatch, capsys, number, lang):
    def write(self, content):
        raise OSError(number, os.strerror(number))

    vae_edu.set_language(lang)
    monkeypatch.setattr(Path, "write_bytes", write)
    assert vae_edu.load_mnist("train").source == "sample"
    said = capsys.readouterr().out
    assert str(nowhere) in said and os.strerror(number) in said
    assert ("書き込めません" in said) == (lang == "ja")
    assert not [path for path in nowhere.rglob("*") if path.is_file()]


def test_one_of_each_digit():
    digits = vae_edu.load_mnist("train")
    images, labels = digits.tensors
    ten = vae_edu.one_of_each_digit(digits)
    assert ten.shape == (10, 1, 28, 28)
    for digit in range(10):
        assert torch.equal(ten[digit], images[labels.tolist().index(digit)])


X = torch.rand(4, 1, 28, 28)
Y = torch.arange(4)
WRONG = {
    "split": (lambda: vae_edu.load_mnist("valid"), ValueError, ["split", "'valid'", "'test'"]),
    "a digit is missing": (lambda: vae_edu.one_of_each_digit(TensorDataset(X, Y)), ValueError, ["dataset", "[4, 5, 6"]),
    "count": (lambda: arguments.require_count("steps", 0), ValueError, ["steps", "0", "1"]),
    "no whole number": (lambda: arguments.require_count("steps", 2.5), ValueError, ["steps", "2.5"]),
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_input_is_named_in_the_learners_language(case, told):
    told(*WRONG[case])
