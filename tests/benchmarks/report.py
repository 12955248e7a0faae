"""What the benchmarks share: the name of the machine, and the tables that the book shows."""

import os
import platform
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def machine():
    """The processor's name and the number of its cores."""
    info = Path("/proc/cpuinfo")
    found = re.search(r"model name\s*: (.*)", info.read_text()) if info.exists() else None
    return f"{found[1] if found else platform.machine()}, {os.cpu_count()} cores"


def write(name, heads, rows, note):
    """Write book/ja and book/en/measured-`name`.md and print them: rows start with a Japanese and an English text."""
    for i, language in enumerate(("ja", "en")):
        lines = [heads[i], ["---", *["---:"] * (len(heads[i]) - 1)], *([row[i], *row[2:]] for row in rows)]
        table = "\n".join(f"| {' | '.join(line)} |" for line in lines) + f"\n\n{note}\n"
        (ROOT / "book" / language / f"measured-{name}.md").write_text(table)
        print(table)
