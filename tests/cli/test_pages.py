"""`lava-ed report` and `lava-ed compare`: what they print and write, and that bad input writes nothing."""

from __future__ import annotations

import pytest

OPTIONS = ("--samples", "0", "--price-list", "anp-i")


def error_of(outcome):
    """Type of the error, which must have ended the command as bad input."""
    assert outcome.code == 2
    return outcome.value["error"]["type"]


class TestReport:
    def test_json_and_text(self, lava_ed, run):
        value = lava_ed("report", run, *OPTIONS, "--json").value
        assert value["report"] == str(run / "report.html")
        assert value["bytes"] == (run / "report.html").stat().st_size
        assert value["price_lists"] == ["anp-i"]
        assert sorted(value["pictures"]) == sorted(path.name for path in (run / "report").iterdir())
        outcome = lava_ed("report", run, *OPTIONS)
        assert outcome.code == 0
        assert "report.html" in outcome.out
        assert "Not in the page: spike rasters" in outcome.out

    def test_errors_write_nothing(self, lava_ed, run, tmp_path):
        assert error_of(lava_ed("report", tmp_path / "nowhere", "--json")) == "RunFolderError"
        assert error_of(lava_ed("report", run, "--price-list", "loihi9", "--json")) == "PriceListError"
        assert error_of(lava_ed("report", run, "--samples", "99", "--json")) == "ConfigError"
        (run / "model.safetensors").unlink()
        assert error_of(lava_ed("report", run, "--json")) == "RunFolderError"
        assert not (run / "report.html").exists()
        assert not (run / "report").exists()


class TestCompare:
    def test_trains_what_is_missing_and_loads_the_rest(self, lava_ed, tiny, tmp_path):
        out = tmp_path / "all"
        arguments = ("compare", "--train", "--out", out, "--rules", "std-ed,mpd-ed", "--seeds", "0,1", *tiny)
        arguments = (*arguments, "--price-list", "anp-i", "--reference", "std-ed")
        value = lava_ed(*arguments, "--json").value
        assert [(entry["label"], entry["seeds"]) for entry in value["rules"]] == [
            ("std-ed", [0, 1]),
            ("mpd-ed", [0, 1]),
        ]
        assert value["rules"][0]["energy"]["anp-i"]["learning_ratio"] in (1, None)
        stamps = {path: path.stat().st_mtime_ns for path in out.glob("*/model.safetensors")}
        assert len(stamps) == 4
        outcome = lava_ed(*arguments)
        assert {path: path.stat().st_mtime_ns for path in out.glob("*/model.safetensors")} == stamps
        assert "std-ed / this" in outcome.out
        assert "1.5pJ/SOP" in outcome.out  # the source beside the joules
        page = (out / "compare.html").read_text()
        for entry in value["rules"]:
            mean, std = (100 * entry["test_accuracy"][key] for key in ("mean", "std"))
            assert f"{mean:.2f} ± {std:.2f} %" in page.replace("\N{NO-BREAK SPACE}", " ")
        assert "none of these figures is Loihi 2&#39;s" in page
        (out / "compare.html").unlink()
        given = lava_ed("compare", *out.glob("std-ed-*"), "--json").value
        assert [entry["label"] for entry in given["rules"]] == ["std-ed"]
        assert not (out / "compare.html").exists()  # written only where --out is given

    def test_bad_input_writes_nothing(self, lava_ed, run, tmp_path):
        out = tmp_path / "new"
        assert error_of(lava_ed("compare", "--json")) == "ConfigError"
        assert error_of(lava_ed("compare", tmp_path / "nowhere", "--out", out, "--json")) == "RunFolderError"
        assert error_of(lava_ed("compare", run, "--target", "2", "--out", out, "--json")) == "ConfigError"
        assert error_of(lava_ed("compare", run, "--price-list", "x", "--out", out, "--json")) == "PriceListError"
        for options in ((), ("--rules", "std-ed"), ("--out", out), ("--out", out, "--rules", "none")):
            assert error_of(lava_ed("compare", "--train", *options, "--json")) == "ConfigError"
        options = ("--train", "--out", out, "--rules", "std-ed", "--seeds")
        assert error_of(lava_ed("compare", *options, "0,a", "--json")) == "ConfigError"
        assert error_of(lava_ed("compare", *options, "-1", "--json")) == "ConfigError"
        assert not out.exists()


@pytest.mark.parametrize("command", ["report", "compare"])
def test_help(lava_ed, command):
    text = lava_ed(command, "--help").out
    assert "--price-list" in text
