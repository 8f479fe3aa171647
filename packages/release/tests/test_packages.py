"""The packages for Rust, npm and Python: what is in them, and that they run where nothing else is."""

from __future__ import annotations

import json
import sys
import tarfile
import tomllib
import zipfile
from email.parser import Parser
from pathlib import Path

import pytest
from conftest import REPOSITORY, VERSION, Run, blocks

PAGE = "docs/embedding.md"
NPM = f"trusted-server-identity-graph-{VERSION}.tgz"
WHEEL = f"edge_identity_graph-{VERSION}-py3-none-any.whl"


def unpacked(archive: Path, folder: Path) -> set[str]:
    """The files of an archive, which is unpacked to the folder."""
    with tarfile.open(archive) as files:
        files.extractall(folder, filter="data")
        return {each.name for each in files.getmembers() if each.isfile()}


@pytest.mark.parametrize("crate", ["identity-graph", "identity-graph-conformance", "host-fastly-store"])
def test_a_crate_has_its_sources_and_a_manifest_without_paths(crate: str, dist: Path, tmp_path: Path) -> None:
    root = f"{crate}-{VERSION}"
    names = unpacked(dist / f"{root}.crate", tmp_path)
    assert {f"{root}/README.md", f"{root}/src/lib.rs"} <= names
    manifest = tomllib.loads((tmp_path / root / "Cargo.toml").read_text("utf-8"))
    said = {name: manifest["package"][name] for name in ["name", "version", "license"]}
    assert said == {"name": crate, "version": VERSION, "license": "Apache-2.0"}
    assert [name for name, each in manifest["dependencies"].items() if "path" in each] == []


def test_the_npm_package_has_what_runs_and_nothing_else(dist: Path, tmp_path: Path) -> None:
    names = {name.removeprefix("package/") for name in unpacked(dist / NPM, tmp_path)}
    assert {
        "LICENSE",
        "README.md",
        "package.json",
        "component/graph.js",
        "component/graph.core.wasm",
    } <= names
    others = {name for name in names if not name.startswith(("component/", "dist/"))}
    assert others == {"LICENSE", "README.md", "package.json"}
    manifest = json.loads((tmp_path / "package/package.json").read_text("utf-8"))
    said = {name: manifest[name] for name in ["name", "version", "license"]}
    assert said == {"name": "@trusted-server/identity-graph", "version": VERSION, "license": "Apache-2.0"}
    # The bill of materials lists none.
    assert "dependencies" not in manifest
    entries = [entry for entry in manifest["exports"].values() if "*" not in str(entry)]
    paths = {path for entry in entries for path in ([entry] if isinstance(entry, str) else entry.values())}
    assert {path.removeprefix("./") for path in paths} <= names


def test_the_npm_package_runs_in_an_empty_folder(dist: Path, tmp_path: Path, run: Run) -> None:
    (tmp_path / "package.json").write_text("{}", "utf-8")
    run("npm", "install", "--no-audit", "--no-fund", dist / NPM, cwd=tmp_path)
    (tmp_path / "first.mjs").write_text(blocks(PAGE, "js")[0], "utf-8")
    assert run("node", "first.mjs", cwd=tmp_path) == "created\nunchanged\n"


def test_the_wheel_has_the_component_that_is_published(dist: Path) -> None:
    with zipfile.ZipFile(dist / WHEEL) as wheel:
        component = wheel.read("identity_graph/graph.wasm")
        about = Parser().parsestr(wheel.read(f"edge_identity_graph-{VERSION}.dist-info/METADATA").decode())
        names = wheel.namelist()
    assert component == (dist / f"identity-graph-{VERSION}.wasm").read_bytes()
    said = {name: about[name] for name in ["Name", "Version", "License-Expression"]}
    assert said == {"Name": "edge-identity-graph", "Version": VERSION, "License-Expression": "Apache-2.0"}
    assert f"edge_identity_graph-{VERSION}.dist-info/licenses/LICENSE" in names


def test_the_wheel_runs_in_an_empty_environment(dist: Path, tmp_path: Path, run: Run) -> None:
    run(sys.executable, "-m", "venv", tmp_path / "venv", cwd=tmp_path)
    python = tmp_path / "venv/bin/python"
    run(python, "-m", "pip", "install", "--quiet", dist / WHEEL, cwd=tmp_path)
    (tmp_path / "first.py").write_text(blocks(PAGE, "python")[0], "utf-8")
    assert run(python, "first.py", cwd=tmp_path) == "UpsertOutcome.WRITTEN\n"


def test_the_licence_in_the_packages_is_that_of_the_repository() -> None:
    licence = (REPOSITORY / "LICENSE").read_bytes()
    assert (REPOSITORY / "packages/python/LICENSE").read_bytes() == licence


def test_the_crate_runs_in_an_empty_project(dist: Path, tmp_path: Path, run: Run) -> None:
    unpacked(dist / f"identity-graph-{VERSION}.crate", tmp_path)
    project = tmp_path / "first"
    run("cargo", "new", "--quiet", "--vcs", "none", project, cwd=tmp_path)
    run("cargo", "add", "--quiet", "identity-graph", "--path", f"../identity-graph-{VERSION}", cwd=project)
    (project / "src/main.rs").write_text(blocks(PAGE, "rust")[0], "utf-8")
    target = REPOSITORY / "target/release-check"
    assert run("cargo", "run", "--quiet", "--target-dir", target, cwd=project) == "Created Written\n"
