"""The explorer: its file against the safetensors library, and what the browser computes and shows against PyTorch."""

import base64
import io
import json
import re
from functools import cache
from pathlib import Path

import address
import nbformat
import numpy as np
import pytest
import safetensors
import safetensors.torch
import torch
from conftest import new_tab
from PIL import Image
from test_book import LESSONS
from torch.utils.data import TensorDataset

import vae_edu
from vae_edu import MLPVAE, ConvVAE
from vae_edu.data import ASSETS
from vae_edu.explorer import explorer_file

SCENES = Path(__file__).with_name("scenes.js")
FRONT_END = ASSETS / "explorer"
SITE_FILE = address.ROOT / "book" / "_static" / "conv_vae_2d.safetensors"
NEW_MODULE = "const explorer = await import('/_static/explorer.mjs?test');"


def model_of(latent_dim, seed=0, network=ConvVAE):
    """A model whose images differ clearly from point to point, as a trained one's do."""
    torch.manual_seed(seed)
    model = network(latent_dim).requires_grad_(False)
    model.fc_z.weight *= 10
    model.decoder[3].weight *= 10
    return model


def decoded(model, z):
    """What PyTorch makes of points (N, latent_dim): (N, 784)."""
    with torch.no_grad():
        return model.decode(torch.as_tensor(z, dtype=torch.float32)).flatten(1)


def sample_digits():
    torch.manual_seed(0)
    return TensorDataset(torch.rand(30, 1, 28, 28), torch.arange(30) % 10)


# The file, and the widget that carries it.


@pytest.mark.parametrize("network", [ConvVAE, MLPVAE])
@pytest.mark.parametrize("latent_dim", [1, 2, 5])
def test_the_file_holds_the_model_and_the_codes(network, latent_dim, tmp_path):
    model = model_of(latent_dim, network=network)
    codes = vae_edu.encode_dataset(model, sample_digits())
    vae_edu.export_explorer(model, tmp_path / "my_vae.safetensors", codes)
    tensors = safetensors.torch.load_file(tmp_path / "my_vae.safetensors")
    assert torch.equal(tensors.pop("points"), codes.mu)
    assert torch.equal(tensors.pop("labels").long(), codes.labels)
    assert tensors.keys() == model.state_dict().keys()
    assert all(torch.equal(tensors[name], weight) for name, weight in model.state_dict().items())
    with safetensors.safe_open(tmp_path / "my_vae.safetensors", "pt") as file:
        assert file.metadata() == {"format": "vae-edu explorer 1"}


def test_without_codes_the_points_are_those_of_the_bundled_test_images(capsys):
    model = model_of(2)
    tensors = safetensors.torch.load(explorer_file(model))
    assert capsys.readouterr().out == ""
    codes = vae_edu.encode_dataset(model, vae_edu.load_mnist("test"))
    assert len(codes.mu) == 1000 and torch.equal(tensors["points"], codes.mu)


def test_the_file_is_the_model_of_now():
    model = model_of(2)
    before = explorer_file(model)
    assert explorer_file(model) == before
    model.fc_z.bias += 1
    assert explorer_file(model) != before


def own_network(activation):
    """A network of a student's own: the layers of ConvVAE by their names, perhaps with another activation."""
    model = model_of(2)
    own = torch.nn.Module()
    own.latent_dim, own.encode, own.decode = 2, model.encode, model.decode
    for name, part in model.named_children():
        own.add_module(name, part)
    own.encoder[1] = activation
    return own


def test_a_network_of_the_students_own_is_explored_and_no_random_number_is_drawn():
    own, before = own_network(torch.nn.ReLU()), torch.get_rng_state()
    file = explorer_file(own)
    assert torch.equal(torch.get_rng_state(), before)
    assert file == explorer_file(model_of(2))


def broken_model():
    model = model_of(2)
    model.decoder[1].bias[3] = torch.nan
    return model


@pytest.mark.parametrize(
    ("call", "kind", "words"),
    [
        (lambda: vae_edu.latent_explorer("model"), TypeError, ["model", "str", "ConvVAE"]),
        (
            lambda: explorer_file(own_network(torch.nn.SiLU())),
            TypeError,
            ["model", "Module", "MLPVAE", "latent_sliders"],
        ),
        (
            lambda: explorer_file(own_network(torch.nn.PReLU())),
            TypeError,
            ["model", "Module", "MLPVAE", "latent_sliders"],
        ),
        (lambda: vae_edu.latent_explorer(model_of(2), [[0, 1]]), TypeError, ["codes", "list", "encode_dataset"]),
        (
            lambda: vae_edu.latent_explorer(model_of(3), vae_edu.encode_dataset(model_of(2), sample_digits())),
            ValueError,
            ["codes", "(N, 3)", "(30, 2)"],
        ),
        (lambda: vae_edu.latent_explorer(broken_model()), ValueError, ["decoder.1.bias", "learning_rate"]),
    ],
)
def test_bad_input_is_named(told, call, kind, words):
    told(call, kind, words)


def test_nothing_is_written_when_the_model_cannot_be_explored(tmp_path):
    with pytest.raises(ValueError, match="finite"):
        vae_edu.export_explorer(broken_model(), tmp_path / "my_vae.safetensors")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("language", ["ja", "en"])
def test_the_widget_carries_the_file_the_language_and_the_front_end(language):
    vae_edu.set_language(language)
    model = vae_edu.load_pretrained()
    widget = vae_edu.latent_explorer(model)
    assert widget.language == language and widget.file == explorer_file(model)
    assert str(widget._esm) == (FRONT_END / "explorer.mjs").read_text("utf-8")
    assert str(widget._css) == (FRONT_END / "explorer.css").read_text("utf-8")
    still = np.asarray(Image.open(io.BytesIO(widget.still)))[4::8, 4::8] / 255
    assert np.allclose(still.flatten(), decoded(model, [[0.0, 0.0]])[0], atol=1 / 255)


def test_the_sites_file_is_the_pretrained_model():
    tensors = safetensors.torch.load_file(SITE_FILE)
    weights = vae_edu.load_pretrained().state_dict()
    assert all(torch.equal(tensors[name], weight) for name, weight in weights.items()), "run vae_edu/assets/make.py"
    assert tensors["points"].shape == (10_000, 2)


def test_the_sites_points_are_the_means_of_the_whole_test_set(whole_mnist):
    codes = vae_edu.encode_dataset(vae_edu.load_pretrained(), vae_edu.load_mnist("test"))
    tensors = safetensors.torch.load_file(SITE_FILE)
    assert torch.allclose(tensors["points"], codes.mu, atol=1e-4)
    assert torch.equal(tensors["labels"].long(), codes.labels)


def test_the_explorers_own_files_weigh_at_most_600_kb():
    sizes = [len(path.read_bytes()) for path in (*FRONT_END.iterdir(), SITE_FILE)]
    assert len(sizes) == 3 and sum(sizes) <= 600_000


# What the browser computes.


@pytest.fixture(scope="module")
def pages(browser, address_of_site):
    """Opens each page once for all tests of this file; and what went wrong there."""
    faults = []

    @cache
    def open_page(page):
        tab = new_tab(browser, address_of_site, faults)
        tab.goto(page)
        tab.add_style_tag(url="/_static/explorer.css")
        tab.add_script_tag(path=SCENES)
        return tab

    return open_page, faults


@pytest.fixture
def lasting(pages):
    """Opens a page that other tests use too; in this one nothing goes wrong there."""
    open_page, faults = pages
    faults.clear()
    yield open_page
    assert not faults


@pytest.fixture
def module(lasting):
    """A way to call a function of the module, on a page without an explorer."""
    tab = lasting("en/glossary.html")

    def call(code, file, *arguments):
        prelude = "const buffer = await (await fetch('data:;base64,' + file)).arrayBuffer(), given = JSON.parse(json);"
        run = f"async (file, json) => {{ {NEW_MODULE} {prelude} {code} }}"
        given = [base64.b64encode(file).decode(), json.dumps(arguments)]
        return json.loads(tab.evaluate(f"async (given) => JSON.stringify(await ({run})(...given))", given))

    return call


MODELS = {
    "pretrained": vae_edu.load_pretrained,
    "1 dimension": lambda: model_of(1),
    "2 dimensions": lambda: model_of(2, seed=1),
    "20 dimensions": lambda: model_of(20),
    "pretrained, fully connected": lambda: vae_edu.load_pretrained("mlp_vae_2d"),
    "fully connected, 20 dimensions": lambda: model_of(20, network=MLPVAE),
}


@pytest.mark.parametrize("name", MODELS)
def test_the_browser_decodes_and_encodes_as_pytorch_does(module, name):
    model = MODELS[name]()
    torch.manual_seed(0)
    z = torch.cat([torch.randn(30, model.latent_dim), 6 * torch.rand(30, model.latent_dim) - 3])
    x = torch.cat([vae_edu.load_mnist("test").tensors[0][:20], torch.rand(5, 1, 28, 28)])
    code = """const model = explorer.readModel(buffer);
        const clouds = given[1].map((image) => explorer.encode(model, image));
        return [given[0].map((point) => [...explorer.decode(model, point)]),
                clouds.map(({ mu }) => [...mu]), clouds.map(({ sigma }) => [...sigma])];"""
    images, mu, sigma = map(torch.tensor, module(code, explorer_file(model), z.tolist(), x.flatten(1).tolist()))
    assert (images - decoded(model, z)).abs().max() < 1e-3
    assert images.std(dim=0).max() > 0.1
    with torch.no_grad():
        expected_mu, logvar = model.encode(x)
    assert torch.allclose(mu, expected_mu, rtol=1e-3, atol=1e-3)
    assert torch.allclose(sigma, torch.exp(0.5 * logvar), rtol=1e-3, atol=1e-3)


ONE = [[[3, 1], [4, 9], [3, 20]]]
SEVEN = [[[0, 0], [10, 0]], [[10, 0], [4, 16]]]


@pytest.mark.parametrize("lines", [ONE, SEVEN, [[[5, 5]]]], ids=["1", "7", "dot"])
def test_a_drawn_digit_is_prepared_as_mnist_is(module, lines):
    code = "return given.map((lines) => [...explorer.digitOf(lines)]);"
    moved = [[[100 + 7 * x, 30 + 7 * y] for x, y in line] for line in lines]
    image, again = np.array(module(code, b"", lines, moved)).reshape(2, 28, 28)
    assert np.allclose(image, again, atol=0.02), "size and place on the paper do not matter"
    assert 0 <= image.min() and 0.9 < image.max() <= 1
    rows, columns = np.mgrid[:28, :28] + 0.5
    assert np.allclose([(image * rows).sum() / image.sum(), (image * columns).sum() / image.sum()], 14, atol=0.1)
    if len(lines[0]) > 1:
        inked = np.argwhere(image > 0.05)
        assert 19 <= (inked.max(axis=0) - inked.min(axis=0) + 1).max() <= 22  # 20, and half-covered pixels at the ends


def faulty_files(tmp_path):
    """Files that are no explorer file, each with the words that its message must have in it, in any language."""
    good = explorer_file(vae_edu.load_pretrained())
    length = int.from_bytes(good[:8], "little")
    header = json.loads(good[8 : 8 + length])

    def headed(changed):
        text = json.dumps(changed).encode()
        return len(text).to_bytes(8, "little") + text + good[8 + length :]

    without = {name: entry for name, entry in header.items() if name != "fc_mu.weight"}
    wider = header | {"decoder.3.bias": header["decoder.3.bias"] | {"shape": [3]}}
    nan = bytearray(good)
    place = 8 + length + header["encoder.0.bias"]["data_offsets"][0]
    nan[place : place + 4] = np.float32(np.nan).tobytes()
    vae_edu.save(vae_edu.load_pretrained(), tmp_path / "my_vae.pt")
    return {
        "weights of torch.save": ((tmp_path / "my_vae.pt").read_bytes(), ["PyTorch", "export_explorer"]),
        "a text": (b"Dear diary, today I trained a VAE.", ["export_explorer"]),
        "nothing": (b"", ["export_explorer"]),
        "another model's safetensors": (safetensors.torch.save({"w": torch.zeros(3)}), ["export_explorer"]),
        "a header that is no JSON": ((9).to_bytes(8, "little") + b"{no json}" + good[8:], ["export_explorer"]),
        "cut off in the header": (good[:300], {"ja": ["切れて"], "en": ["cut off"]}),
        "cut off in the data": (good[:-1], {"ja": ["切れて"], "en": ["cut off"]}),
        "cut off within a number": (good[: len(good) // 2 | 1], {"ja": ["切れて"], "en": ["cut off"]}),
        "a layer is missing": (headed(without), ["fc_mu.weight", "ConvVAE"]),
        "a layer has another shape": (headed(wider), ["decoder.3.bias", "[1]", "[3]"]),
        "not finite": (bytes(nan), ["encoder.0.bias"]),
    }


def test_whatever_is_in_a_file_it_is_a_model_or_a_fault_that_has_a_message(module):
    """Good files cut anywhere, and with bytes changed anywhere in the header."""
    good = explorer_file(vae_edu.load_pretrained(), vae_edu.encode_dataset(vae_edu.load_pretrained(), sample_digits()))
    code = """
        const bytes = new Uint8Array(buffer), header = Number(new DataView(buffer).getBigUint64(0, true));
        const read = (bytes) => { try { explorer.readModel(bytes.buffer); return "model"; } catch (error) { return error.key; } };
        let seed = 1;
        const random = (n) => { seed = seed * 48271 % 2147483647; return seed % n; };
        const said = { cut: {}, changed: {} };
        for (let i = 0; i < 60; i++) {
          const cut = read(bytes.slice(0, i % 2 ? random(bytes.length) : random(8 + header)));
          const changed = bytes.slice();
          for (let j = 0; j < 3; j++) changed[random(8 + header)] = random(256);
          said.cut[cut] = (said.cut[cut] ?? 0) + 1;
          const key = read(changed);
          said.changed[key] = (said.changed[key] ?? 0) + 1;
        }
        return said;"""
    said = module(code, good)
    assert set(said["cut"]) == {"cutOff", "foreign"}
    assert set(said["changed"]) <= {"model", "foreign", "cutOff", "missing", "shape", "notFinite"}
    assert sum(said["changed"].values()) == 60 and said["changed"]["foreign"] > 10


# What the reader does and sees.


def shown(canvas):
    """The grey values (784,) in [0, 1] of a canvas of 28 x 28."""
    pixels = canvas.evaluate("canvas => [...canvas.getContext('2d').getImageData(0, 0, 28, 28).data]")
    return torch.tensor(pixels[::4]) / 255


def point(tab):
    """The point that the pad tells a screen reader."""
    said = tab.locator(".le-pad").get_attribute("aria-valuetext").replace("−", "-")
    return [float(value) for value in re.findall(r"z\d+ (-?\d\.\d\d)", said)]


FRAMES = "async (count) => { while (count--) await new Promise(requestAnimationFrame); }"


def settled(tab, frames=3):
    """Some pictures of the screen later, everything is drawn."""
    tab.evaluate(FRAMES, frames)


def assert_decoded(tab, model, z, atol=0.01):
    """The image shown is the one that PyTorch decodes at z; the point is told with two decimals."""
    settled(tab)
    assert (shown(tab.locator(".le-image")) - decoded(model, [z])[0]).abs().max() < atol


ANEW = """async () => {
    const old = document.querySelector('[data-explorer]');
    old.replaceWith(old.cloneNode());
    await import('/_static/explorer.mjs?' + performance.now());
    scrollTo(0, 0);
}"""


@pytest.fixture
def explorer(lasting, request):
    """The page of the explorer, whose explorer begins anew."""
    language = getattr(request, "param", "en")
    tab = lasting(f"{language}/explorer.html")
    tab.language = language
    tab.evaluate(ANEW)
    tab.locator(".le-pad").wait_for()
    settled(tab)
    return tab


in_both = pytest.mark.parametrize("explorer", ["ja", "en"], indirect=True)


def on_pad(tab, z1, z2):
    """Where a point of the plane lies on the page."""
    box = tab.locator(".le-pad").bounding_box()
    side = box["width"] * (1 - 0.06)
    half = 3 * 20 / 19
    return box["x"] + box["width"] - (1 - z1 / half) / 2 * side, box["y"] + (1 - z2 / half) / 2 * side


def test_the_pointer_moves_the_point(explorer):
    model = vae_edu.load_pretrained()
    assert_decoded(explorer, model, [0.0, 0.0])
    explorer.locator(".le-pad").scroll_into_view_if_needed()
    explorer.mouse.move(*on_pad(explorer, -0.6, 1.2))
    explorer.mouse.down()
    settled(explorer)
    assert point(explorer) == pytest.approx([-0.6, 1.2], abs=0.02)
    explorer.mouse.move(*on_pad(explorer, 2.0, -1.0), steps=5)
    assert_decoded(explorer, model, [2.0, -1.0], atol=0.1)  # the pointer moves by whole pixels
    assert_decoded(explorer, model, point(explorer), atol=0.03)
    explorer.mouse.move(*on_pad(explorer, 9.0, 0.0))
    settled(explorer)
    assert point(explorer)[0] == 3.0, "outside the pad it stays at the limit"
    explorer.mouse.up()
    explorer.mouse.move(*on_pad(explorer, 0.0, 0.0))
    settled(explorer)
    assert point(explorer)[0] == 3.0, "a lifted pointer moves nothing"


def colour_at(tab, z1, z2):
    """Red, green and blue on the pad at a point of the plane."""
    x, y = on_pad(tab, z1, z2)
    box = tab.locator(".le-pad").bounding_box()
    place = [(x - box["x"]) / box["width"], (y - box["y"]) / box["height"]]
    pixel = "(pad, [x, y]) => [...pad.getContext('2d').getImageData(x * pad.width, y * pad.height, 1, 1).data]"
    return tab.locator(".le-pad").evaluate(pixel, place)[:3]


def test_a_dot_stands_where_its_image_was_encoded(explorer):
    model, stack = model_of(2), [[-2.0, -2.0]] * 200 + [[1.5, 2.0]] * 100  # the digit is written at its median
    codes = vae_edu.LatentCodes(torch.tensor(stack), torch.zeros(300, 2), torch.full((300,), 3))
    give(explorer, "threes.safetensors", explorer_file(model, codes))
    explorer.get_by_text("threes.safetensors").wait_for()
    settled(explorer)
    red, green, blue = colour_at(explorer, 1.5, 2.0)
    assert red > green + 50 and red > blue + 50, "the colour of the digit 3"
    for elsewhere in ([1.5, -2.0], [-1.5, 2.0], [-1.5, -2.0]):
        assert max(colour_at(explorer, *elsewhere)) - min(colour_at(explorer, *elsewhere)) < 30, elsewhere


@in_both
def test_the_arrow_keys_move_the_point(explorer):
    explorer.locator(".le-pad").focus()
    top = explorer.evaluate("scrollY")
    for key in ["ArrowUp"] * 12 + ["ArrowLeft"] * 6:
        explorer.keyboard.press(key)
    settled(explorer)
    assert point(explorer) == [-0.6, 1.2]
    assert_decoded(explorer, vae_edu.load_pretrained(), [-0.6, 1.2])
    label = explorer.locator(".le-image").get_attribute("aria-label")
    assert "(−0.60, 1.20)" in label and ("画像" in label) == (explorer.language == "ja")
    for key in ["ArrowRight", "Shift+ArrowDown"]:
        explorer.keyboard.press(key)
    settled(explorer)
    assert point(explorer) == [-0.5, 1.19]
    explorer.keyboard.press("Home")
    assert_decoded(explorer, vae_edu.load_pretrained(), [0.0, 0.0])
    assert explorer.evaluate("scrollY") == top, "the page stays where it is"


def test_a_finger_moves_the_point(browser, address_of_site):
    context = browser.new_context(base_url=address_of_site, has_touch=True, viewport={"width": 360, "height": 740})
    tab = context.new_page()
    tab.goto("ja/explorer.html")
    tab.locator(".le-pad").scroll_into_view_if_needed()
    settled(tab)
    tab.touchscreen.tap(*on_pad(tab, 1.0, 1.0))
    assert_decoded(tab, vae_edu.load_pretrained(), [1.0, 1.0], atol=0.1)
    finger = context.new_cdp_session(tab)
    for kind, place in [("touchStart", (1.0, 1.0)), ("touchMove", (0.0, 0.0)), ("touchMove", (-1.0, -2.0))]:
        x, y = on_pad(tab, *place)
        finger.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": x, "y": y}]})
    settled(tab)
    assert point(tab) == pytest.approx([-1.0, -2.0], abs=0.02), "it drags the point and does not scroll the page"
    context.close()


def test_sliders_move_the_point(explorer):
    explorer.locator(".le-sliders input").nth(1).fill("-1.5")
    explorer.locator(".le-sliders input").nth(0).focus()
    explorer.keyboard.press("ArrowRight")
    settled(explorer)
    assert point(explorer) == [0.01, -1.5]
    assert_decoded(explorer, vae_edu.load_pretrained(), [0.01, -1.5])
    assert explorer.locator(".le-sliders output").all_inner_texts() == ["0.01", "−1.50"]


def test_a_point_can_be_drawn_from_the_prior(explorer):
    give(explorer, "wide.safetensors", explorer_file(model_of(20)))
    explorer.get_by_text("wide.safetensors").wait_for()
    points = []
    for _ in range(10):
        explorer.locator(".le-random").click()
        settled(explorer)
        points.extend(explorer.locator(".le-sliders output").all_inner_texts())
    values = np.array(
        [float(value.replace("−", "-")) for value in points]
    )  # 200: the mean's sigma 0.07, the other's 0.05
    assert values.mean() == pytest.approx(0, abs=0.35) and values.std() == pytest.approx(1, abs=0.25)
    assert len(set(points)) > 100


def test_the_map_is_pytorchs(explorer):
    explorer.locator("input[value=map]").check()
    settled(explorer, frames=25)  # one for each of its 20 rows
    picture = explorer.locator(".le-pad").evaluate("pad => pad.toDataURL().split(',')[1]")
    grey = np.asarray(Image.open(io.BytesIO(base64.b64decode(picture))))[..., 0]
    side = round(len(grey) * (1 - 0.06))
    plane = grey[:side, -side:]
    cells = np.asarray(Image.fromarray(plane).resize((20, 20), Image.Resampling.BOX)) / 255
    expected = decoded(vae_edu.load_pretrained(), vae_edu.latent_grid().flip(0).reshape(-1, 2)).mean(dim=1)
    assert (
        np.corrcoef(cells.ravel(), expected)[0, 1] > 0.9
    )  # the marks of the point, of A and of B lie over some images
    explorer.locator(".le-pad").scroll_into_view_if_needed()
    explorer.mouse.click(*on_pad(explorer, *vae_edu.latent_grid()[14, 3].tolist()))
    assert_decoded(explorer, vae_edu.load_pretrained(), vae_edu.latent_grid()[14, 3].tolist(), atol=0.1)


def test_interpolation_follows_the_line_from_a_to_b(explorer):
    model = vae_edu.load_pretrained()
    points = []
    for end, keys in enumerate([["ArrowUp"] * 20, ["ArrowDown"] * 30 + ["ArrowLeft"] * 10]):
        explorer.locator(".le-pad").focus()
        for key in keys:
            explorer.keyboard.press(key)
        settled(explorer)
        points.append(point(explorer))
        explorer.locator(".le-end").nth(end).click()
    assert points == [[0.0, 2.0], [-1.0, -1.0]]
    settled(explorer)
    strip = explorer.locator(".le-strip button")
    for i, z in enumerate(vae_edu.interpolate(*map(torch.tensor, points), steps=9)):
        assert (shown(strip.nth(i).locator("canvas")) - decoded(model, z[None])[0]).abs().max() < 0.01
    strip.nth(2).click()
    assert_decoded(explorer, model, [-0.25, 1.25])


@in_both
def test_a_drawn_digit_is_encoded_and_restored(explorer):
    model = vae_edu.load_pretrained()
    status = explorer.locator(".le-drawing [role=status]")
    before = status.inner_text()
    paper = explorer.locator(".le-paper")
    paper.scroll_into_view_if_needed()
    box = paper.bounding_box()
    for stroke in ([(0.2, 0.2), (0.7, 0.2), (0.4, 0.9)],):
        (x, y), *rest = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in stroke]
        explorer.mouse.move(x, y)
        explorer.mouse.down()
        for place in rest:
            explorer.mouse.move(*place, steps=10)
        explorer.mouse.up()
    settled(explorer)
    x = shown(explorer.locator(".le-input")).reshape(1, 1, 28, 28)
    with torch.no_grad():
        mu, logvar = model.encode(x)
    said = [float(value) for value in re.findall(r"-?\d+\.\d\d", status.inner_text().replace("−", "-"))]
    assert said == pytest.approx([*mu[0].tolist(), *torch.exp(0.5 * logvar)[0].tolist()], abs=0.03)
    assert (shown(explorer.locator(".le-restored")) - decoded(model, mu)[0]).abs().max() < 0.03
    assert point(explorer) == pytest.approx(mu[0].clamp(-3, 3).tolist(), abs=0.03)
    explorer.locator(".le-drawing button").click()
    settled(explorer)
    assert status.inner_text() == before and shown(explorer.locator(".le-input")).max() == 0


def give(tab, name, content):
    tab.locator("input[type=file]").set_input_files({"name": name, "mimeType": "", "buffer": content})


@in_both
def test_a_learners_own_model_is_explored(explorer):
    model = model_of(5)
    give(explorer, "my_vae.safetensors", explorer_file(model))
    explorer.get_by_text("my_vae.safetensors").filter(has_text="5").wait_for()
    sliders = explorer.locator(".le-sliders input")
    assert sliders.count() == 5
    z = [0.3, -1.0, 2.0, 0.0, -2.5]
    for i, value in enumerate(z):
        sliders.nth(i).fill(str(value))
    assert_decoded(explorer, model, z)
    explorer.locator(".le-axes select").nth(0).select_option("4")
    explorer.locator(".le-axes select").nth(1).select_option("2")
    settled(explorer)
    assert point(explorer) == [-2.5, 2.0], "the plane shows the two dimensions that were chosen"
    explorer.locator(".le-axes select").nth(0).select_option("2")
    settled(explorer)
    assert point(explorer) == [2.0, -2.5], "an axis chosen twice changes places"
    explorer.locator(".le-pad").focus()
    explorer.keyboard.press("ArrowLeft")
    assert_decoded(explorer, model, [0.3, -1.0, 1.9, 0.0, -2.5])
    explorer.locator(".le-file button").click()
    assert_decoded(explorer, vae_edu.load_pretrained(), [0.0, 0.0])


def test_a_model_of_one_dimension_is_explored(explorer):
    model = model_of(1)
    give(explorer, "line.safetensors", explorer_file(model))
    explorer.get_by_text("line.safetensors").wait_for()
    explorer.locator(".le-pad").focus()
    for key in ["ArrowRight", "ArrowUp"]:
        explorer.keyboard.press(key)
    settled(explorer)
    assert point(explorer) == [0.1]
    assert_decoded(explorer, model, [0.1])


WRITTEN = """async (shown) => { // what is written on canvases from now on
    window.written = new Set();
    window.write ??= CanvasRenderingContext2D.prototype.fillText;
    CanvasRenderingContext2D.prototype.fillText = function (text, ...place) { written.add(String(text)); write.call(this, text, ...place); };
}"""


@pytest.mark.parametrize("latent_dim", [1, 2])
def test_points_with_any_labels_are_shown_with_those_that_occur(explorer, latent_dim):
    model, digits = model_of(latent_dim), torch.rand(78, 1, 28, 28)
    letters = vae_edu.encode_dataset(model, TensorDataset(digits, torch.arange(78) % 26 + 101))
    for codes, words in ((letters, {str(label) for label in range(101, 127)}), (letters._replace(labels=None), set())):
        explorer.evaluate(WRITTEN)
        name = f"{len(words)}.safetensors"
        give(explorer, name, explorer_file(model, codes))
        explorer.get_by_text(name).wait_for()
        explorer.locator(".le-pad").click()
        settled(explorer)
        assert {word for word in explorer.evaluate("[...written]") if word.isdigit() and int(word) > 2} == words


def test_a_file_can_be_dropped_anywhere_on_the_explorer(explorer):
    model = model_of(2, seed=3)
    left = explorer.evaluate(
        """async (file) => {
          const transfer = new DataTransfer();
          transfer.items.add(new File([await (await fetch('data:;base64,' + file)).arrayBuffer()], 'dropped.safetensors'));
          return ['dragover', 'drop'].map((type) => document.querySelector('.le-pad').dispatchEvent(
            new DragEvent(type, { dataTransfer: transfer, bubbles: true, cancelable: true })));
        }""",
        base64.b64encode(explorer_file(model)).decode(),
    )
    assert left == [False, False], "the browser does nothing of its own, such as leaving the page for the file"
    explorer.get_by_text("dropped.safetensors").wait_for()
    assert_decoded(explorer, model, [0.0, 0.0])


@in_both
def test_a_file_that_is_none_gets_a_message_and_the_explorer_goes_on(explorer, tmp_path):
    alert = explorer.locator(".le-file [role=alert]")
    messages = set()
    for name, (content, words) in faulty_files(tmp_path).items():
        give(explorer, "file", content)
        explorer.wait_for_function("document.querySelector('.le-file [role=alert]').textContent !== ''")
        message = alert.inner_text()
        for word in words[explorer.language] if isinstance(words, dict) else words:
            assert word in message, name
        assert bool(re.search("[ぁ-ん]", message)) == (explorer.language == "ja"), name
        messages.add(message)
    assert len(messages) == 6
    assert_decoded(explorer, vae_edu.load_pretrained(), [0.0, 0.0])
    give(explorer, "my_vae.safetensors", explorer_file(model_of(2)))
    explorer.locator(".le-file [role=status]", has_text="my_vae").wait_for()
    assert alert.inner_text() == ""
    assert_decoded(explorer, model_of(2), [0.0, 0.0])


@cache
def own_file():
    return base64.b64encode(explorer_file(model_of(2))).decode()


@pytest.fixture
def bare(lasting):
    """A page without an explorer, where scenes are played with the words of scenes.js."""
    tab = lasting("en/glossary.html")
    tab.evaluate("file => begin(file)", own_file())
    yield tab
    play(tab, "clear(); await rest();")


def play(tab, scene):
    return tab.evaluate(f"async () => {{ {scene} }}")


def test_a_notebook_mounts_the_same_module(bare):
    """What anywidget does: it calls `render` of the module with the widget's values, bytes as a DataView."""
    play(bare, "end = render('ja');")
    assert "デコーダ" in bare.locator(".latent-explorer").inner_text()
    assert bare.locator("input[type=file]").count() == 0
    bare.locator(".le-pad").focus()
    bare.keyboard.press("ArrowUp")
    assert_decoded(bare, model_of(2), [0.0, 0.1])


# Whatever becomes of its element, nothing goes wrong.

STAGES = {
    "before its first picture": "build();",
    "at rest": "build(); await rest();",
    "while the point moves": "build(); await rest(); slide(1);",
    "while the map is drawn": "build(); await rest(); part('[value=map]').click(); await pictures(5);",
    "while a digit is drawn": "build(); await rest(); draw();",
    "while a file is read": "build(); await rest(); choose(file);",
    "when a file was read": "build(); await rest(); choose(file); await rest();",
    "while the page turns dark": "build(); await rest(); darken();",
    "while its size changes": "build(); await rest(); box.style.width = '250px';",
}
AWAY = {  # and back
    "taken away": ("box.remove();", "bringBack();"),
    "hidden": ("box.style.display = 'none';", "box.style.display = '';"),
    "without a width": ("box.style.maxWidth = 0;", "box.style.maxWidth = '';"),
}


@cache
def left_alone(tab, stage):
    """What runs after a stage, and what is seen in the end."""
    return play(tab, f"{STAGES[stage]} ran.length = 0; return [await rest(), look()];")


@pytest.mark.parametrize("away", AWAY)
@pytest.mark.parametrize("stage", STAGES)
def test_it_may_go_at_any_moment_and_comes_back_as_if_it_had_stayed(bare, stage, away):
    go, come = AWAY[away]
    _, expected = left_alone(bare, stage)
    assert play(bare, f"clear(); {STAGES[stage]} {go} await rest(); {come} await rest(); return look();") == expected


@pytest.mark.parametrize("away", AWAY)
def test_it_may_be_built_out_of_sight(bare, away):
    go, come = AWAY[away]
    _, expected = left_alone(bare, "at rest")
    assert play(bare, f"clear(); {go} build(); await rest(); {come} await rest(); return look();") == expected


@pytest.mark.parametrize("away", AWAY)
def test_the_sites_explorer_may_go_while_its_model_is_fetched(bare, away):
    go, come = AWAY[away]
    scene = f"""
        const {{ fetch }} = window;
        let arrive;
        window.fetch = (...given) => new Promise((done) => {{ arrive = done; }}).then(() => fetch(...given));
        root.dataset.explorer = 'conv_vae_2d.safetensors';
        const {{ mount, readModel }} = await import('/_static/explorer.mjs?' + performance.now());
        window.fetch = fetch;
        {go}
        arrive();
        while (!root.firstChild) await pictures(1);
        await rest();
        {come}
        await rest();
        const shown = look(), answer = await fetch('/_static/conv_vae_2d.safetensors');
        end = mount(root, readModel(await answer.arrayBuffer()), 'en');
        await rest();
        return [shown, look()];"""
    shown, expected = play(bare, scene)
    assert shown == expected


@pytest.mark.parametrize("end", ["end();", "box.remove(); end();"])
@pytest.mark.parametrize("stage", STAGES)
def test_nothing_of_it_runs_after_its_end(bare, stage, end):
    later, _ = left_alone(bare, stage)
    assert later or stage in ("at rest", "when a file was read")
    scene = f"clear(); {STAGES[stage]} {end} ran.length = 0; const before = look(); stir(); return [await rest(), before, look()];"
    ran, before, after = play(bare, scene)
    assert ran == [] and after == before


def test_a_cell_that_is_run_again_has_one_explorer(bare):
    scene = """
        const first = render('en');
        await rest();
        end = render('en');
        await rest();
        darken();
        const ran = await rest();
        first(); // a notebook may end it late
        press('ArrowUp');
        await rest();
        return [ran, root.querySelectorAll('.le-pad').length];"""
    ran, pads = play(bare, scene)
    assert pads == 1 and ran.count("theme") == 1
    assert point(bare) == [0.0, 0.1]
    assert play(bare, "end(); ran.length = 0; stir(); return rest();") == []


def hold(tab, canvas):
    """Press the mouse on a canvas, and drag a little; where it is then."""
    tab.locator(canvas).scroll_into_view_if_needed()
    box = tab.locator(canvas).bounding_box()
    x, y = box["x"] + 50, box["y"] + 50
    tab.mouse.move(x, y)
    tab.mouse.down()
    tab.mouse.move(x + 40, y + 40, steps=3)
    return x + 40, y + 40


@pytest.mark.parametrize("away", ["taken away", "hidden"])
@pytest.mark.parametrize("canvas", [".le-pad", ".le-paper"])
def test_it_may_go_while_the_pointer_holds_it(bare, canvas, away):
    go, come = AWAY[away]
    play(bare, "build(); await rest();")
    x, y = hold(bare, canvas)
    play(bare, "await rest();")
    held = point(bare)
    play(bare, go)
    bare.mouse.move(x - 30, y - 10, steps=3)
    play(bare, f"await rest(); {come} await rest();")
    bare.mouse.up()
    assert point(bare) == held


@pytest.mark.parametrize("canvas", [".le-pad", ".le-paper"])
def test_a_page_may_take_it_away_before_it_hears_of_the_press(bare, canvas):
    play(bare, "build(); await rest();")
    play(bare, "addEventListener('pointerdown', () => box.remove(), { capture: true, once: true });")
    hold(bare, canvas)
    bare.mouse.up()
    play(bare, "await rest(); bringBack(); await rest();")
    assert point(bare) == [0.0, 0.0]


def test_a_drawing_may_be_cleared_while_it_is_drawn(bare):
    """By another finger."""
    play(bare, "build(); await rest();")
    x, y = hold(bare, ".le-paper")
    play(bare, "part('.le-drawing button').click();")
    bare.mouse.move(x - 30, y - 10)
    bare.mouse.up()
    play(bare, "await rest();")
    assert shown(bare.locator(".le-input")).max() == 0


@pytest.mark.parametrize("first", [0, 1])
def test_of_two_files_the_later_is_shown_whichever_is_read_first(bare, first):
    scene = f"""
        build();
        await rest();
        const read = Blob.prototype.arrayBuffer, arrive = [];
        Blob.prototype.arrayBuffer = function () {{
            return new Promise((done) => arrive.push(done)).then(() => read.call(this));
        }};
        choose(file, 'earlier.safetensors');
        choose(file, 'later.safetensors');
        Blob.prototype.arrayBuffer = read;
        for (const i of [{first}, 1 - {first}]) {{
            arrive[i]();
            await rest();
        }}"""
    play(bare, scene)
    assert "later.safetensors" in bare.locator(".le-file [role=status]").inner_text()


def test_a_file_that_cannot_be_read_gets_a_message(bare):
    """A folder, for example."""
    scene = """
        build();
        await rest();
        const read = Blob.prototype.arrayBuffer;
        Blob.prototype.arrayBuffer = () => Promise.reject(new DOMException('', 'NotReadableError'));
        choose(file);
        Blob.prototype.arrayBuffer = read;
        await rest();"""
    play(bare, scene)
    assert "export_explorer" in bare.locator(".le-file [role=alert]").inner_text()


# Where the site shows it.


@pytest.mark.parametrize("lang", ["ja", "en"])
@pytest.mark.parametrize("lesson", ["00_start_here", "06_generate", "07_latent_map"])
def test_a_lessons_page_shows_the_explorer_where_the_notebook_shows_a_widget(tab, lesson, lang):
    tab.goto(f"notebooks/{lang}/{lesson}.html")
    tab.locator(".le-sliders input").first.fill("0.1")
    assert_decoded(tab, vae_edu.load_pretrained(), [0.1, 0.0])
    assert tab.locator(".cell_output .latent-explorer").count() == tab.locator(".latent-explorer").count() == 1
    assert tab.locator(".le-pad").count() == (lesson == "07_latent_map"), "latent_sliders shows no plane, here or there"
    assert ("点" in tab.locator(".latent-explorer").inner_text()) == (lang == "ja")
    assert tab.evaluate("document.documentElement.scrollWidth") <= 360


@pytest.mark.parametrize("page", LESSONS)
def test_no_page_shows_a_widget_that_is_dead(site, page):
    """A stored widget needs a kernel: every one has made room for an explorer, which needs none."""
    notebook = nbformat.read(address.ROOT / f"{page}.ipynb", as_version=4)
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    widgets = [output for output in outputs if output.get("data", {}).get("text/plain") == "widget"]
    text = (site / f"{page}.html").read_text("utf-8")
    assert text.count("data-explorer=") == len(widgets)
    assert "widget-view+json" not in text


@pytest.mark.parametrize("lang", ["ja", "en"])
def test_without_scripts_a_picture_stands_in_its_place(browser, address_of_site, lang):
    context = browser.new_context(base_url=address_of_site, java_script_enabled=False)
    tab = context.new_page()
    tab.goto(f"{lang}/explorer.html")
    assert tab.locator("[data-explorer] img").is_visible()
    context.close()


def test_a_model_that_cannot_be_fetched_is_said(browser, address_of_site):
    context = browser.new_context(base_url=address_of_site)
    tab = context.new_page()
    tab.route("**/*.safetensors", lambda route: route.abort())
    tab.goto("ja/explorer.html")
    assert "読み込めませんでした" in tab.locator("[data-explorer] [role=alert]").inner_text()
    context.close()
