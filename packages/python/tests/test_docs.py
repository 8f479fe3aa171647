"""Each block of Python in the documentation runs, in a folder of its own."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[3]
PAGES = ["packages/python/README.md", "docs/embedding.md"]
BLOCKS = {
    f"{page}-{number}": block
    for page in PAGES
    for number, block in enumerate(
        re.findall(r"^```python\n(.*?)^```$", (REPOSITORY / page).read_text("utf-8"), re.M | re.S), 1
    )
}


@pytest.mark.parametrize("block", BLOCKS.values(), ids=BLOCKS.keys())
def test_a_block_runs(block: str, tmp_path: Path) -> None:
    path = tmp_path / "test_block.py"
    path.write_text(block, "utf-8")
    # A block that is a test class is run by pytest, any other one as a program.
    how = ["-m", "pytest", "-q", "-p", "no:cacheprovider"] if "StoreConformance" in block else []
    done = subprocess.run(
        [sys.executable, *how, path], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_page_has_blocks() -> None:
    assert {name.rpartition("-")[0] for name in BLOCKS} == set(PAGES)
