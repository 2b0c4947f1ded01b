"""Record golden vectors: what every process of a net receives, holds and sends in every step of some samples."""

from __future__ import annotations

import hashlib
import io
import json
import os
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from lava_ed.engine.build import build_program
from lava_ed.engine.messages import last_message
from lava_ed.engine.program import Program
from lava_ed.errors import ExchangeError
from lava_ed.exchange.golden.replay import MOST_BYTES, MOST_STEPS, SCHEDULE
from lava_ed.exchange.targets import check_free, root_attributes
from lava_ed.exchange.whole import narrow
from lava_ed.files.reading import read_plain, shown
from lava_ed.files.writing import write_atomically
from lava_ed.network.encoding import encoder_table
from lava_ed.network.graph import GraphNode, NetGraph, graph_of
from lava_ed.network.kinds import KINDS
from lava_ed.runs.tensor_files import Model
from lava_ed.version import __version__

FORMAT: Final = "lava-ed golden vectors"
VERSION: Final = 1
BOUNDARY_VARS: Final = ("weights", "tag_1")
"""Kept once a sample, not once a step: they are large and change in the learning phases."""
LEFT_OUT: Final = ("samples", "labels", "counters", "overflows", "visits_x0", "visits_y0", "bias", "rest")
MAX_SAMPLES: Final = 1000
SYNAPSES: Final = ("PlasticDense", "FeedbackDense")
UNSEEDED: Final = ("Labels", "FeedbackDense", "MembraneReadout")
"""Classes that draw nothing."""
REPLAYER: Final = "replay.py"
SEAL: Final = b"\n# As lava-ed wrote it: "
MOST_REPLAYER: Final = 1 << 20
"""Bytes of a replayer; it has some 30,000."""
SILENT: Final = ("s_out_bap", "s_out_y3")
"""OutPorts whose messages are not kept: the first repeats s_out, the other is 0."""


def record_golden(
    model: Model, images: npt.NDArray[np.uint8], labels: npt.NDArray[Any], *, learning: bool = True
) -> bytes:
    """Present samples to a net, one time step at a time, and note everything.

    Parameters
    ----------
    model : Model
        Where the net starts.
    images : uint8 (N, n)
        Presented in turn.
    labels : int (N,)
    learning : bool
        Whether weights and thresholds move.

    Returns
    -------
    bytes
        Content of the HDF5 file, whose layout is in ``docs/golden-vectors.md``; the same call gives the same bytes.

    Raises
    ------
    ExchangeError
        If there is no sample, or there are more than 1000, or than the replayer takes.
    """
    if not 1 <= len(images) <= MAX_SAMPLES or len(images) != len(labels):
        raise ExchangeError(
            f"{len(images)} images and {len(labels)} labels: golden vectors take 1 … {MAX_SAMPLES} of each"
        )
    spec = model.spec
    program = _program(model, images, labels, learning)
    graph = graph_of(spec)
    recorder = _Recorder(program, graph)
    before = recorder.filled()
    for k in range(len(images)):
        for _ in range(spec.schedule.period):
            recorder.step()
        if k == 0:
            after = recorder.filled()
            after["encoder"] += images[0].nbytes
            _check_room(before, after, spec.schedule.period, len(images))
    return _file(graph, recorder, images, labels)


def _check_room(before: Mapping[str, int], after: Mapping[str, int], period: int, samples: int) -> None:
    """Refuse more samples than the replayer takes, from the bytes of each process before and after the first one."""
    fits = {node: (MOST_BYTES - before[node]) // (after[node] - before[node]) for node in after}
    node = min(fits, key=fits.__getitem__)
    fit = min(fits[node], MOST_STEPS // period)
    if samples > fit:
        raise ExchangeError(
            f"samples is {samples}: of this net the replayer takes {fit} at most ({MOST_STEPS:,} time steps, and "
            f"{MOST_BYTES:,} bytes of {node}): record fewer (--samples), or of a smaller net"
        )


def write_golden(path: str | os.PathLike[str], content: bytes) -> list[Path]:
    """Write the vectors, and the replayer beside them; returns both paths.

    Raises
    ------
    RunFolderError
        If they cannot be written.
    ExchangeError
        If one of them would replace what lava-ed did not write, or the other one.
    """
    check_golden_targets(path)
    target = Path(path)
    replayer = target.with_name(REPLAYER)
    write_atomically(target, content)
    write_atomically(replayer, replayer_bytes())
    return [target, replayer]


def check_golden_targets(path: str | os.PathLike[str]) -> None:
    """Check the places of the vectors and of the replayer, as `write_golden` does."""
    target = Path(path)
    if target.name.casefold() == REPLAYER:
        raise ExchangeError(
            f"{shown(target)}: the replayer is written under that name, beside the vectors: choose another one, such "
            "as golden.h5"
        )
    check_free(target, lambda path: root_attributes(path).get("format") == FORMAT, "a file of golden vectors")
    check_free(target.with_name(REPLAYER), _is_replayer, "the replayer")


def replayer_bytes() -> bytes:
    """The replayer, with a last line by which a copy that somebody has changed is told."""
    code = Path(__file__).with_name(REPLAYER).read_bytes()
    return code + SEAL + hashlib.sha256(code).hexdigest().encode() + b"\n"


def _is_replayer(path: Path) -> bool:
    """Whether a file is a replayer of this or another version that nobody has changed."""
    content = read_plain(path, most=MOST_REPLAYER, error=ExchangeError, hint="")
    code, seal, digest = content.rpartition(SEAL)
    return bool(seal) and digest.strip() == hashlib.sha256(code).hexdigest().encode()


def _program(model: Model, images: npt.NDArray[np.uint8], labels: npt.NDArray[Any], learning: bool) -> Program:
    """The net with the model's weights and thresholds, its samples queued."""
    model.spec.refuse_convolutions("the golden format", "train a net of dense layers for it", ExchangeError)
    program = build_program(model.spec, [model.weights[f"dense{layer}"] for layer in model.spec.layers])
    for node, step in model.threshold_steps.items():
        program.set(node, "threshold_step", step)
    for node, var in program.variables:
        if not learning and (var == "adapting" or (node, var) == ("error", "learning")):
            program.set(node, var, 0)
    program.bind(np.ascontiguousarray(images))
    queued = program.get("labels", "labels")
    queued[: len(labels)] = labels
    program.set("labels", "labels", queued)
    return program


class _Recorder:
    """Steps a program and keeps Vars and messages."""

    def __init__(self, program: Program, graph: NetGraph) -> None:
        self._program, self._graph, self._nodes = program, graph, {node.name: node for node in graph.nodes}
        self._vars = [(n, v) for n, v in program.variables if v not in LEFT_OUT and v not in BOUNDARY_VARS]
        self._boundary = [(n, v) for n, v in program.variables if v in BOUNDARY_VARS]
        self.states = {name: [program.get(*name)] for name in self._vars}
        self.samples = {name: [program.get(*name)] for name in self._boundary}
        self.messages: dict[tuple[str, str], list[npt.NDArray[Any]]] = {
            (node.name, port): [] for node in graph.nodes for port in KINDS[node.kind].outputs if port not in SILENT
        }

    def filled(self) -> dict[str, int]:
        """Bytes that the replayer reads of each process so far: what it holds and sends, and what it receives."""
        result = dict.fromkeys(self._nodes, 0)
        for (node, _), rows in (*self.states.items(), *self.samples.items(), *self.messages.items()):
            result[node] += sum(row.nbytes for row in rows)
        for source, port, target, _ in self._graph.connections:
            result[target] += sum(row.nbytes for row in self.messages.get((source, port), ()))
        return result

    def step(self) -> None:
        """One time step."""
        phase = self._program.phase
        sent = {name: self._buffered(*name) for name in self.messages if self._nodes[name[0]].kind in SYNAPSES}
        self._program.run(1)
        for name in self._vars:
            self.states[name].append(self._program.get(*name))
        for name, rows in self.messages.items():
            rows.append(sent[name] if name in sent else self._message(*name, phase))
        if self._program.phase == 0:
            for name in self._boundary:
                self.samples[name].append(self._program.get(*name))

    def _buffered(self, node: str, port: str) -> npt.NDArray[Any]:
        """What a synapse sends: the sums of the step before."""
        return self._program.get(node, "a_buff" if port == "a_out" else "e_buff")

    def _message(self, node: str, port: str, phase: int) -> npt.NDArray[Any]:
        """What a process sent in the step that was run last."""
        program, s = self._program, self._graph.schedule
        if port in ("s_out", "label_out"):
            return last_message(program, node, port)
        var = {"s_out_y1": "y1", "s_out_y2": "y2", "gate_out": "gate", "v_out": "v"}.get(port)
        if port == "v_out" and self._nodes[node].kind == "FirstSpikeReadout":
            var = "x"
        if node == "error" and port in ("e_out", "gate_out") and phase != s.error_phase:
            return np.zeros_like(program.get(node, "e" if port == "e_out" else "gate"))
        if var is not None:
            return program.get(node, var)
        if node == "error":
            return last_message(program, node, port)
        # In MPD-ED a hidden layer's δ is 0 where no gate is open.
        delta = program.get(node, "delta")
        return delta if phase in s.error_phases(self._nodes[node].parameters["layer"]) else np.zeros_like(delta)


def _parameters(graph: NetGraph, node: GraphNode) -> dict[str, Any]:
    """What a process is built with, in plain numbers, as the replayer takes them."""
    p = {name: value for name, value in node.parameters.items() if name not in ("drop", "port_shift")}
    if "adaptation" in p:
        p["adaptation"] = {**asdict(p["adaptation"]), "highest_step": p["adaptation"].highest_step}
    if node.kind == "PlasticDense":
        p["with_x1"] = bool(p.pop("rule").with_x1 or p["graded"])
        p["backward"] = any(edge[:2] == (node.name, "e_out") for edge in graph.connections)
    return p if node.kind in UNSEEDED else {**p, "seed": graph.spec.seed}


def _file(graph: NetGraph, recorder: _Recorder, images: npt.NDArray[np.uint8], labels: npt.NDArray[Any]) -> bytes:
    """Everything as one HDF5 file."""
    import h5py

    spec = graph.spec
    schedule = {name: getattr(graph.schedule, name) for name in SCHEDULE}
    buffer = io.BytesIO()
    tables: dict[str, dict[str, npt.NDArray[Any]]] = {
        "encoder": {"images": images, "table": encoder_table(spec.encoder or "ttfs", spec.steps)}
    }
    tables["labels"] = {"labels": narrow(labels, np.int32, "labels")}
    with h5py.File(buffer, "w", track_order=False) as file:
        file.attrs.update({"format": FORMAT, "version": VERSION, "lava_ed_version": __version__, "tag": "fixed_pt"})
        file.attrs["spec"] = json.dumps(spec.to_dict(), sort_keys=True)
        file.attrs["schedule"] = json.dumps(schedule, sort_keys=True)
        kept = [e for e in graph.connections if (e[0], e[1]) in recorder.messages]
        file["connections"] = np.array([[text.encode() for text in edge] for edge in kept], "S16")
        for node in graph.nodes:
            group = file.create_group(f"processes/{node.name}")
            group.attrs["class"] = node.kind
            group.attrs["parameters"] = json.dumps(_parameters(graph, node), sort_keys=True)
            parts: tuple[tuple[str, dict[tuple[str, str], list[Any]]], ...] = (
                ("states", recorder.states),
                ("messages", recorder.messages),
                ("samples", recorder.samples),
            )
            for part, series in parts:
                for (owner, name), rows in series.items():
                    if owner == node.name:
                        _dataset(group, f"{part}/{name}", np.stack(rows))
            for name, values in tables.get(node.name, {}).items():
                _dataset(group, f"tables/{name}", values)
    return buffer.getvalue()


def _dataset(group: Any, name: str, values: npt.NDArray[Any]) -> None:
    """A compressed dataset."""
    group.create_dataset(name, data=values, compression="gzip", compression_opts=4, shuffle=True)
