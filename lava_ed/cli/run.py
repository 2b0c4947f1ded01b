"""`lava-ed eval` and `lava-ed energy`: what a run that has ended can tell."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from lava_ed.cli.options import option, taking
from lava_ed.cli.output import (
    OtherData,
    PriceListName,
    Report,
    RunArgument,
    RunDataDir,
    Table,
    least_visits,
    visits_table,
)
from lava_ed.cli.workers import PLACE, crew_of
from lava_ed.errors import ConfigError
from lava_ed.plain_text import percent

if TYPE_CHECKING:
    from lava_ed.runs.folder import RunFolder

KIB: Final = 8 * 1024
"""Bits."""


OF_FILE: Final = {
    "encoder": option(str, "Of a file: rate, ttfs, or bias.  [default: noted in the file]"),
    "steps": option(int, "Of a file: steps of input.  [default: noted in the file]"),
    "readout": option(str, "Of a file: membrane or spikes.  [default: noted in the file]"),
    "limit": option(int, "Of a file: test on the first so many samples."),
}
"""Options that say how a netx or NIR file is tested."""


@taking("of_file", {"dataset": option(str, "Of a file: data set.  [default: noted in the file]"), **OF_FILE})
@taking("place", PLACE)
def evaluate(
    run: Annotated[str, typer.Argument(metavar="RUN", help="Folder of a run, or a netx or NIR file.")],
    data_dir: RunDataDir = None,
    backend: Annotated[str | None, typer.Option(help="engine or lava.  [default: the one it was trained on]")] = None,
    of_file: Any = None,
    other_data: OtherData = False,
    place: Any = None,
) -> Report:
    """Measure the accuracy of a trained net on its test set, or of a netx or NIR file on a data set."""
    if Path(run).is_file():
        from lava_ed.exchange import evaluate_netx, evaluate_nir

        if place:
            raise ConfigError("workers judge runs, no netx or NIR files: leave --workers, --scheduler and --slurm out")
        if backend not in (None, "engine"):
            raise ConfigError(f"back end {backend!r}: netx and NIR files run in the engine here: leave --backend out")
        evaluate_file = evaluate_nir if run.endswith(".nir") else evaluate_netx
        value = evaluate_file(run, data_dir=data_dir, other_data=other_data, **of_file)
    else:
        from lava_ed.evaluation.evaluate import evaluate_run

        refuse_netx_options(of_file)
        with crew_of(place) as crew:
            value = evaluate_run(run, data_dir, backend, other_data=other_data, crew=crew)
    key = "accuracy_on_other_data" if "other_data" in value else "test_accuracy"
    rows = [
        (key.replace("_", " "), percent(value[key])),
        ("samples", value["samples"]),
        ("samples/s", value["samples_per_second"]),
    ]
    return Report(value, [Table(f"{run}: {value['dataset']}, {value['backend']}", ("quantity", "value"), rows)])


def refuse_netx_options(given: Mapping[str, Any]) -> None:
    """Refuse, for a run, the options that only files take."""
    if given:
        raise ConfigError(f"{', '.join(f'--{name}' for name in given)}: only for netx files, a run knows its own")


def energy(
    run: RunArgument,
    price_list: PriceListName = "loihi1-davies2018",
    chip: Annotated[
        str | None, typer.Option(help="loihi1 or loihi2: also place the net on its cores.  [default: no placement]")
    ] = None,
) -> Report:
    """Price the operations that a run counted, per sample, in training and in inference."""
    from lava_ed.energy import built_in_price_lists, energy_range, energy_report, learning_cost, load_price_list
    from lava_ed.runs.folder import ENERGY, RunFolder

    prices = load_price_list(price_list)
    folder = RunFolder(run)
    saved = folder.read_json(ENERGY)
    counted = {
        part: tuple(folder.entry(saved, ENERGY, part, what) for what in ("counters", "samples"))
        for part in ("training", "test")
    }
    lists: list[Any] = [prices, *(name for name in built_in_price_lists() if name != prices.name)]
    value = {
        "run": run,
        "price_list": prices.name,
        "source": prices.source,
        **{part: energy_report(counters, samples, prices) for part, (counters, samples) in counted.items()},
        **least_visits(saved["training"].get("visits", {}), counted["training"][1]),
        "learning_cost": learning_cost(*counted["training"]),
        "range": {part: energy_range(counters, samples, lists) for part, (counters, samples) in counted.items()},
    }
    if chip is not None:
        value["mapping"] = _place(folder, chip, counted)
    return Report(value, _shown_energy(run, value))


def _place(folder: RunFolder, chip: str, counted: dict[str, tuple[Any, ...]]) -> dict[str, Any]:
    """The run's net on a chip, and the messages and hops per sample that its counts imply there."""
    from lava_ed.energy import CHIPS, map_network, per_sample
    from lava_ed.network.spec import NetworkSpec
    from lava_ed.runs.folder import CONFIG

    if chip not in CHIPS:
        raise ConfigError(f"chip {chip!r} is unknown: use one of {', '.join(CHIPS)}")
    saved = folder.entry(folder.read_json(CONFIG), CONFIG, "facts", "network")
    mapping = map_network(NetworkSpec.from_dict(saved), CHIPS[chip], counters=counted["training"][0])
    means = {part: per_sample(mapping.message_counts(counters), n) for part, (counters, n) in counted.items()}
    messages = {part: {name: mean[name] for name in ("spike_messages", "hops")} for part, mean in means.items()}
    return {**mapping.to_dict(), "per_sample": messages}


def _shown_energy(run: str, value: dict[str, Any]) -> Iterator[Table | str]:
    """One table for training, one for inference, and the notes that belong to the prices."""
    for part in ("training", "test"):
        report = value[part]
        n = report["samples"] * 1e6
        rows = [
            (name, *(cost[phase] / n for phase in cost), sum(cost.values()) / n)
            for name, cost in report["picojoules"]["categories"].items()
        ]
        sums = report["microjoules_per_sample"]
        rows.append(("sum", sums["forward"], sums["backward"], sums["update"], sums["dynamic"]))
        header = ("µJ per sample", "forward", "backward", "update", "all")
        yield Table(f"{run}: {part}, {report['samples']:,} samples, {value['price_list']}", header, rows)
    if value["visits"]:
        yield visits_table(value["visits"], value["training"]["samples"])
        yield f"Learning visits the fewest synapses with --dependency {value['fewest']}: {value['reason']}"
    cost = [(name.replace("_", " "), number) for name, number in value["learning_cost"].items()]
    yield Table(f"{run}: learning cost (docs/learning-cost.md)", ("per training sample", "count"), cost)
    if value["training"]["lacking"]["entries"]:
        yield lacking_table(run, value["training"])
    if power := value["training"]["static"]:
        yield f"[static] power: {power['milliwatts_per_chip']:g} mW a chip; {power['source']}"
    for part, found in value["range"].items():
        each = found["microjoules_per_sample"]
        rows = [
            (
                name,
                *(sums[key] for key in ("learning", "dynamic")),
                *(sums["with_lacking"][key] for key in ("learning", "dynamic")),
            )
            for name, sums in each.items()
        ]
        header = ("price list", "learning", "all", "learning with memory and idle time", "all with them")
        yield Table(f"{run}: {part} under every price list, µJ per sample", header, rows)
        (low_list, low), (high_list, high), (top_list, top) = (found[end] for end in ("low", "high", "highest"))
        yield (
            f"{part}: {low:,.3g} µJ ({low_list}) … {high:,.3g} µJ ({high_list}) per sample over all price lists; with "
            f"memory and idle time up to {top:,.3g} µJ ({top_list})"
        )
    yield f"Prices: {value['source']}"
    notes = value["training"]["notes"]
    yield from (f"Note: {note}" for note in notes)
    yield from (f"Note, test: {note}" for note in value["test"]["notes"] if note not in notes)
    if "mapping" in value:
        yield from _shown_mapping(run, value["mapping"])


def lacking_table(run: str, report: dict[str, Any]) -> Table:
    """What the sum of a price list lacks, each with its price and source."""
    rows = [
        (name.replace("_", " "), f"{entry['picojoules']:,.4g} pJ × {', '.join(entry['counters'])}",
         *(entry["microjoules_per_sample"][key] for key in ("learning", "dynamic")), entry["source"])
        for name, entry in report["lacking"]["entries"].items()
    ]  # fmt: skip
    title = f"{run}: training, what the sum of {report['price_list']['name']} lacks, µJ per sample at most"
    return Table(title, ("memory and idle time", "price", "learning", "all", "source"), rows)


def _shown_mapping(run: str, mapping: dict[str, Any]) -> Iterator[Table | str]:
    """What the fullest core of each layer uses of its limits, and the messages that follow."""
    rows = [
        (
            row["layer"], row["neurons_total"], row["cores"], _share(row["neurons"]), _share(row["synaptic_bits"], KIB),
            _share(row["axons_in"]), _share(row["axons_out"]), row["binding"].replace("_", " "),
        )
        for row in mapping["layers"]
    ]  # fmt: skip
    chip = mapping["chip"]
    title = f"{run}: {mapping['cores']} cores of {mapping['chips']} {chip['title']}; used / limit of the fullest core"
    header = ("layer", "neurons", "cores", "neurons a core", "synapse KiB", "axons in", "axons out", "binding")
    yield Table(title, header, rows)
    for part, counts in mapping["per_sample"].items():
        sums = {name: sum(phases.values()) for name, phases in counts.items()}
        yield f"{part}: {sums['spike_messages']:,.1f} messages and {sums['hops']:,.1f} hops per sample when placed so"
    yield "Note: the prices above are of counts without placement"
    yield f"Limits: {chip['source']}"


def _share(usage: tuple[int, int | None], unit: int = 1) -> str:
    """used / limit in units of so many; a limit that is not known to bind is left out."""
    used, limit = (None if value is None else f"{value:,}" if unit == 1 else f"{value / unit:,.1f}" for value in usage)
    return f"{used}" if limit is None else f"{used} / {limit}"
