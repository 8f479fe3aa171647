"""Writes the bill of materials (CycloneDX 1.6) of the files to publish: `python sbom.py FOLDER`.

Each file in the folder is a component with its SHA-256 sum, and depends on what is linked into it or
installed with it. What runs only while something is built is left out.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model import HashAlgorithm, HashType
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL
from packaging.requirements import Requirement

REPOSITORY = Path(__file__).parents[2]

#: The crates to publish, and the target that their dependencies are listed for.
CRATES = {
    "identity-graph": "wasm32-unknown-unknown",
    "identity-graph-conformance": "wasm32-unknown-unknown",
    "host-fastly-store": "wasm32-wasip1",
}


class Materials:
    """What was found, each thing once."""

    def __init__(self) -> None:
        lock = tomllib.loads((REPOSITORY / "Cargo.lock").read_text("utf-8"))
        self.sums = {(each["name"], each["version"]): each.get("checksum") for each in lock["package"]}
        self.found: dict[str, Component] = {}
        self.bom = Bom()

    def component(
        self, purl: PackageURL, license: str, sha256: str | None, ref: str | None = None
    ) -> Component:
        ref = ref or purl.to_string()
        if ref not in self.found:
            # Crates of old write MIT/Apache-2.0, which is no SPDX expression.
            licenses = [LicenseFactory().make_from_string(license.replace("/", " OR "))]
            hashes = [HashType(alg=HashAlgorithm.SHA_256, content=sha256)] if sha256 else []
            self.found[ref] = Component(
                type=ComponentType.LIBRARY, bom_ref=ref, purl=purl, licenses=licenses, hashes=hashes,
                name=f"{purl.namespace}/{purl.name}" if purl.namespace else purl.name, version=purl.version,
            )  # fmt: skip
            self.bom.components.add(self.found[ref])
        return self.found[ref]

    def crates(self, package: str, target: str) -> Iterator[Component]:
        """The crates from other people that are linked where this one is."""
        tree = subprocess.run(
            [
                *("cargo", "tree", "--locked", "--package", package, "--target", target, "--no-dedupe"),
                *("--edges", "normal,no-proc-macro", "--prefix", "none", "--format", "{p}|{l}"),
            ],
            cwd=REPOSITORY,
            check=True,
            stdout=subprocess.PIPE,
            text=True,
        ).stdout
        for name, license in sorted({tuple(line.split("|")) for line in tree.splitlines()}):
            crate, version = name.split()[:2]
            version = version.removeprefix("v")
            # What has no sum comes from this repository, and stands in the bill itself.
            if sha256 := self.sums[crate, version]:
                yield self.component(PackageURL("cargo", None, crate, version), license, sha256)

    def distributions(self, requirements: list[str]) -> Iterator[Component]:
        """The packages that pip installs for these, in the versions that the tests ran with."""
        for requirement in map(Requirement, requirements):
            if requirement.marker and not requirement.marker.evaluate({"extra": ""}):
                continue
            installed = metadata.distribution(requirement.name)
            about = installed.metadata
            license = about["License-Expression" if "License-Expression" in about else "License"]
            purl = PackageURL("pypi", None, installed.name, installed.version)
            yield self.component(purl, license, None)
            yield from self.distributions(installed.requires or [])


def write(folder: Path) -> str:
    workspace = tomllib.loads((REPOSITORY / "Cargo.toml").read_text("utf-8"))["workspace"]["package"]
    version, license = workspace["version"], workspace["license"]
    materials = Materials()

    def file(name: str, purl: PackageURL) -> Component:
        sha256 = hashlib.sha256((folder / name).read_bytes()).hexdigest()
        return materials.component(purl, license, sha256, ref=name)

    def ours(kind: str, namespace: str | None, name: str) -> PackageURL:
        return PackageURL(kind, namespace, name, version)

    wit = file(f"trusted-server-ec-{version}.wasm", ours("generic", "trusted-server", "ec"))
    graph = file(f"identity-graph-{version}.wasm", ours("generic", None, "identity-graph"))
    npm = file(
        f"trusted-server-identity-graph-{version}.tgz", ours("npm", "@trusted-server", "identity-graph")
    )
    wheel = file(f"edge_identity_graph-{version}-py3-none-any.whl", ours("pypi", None, "edge-identity-graph"))
    crates = {name: file(f"{name}-{version}.crate", ours("cargo", None, name)) for name in CRATES}

    depend = materials.bom.register_dependency
    depend(graph, materials.crates("identity-graph-component", "wasm32-unknown-unknown"))
    # It has no dependencies of its own, which a test holds.
    depend(npm, [graph])
    depend(wheel, [graph, *materials.distributions(metadata.requires("edge-identity-graph") or [])])
    for name, target in CRATES.items():
        rules = [crates["identity-graph"]] if name != "identity-graph" else []
        depend(crates[name], [*rules, *materials.crates(name, target)])

    release = Component(
        type=ComponentType.APPLICATION, name="edge-identity-graph-release", version=version,
        licenses=[LicenseFactory().make_from_string(license)], bom_ref="release",
    )  # fmt: skip
    materials.bom.metadata.component = release
    depend(release, [wit, graph, npm, wheel, *crates.values()])
    return JsonV1Dot6(materials.bom).output_as_string(indent=2)


if __name__ == "__main__":
    print(write(Path(sys.argv[1])))
