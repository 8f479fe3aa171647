"""The folder as a whole: its files, their sums and the bill of materials."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from conftest import VERSION
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

PUBLISHED = {
    f"trusted-server-ec-{VERSION}.wasm",
    f"identity-graph-{VERSION}.wasm",
    f"identity-graph-{VERSION}.crate",
    f"identity-graph-conformance-{VERSION}.crate",
    f"host-fastly-store-{VERSION}.crate",
    f"trusted-server-identity-graph-{VERSION}.tgz",
    f"edge_identity_graph-{VERSION}-py3-none-any.whl",
}


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_every_file_is_of_this_version_and_none_is_left_over(dist: Path) -> None:
    assert {path.name for path in dist.iterdir()} == PUBLISHED | {"SHA256SUMS", "sbom.cdx.json"}


def test_the_sums_are_those_of_all_other_files(dist: Path) -> None:
    lines = (dist / "SHA256SUMS").read_text("utf-8").splitlines()
    assert sorted(lines) == sorted(f"{sha256(dist / name)}  {name}" for name in PUBLISHED | {"sbom.cdx.json"})


@pytest.fixture(scope="module")
def bill(dist: Path) -> dict[str, Any]:
    text = (dist / "sbom.cdx.json").read_text("utf-8")
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    bill: dict[str, Any] = json.loads(text)
    return bill


def test_the_bill_has_every_file_with_its_sum(dist: Path, bill: dict[str, Any]) -> None:
    sums = {each["bom-ref"]: each["hashes"][0]["content"] for each in bill["components"] if "hashes" in each}
    assert {name: sums.get(name) for name in PUBLISHED} == {name: sha256(dist / name) for name in PUBLISHED}


def test_everything_on_the_bill_has_a_version_and_a_licence(bill: dict[str, Any]) -> None:
    assert [each["name"] for each in bill["components"] if not (each["version"] and each["licenses"])] == []


def test_the_bill_says_what_a_file_depends_on(bill: dict[str, Any]) -> None:
    depends = {each["ref"]: each.get("dependsOn", []) for each in bill["dependencies"]}

    def names(file: str) -> set[str]:
        return {ref.removeprefix("pkg:").split("@")[0] for ref in depends[file]}

    component = f"identity-graph-{VERSION}.wasm"
    # All that is linked into the component; what this repository has itself is the file.
    linked = {f"cargo/{crate}" for crate in ["cfg-if", "dlmalloc", "itoa", "thiserror", "wit-bindgen"]}
    assert names(component) == linked
    assert names(f"identity-graph-{VERSION}.crate") == {"cargo/itoa", "cargo/thiserror"}
    assert names(f"edge_identity_graph-{VERSION}-py3-none-any.whl") == {component, "pypi/wasmtime"}
    assert "cargo/fastly" in names(f"host-fastly-store-{VERSION}.crate")
