"""pictures: photos and drawings come out as MNIST's digits are; what was done is said, and what could not be."""

import io

import numpy as np
import pytest
import torch
from PIL import Image

import vae_edu
from vae_edu import pictures

DIGITS = vae_edu.load_mnist("test").tensors[0][::20]  # 50 of them


def picture(brightness):
    return Image.fromarray((brightness * 255).round().clip(0, 255).astype(np.uint8))


def large(digit, times=9):
    """A digit drawn large, as brightness of the ink."""
    return np.asarray(picture(digit).resize((28 * times,) * 2, Image.Resampling.BICUBIC), np.float64) / 255


def somewhere(ink, height=480, width=360):
    """Ink in a corner of a larger sheet."""
    sheet = np.zeros((height, width))
    sheet[190 : 190 + len(ink), 20 : 20 + len(ink)] = ink
    return sheet


def as_jpeg(image, **options):
    file = io.BytesIO()
    image.save(file, "JPEG", quality=70, **options)
    return Image.open(io.BytesIO(file.getvalue()))


def photo(digit):
    """Grey paper, darker on one side, and a camera's noise."""
    ink, (y, x) = somewhere(large(digit)), np.mgrid[:480, :360] / 480
    paper = 0.75 - 0.25 * x - 0.1 * y
    noise = np.random.default_rng(0).normal(0, 0.02, ink.shape)
    return as_jpeg(picture(paper - (paper - 0.15) * ink + noise))


def turned_by_the_camera(digit):
    """A photo whose pixels lie on their side, and whose note says so."""
    note = Image.Exif()
    note[0x0112] = 6  # to be turned by 90 degrees to the right
    return as_jpeg(picture(1 - large(digit)).rotate(90), exif=note)


def in_colour(digit, ink=(20, 30, 160), paper=(250, 240, 200)):
    share = large(digit)[..., None]
    return Image.fromarray((np.array(ink) * share + np.array(paper) * (1 - share)).astype(np.uint8))


def in_alpha(digit, colour):
    ink = large(digit)
    pixels = np.full((*ink.shape, 4), colour, np.uint8)
    pixels[..., 3] = (ink * 255).round()
    return Image.fromarray(pixels)


def with_16_bits(digit):
    return Image.fromarray((large(digit) * 65535).astype(np.uint16))


# How a digit comes, and the mean difference of a pixel that is allowed: one of rounding for pixels that are only copied;
# some hundredths where the digit was enlarged, smoothed and reduced again, which is less than a shift by one pixel (0.06).
COMES = {
    "as MNIST's own": (picture, 0.01),
    "dark on light": (lambda digit: picture(1 - digit), 0.01),
    "large": (lambda digit: picture(large(digit)), 0.04),
    "large, on grey paper": (lambda digit: picture(0.7 - 0.5 * large(digit)), 0.04),
    "small on a large sheet": (lambda digit: picture(1 - somewhere(large(digit, 3))), 0.04),
    "not square": (lambda digit: picture(somewhere(large(digit))), 0.04),
    "in colour": (in_colour, 0.04),
    "light colours on dark": (lambda digit: in_colour(digit, (250, 220, 90), (0, 60, 20)), 0.04),
    "black in alpha alone": (lambda digit: in_alpha(digit, 0), 0.04),
    "white in alpha alone": (lambda digit: in_alpha(digit, 255), 0.04),
    "a photo": (photo, 0.05),
    "turned by the camera": (turned_by_the_camera, 0.04),
    "16 bits": (with_16_bits, 0.04),
    "CMYK": (lambda digit: in_colour(digit).convert("CMYK"), 0.04),
    "a palette": (lambda digit: in_colour(digit).quantize(16), 0.06),  # in 16 colours
    "grey with alpha": (lambda digit: picture(1 - large(digit)).convert("LA"), 0.04),
}


@pytest.mark.parametrize("way", COMES)
def test_a_digit_comes_back_as_mnist_has_it_and_a_model_sees_as_much_in_it(way, tmp_path, capsys):
    change, near = COMES[way]
    for i, digit in enumerate(DIGITS[:, 0].numpy()):
        image = change(digit)
        kind = ".jpg" if image.format == "JPEG" or image.mode == "CMYK" else ".png"
        image.save(tmp_path / f"{i:02}{kind}", **({"exif": image.getexif()} if image.getexif() else {}))
    dataset = vae_edu.load_images(tmp_path)
    (images,) = dataset.tensors
    assert images.shape == DIGITS.shape and images.dtype == torch.float32 and dataset.source == "images"
    assert images.amax((1, 2, 3)).eq(1).all() and images.min() == 0
    assert (images - DIGITS).abs().mean() < near
    model = vae_edu.load_pretrained("mlp_vae_2d")
    losses = [vae_edu.evaluate(model, x).total for x in (images, DIGITS)]
    assert losses[0] == pytest.approx(losses[1], abs=8)  # of some 140 nats; turned round they would be some 1,000
    vae_edu.plot_reconstructions(model, dataset)


def save(folder, name, image=None):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    (image or picture(DIGITS[3, 0].numpy())).save(path)
    return path


SAID = {
    "ja": ["4 枚", "2 枚は白黒を反転", "5 個", "a.heic", "PNG か JPEG", "empty.png", "何も描かれて", "ほか 2 個"],
    "en": [
        "4 pictures",
        "turned 2 dark on light",
        "left out 5",
        "a.heic",
        "PNG or JPEG",
        "empty.png",
        "nothing",
        "2 more",
    ],
}


@pytest.mark.parametrize("lang", ["ja", "en"])
def test_what_was_done_is_said_and_what_could_not_be_read_is_named(tmp_path, capsys, lang):
    vae_edu.set_language(lang)
    for i in range(2):
        save(tmp_path, f"light{i}.png")
        save(tmp_path, f"dark{i}.jpg", picture(1 - large(DIGITS[i, 0].numpy())))
    (tmp_path / "a.heic").write_bytes(b"\0\0\0\x20ftypheic")
    (tmp_path / "cut.jpg").write_bytes((tmp_path / "dark0.jpg").read_bytes()[:300])
    save(tmp_path, "empty.png", picture(np.ones((60, 60))))
    (tmp_path / "notes.txt").write_text("my digits", encoding="utf-8")
    (tmp_path / "web.png").write_text("<html>", encoding="utf-8")
    save(tmp_path, ".hidden/b.png")
    (tmp_path / "._light0.png").write_text("what macOS puts beside a file", "utf-8")
    assert len(vae_edu.load_images(str(tmp_path))) == 4
    said = capsys.readouterr().out
    assert all(word in said for word in SAID[lang]) and said.count("\n") == 1, said


def test_labels_are_the_numbers_of_the_folders(tmp_path, capsys):
    for name in ("3/a.png", "3/b.png", "12/a.png"):
        save(tmp_path, name)
    images, labels = vae_edu.load_images(tmp_path).tensors
    assert labels.tolist() == [12, 3, 3] and len(images) == 3 and "(3, 12)" in capsys.readouterr().out
    save(tmp_path, "cats/c.png")
    assert len(vae_edu.load_images(tmp_path).tensors) == 1, "a name that is no number: no labels"


def test_files_and_pillows_images_are_taken_too(tmp_path):
    paths = [save(tmp_path, "b.png"), save(tmp_path, "a.png")]
    for source in (
        paths[0],
        paths,
        [str(path) for path in paths],
        tmp_path.glob("*.png"),
        Image.open(paths[0]),
        tmp_path,
    ):
        images, *_ = vae_edu.load_images(source).tensors
        assert torch.equal(images[0], images[-1]) and images.shape[1:] == (1, 28, 28)


@pytest.mark.parametrize("lang", ["ja", "en"])
def test_an_empty_folder_is_named_and_the_messages_advice_helps(tmp_path, lang):
    vae_edu.set_language(lang)
    with pytest.raises(ValueError, match="PNG") as error:
        vae_edu.load_images(tmp_path)
    assert str(tmp_path) in str(error.value).replace("...", str(tmp_path)) and "source" in str(error.value)
    save(tmp_path, "a.png")
    assert len(vae_edu.load_images(tmp_path)) == 1


def test_the_whole_disk_is_no_folder_of_pictures(tmp_path, monkeypatch, told):
    monkeypatch.setattr(pictures, "MOST_FILES", 2)
    for name in ("a/b/1.png", "a/2.png", "3.png"):
        save(tmp_path, name)
    told(lambda: vae_edu.load_images(tmp_path), ValueError, ["source", "2"])
    told(lambda: vae_edu.load_images("/"), ValueError, ["source", "'/'", "2"])


WRONG = {
    "no file": (lambda: vae_edu.load_images("no such.png"), FileNotFoundError, ["no such.png", "Colab"]),
    "one of a list is missing": (lambda: vae_edu.load_images(["no such.png"]), FileNotFoundError, ["no such.png"]),
    "a tensor": (lambda: vae_edu.load_images(DIGITS), TypeError, ["source", "(50, 1, 28, 28)", "vae_edu.load_images("]),
    "an empty list": (lambda: vae_edu.load_images([]), TypeError, ["source", "[]"]),
    "nothing drawn": (lambda: vae_edu.load_images(picture(np.ones((9, 9)))), ValueError, ["source", "Image"]),
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_input_is_named_in_the_learners_language(case, told):
    told(*WRONG[case])


@pytest.mark.parametrize("seed", range(40))
def test_pictures_of_any_size_mode_and_content_give_an_image_or_a_reason(seed, capsys):
    random = np.random.default_rng(seed)
    size = random.integers(1, 60, 2)
    pixels = random.integers(0, 256, (*size, 4), np.uint8) // (1 if seed % 3 else 128)
    mode = ["RGBA", "RGB", "L", "LA", "1", "P", "CMYK", "I;16", "I", "F"][seed % 10]
    image = (
        Image.fromarray(pixels).convert("L").convert(mode)
        if mode in ("I;16", "I", "F")
        else Image.fromarray(pixels).convert(mode)
    )
    try:
        (images,) = vae_edu.load_images([image]).tensors
    except ValueError as error:
        assert "source" in str(error)
    else:
        assert images.shape == (1, 1, 28, 28) and images.min() >= 0 and images.max() == 1


def test_the_middle_is_mnists():
    rows = torch.arange(28) + 0.5
    images = vae_edu.load_mnist("test").tensors[0][:, 0]
    for axis in (1, 2):
        centres = (images.sum(3 - axis) * rows).sum(1) / images.sum((1, 2))
        assert 14 <= centres.min() and centres.max() <= 15 and abs(centres.mean() - pictures.MIDDLE) < 0.1
