"""Names that look like markup go through every command that prints or draws them, and are shown as they are."""

from __future__ import annotations

import json
import shutil
from html.parser import HTMLParser
from typing import Final

import pytest

from lava_ed.plain_text import visible

NAMES: Final = (
    "[/x]",
    "runs/[lr=0.1]",
    "$\\frac$",
    "<script>alert(1)</script>",
    "a&b\"c' {{ 7 * 7 }}",
    ":smile: 🙂 实验",
    "right\u200f to \u202eleft",
    "one\ntwo \x1b[2J",
    "_" + 49 * "long",
)
"""Folders of runs."""
ALL_AT_ONCE: Final = "_[red]$\\frac$ <script>alert(1)<b> a&b\"c' 🙂实验 \u202e \x1b[2J one\ntwo " + 60 * "n"
"""As many of them as fit the name of one folder."""
PRICES: Final = """
name = {name}
title = {name}
kind = "assumption"
source = {name}
caveat = {name}
[entries.{name}]
pj = 1.0
counters = ["spikes", "synops"]
source = {name}
"""


class Words(HTMLParser):
    """The texts of a page, those of its pictures too, and how many scripts it has."""

    def __init__(self, text):
        super().__init__()
        self.words, self.scripts = [], 0
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.scripts += tag == "script"
        self.words += [value for name, value in attrs if value and name in ("aria-label", "data-hint", "alt")]

    def handle_data(self, data):
        self.words.append(data)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A run that has ended."""
    from lava_ed.train import TrainConfig, train

    folder = tmp_path_factory.mktemp("names") / "run"
    train(TrainConfig.create("mpd-ed", "digits", hidden=(4,), epochs=1, limit=60), folder)
    return folder


@pytest.fixture
def here(tmp_path, monkeypatch):
    """An empty folder that commands run in, so that they print names as they were given."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "400")
    return tmp_path


def shows(text, name):
    """Whether a table or a line shows a name, wherever its cells break lines."""

    def joined(part):
        return "".join(part.translate(dict.fromkeys(map(ord, "│┃"))).split())

    return joined(visible(name)) in joined(text)


@pytest.mark.parametrize("name", NAMES)
def test_commands_print_the_name_of_a_run(lava_ed, trained, here, name):
    shutil.copytree(trained, here / name)
    for command in (("energy", name), ("info", name)):
        done = lava_ed(*command)
        assert done.code == 0, done
        assert shows(done.out, name), (command, done.out)
        assert "\x1b" not in done.out
    for command in (("eval", f"{name}?"), ("train", "--out", name), ("sweep", "--rule", "?", "--out", name)):
        done = lava_ed(*command)
        assert done.code == 2, done
        assert done.err.count("\n") == 1
        if command[0] != "sweep":
            assert shows(done.err, name)


def test_every_command_takes_the_name_as_text(lava_ed, trained, here):
    name = ALL_AT_ONCE
    shutil.copytree(trained, here / name)
    shutil.copytree(trained, here / f"{name}2")
    config = here / f"{name}2" / "config.json"
    written = json.loads(config.read_text())
    written["net"]["seed"] = 1
    config.write_text(json.dumps(written))
    listed = "".join(c for c in name if c >= " ")[:79]  # what a price list may be called
    for file, title in (("p.toml", listed), ("q.toml", f"!{listed}")):
        quoted = json.dumps(title, ensure_ascii=False)
        (here / file).write_text(PRICES.format(name=quoted), encoding="utf-8")
    lists = ("--price-list", "p.toml", "--price-list", "q.toml")
    for command in (
        ("train", "--out", f"{name}3", "--hidden", 4, "--epochs", 1, "--limit", 60),
        ("energy", name, "--price-list", "p.toml", "--chip", "loihi2"),
        ("report", name, "--samples", 0, *lists[:2]),
        ("compare", name, f"{name}2", "--out", f"{name}4", *lists),
        ("diagnose", name, "--samples", 20),
        ("export", name, "--format", "golden"),
        ("export", name, "--format", "netx"),
        ("import", f"{name}/model.net"),
        ("eval", f"{name}/model.net", "--limit", 20),
        ("report", f"{name}/model.net", "--limit", 20, "--samples", 0, *lists[:2]),
        ("sweep", "--rule", "mpd-ed", "--hidden", 4, "--epochs", 1, "--limit", 60, "--trials", 1, "--out", f"{name}5"),
    ):
        done = lava_ed(*command)
        assert done.code == 0, done
        assert shows(done.out, name), (command, done.out)
        assert "\x1b" not in done.out + done.err
    for page in (f"{name}/report.html", f"{name}4/compare.html", f"{name}/model.net-report/report.html"):
        words = Words((here / page).read_text(encoding="utf-8"))
        assert words.scripts == 1
        assert shows(" ".join(words.words), listed)
        if "model.net" not in page:
            assert shows(" ".join(words.words), name)
