"""The component and the WIT package, as wasm-tools reads them."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest
from conftest import REPOSITORY, VERSION, Jco


@pytest.fixture(scope="module")
def component(dist: Path, jco: Jco) -> str:
    """The sections of the component itself, as text: without its modules and functions."""
    text = jco("print", dist / f"identity-graph-{VERSION}.wasm")
    return "\n".join(line for line in text.splitlines() if re.match(r"(\(| {2}\(@| {4}\()", line))


def test_the_component_says_its_name_version_and_licence(component: str) -> None:
    assert component.startswith("(component $identity-graph\n")
    for section, text in {"version": VERSION, "licenses": "Apache-2.0"}.items():
        assert re.findall(rf'\(@custom "{section}".*"(.*)"\)', component) == [text], section


def test_the_component_says_what_produced_it(component: str) -> None:
    assert re.findall(r'\(language "(.+)" "(.*)"\)', component) == [("Rust", "")]
    tools = dict(re.findall(r'\(processed-by "(.+)" "(.+)"\)', component))
    assert set(tools) == {"rustc", "wit-component"}
    channel = re.search(r'channel = "(.*)"', (REPOSITORY / "rust-toolchain.toml").read_text("utf-8"))
    assert channel is not None and tools["rustc"].startswith(channel[1])


def test_the_component_imports_the_store_and_exports_the_graph(dist: Path, jco: Jco) -> None:
    world = jco("wit", dist / f"identity-graph-{VERSION}.wasm")
    assert re.findall(r"^ +(?:import|export) .*$", world, re.M) == [
        f"  import trusted-server:ec/kv-cas@{VERSION};",
        f"  export trusted-server:ec/identity-graph@{VERSION};",
    ]


def test_the_wit_package_says_what_the_sources_say(dist: Path, jco: Jco) -> None:
    packaged = jco("wit", dist / f"trusted-server-ec-{VERSION}.wasm")
    sources = "".join(path.read_text("utf-8") for path in sorted((REPOSITORY / "wit").glob("*.wit")))
    assert words(packaged) == words(sources)


def words(wit: str) -> Counter[str]:
    """The words of a WIT text with its documentation, which printing puts into another order."""
    package = f"package trusted-server:ec@{VERSION};"
    assert package in wit
    # Each source says the package; a comma may stand after the last of a list.
    return Counter(re.findall(r"[^\s,;]+", wit.replace(package, "")))
