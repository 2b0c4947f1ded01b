"""The report of a run: its figures are those of the run folder, whatever is wrong writes nothing."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest

from lava_ed.cli.train import SETTINGS
from lava_ed.config.presets import NAMED
from lava_ed.energy import built_in_price_lists, energy_report, load_price_list
from lava_ed.errors import CheckpointError, ConfigError, DataError, PriceListError, RunFolderError
from lava_ed.report import Page, report_model, report_run, reproduce
from lava_ed.report.costs import by_layer, layer_of
from lava_ed.report.facts import read_facts
from lava_ed.report.outcome import choose_samples
from lava_ed.report.page import Section, Table, Text, Tile, number
from lava_ed.report.reproduce import command_of, commands_of
from lava_ed.train import RunFolder, TrainConfig

VOID = {"meta", "link", "img", "input", "br", "hr"}
LIST = "loihi1-davies2018"


class Reader(HTMLParser):
    """Reads a page as a browser would: tags have to be closed in order; tables come out as rows of text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.tables: dict[str, list[list[str]]] = {}
        self.words: list[str] = []
        self._caption = ""
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)
        if tag == "caption":
            self._caption = ""
        elif tag == "tr":
            self.tables[self._caption].append([])
        elif tag in ("th", "td"):
            self.tables[self._caption][-1].append("")

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag
        if tag == "caption":
            self.tables[self._caption] = []

    def handle_data(self, data):
        self.words.append(data)
        if "caption" in self.open:
            self._caption += data
        elif self.open and self.open[-1] in ("th", "td"):
            self.tables[self._caption][-1][-1] += data

    def table(self, start: str) -> list[list[str]]:
        """Rows of the one table whose caption begins so, without its header."""
        (rows,) = [rows for caption, rows in self.tables.items() if caption.startswith(start)]
        return rows[1:]

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


def read(folder):
    return Reader((folder / "report.html").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def page(digits_run, digits_report):
    return read(digits_run)


@pytest.fixture
def copy(digits_run, tmp_path):
    """A copy of the run, without its report."""
    folder = tmp_path / "copy"
    shutil.copytree(digits_run, folder, ignore=shutil.ignore_patterns("report*"))
    return folder


def files(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


class TestNumbers:
    def test_accuracy(self, page, digits_run):
        result = RunFolder(digits_run).read_json("result.json")
        assert f"{100 * result['test_accuracy']:.2f} %" in page.text
        rows = page.table("Decisions by class")
        assert sum(int(row[1]) for row in rows) == 359
        assert sum(int(row[2]) for row in rows) == round(result["test_accuracy"] * 359)

    def test_confusion_matrix(self, page):
        hints = [attrs["data-hint"] for _, attrs in page.tags if "of class" in (attrs.get("data-hint") or "")]
        assert len(hints) == 100
        counts = [int(hint.split()[0]) for hint in hints]
        right = [int(hint.split()[0]) for hint in hints if hint.endswith("rightly")]
        assert (sum(counts), len(right)) == (359, 10)
        assert sum(right) == sum(int(row[2]) for row in page.table("Decisions by class"))

    def test_epochs(self, page, digits_run):
        for shown, row in zip(page.table("Metrics of every"), RunFolder(digits_run).read_metrics(), strict=True):
            assert shown[0] == str(row["epoch"])
            assert shown[2] == f"{100 * row['validation_accuracy']:.2f} %"
            assert shown[6] == f"{row['weight_writes']:,.4g}"

    @pytest.mark.parametrize("part", ["training", "test"])
    @pytest.mark.parametrize("prices", [LIST, "anp-i"])
    def test_energy(self, page, digits_run, part, prices):
        saved = RunFolder(digits_run).read_json("energy.json")[part]
        report = energy_report(saved["counters"], saved["samples"], prices)
        name = {"training": "Training", "test": "Inference"}[part]
        rows = {row[0]: row for row in page.table(f"{name} by category under {prices}")}
        assert rows["dynamic sum"][4] == number(report["microjoules_per_sample"]["dynamic"])
        assert {name.replace(" ", "_") for name in rows if name != "dynamic sum"} == {
            *report["picojoules"]["categories"]
        }
        assert all(row[-1] for name, row in rows.items() if name != "dynamic sum")  # a source beside every price
        overview = {row[0]: row for row in page.table("Dynamic energy under each")}
        assert overview[prices][5 if part == "training" else 6] == rows["dynamic sum"][4]

    def test_layers_add_up(self, digits_run):
        saved = RunFolder(digits_run).read_json("energy.json")["training"]
        layers = by_layer(saved["counters"], 2)
        assert list(layers) == ["input", "hidden1", "output"]
        parts = [
            energy_report(nodes, saved["samples"], LIST)["microjoules_per_sample"]["dynamic"]
            for nodes in layers.values()
        ]
        whole = energy_report(saved["counters"], saved["samples"], LIST)["microjoules_per_sample"]["dynamic"]
        assert sum(parts) == pytest.approx(whole, rel=1e-12)

    def test_counts(self, page, digits_run):
        saved = RunFolder(digits_run).read_json("energy.json")["training"]
        for row in page.table("Training: counts per sample"):
            whole = sum(n for node in saved["counters"].values() for n in node[row[0]].values())
            assert row[-1] == f"{whole:,}"

    def test_how_to_reproduce(self, page, digits_run):
        assert "lava-ed train --rule std-ed --dataset digits --hidden 16 --epochs 2 --seed 3 --limit 300" in page.text
        values = dict(page.table("Values after rounding"))
        result = RunFolder(digits_run).read_json("result.json")
        assert values["lava-ed"] == result["lava_ed_version"]
        assert values["learning rate after rounding"] == f"{result['learning_rate']:g}"
        assert values["threshold κ of hidden1 after training"] == number(result["thresholds"]["hidden1"])

    def test_static_power_is_a_line_of_its_own(self, page):
        assert "Static power, not in any sum above: 104.4 mW a chip (loihi1-davies2018)" in page.text
        assert "Static power: anp-i gives none." in page.text

    def test_no_figure_is_loihi_2s(self, page):
        assert "none of these figures is Loihi 2's" in page.text
        assert not re.search(r"[µm]?J[^.]{0,30} Loihi 2", page.text)


class TestStructure:
    def test_needs_no_network(self, page):
        for tag, attrs in page.tags:
            for name in ("src", "href", "xlink:href", "data", "action", "srcset"):
                assert (attrs.get(name) or "#").startswith(("#", "data:")), (tag, attrs)
            assert "url(" not in re.sub(r"url\(#", "", attrs.get("style") or "")

    def test_every_picture_says_what_it_shows(self, page):
        pictures = [attrs for tag, attrs in page.tags if tag == "svg"]
        assert len(pictures) > 10
        assert all(attrs["role"] == "img" and len(attrs["aria-label"]) > 20 for attrs in pictures)
        assert all(attrs["alt"] for tag, attrs in page.tags if tag == "img")

    def test_ids_are_unique_and_references_lead_somewhere(self, page):
        ids = [attrs["id"] for _, attrs in page.tags if "id" in attrs]
        assert len(ids) == len(set(ids))
        links = {attrs.get("href") or attrs.get("xlink:href") for _, attrs in page.tags}
        assert {link[1:] for link in links if link and link.startswith("#")} <= set(ids)

    def test_a_picture_file_for_every_plot(self, page, digits_report, digits_run):
        names = digits_report["pictures"]
        assert len(names) == len([tag for tag, _ in page.tags if tag == "svg"])
        for name in names:
            assert (digits_run / "report" / name).read_bytes().startswith(b"\x89PNG")

    def test_size(self, digits_report):
        assert digits_report["bytes"] < 3_000_000
        assert digits_report["missing"] == []

    def test_the_same_run_gives_the_same_page(self, digits_run, digits_report):
        before = (digits_run / "report.html").read_bytes()
        picture = (digits_run / "report" / "confusion.png").read_bytes()
        report_run(digits_run, samples=2, price_lists=["loihi1-davies2018", "anp-i"])
        assert (digits_run / "report.html").read_bytes() == before
        assert (digits_run / "report" / "confusion.png").read_bytes() == picture

    def test_nothing_temporary_is_left(self, digits_run, digits_report):
        assert not [name for name in files(digits_run) if name.endswith(".tmp")]


HOSTILE = '"><script>alert(1)</script>&{{7*7}}'


def test_hostile_text_stays_text():
    table = Table(HOSTILE, [HOSTILE, "b"], [[HOSTILE, HOSTILE]])
    html = Page(
        HOSTILE, HOSTILE, [Tile(HOSTILE, {HOSTILE: HOSTILE}, HOSTILE)], [Section("a", HOSTILE, [Text(HOSTILE), table])]
    ).render()
    reader = Reader(html)
    assert len([tag for tag, _ in reader.tags if tag == "script"]) == 1
    assert reader.table(HOSTILE) == [[HOSTILE, HOSTILE]]


def test_hostile_names_in_a_run(copy, tmp_path):
    folder = copy.rename(tmp_path / "a<b>&\"'")
    prices = tmp_path / "own.toml"
    text = 'name = "<i>own</i>"\ntitle = "t"\nkind = "assumption"\nsource = "<img src=x>"\ncaveat = "c"\n'
    prices.write_text(f'{text}[entries."<u>e"]\npj = 1\ncounters = ["synops"]\nsource = "s"\n')
    report_run(folder, samples=0, price_lists=[prices])
    page = read(folder)
    assert "a<b>&" in page.text
    assert "<img src=x>" in page.text
    assert not {"i", "u", "b"} & {tag for tag, _ in page.tags}


def test_a_folder_whose_name_is_not_utf_8(copy, tmp_path):
    """Python hands such bytes on as lone surrogates, which UTF-8 cannot hold."""
    folder = copy.rename(tmp_path / "a\udcffb")
    report_run(folder, samples=0, price_lists=["anp-i"])
    assert r"a\udcffb" in read(folder).text


class TestNothingIsWrittenWhere:
    def test_there_is_no_run(self, tmp_path):
        for folder in (tmp_path / "nowhere", tmp_path):
            with pytest.raises(RunFolderError):
                report_run(folder)
        assert files(tmp_path) == []

    @pytest.mark.parametrize(
        "name", ["model.safetensors", "energy.json", "result.json", "metrics.jsonl", "config.json"]
    )
    def test_a_file_is_missing(self, copy, name):
        (copy / name).unlink()
        before = files(copy)
        with pytest.raises(RunFolderError, match=re.escape(name)):
            report_run(copy)
        assert files(copy) == before

    def test_epochs_are_missing(self, copy):
        path = copy / "metrics.jsonl"
        path.write_text(path.read_text().splitlines()[0] + "\n")
        with pytest.raises(RunFolderError, match="1 of 2 epochs"):
            report_run(copy)
        assert not (copy / "report.html").exists()

    def test_a_file_is_damaged(self, copy):
        (copy / "model.safetensors").write_bytes(b"garbage")
        with pytest.raises(CheckpointError):
            report_run(copy)
        (copy / "energy.json").write_text("{")
        with pytest.raises((RunFolderError, CheckpointError)):
            report_run(copy)
        assert not (copy / "report.html").exists()

    @pytest.mark.parametrize("names", [["loihi9"], [LIST, LIST], ["/nowhere/prices.toml"]])
    def test_a_price_list_is_bad(self, copy, names):
        before = files(copy)
        with pytest.raises(PriceListError):
            report_run(copy, price_lists=names)
        assert files(copy) == before

    @pytest.mark.parametrize("samples", [-1, 21])
    def test_the_number_of_samples_is_bad(self, copy, samples):
        with pytest.raises(ConfigError, match="0 … 20"):
            report_run(copy, samples=samples)

    def test_the_data_are_others(self, copy):
        config = json.loads((copy / "config.json").read_text())
        config["facts"]["data"]["sha256"] = "0" * 64
        (copy / "config.json").write_text(json.dumps(config))
        with pytest.raises(DataError, match="are not those"):
            report_run(copy)
        assert not (copy / "report.html").exists()

    def test_the_data_files_are_missing(self, copy, tmp_path):
        config = json.loads((copy / "config.json").read_text())
        config["dataset"] = "mnist"
        (copy / "config.json").write_text(json.dumps(config))
        with pytest.raises(DataError, match="nowhere"):
            report_run(copy, data_dir=tmp_path / "nowhere")
        assert not (copy / "report.html").exists()

    def test_the_folder_is_read_only_in_part(self, copy):
        (copy / "report").write_text("a file in the way")
        with pytest.raises(RunFolderError, match="report"):
            report_run(copy, samples=0, price_lists=["anp-i"])
        assert not (copy / "report.html").exists()


def test_price_lists_of_like_names_have_pictures_of_their_own(copy, tmp_path):
    text = 'title = "t"\nkind = "assumption"\nsource = "s"\ncaveat = "c"\n'
    for k, name in enumerate(("my list", "My-List")):
        table = f'[entries.op]\npj = {k + 1}\ncounters = ["synops"]\nsource = "s"\n'
        (tmp_path / f"{k}.toml").write_text(f'name = "{name}"\n{text}{table}')
    value = report_run(copy, samples=0, price_lists=[tmp_path / "0.toml", tmp_path / "1.toml"])
    mine = [name for name in value["pictures"] if name.startswith("energy-")]
    assert len(set(mine)) == 2 * len({name.split("-", 4)[-1] for name in mine})


class TestModelAlone:
    @pytest.fixture
    def alone(self, copy):
        for name in files(copy):
            if name != "model.safetensors":
                (copy / name).unlink()
        return copy

    def test_says_what_is_missing(self, alone):
        value = report_run(alone)
        text = read(alone).text
        for what in (
            "learning curves",
            "accuracy and confusion matrix",
            "spike rasters",
            "energy",
            "operation counts",
            "how to train",
        ):
            assert f"Not in this page: {what}" in text
            assert any(entry.startswith(what) for entry in value["missing"])
        assert value["test_accuracy"] is None
        assert "Weights of dense1" in text

    def test_with_data(self, alone, digits_run):
        value = report_run(alone, dataset="digits", samples=1, price_lists=[LIST])
        assert value["test_accuracy"] == RunFolder(digits_run).read_json("result.json")["test_accuracy"]
        saved = RunFolder(digits_run).read_json("energy.json")["test"]
        report = energy_report(saved["counters"], saved["samples"], LIST)
        rows = {row[0]: row for row in read(alone).table("Inference by category")}
        assert rows["dynamic sum"][4] == number(report["microjoules_per_sample"]["dynamic"])
        assert "energy of training, which was not counted" in read(alone).text


def test_price_lists_by_default(copy):
    assert report_run(copy, samples=0)["price_lists"] == [LIST, *sorted({*built_in_price_lists()} - {LIST})]
    assert "Not in this page: spike rasters and membranes; none were asked for" in read(copy).text


def test_another_result_than_the_runs_is_said(copy):
    facts = read_facts(copy)
    other = replace(facts, result={**facts.result, "test_accuracy": 0.5})
    report_model(other, copy / "report.html", samples=0, prices=[load_price_list("anp-i")])
    assert "The run's result.json says 50.00 %" in read(copy).text


def test_layer_of():
    names = ("encoder", "labels", "dense1", "hidden1", "feedback1", "dense2", "dense3", "readout", "error", "mine")
    assert [layer_of(name, 3) for name in names] == [
        "input", "input", "hidden1", "hidden1", "hidden1", "hidden2", "output", "output", "output", "mine",
    ]  # fmt: skip


def test_the_command_gives_the_same_configuration_again():
    settings = {
        "hidden": (8, 4),
        "steps": 6,
        "limit": 9,
        "shift": 1,
        "data_dir": "a b",
        "dead_zone": 7,
        "half_width": 6,
    }
    config = TrainConfig.create("mpd-ed", "digits", **settings)
    command, beyond = command_of(config, "out; rm -rf x")
    assert beyond == ["half_width"]
    assert "--hidden 8,4" in command
    assert "--steps 6 --dead-zone 7 --limit 9 --shift 1" in command
    assert "--data-dir 'a b'" in command
    assert command.endswith("--out 'out; rm -rf x'")


def test_the_command_names_a_preset_where_that_reaches_more():
    preset = NAMED["std-ed-mnist-one-pass"]
    changed = {"seed": 7, "steps": 12, "weight_exponents": (-1, 0)}
    config = TrainConfig.create(preset.rule, preset.dataset, **{**preset.settings, **changed})
    command, beyond = command_of(config, "run")
    assert beyond == []
    options = "--seed 7 --steps 12 --weight-exponents -1,0"
    assert command == f"lava-ed train --preset std-ed-mnist-one-pass {options} --out run"


@pytest.mark.parametrize("dataset", ["digits", "mnist", "fashion-mnist"])
def test_the_command_of_a_net_with_convolutions_names_its_layers(dataset):
    changed = {"arch": "4c3-p2-6c2-10", "freeze": (1,), "calibrate": False, "flip": True, "snapshots": True}
    config = TrainConfig.create("std-ed", dataset, sharing="none", seed=3, **changed)
    command, beyond = command_of(config, "run")
    assert beyond == []
    assert "--hidden" not in command
    for option in ("--arch 4c3-p2-6c2-10", "--freeze 1", "--no-calibrate", "--flip", "--snapshots", "--sharing none"):
        assert option in command


def test_samples_are_of_different_classes_and_one_is_wrong():
    class Fake:
        labels = np.array([3, 3, 1, 2, 1])
        decided = np.array([3, 3, 1, 2, 0])

    assert choose_samples(Fake, 3) == [0, 2, 4]
    assert choose_samples(Fake, 2) == [0, 4]
    Fake.decided = Fake.labels
    assert choose_samples(Fake, 3) == [0, 2, 3]
    assert choose_samples(Fake, 5) == [0, 2, 3, 1, 4]


def test_a_run_that_was_made_longer_takes_several_commands():
    config = TrainConfig.create("std-ed", "digits", epochs=9)
    commands, beyond = commands_of(config, "out", [2, 5])
    assert [command.split("--epochs ")[1].split()[0] for command in commands] == ["2", "5", "9"]
    assert [command.count("--resume") for command in commands] == [0, 1, 1]
    assert beyond == []


def test_a_command_takes_every_option_of_train_that_changes_a_setting():
    reached = {*reproduce._OPTIONS, "hidden", "arch", "epochs", "seed"}
    assert reached == set(SETTINGS)
    config = TrainConfig.create("std-ed", "digits", snapshots=True, snapshot_interval=3)
    assert "--snapshots --snapshot-interval 3" in command_of(config, "run")[0]
