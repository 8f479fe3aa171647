"""What `just package` left, and tools to look into it that did not write it."""

from __future__ import annotations

import subprocess
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[3]
DIST = REPOSITORY / "dist"
VERSION: str = tomllib.loads((REPOSITORY / "Cargo.toml").read_text("utf-8"))["workspace"]["package"][
    "version"
]

Jco = Callable[..., str]
Run = Callable[..., str]


@pytest.fixture(scope="session")
def dist() -> Path:
    assert DIST.is_dir(), "there is nothing to check yet: just package"
    return DIST


@pytest.fixture(scope="session")
def run() -> Run:
    """Runs a program and returns what it printed; a failure shows all of it."""

    def run(*command: str | Path, cwd: Path) -> str:
        done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return run


@pytest.fixture(scope="session")
def jco(run: Run) -> Jco:
    """wasm-tools as the JavaScript package has it."""

    def jco(*arguments: str | Path) -> str:
        return run("npx", "--no-install", "jco", *arguments, cwd=REPOSITORY / "packages/js")

    return jco


def blocks(page: str, language: str) -> list[str]:
    """The blocks of this language on a page."""
    text = (REPOSITORY / page).read_text("utf-8")
    return [part.split("\n```\n")[0] for part in text.split(f"\n```{language}\n")[1:]]
