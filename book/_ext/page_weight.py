"""A light site: of MathJax, Font Awesome and the themes, only the files that a page can ask for."""

from importlib import import_module
from pathlib import Path

from sphinx.util.fileutil import copy_asset

# The program, its fonts, and the TeX packages that it fetches when a formula uses one.
MATHJAX = ["tex-chtml.js", "output/chtml/fonts", "input/tex/extensions"]
# Source maps, the theme's catalogues, Font Awesome's script, and fonts for browsers older than woff2.
UNUSED = ["*/*.map", "locales/**/*.[mp]o", "vendor/fontawesome/*/js/*", "vendor/fontawesome/*/webfonts/*.ttf"]


def lighten(app, error):
    """Copy what is needed of MathJax, and drop what the themes' packages bring along."""
    if error or app.builder.format != "html":
        return
    static = Path(app.outdir, "_static")
    mathjax = Path(import_module("sphinx-mathjax-offline").__file__).parent / "static/mathjax"
    for part in MATHJAX:
        target = static / "mathjax" / part
        copy_asset(mathjax / part, target if (mathjax / part).is_dir() else target.parent)
    for pattern in UNUSED:
        for file in static.glob(pattern):
            file.unlink()


def setup(app):
    """Connect to Sphinx."""
    app.connect("build-finished", lighten)
