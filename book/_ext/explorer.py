"""The latent space explorer in the book: a directive for pages, and in lessons in place of the widgets' still pictures."""

import html
from pathlib import Path

import nbformat
from docutils import nodes
from sphinx.util.docutils import SphinxDirective

FRONT_END = Path(__file__).resolve().parents[2] / "vae_edu" / "assets" / "explorer"
MODEL = "conv_vae_2d.safetensors"  # beside explorer.mjs in _static; vae_edu/assets/make.py writes it
OPEN = f'<div data-explorer="{MODEL}" data-parts="{{}}">'
# The parts in place of each widget that lessons show.
PARTS = {"latent_sliders": "point", "latent_explorer": "plane interpolation drawing"}


class Explorer(SphinxDirective):
    """The parts named in the argument; the content stands there until the explorer takes its place."""

    required_arguments = 1
    final_argument_whitespace = True
    has_content = True

    def run(self):
        """The content between the tags of the element that explorer.mjs looks for."""
        tags = [nodes.raw("", tag, format="html") for tag in (OPEN.format(self.arguments[0]), "</div>")]
        return [tags[0], *self.parse_content_to_nodes(), tags[1]]


def revive(app, page, source):
    """Where a lesson shows a widget, let its page show the explorer: widgets need a kernel, and a page has none."""
    if not page.startswith("notebooks/"):
        return
    notebook = nbformat.reads(source[0], as_version=4)
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            if output.get("data", {}).get("text/plain") == "widget":
                parts = next(parts for name, parts in PARTS.items() if name in cell.source)
                picture, alt = output.data["image/png"].strip(), html.escape(cell.metadata.mystnb.image.alt)
                still = f'<img src="data:image/png;base64,{picture}" alt="{alt}">'
                output.data = {"text/html": f"{OPEN.format(parts)}{still}</div>"}
    source[0] = nbformat.writes(notebook)


def load(app, page, template, context, doctree):
    """Load the front end on the pages that have an explorer."""
    if "data-explorer" in context.get("body", ""):
        app.add_css_file("explorer.css")
        app.add_js_file("explorer.mjs", type="module")


def setup(app):
    """Serve the front end from the library, where notebooks take it too."""
    app.add_directive("explorer", Explorer)
    app.connect("config-inited", lambda app, config: config.html_static_path.append(str(FRONT_END)))
    app.connect("source-read", revive)
    app.connect("html-page-context", load)
