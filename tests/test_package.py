"""What the package says of itself: licence, versions, extras that do something, a source distribution that is whole."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
import tarfile
from functools import cache
from pathlib import Path

import pytest

import lava_ed
from lava_ed.cli.system import PACKAGES

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
IMPORTED_AS = {"lava-nc": "lava", "lava-dl": "lava.lib.dl", "scikit-learn": "sklearn"}
"""Where the name of the package is not that of its module."""


@cache
def imported(folder: str) -> set[str]:
    """Dotted names of all modules that a folder's sources import."""
    found: set[str] = set()
    for path in (ROOT / folder).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                found.update(alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module:
                found.add(node.module)
    return found


def is_imported(package: str, names: set[str]) -> bool:
    module = IMPORTED_AS.get(package, package)
    return any(f"{name}.".startswith(f"{module}.") for name in names)


@pytest.mark.parametrize("package", PACKAGES)
def test_info_lists_only_what_the_library_uses(package):
    assert is_imported(package, imported("lava_ed"))


@pytest.mark.parametrize("extra", ["data", "dl", "sweep"])
def test_an_extra_installs_what_the_library_imports(extra):
    names = [re.split(r"[=><\[;]", line)[0] for line in PROJECT["optional-dependencies"][extra]]
    assert all(is_imported(name, imported("lava_ed")) for name in names)


def test_every_extra_is_one_that_does_something():
    """The library imports what most of them install; the others are for notebooks and for developers."""
    assert set(PROJECT["optional-dependencies"]) == {
        "cluster",
        "data",
        "docs",
        "dl",
        "nir",
        "sweep",
        "notebooks",
        "dev",
    }


def test_licence_versions_and_addresses():
    assert PROJECT["license"] == "BSD-3-Clause"  # an SPDX expression
    assert not any(line.startswith("License") for line in PROJECT["classifiers"])
    for minor in (10, 11, 12, 13):
        assert f"Programming Language :: Python :: 3.{minor}" in PROJECT["classifiers"]
    assert all(address.startswith("https://") for address in PROJECT["urls"].values())


def test_the_version_and_its_date_are_the_same_everywhere():
    citation = (ROOT / "CITATION.cff").read_text()
    (date,) = re.findall(r'^date-released: "(.*)"$', citation, re.MULTILINE)
    assert f"\nversion: {lava_ed.__version__}\n" in citation
    assert (ROOT / "CHANGELOG.md").read_text().startswith(f"# Changelog\n\n## {lava_ed.__version__} ({date})\n")
    assert PROJECT["version"] == lava_ed.__version__


def test_the_description_links_to_no_file_of_the_repository():
    text = (ROOT / PROJECT["readme"]).read_text()
    links = re.findall(r"\]\(([^)]+)\)", text) + re.findall(r'src="([^"]+)"', text)
    assert [link for link in links if not link.startswith("https://")] == []


@pytest.mark.slow
def test_the_source_distribution_holds_documents_and_tests(tmp_path):
    pytest.importorskip("setuptools", minversion="77")
    tracked = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if tracked.returncode:
        pytest.skip("not a checkout: which files belong to the project is not known")
    for name in filter(None, tracked.stdout.split("\0")):
        if (ROOT / name).exists():
            (tmp_path / "tree" / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, tmp_path / "tree" / name)
    build = "import sys; from setuptools import build_meta; build_meta.build_sdist(sys.argv[1])"
    command = [sys.executable, "-c", build, str(tmp_path / "dist")]
    subprocess.run(command, cwd=tmp_path / "tree", capture_output=True, check=True)
    (archive,) = (tmp_path / "dist").iterdir()
    with tarfile.open(archive) as opened:
        packed = {name.partition("/")[2] for name in opened.getnames()}
    assert archive.name == f"lava_ed-{lava_ed.__version__}.tar.gz"
    wanted = {name for name in tracked.stdout.split("\0") if name and not name.startswith((".ci/", ".git"))}
    assert sorted(wanted - packed) == []
