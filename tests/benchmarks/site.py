"""Measure the built site in Chromium: the explorer's speed and what each page weighs.

    make bench        build the site, measure it, and write the tables that the book shows

Weights are those of GitHub Pages, which compresses text and sends the rest as it is. Times are medians.
"""

import functools
import gzip
import http.server
import statistics
import threading

import report
from conftest import CHROMIUM, Silent
from playwright.sync_api import sync_playwright

ROOT = report.ROOT
HTML = ROOT / "book" / "_build" / "html"
TEXT = (".html", ".css", ".js", ".mjs", ".svg", ".json")

SPEED = """async () => {
  const { readModel, decode, encode } = await import('/_static/explorer.mjs?bench');
  const file = await (await fetch('/_static/conv_vae_2d.safetensors')).arrayBuffer();
  const median = (values) => values.sort((a, b) => a - b)[values.length >> 1];
  const time = (count, run) => median(Array.from({ length: count }, (_, i) => {
    const start = performance.now();
    run(i);
    return performance.now() - start;
  }));
  const model = readModel(file), image = decode(model, [0, 0]);
  return {
    read: time(11, () => readModel(file)),
    decode: time(1000, (i) => decode(model, [Math.sin(i), Math.cos(i)])),
    encode: time(100, () => encode(model, image)),
  };
}"""

# Move the point once a frame for three seconds, and count the frames that the browser shows.
FRAMES = """async () => {
  const pad = document.querySelector('.le-pad'), frame = () => new Promise(requestAnimationFrame);
  let count = 0;
  const start = performance.now();
  while (performance.now() - start < 3000) {
    const key = ['ArrowRight', 'ArrowUp', 'ArrowLeft', 'ArrowDown'][Math.floor(count / 10) % 4];
    pad.dispatchEvent(new KeyboardEvent('keydown', { key, cancelable: true }));
    await frame();
    count++;
  }
  return count / (performance.now() - start) * 1000;
}"""

# The rows about speed: the key of the figure, its name in each language, and its form.
SPEED_ROWS = [
    ("decode", "1 点のデコード", "decode a point", "{:.1f} ms"),
    ("encode", "1 枚のエンコード", "encode an image", "{:.1f} ms"),
    ("read", "モデルのファイルの読み込み", "read the model's file", "{:.0f} ms"),
    ("points", "点を動かし続けたとき (画像の平均)", "moving the point all the time (means)", "{:.0f} fps"),
    ("map", "点を動かし続けたとき (地図)", "moving the point all the time (map)", "{:.0f} fps"),
    ("drawing", "数字を描き続けたとき", "drawing all the time", "{:.0f} fps"),
]


def serve():
    """The address of the site, served on this machine alone."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Silent, directory=HTML))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}/"


def measure_speed(browser, address):
    """The explorer's times in ms and frames in a second."""
    tab = browser.new_page()
    tab.goto(f"{address}en/glossary.html")
    figures = tab.evaluate(SPEED)
    tab.goto(f"{address}en/explorer.html")
    tab.locator(".le-pad").wait_for()
    figures["points"] = tab.evaluate(FRAMES)
    tab.locator("input[value=map]").check()
    tab.wait_for_timeout(2000)
    figures["map"] = tab.evaluate(FRAMES)
    paper = tab.locator(".le-paper")
    paper.scroll_into_view_if_needed()
    box = paper.bounding_box()
    tab.evaluate("window.frames_ = 0; (function count() { frames_++; requestAnimationFrame(count); })()")
    tab.mouse.move(box["x"] + 20, box["y"] + 20)
    tab.mouse.down()
    start, frames = tab.evaluate("[performance.now(), frames_]")
    for i in range(1, 200):
        tab.mouse.move(box["x"] + 20 + i % 180, box["y"] + 20 + i)
    end, all_frames = tab.evaluate("[performance.now(), frames_]")
    tab.close()
    return figures | {"drawing": (all_frames - frames) / (end - start) * 1000}


def weight(browser, address, page):
    """Bytes sent for a page that nothing is cached of."""
    context = browser.new_context()
    tab, paths = context.new_page(), set()
    tab.on("request", lambda request: paths.add(request.url.split("?")[0]))
    tab.goto(f"{address}{page}", wait_until="networkidle")
    context.close()
    files = [HTML / path.removeprefix(address) for path in paths if path.startswith(address)]
    return sum(sent(file) for file in files)


def sent(file):
    """Bytes that GitHub Pages sends for a file."""
    content = file.read_bytes()
    return len(gzip.compress(content)) if file.suffix in TEXT else len(content)


def rows(speed, weights):
    """The rows of the table: what was measured, in each language, and the figure."""
    lessons = [weights[page] for page in weights if page.startswith("notebooks/")]
    own = sum(sent(HTML / "_static" / name) for name in ("explorer.mjs", "explorer.css", "conv_vae_2d.safetensors"))
    sizes = [
        ("エクスプローラ自身のファイル", "the explorer's own files", own),
        ("エクスプローラのページ", "the explorer's page", weights["en/explorer.html"]),
        ("入口のページ", "the landing page", weights["en/index.html"]),
        ("レッスンのページ、最小", "lesson pages, the lightest", min(lessons)),
        ("レッスンのページ、中央値", "lesson pages, median", statistics.median(lessons)),
        ("レッスンのページ、最大", "lesson pages, the heaviest", max(lessons)),
    ]
    times = [(ja, en, form.format(speed[key])) for key, ja, en, form in SPEED_ROWS]
    return times + [(ja, en, f"{size / 1000:,.0f} kB") for ja, en, size in sizes]


def main():
    """Measure, print, and write the tables into the book."""
    pages = ["ja/index.html", "en/index.html", "ja/explorer.html", "en/explorer.html"]
    pages += sorted(str(path.relative_to(HTML)) for path in HTML.glob("notebooks/*/*.html"))
    address = serve()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        speed = measure_speed(browser, address)
        weights = {page: weight(browser, address, page) for page in pages}
        for page, size in weights.items():
            print(f"{page:45} {size / 1000:7,.0f} kB")
        note = f"{report.machine()}, Chromium {browser.version.split('.')[0]}"
        report.write("site", [["測ったもの", "値"], ["measured", "value"]], rows(speed, weights), note)


if __name__ == "__main__":
    main()
