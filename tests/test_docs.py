"""What the documents show is so: examples give what they say, commands and paths exist."""

from __future__ import annotations

import doctest
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from doc_commands import ROOT, blocks, complaint, mentioned, prose_of, shell_commands, shown_whole

DOCUMENTS = sorted(
    path.relative_to(ROOT)
    for pattern in ("*.md", "docs/**/*.md", "results/*.md", "deploy/**/*.md", "tutorials/**/*.ipynb")
    for path in ROOT.glob(pattern)
    if path.name != "CHANGELOG.md" and ".ipynb_checkpoints" not in path.parts  # the past, and copies that Jupyter makes
)
NAME = re.compile(r"\blava_ed(?:\.[A-Za-z_]\w*)+")
WITH_COMMANDS = (
    "PACKAGE.md",
    "docs/getting-started.md",
    "docs/results.md",
    "docs/how-to/cluster.md",
    "docs/energy.md",
    "docs/golden-vectors.md",
    "results/README.md",
    "deploy/docker/README.md",
)


@pytest.mark.lava
@pytest.mark.parametrize("name", ["energy.md", "learning-cost.md"])
def test_examples(name: str) -> None:
    pytest.importorskip("lava", reason="the examples run Lava graphs, which needs Python 3.10")
    result = doctest.testfile(str(ROOT / "docs" / name), module_relative=False)
    assert result.attempted > 0
    assert result.failed == 0


@pytest.mark.parametrize("path", DOCUMENTS, ids=str)
def test_commands_are_what_the_command_line_takes(path: Path) -> None:
    text = prose_of(ROOT / path)
    complaints = [complaint(arguments, whole=True) for arguments in shown_whole(text)]
    complaints += [complaint(arguments, whole=False) for arguments in mentioned(text)]
    assert [found for found in complaints if found is not None] == []
    assert complaints or str(path) not in WITH_COMMANDS


def test_a_command_that_is_not_taken_is_found() -> None:
    block = [
        "```",
        "lava-ed train --out RUN --seed S",
        "lava-ed train --out RUN --epoch 3 # no s",
        "lava-ed try RUN",
        "```",
    ]
    whole = [complaint(arguments, whole=True) for arguments in shown_whole("\n".join(block))]
    assert whole[0] is None
    assert "--epoch" in str(whole[1])
    assert whole[2] == "lava-ed has no command ['try']"
    prose = "`lava-ed train --preset NAME\n--seed S` and `lava-ed bench speed`"
    parts = [complaint(arguments, whole=False) for arguments in mentioned(prose)]
    assert parts == [None, "lava-ed bench has no command ['speed']"]
    assert "--out" in str(complaint(["train", "--preset", "NAME"], whole=True))


@pytest.mark.skipif(shutil.which("make") is None, reason="there is no make")
@pytest.mark.parametrize("path", [path for path in DOCUMENTS if path.suffix == ".md"], ids=str)
def test_targets_of_make_and_scripts_exist(path: Path) -> None:
    text = (ROOT / path).read_text()
    shown = [command for block in blocks(text) if not block.language for command in shell_commands(block.text)]
    targets = {command[1] for command in shown if command[0] == "make"}
    targets |= set(re.findall(r"`make ([a-z-]+)`", text))
    for target in sorted(targets):
        done = subprocess.run(["make", "-n", target], cwd=ROOT, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
    scripts = [command[1] for command in shown if command[0].startswith("python")]
    own = [script for script in scripts if script.split("/")[0] in ("tools", "deploy", "tests")]
    assert [script for script in own if not (ROOT / script).exists()] == []


@pytest.mark.parametrize("path", [path for path in DOCUMENTS if path.suffix == ".md"], ids=str)
def test_links_within_the_repository_lead_somewhere(path: Path) -> None:
    links = re.findall(r"\]\(([^)\s#]+)[^)]*\)", (ROOT / path).read_text())
    inside = [link for link in links if "://" not in link]
    assert [link for link in inside if not ((ROOT / path).parent / link).exists()] == []


def names_nothing(dotted: str) -> bool:
    """Whether no module has this name, and no module named by its beginning has the word that follows."""
    path = ROOT
    for part in dotted.split("."):
        if (path / part).is_dir() or (path / f"{part}.py").exists():
            path = path / part
        else:
            source = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
            return part not in {*re.findall(r"\w+", source.read_text()), "__file__", "__path__"}
    return False


TEXTS = [ROOT / path for path in DOCUMENTS] + [ROOT / "pyproject.toml", ROOT / "Makefile"]
TEXTS += [path for folder in ("lava_ed", "tests", "tools") for path in sorted((ROOT / folder).rglob("*.py"))]


def test_modules_that_a_document_a_docstring_or_a_comment_names_exist() -> None:
    missing = "lava_ed" + ".network.classifier"
    assert names_nothing(missing)
    found = {(path.relative_to(ROOT), name) for path in TEXTS for name in NAME.findall(path.read_text())}
    assert len(found) > 500
    assert [(str(path), name) for path, name in sorted(found) if names_nothing(name)] == [
        ("tests/kernels/test_jit.py", "lava_ed" + ".kernels.elsewhere"),  # names for what does not exist, on purpose
        ("tests/test_imports.py", "lava_ed" + ".data.module"),
    ]


def test_the_package_is_described_without_links_that_break_outside_of_the_repository() -> None:
    project = (ROOT / "pyproject.toml").read_text()
    assert re.search(r'^readme = "PACKAGE\.md"', project, re.MULTILINE)
    text = (ROOT / "PACKAGE.md").read_text()
    assert re.findall(r"\]\((?!https?://)[^)]*\)|<img", text) == []
    assert "PACKAGE.md" in (ROOT / "deploy/docker/Dockerfile").read_text()  # the build reads it


def test_the_reference_and_the_site_list_every_public_module() -> None:
    site = (ROOT / "mkdocs.yml").read_text()
    public = [path for path in (ROOT / "lava_ed").glob("*/__init__.py") if "\n__all__ = [" in path.read_text()]
    assert len(public) > 10
    for path in public:
        name = path.parent.name
        assert f"::: lava_ed.{name}\n" in (ROOT / "docs" / "reference" / f"{name}.md").read_text()
        assert f"docs/reference/{name}.md\n" in site
    for path in (ROOT / "docs").rglob("*.md"):
        assert f"{path.relative_to(ROOT)}\n" in site, "a page that the site's navigation does not name"
