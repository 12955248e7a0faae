"""data: where the digits come from, what they are, and what is said when they cannot be had."""

import contextlib
import errno
import functools
import gzip
import hashlib
import http.server
import os
import re
import struct
import threading
import time
from pathlib import Path

import pytest
import torch
import torchvision

import vae_edu
from vae_edu import arguments, data, downloads
from vae_edu.official import FASHION, FILES, KMNIST, MNIST, read

LOADERS = {MNIST: vae_edu.load_mnist, FASHION: vae_edu.load_fashion_mnist, KMNIST: vae_edu.load_kmnist}
CHOSEN = "VAE_EDU_DATA"


@functools.cache
def files_of_official_size():
    """Contents by name: the sample's digits, repeated."""
    files = {}
    for split, (images_file, labels_file) in {split: tuple(files) for split, files in FILES.items()}.items():
        images, labels = data.bundled(split).tensors
        repeat = (60_000 if split == "train" else 10_000) // len(images)
        pixels = (images * 255).round().to(torch.uint8).numpy().tobytes() * repeat
        files[images_file] = struct.pack(">4i", 2051, repeat * len(images), 28, 28) + pixels
        kinds = labels.to(torch.uint8).numpy().tobytes() * repeat
        files[labels_file] = struct.pack(">2i", 2049, repeat * len(labels)) + kinds
    return files


@functools.cache
def packed_files():
    return {f"{name}.gz": gzip.compress(content, compresslevel=1) for name, content in files_of_official_size().items()}


@functools.cache
def md5(content):
    return hashlib.md5(content).hexdigest()


@pytest.fixture
def official(tmp_path, monkeypatch):
    """A folder with files of the official sizes, which are taken for the official ones."""
    raw = tmp_path / "files" / "MNIST" / "raw"
    raw.mkdir(parents=True)
    for name, content in files_of_official_size().items():
        (raw / name).write_bytes(content)
        monkeypatch.setitem(MNIST.md5, name, md5(content))
    return tmp_path / "files"


@pytest.fixture
def nowhere(monkeypatch, tmp_path):
    """No data named, none at hand, an empty cache."""
    monkeypatch.delenv(CHOSEN)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(downloads, "CACHE", tmp_path / "cache")
    downloads.try_download.cache_clear()
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
    sample, whole = data.bundled(split), vae_edu.load_mnist(split)
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
    monkeypatch.setattr(downloads, "_download", lambda *_: pytest.fail("went to the network"))
    assert vae_edu.load_mnist("test").source == "mnist"


@pytest.fixture
def mirror(nowhere, monkeypatch):
    """A host of all collections: what torchvision lists. It answers in `mirror.ways`, the last of them for ever."""
    packed = packed_files()

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
    for collection in LOADERS:
        listed = getattr(torchvision.datasets, collection.folder)
        monkeypatch.setattr(listed, "mirrors", [here, here])
        monkeypatch.setattr(listed, "resources", [(name, md5(content)) for name, content in packed.items()])
        for name in collection.md5:
            monkeypatch.setitem(collection.md5, name, md5((packed | files_of_official_size())[name]))
    monkeypatch.setattr(downloads, "SILENCE", 0.3)
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
    monkeypatch.setattr(downloads, "PATIENCE", 2)
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
    monkeypatch.setattr(
        torchvision.datasets.MNIST, "mirrors", ["http://127.0.0.1:9/"]
    )  # the discard port: refused at once
    assert vae_edu.load_mnist("train").source == "sample"
    assert words in capsys.readouterr().out


def test_a_lesson_waits_less_than_half_a_minute():
    mirrors = [getattr(torchvision.datasets, collection.folder).mirrors for collection in LOADERS]
    assert downloads.PATIENCE < 30 and max(map(len, mirrors)) * downloads.SILENCE <= downloads.PATIENCE


def test_a_download_is_kept(mirror, nowhere):
    assert vae_edu.load_mnist("test").source == "mnist"
    mirror.ways = [lambda host, content: pytest.fail("asked again")]
    assert vae_edu.load_mnist("train").source == "mnist"
    assert sorted(path.name for path in nowhere.rglob("*") if path.is_file()) == sorted(
        name for files in FILES.values() for name in files
    )


@pytest.mark.parametrize("fault", [fault for fault in FAULTS if fault != "dawdles"])
def test_the_second_mirror_helps_the_first_out(mirror, fault):
    mirror.ways = [FAULTS[fault][0], send]
    assert vae_edu.load_mnist("test").source == "mnist"


def test_a_slow_download_is_used_as_soon_as_it_is_there(mirror, nowhere, monkeypatch):
    monkeypatch.setattr(downloads, "PATIENCE", 0.1)
    mirror.ways = [FAULTS["dawdles"][0]]
    assert vae_edu.load_mnist("test").source == "sample"
    mirror.released.set()
    for _ in range(100):
        with contextlib.suppress(FileNotFoundError):
            read(MNIST, nowhere, "test")
            break
        time.sleep(0.1)
    assert vae_edu.load_mnist("test").source == "mnist"


def test_two_notebooks_that_download_at_once_do_not_harm_each_other(mirror, nowhere):
    threads = [threading.Thread(target=downloads._download, args=[MNIST, nowhere]) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert read(MNIST, nowhere, "train") and read(MNIST, nowhere, "test")
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


# Other sets of the same format

SAMPLES = {MNIST: (500, 100), FASHION: (100, 20)}
FASHION_HERE = Path("/usr/share/datasets/fashion-mnist")  # of Debian's package dataset-fashion-mnist


@pytest.mark.parametrize("split", ["train", "test"])
@pytest.mark.parametrize("collection", SAMPLES, ids=lambda collection: collection.folder)
def test_a_sample_has_as_many_images_of_each_label(collection, split, capsys):
    digits = LOADERS[collection](split)
    per_label = SAMPLES[collection][split == "test"]
    assert digits.tensors[1].bincount().tolist() == [per_label] * 10 and digits.source == "sample"
    assert digits.tensors[0].shape == (10 * per_label, 1, 28, 28) and digits.tensors[0].max() == 1
    assert f"{10 * per_label:,} of {collection.title}'s" in capsys.readouterr().out


@pytest.mark.parametrize("split", ["train", "test"])
def test_fashion_mnists_official_files_are_read_and_begin_as_its_sample(split, monkeypatch, capsys):
    if not FASHION_HERE.exists():
        pytest.skip("no Debian package dataset-fashion-mnist here")
    monkeypatch.setenv(CHOSEN, str(FASHION_HERE))  # packed, and without FashionMNIST/raw
    whole, sample = vae_edu.load_fashion_mnist(split), data.bundled(split, FASHION)
    assert whole.source == "fashion_mnist" and len(whole) == {"train": 60_000, "test": 10_000}[split]
    first = torch.cat([(whole.tensors[1] == label).nonzero()[:20, 0] for label in range(10)]).sort().values
    mine = torch.cat([(sample.tensors[1] == label).nonzero()[:20, 0] for label in range(10)]).sort().values
    assert torch.equal(whole.tensors[0][first], sample.tensors[0][mine])


@pytest.mark.parametrize("collection", [FASHION, KMNIST], ids=lambda collection: collection.folder)
def test_other_sets_are_downloaded_and_kept(mirror, nowhere, collection, capsys):
    images, labels = LOADERS[collection]("test").tensors
    assert torch.equal(images[:1000], data.bundled("test").tensors[0]) and len(labels) == 10_000
    mirror.ways = [lambda host, content: pytest.fail("asked again")]
    assert LOADERS[collection]("train").source == collection.source
    assert f"Loaded {collection.title}: all 60,000" in capsys.readouterr().out
    assert sorted(path.name for path in (nowhere / collection.folder / "raw").iterdir()) == sorted(collection.md5)


@pytest.mark.parametrize("lang", ["ja", "en"])
@pytest.mark.parametrize("fault", ["refuses", "accepts and never answers", "sends another content"])
def test_without_its_host_fashion_mnist_is_the_sample(mirror, capsys, fault, lang):
    vae_edu.set_language(lang)
    mirror.ways = [FAULTS[fault][0]]
    assert vae_edu.load_fashion_mnist("train").source == "sample"
    said = capsys.readouterr().out
    assert "Fashion-MNIST" in said and FAULTS[fault][1 if lang == "ja" else 2].split("MNIST")[-1] in said


@pytest.mark.parametrize("fault", ["refuses", "accepts and never answers", "sends another content"])
def test_without_its_host_kmnist_is_an_error_that_says_what_to_load_instead(mirror, told, fault):
    mirror.ways = [FAULTS[fault][0]]
    told(vae_edu.load_kmnist, FileNotFoundError, ["Kuzushiji-MNIST", "vae_edu.load_fashion_mnist()"])


def test_where_a_sample_is_asked_kmnist_says_how_to_download_it(mirror, told, monkeypatch):
    monkeypatch.setenv(CHOSEN, "sample")
    told(vae_edu.load_kmnist, FileNotFoundError, [line := 'os.environ.pop("VAE_EDU_DATA", None)'])
    exec(line)
    assert vae_edu.load_kmnist("test").source == "kmnist"


# Other data under MNIST's names


@pytest.mark.parametrize("lang", ["ja", "en"])
def test_fashion_mnist_under_mnists_names_is_told_apart_and_the_messages_line_loads_it(
    official, monkeypatch, lang, capsys
):
    """The files that are taken for MNIST's become Fashion-MNIST's."""
    vae_edu.set_language(lang)
    for name in FASHION.md5:
        monkeypatch.setitem(FASHION.md5, name, MNIST.md5[name])
        monkeypatch.setitem(MNIST.md5, name, "another")
    monkeypatch.setenv(CHOSEN, str(official))
    with pytest.raises(ValueError, match="Fashion-MNIST") as error:
        vae_edu.load_mnist("test")
    assert not capsys.readouterr().out, "never: Loaded MNIST"
    exec(re.search(r"os\.environ.*\)", str(error.value))[0], {"os": os, "vae_edu": vae_edu})
    assert {"ja": "Fashion-MNIST のテスト", "en": "Loaded Fashion-MNIST"}[lang] in capsys.readouterr().out


@pytest.mark.parametrize("lang", ["ja", "en"])
def test_a_stand_in_of_random_bytes_is_not_mnist_and_the_messages_line_helps(official, monkeypatch, lang, capsys):
    vae_edu.set_language(lang)
    path = official / "MNIST" / "raw" / "t10k-images-idx3-ubyte"
    path.write_bytes(path.read_bytes()[:16] + os.urandom(7_840_000))
    monkeypatch.setenv(CHOSEN, str(official))
    with pytest.raises(ValueError, match="MNIST") as error:
        vae_edu.load_mnist("test")
    assert str(path) in str(error.value) and not capsys.readouterr().out
    exec(re.search(r'os\.environ.*"sample"', str(error.value))[0])
    assert vae_edu.load_mnist("test").source == "sample"


@pytest.mark.parametrize("collection", LOADERS, ids=lambda collection: collection.folder)
def test_the_checksums_are_those_that_torchvision_publishes(collection):
    """Of the packed files: those of Kuzushiji-MNIST. The others' are of unpacked files; see the whole sets' tests."""
    published = dict(getattr(torchvision.datasets, collection.folder).resources)
    assert {name.removesuffix(".gz") for name in published} == {name.removesuffix(".gz") for name in collection.md5}
    assert all(published[name] == md5 for name, md5 in collection.md5.items() if name in published)


# Where files lie


def packed_only(raw):
    for path in list(raw.iterdir()):
        path.with_name(f"{path.name}.gz").write_bytes(gzip.compress(path.read_bytes(), compresslevel=1))
        path.unlink()


def with_dots(raw):
    for path in list(raw.iterdir()):
        path.rename(raw / path.name.replace("-idx", ".idx"))


def as_kaggle(raw):
    for path in list(raw.iterdir()):
        content = path.read_bytes()
        path.unlink()
        path.mkdir()
        (path / path.name).write_bytes(content)


LAYOUTS = {
    "as torchvision": (lambda raw: None, "."),
    "packed": (packed_only, "."),
    "packed, with dots": (lambda raw: (with_dots(raw), packed_only(raw)), "."),
    "with dots": (with_dots, "."),
    "as Kaggle": (as_kaggle, "."),
    "a level too high": (lambda raw: None, ".."),
    "one level too deep": (lambda raw: None, "MNIST"),
    "two levels too deep": (lambda raw: None, "MNIST/raw"),
    "in quotes": (lambda raw: None, '"'),
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_files_are_found_however_they_were_unpacked(official, monkeypatch, layout):
    change, place = LAYOUTS[layout]
    change(official / "MNIST" / "raw")
    monkeypatch.setenv(CHOSEN, f'"{official}"' if place == '"' else str(official / place))
    assert vae_edu.load_mnist("test").source == "mnist"


@pytest.mark.parametrize("word", ["sample", "SAMPLE", "Sample ", '"sample"'])
def test_the_word_sample_may_be_written_in_any_way(monkeypatch, word):
    monkeypatch.setenv(CHOSEN, word)
    assert vae_edu.load_mnist("test").source == "sample"


def test_a_packed_file_that_is_cut_off_is_named(official, monkeypatch, told):
    packed_only(raw := official / "MNIST" / "raw")
    path = raw / "t10k-images-idx3-ubyte.gz"
    path.write_bytes(path.read_bytes()[:1000])
    monkeypatch.setenv(CHOSEN, str(official))
    told(lambda: vae_edu.load_mnist("test"), ValueError, [str(path)])


def test_a_folder_that_is_not_there_is_named(tmp_path, monkeypatch, told):
    monkeypatch.setenv(CHOSEN, str(tmp_path / "no such"))
    told(vae_edu.load_mnist, FileNotFoundError, [str(tmp_path / "no such"), "MNIST/raw", "sample"])


def test_one_of_each_digit():
    digits = vae_edu.load_mnist("train")
    images, labels = digits.tensors
    ten = vae_edu.one_of_each_digit(digits)
    assert ten.shape == (10, 1, 28, 28)
    for digit in range(10):
        assert torch.equal(ten[digit], images[labels.tolist().index(digit)])


WRONG = {
    "split": (lambda: vae_edu.load_mnist("valid"), ValueError, ["split", "'valid'", "'test'"]),
    "count": (lambda: arguments.require_count("steps", 0), ValueError, ["steps", "0", "1"]),
    "no whole number": (lambda: arguments.require_count("steps", 2.5), ValueError, ["steps", "2.5"]),
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_input_is_named_in_the_learners_language(case, told):
    told(*WRONG[case])
