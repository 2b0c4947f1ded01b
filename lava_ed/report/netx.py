"""The report of a netx file: a net without a learning history."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from lava_ed.data import Dataset
from lava_ed.energy import map_network
from lava_ed.energy.program_net import net_of_program
from lava_ed.errors import ExchangeError
from lava_ed.evaluation.evaluate import Evaluation
from lava_ed.exchange.netx.decisions import netx_counted
from lava_ed.exchange.netx.evaluate import BINARY_ENCODERS, data_of_netx, how_to_test, spike_trains
from lava_ed.exchange.netx.file import read_netx
from lava_ed.exchange.netx.network import NetxNetwork
from lava_ed.exchange.netx.probe import trace_netx
from lava_ed.exchange.netx.program import netx_program, window
from lava_ed.plain_text import number, shell_words
from lava_ed.report.costs import Counted, Place, counts_section, energy_section, layer_of, mapping_section
from lava_ed.report.outcome import choose_samples, decision_blocks, sample_figures, weight_blocks
from lava_ed.report.page import Block, Code, Page, Section, Table, Text, Tile, missing_section
from lava_ed.report.run import (
    REPORT,
    SAMPLES,
    PathLikes,
    accuracy_tiles,
    check_samples,
    energy_tiles,
    load_lists,
    outcome_of,
)

if TYPE_CHECKING:
    from lava_ed.network.settings import EncoderKind


@dataclass(frozen=True, eq=False)
class _Tested:
    """What a test set showed."""

    data: Dataset
    trains: npt.NDArray[np.int8]
    decisions: Evaluation
    how: dict[str, Any]
    data_dir: str | PathLike[str] | None


def report_netx(
    path: str | PathLike[str],
    *,
    samples: int = SAMPLES,
    price_lists: PathLikes | None = None,
    data_dir: str | PathLike[str] | None = None,
    dataset: str | None = None,
    encoder: EncoderKind | None = None,
    steps: int | None = None,
    readout: str | None = None,
    limit: int | None = None,
) -> dict[str, Any]:
    """Write a page of a netx file into the folder ``FILE-report`` beside it; what cannot be made is said in words.

    The net is tested on the first `limit` samples as `lava-ed eval FILE` would; what is not given comes from the notes
    in the file, and a file without them is reported without a test set.  Returns what `lava-ed report FILE --json`
    prints.

    Raises
    ------
    ExchangeError
        If the file cannot be read, or only a part of how to test it is known.
    ConfigError, PriceListError, DataError
        If an argument or a file is not as it should be.
    """
    check_samples(samples)
    prices = load_lists(price_lists)
    net, file = read_netx(path), Path(path)
    given: dict[str, Any] = {"dataset": dataset, "encoder": encoder, "steps": steps, "readout": readout}
    how = {name: net.notes.get(name) if value is None else value for name, value in given.items()}
    tested = _test(net, file, how, data_dir, limit)
    decisions = None if tested is None else tested.decisions
    counted: Counted = {} if decisions is None else {"test": (decisions.counters, len(decisions.labels))}
    uncounted = "no samples were presented to the net: name a data set with --dataset."
    sections = [
        missing_section(
            "learning", "Learning", "learning curves; the net was imported, and comes without a learning history."
        ),
        Section("decisions", "Decisions", _decisions(tested)),
        Section("samples", "Samples", _samples(net, tested, samples)),
        Section("weights", "Weights", _weights(net)),
        energy_section(counted, prices, len(net.sizes) - 1)
        if counted
        else missing_section("energy", "Energy", f"energy; {uncounted}"),
        counts_section(counted) if counted else missing_section("counts", "Counts", f"counts; {uncounted}"),
        mapping_section(_place(net), counted),
        Section("reproduce", "Reproduce", _reproduce(net, file, tested)),
    ]
    size = Tile("net", "-".join(map(str, net.sizes)), "neurons by layer")
    tiles = [*accuracy_tiles(decisions), size, *energy_tiles(counted, prices)]
    where = "" if tested is None else f" on {tested.data.name}"
    page = Page(f"netx net{where}", f"{file.name} · {_neurons(net)} neurons · engine, fixed point", tiles, sections)
    written = page.write(file.with_name(f"{file.name}-report") / REPORT, "move the file where you may write")
    return {"run": str(file), **written, **outcome_of(page, decisions, prices)}


def _test(
    net: NetxNetwork, file: Path, how: dict[str, Any], data_dir: str | PathLike[str] | None, limit: int | None
) -> _Tested | None:
    """Decisions on the test set; None where nothing says how to test."""
    if how["dataset"] is None:
        return None
    how = how_to_test(net, file, how, limit)
    data = data_of_netx(net, file, how["dataset"], data_dir, flag=False).data
    if how["encoder"] not in BINARY_ENCODERS or net.has_sigma_delta:
        raise ExchangeError(
            f"{file}: samples of a net with input or sigma-delta neurons are not drawn: measure it with lava-ed "
            "eval, and report it without --dataset"
        )
    images, labels = np.ascontiguousarray(data.test_images[:limit][:, net.input_order]), data.test_labels[:limit]
    trains = spike_trains(images, how["encoder"], int(how["steps"]))
    decided, counters = netx_counted(net, trains, how["readout"])
    return _Tested(data, trains, Evaluation(labels, decided, net.sizes[-1], counters), how, data_dir)


def _neurons(net: NetxNetwork) -> str:
    """What the net consists of."""
    kinds = {"sigma-delta" if layer.sigma_delta else "LIF" for layer in net.synaptic_layers}
    return " and ".join(sorted(kinds))


def _place(net: NetxNetwork) -> Place:
    """How the net is placed, its layers called as everywhere on the page."""
    program = netx_program(net, np.zeros((net.sizes[0], 1), np.int32), window(net, 1))
    lowered = net_of_program(program)
    named = replace(lowered, names=tuple(layer_of(name, len(net.sizes) - 1) for name in lowered.names))
    return lambda chip: map_network(named, chip)


def _decisions(tested: _Tested | None) -> list[Block]:
    if tested is None:
        return [Text("accuracy and confusion matrix; the file notes no data set: name one with --dataset.", "missing")]
    how = ", ".join(f"{name} {value}" for name, value in tested.how.items())
    return [*decision_blocks(tested.decisions, tested.data.class_names), Text(f"Tested with {how}.")]


def _samples(net: NetxNetwork, tested: _Tested | None, count: int) -> list[Block]:
    if tested is None or count == 0:
        why = "none were asked for" if tested is not None else "the file notes no data set"
        return [Text(f"spike rasters and membranes; {why}.", "missing")]
    decisions, names = tested.decisions, ("input", *(f"hidden{k}" for k in range(1, len(net.sizes) - 1)), "output")
    sizes = dict(zip(names, net.sizes, strict=True))
    steps, chosen = window(net, tested.trains.shape[2]), choose_samples(decisions, count)
    traced = trace_netx(net, tested.trains, decisions.labels, decisions.decided, chosen)
    words = "Each sample was run step by step on the engine. A LIF membrane is 64 times the sum of its inputs."
    return [Text(words), *(sample_figures(sample, sizes, steps - 1, steps, tested.data) for sample in traced)]


def _weights(net: NetxNetwork) -> list[Block]:
    connections: list[tuple[str, Any, None]] = []
    for k, layer in enumerate(net.synaptic_layers, start=1):
        assert layer.weight is not None
        connections.append((f"synapse{k}", layer.weight.reshape(len(layer.weight), -1), None))
        if layer.weight_rec is not None:
            connections.append((f"recurrent{k}", layer.weight_rec, None))
    return weight_blocks(connections)


def _reproduce(net: NetxNetwork, file: Path, tested: _Tested | None) -> list[Block]:
    columns = ("type", "shape", "iDecay", "vDecay", "vThMant", "nonzero_synapses", "bias", "delay")
    rows = [[k, *(_cell(layer[name]) for name in columns)] for k, layer in enumerate(net.describe()["layers"])]
    blocks: list[Block] = [Text("how to train the net; the file holds the net alone.", "missing")]
    if tested is not None:
        given = {**tested.how, **({} if tested.data_dir is None else {"data-dir": tested.data_dir})}
        options = [word for name, value in given.items() for word in (f"--{name}", str(value))]
        blocks.append(Code([shell_words("lava-ed", "eval", str(file), *options)]))
    facts = [["SHA-256 of the file", hashlib.sha256(file.read_bytes()).hexdigest()]]
    facts += [[name, number(value)] for name, value in net.notes.items()]
    return [
        *blocks,
        Table("Layers of the file", ["layer", *columns], rows),
        Table("Notes in the file", ["what", "value"], facts),
    ]


def _cell(value: Any) -> Any:
    return value if value is None or isinstance(value, bool | int | str) else json.dumps(value)
