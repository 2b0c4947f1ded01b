"""The report of one run, or of a model alone."""

from __future__ import annotations

from collections.abc import Sequence
from os import PathLike
from pathlib import Path
from typing import Any, Final

from lava_ed.energy import PriceList, built_in_price_lists, energy_report, load_price_list
from lava_ed.errors import ConfigError, PriceListError
from lava_ed.evaluation.evaluate import Evaluation
from lava_ed.integers import is_integer
from lava_ed.plain_text import number, percent
from lava_ed.report.costs import PARTS, Counted, counts_section, energy_section, mapping_section, place_model
from lava_ed.report.facts import RunFacts, read_facts
from lava_ed.report.outcome import decisions_section, learning_section, samples_section, weights_section
from lava_ed.report.page import Page, Tile
from lava_ed.report.reproduce import reproduce_section

REPORT: Final = "report.html"
SAMPLES: Final = 3
MOST_SAMPLES: Final = 20
"""More samples than these would make a page that is too large to be read."""
FIRST_LIST: Final = "loihi1-davies2018"

PathLikes = Sequence[str | PathLike[str]]


def load_lists(names: PathLikes | None) -> list[PriceList]:
    """Price lists by name or path, each once; default: all built-in ones, the one with every price first."""
    if not names:
        names = sorted(built_in_price_lists(), key=lambda name: (name != FIRST_LIST, name))
    lists = [load_price_list(name) for name in names]
    seen = [price_list.name for price_list in lists]
    if twice := sorted({name for name in seen if seen.count(name) > 1}):
        raise PriceListError(
            f"price list {', '.join(twice)} was given twice: give each list once, by a name of its own"
        )
    return lists


def check_samples(samples: int) -> None:
    """Raise a ConfigError if a page has no room for so many samples."""
    if not is_integer(samples) or not 0 <= samples <= MOST_SAMPLES:
        raise ConfigError(f"samples is {samples}: 0 … {MOST_SAMPLES} fit a page")


def report_run(
    run: str | PathLike[str],
    *,
    samples: int = SAMPLES,
    price_lists: PathLikes | None = None,
    data_dir: str | PathLike[str] | None = None,
    dataset: str | None = None,
) -> dict[str, Any]:
    """Write ``report.html`` and its pictures into the folder of a run; everything is made before anything is written.

    The run has ended, or its folder holds a model.safetensors alone, for which `dataset` names the data set.  Spikes
    and membranes are drawn of 0 … 20 test samples.  Price lists are names or files, all built-in ones by default; the
    data files lie in `data_dir`, or where the run found them.  Returns what `lava-ed report --json` prints.

    Raises
    ------
    RunFolderError
        If there is no run, it has not ended, or the folder cannot be written.
    ConfigError, CheckpointError, PriceListError, DataError
        If an argument or a file is not as it should be.
    """
    check_samples(samples)
    prices = load_lists(price_lists)
    facts = read_facts(run, data_dir, dataset)
    return report_model(facts, facts.path / REPORT, samples=samples, prices=prices)


def report_model(
    facts: RunFacts, path: Path, *, samples: int = SAMPLES, prices: Sequence[PriceList] | None = None
) -> dict[str, Any]:
    """Write the page of a net; returns what `lava-ed report --json` prints.

    Of the facts only name, path and model have to be there: what cannot be made is said in words.
    """
    prices = load_lists(None) if prices is None else prices
    decided, decisions = decisions_section(facts)
    counted: dict[str, Any] = dict(facts.energy)
    if not counted and decisions is not None:
        counted["test"] = (decisions.counters, len(decisions.labels))
    spec = facts.model.spec
    sections = [
        learning_section(facts),
        decided,
        samples_section(facts, decisions, samples),
        weights_section(facts),
        energy_section(counted, prices, len(spec.sizes) - 1),
        counts_section(counted),
        mapping_section(place_model(facts.model), counted),
        reproduce_section(facts),
    ]
    tiles = [*accuracy_tiles(decisions), *energy_tiles(counted, prices)]
    if facts.result is not None:
        rate = f"{facts.result['samples_per_second']:,.0f}"
        tiles.append(Tile("training samples a second", rate, "on the machine that trained"))
    where = "" if facts.data is None else f" on {facts.data.name}"
    subtitle = f"{facts.name} · {'-'.join(map(str, spec.sizes))} · T = {spec.steps}"
    if facts.stamp:
        subtitle += f" · seed {facts.stamp['seed']} · {facts.stamp['backend']}, {facts.stamp['tag']}"
    page = Page(f"{spec.rule.name.upper()}{where}", subtitle, tiles, sections)
    return {"run": str(facts.path), **page.write(path), **outcome_of(page, decisions, prices)}


def outcome_of(page: Page, decisions: Evaluation | None, prices: Sequence[PriceList]) -> dict[str, Any]:
    """What is said about a page beside its files."""
    return {
        "test_accuracy": None if decisions is None else decisions.accuracy,
        "price_lists": [price_list.name for price_list in prices],
        "missing": page.missing(),
    }


def accuracy_tiles(decisions: Evaluation | None) -> list[Tile]:
    """Accuracy on the test set, if there was one."""
    if decisions is None:
        return []
    note = f"{decisions.correct:,} of {len(decisions.labels):,} samples"
    return [Tile("test accuracy", percent(decisions.accuracy), note)]


def energy_tiles(counted: Counted, prices: Sequence[PriceList]) -> list[Tile]:
    """Energy under each price list, and spikes, of a sample of every part."""
    energies, spikes = [], []
    for part, (counters, samples) in counted.items():
        name = PARTS.get(part, part)
        values = {
            p.name: f"{number(energy_report(counters, samples, p)['microjoules_per_sample']['dynamic'])} µJ"
            for p in prices
        }
        energies.append(Tile(f"dynamic energy, {name} sample", values))
        count = sum(count for node in counters.values() for count in node["spikes"].values())
        spikes.append(Tile(f"spikes, {name} sample", number(count / samples), "all phases and layers"))
    return energies + spikes
