"""Sections on what a net learned: curves, decisions, samples, weights."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from io import BytesIO
from typing import Final

import numpy as np
import numpy.typing as npt

from lava_ed.data import Dataset
from lava_ed.data.datasets import ON_OFF
from lava_ed.data.events.describe import SLICES
from lava_ed.data.events.named import is_event_set
from lava_ed.data.events.windows import spikes_of
from lava_ed.diagnose.movement import kernel_movement, kernels_of, movement
from lava_ed.evaluation.evaluate import Evaluation
from lava_ed.evaluation.probe import Sample, decide, trace_samples
from lava_ed.network.weights import unpack_weights
from lava_ed.network.wiring import initial_weights
from lava_ed.plain_text import percent
from lava_ed.report.facts import RunFacts
from lava_ed.report.page import Block, Figures, Picture, Section, Table, Text, missing_section
from lava_ed.viz.curves import accuracy_plot, activity_plot
from lava_ed.viz.histogram import Weights, at_the_ends, weight_plot
from lava_ed.viz.kernels import kernel_plot
from lava_ed.viz.matrix import confusion_plot
from lava_ed.viz.membranes import membrane_plot, output_plot
from lava_ed.viz.raster import Raster, raster_plot
from lava_ed.viz.recording import recording_plot

_NO_DATA: Final = "The files name no data set, so that nothing could be presented to the net: name one with --dataset."
_METRICS: Final = {
    "epoch": "epoch",
    "train_accuracy": "training accuracy (online)",
    "validation_accuracy": "validation accuracy",
    "learning_rate": "learning rate",
    "backward_messages": "backward messages",
    "synaptic_updates": "synapses visited",
    "weight_writes": "weight writes",
    "triggered_share": "samples with a backward pass",
    "samples_per_second": "samples/s",
}
_SHARES: Final = ("train_accuracy", "validation_accuracy", "triggered_share")


def learning_section(facts: RunFacts) -> Section:
    """Accuracy and activity by epoch."""
    rows = facts.metrics
    if not rows:
        text = "learning curves; the net comes without a learning history, as an imported net does."
        return missing_section("learning", "Learning", text)
    table = [[percent(row[key]) if key in _SHARES else row[key] for key in _METRICS] for row in rows]
    blocks: list[Block] = [
        Figures([accuracy_plot({facts.name: rows}), activity_plot(rows)]),
        Text(
            "Training accuracy is that of the decisions made while learning, validation accuracy that of the net at "
            "the epoch's end on samples held out. Counts are means per training sample."
        ),
    ]
    if rows[-1]["validation_accuracy"] is None:
        blocks.append(Text("validation accuracy; the run held no samples out.", "missing"))
    blocks.append(Table("Metrics of every epoch", list(_METRICS.values()), table, folded=True))
    return Section("learning", "Learning", blocks)


def decisions_section(facts: RunFacts) -> tuple[Section, Evaluation | None]:
    """Accuracy and confusion matrix on the test set; also what was counted there."""
    if facts.data is None:
        return missing_section("decisions", "Decisions", f"accuracy and confusion matrix. {_NO_DATA}"), None
    decisions = decide(facts.model, facts.data.test_images, facts.data.test_labels, windows=facts.data.windows)
    blocks = decision_blocks(decisions, facts.data.class_names)
    stored = None if facts.result is None else facts.result["test_accuracy"]
    if stored is not None and stored != decisions.accuracy:
        text = (
            f"The run's result.json says {percent(stored)}; the engine, on the same model and data, decides as shown "
            "here."
        )
        blocks.insert(1, Text(text, "note"))
    return Section("decisions", "Decisions", blocks), decisions


def decision_blocks(decisions: Evaluation, names: Sequence[str] = ()) -> list[Block]:
    """Accuracy, confusion matrix, and a table by class, with the classes' names where they have any."""
    names = class_names(names, decisions.n_classes)
    matrix = decisions.confusion()
    rows = []
    for name, hits, present, chosen in zip(names, np.diag(matrix), matrix.sum(1), matrix.sum(0), strict=True):
        shares = [percent(hits / total if total else None) for total in (present, chosen)]
        rows.append([name, int(present), int(hits), *shares])
    summary = f"{decisions.correct:,} of {len(decisions.labels):,} test samples decided rightly"
    return [
        Text(f"{summary}: {percent(decisions.accuracy)}. Learning and adaptation were off."),
        Figures(
            [confusion_plot(matrix, names)],
            table=Table("Decisions by class", ["class", "samples", "right", "recall", "precision"], rows),
        ),
    ]


def class_names(names: Sequence[str], classes: int) -> list[str]:
    """Names of the classes that a net knows: the data set's, if it has them, or their numbers.

    Examples
    --------
    >>> class_names(("cat", "dog"), 3), class_names((), 2)
    (['cat', 'dog', '2'], ['0', '1'])
    """
    return [names[k] if k < len(names) else str(k) for k in range(classes)]


def samples_section(facts: RunFacts, decisions: Evaluation | None, count: int) -> Section:
    """Spikes, membranes and thresholds of some test samples: the first ones, with one that went wrong."""
    spec, data, missing = facts.model.spec, facts.data, partial(missing_section, "samples", "Samples")
    if data is None or decisions is None:
        return missing(f"spike rasters, membranes and thresholds. {_NO_DATA}")
    if count == 0:
        return missing("spike rasters and membranes; none were asked for.")
    if spec.rule.baseline:
        return missing("spike rasters and membranes: a baseline's loop does not record them.")
    blocks: list[Block] = [
        Text(
            "Each sample was run step by step on the engine, with learning off. A membrane is in units of the weights; "
            "hidden neurons are shown whose first spikes spread over the window."
        )
    ]
    # Neurons that are pooled share an axon, so that their square is drawn as one.
    sizes = {"input": spec.sizes[0]} | {
        f"hidden{layer}": spec.connections[layer - 1].pooled.size for layer in spec.hidden
    }
    chosen = [data.windows * k for k in choose_samples(decisions, count)]
    for sample in trace_samples(facts.model, data.test_images, data.test_labels, chosen):
        figures = sample_figures(sample, sizes, spec.schedule.error_phase, spec.schedule.period, data)
        if is_event_set(facts.config.dataset if facts.config else ""):
            figures = _with_events(figures, sample.index, facts, data)
        blocks.append(figures)
    return Section("samples", "Samples", blocks)


def _with_events(figures: Figures, index: int, facts: RunFacts, data: Dataset) -> Figures:
    """The figures of a sample, its events over time before them: those that the net gets, step by step."""
    assert facts.config is not None
    encoding = facts.config.encoding
    steps = np.array(list(spikes_of(data.test_images[index], encoding.encoder, encoding.steps)))
    steps = steps[encoding.encoder == "ttfs" :]  # whose first step is that of no event
    # The steps of a window are put together where they are more than can be drawn; without polarity, all are ON.
    parts = np.array([part.sum(axis=0) for part in np.array_split(steps, min(len(steps), SLICES))])
    shown = parts.reshape(len(parts), *data.image_shape)
    shown = np.concatenate([np.zeros_like(shown), shown], axis=1) if shown.shape[1] == 1 else shown
    seconds = encoding.code.duration / 1e6 or None
    plot = recording_plot(shown, seconds, f"of test sample {index}", f"sample-{index}-events")
    return replace(figures, plots=[plot, *figures.plots])


def choose_samples(decisions: Evaluation, count: int) -> list[int]:
    """The first test samples of different classes, the last of them one that was decided wrongly, if there is any."""
    _, firsts = np.unique(decisions.labels, return_index=True)
    chosen = sorted(int(k) for k in firsts)[:count]
    chosen += [k for k in range(len(decisions.labels)) if k not in chosen][: count - len(chosen)]
    wrong = np.flatnonzero(decisions.labels != decisions.decided)
    if wrong.size and not set(chosen) & set(wrong.tolist()):
        chosen[-1] = int(wrong[0])
    return chosen


def sample_figures(sample: Sample, sizes: Mapping[str, int], decision: int, steps: int, data: Dataset) -> Figures:
    """Pixels, spikes, membranes under their thresholds, and output membranes of one sample.

    `sizes` holds the neurons of the layers whose spikes are drawn; the net decides at time step `decision` of `steps`.
    """
    called = class_names(data.class_names, len(sample.traces[-1].membranes))
    outcome = "rightly" if sample.label == sample.decided else "wrongly"
    title = f"test sample {sample.index}, class {called[sample.label]}, decided {outcome} as {called[sample.decided]}"
    layers = {name: (sizes[name], *spikes) for name, spikes in sample.spikes.items()}
    key, (*hidden, output) = f"sample-{sample.index}", sample.traces
    names = called if data.class_names else ()
    plots = [
        raster_plot(f"{key}-raster", Raster(f"sample {sample.index}", layers, {"decision": decision}, steps)),
        *(membrane_plot(f"{key}-{trace.layer}", trace) for trace in hidden),
        output_plot(f"{key}-output", output, sample.label, sample.decided, names),
    ]
    silent = sum(
        size - np.unique(sample.spikes[name][1]).size for name, size in sizes.items() if name not in ("input", "output")
    )
    spikes = sum(len(times) for times, _ in sample.spikes.values())
    words = f"{spikes:,} spikes in all; {silent:,} hidden neurons silent."
    pixels = data.test_images[sample.index].reshape(data.planes, -1).max(axis=0)
    png = _png(side_by_side(pixels, data.image_shape))
    return Figures(plots, Picture(png, f"Pixels of {title}", f"{title[0].upper()}{title[1:]}", words))


def side_by_side(pixels: npt.NDArray[np.uint8], shape: tuple[int, ...]) -> npt.NDArray[np.uint8]:
    """A sample as one picture: three channels are its colours, others stand side by side; without rows it is a line.

    Examples
    --------
    >>> side_by_side(np.arange(8, dtype=np.uint8), (2, 2, 2)).tolist()
    [[0, 1, 4, 5], [2, 3, 6, 7]]
    """
    if len(shape) == 3 and shape[0] == 3:
        return np.ascontiguousarray(pixels.reshape(shape).transpose(1, 2, 0))
    if len(shape) == 3:
        return np.hstack(list(pixels.reshape(shape)))
    return pixels.reshape(shape if len(shape) == 2 else (1, -1))


def _png(pixels: npt.NDArray[np.uint8]) -> str:
    """A picture, grey or in colours, as PNG in base 64."""
    from matplotlib.image import imsave

    buffer = BytesIO()
    imsave(buffer, pixels, cmap="gray", vmin=0, vmax=255, format="png", metadata=dict.fromkeys(("Software",), ""))
    return base64.b64encode(buffer.getvalue()).decode("ascii")


def weights_section(facts: RunFacts) -> Section:
    """Histogram and figures of every connection of a trained net."""
    spec = facts.model.spec
    connections = []
    for layer in spec.layers:
        name = spec.synapses(layer)
        before = None if facts.config is None else unpack_weights(initial_weights(spec, layer))
        connections.append((name, unpack_weights(facts.model.weights[name]), before))
    words = "Weights are 8 bit in mixed-sign mode: even integers from −256 to 254."
    moved = [] if facts.config is None else _movement_blocks(facts)
    return Section("weights", "Weights", [*weight_blocks(connections), Text(words), *moved])


def _movement_blocks(facts: RunFacts) -> list[Block]:
    """How far kernels moved, and pictures of those that read the input."""
    spec, weights = facts.model.spec, facts.model.weights
    rows = [[name, *figures.values()] for name, figures in movement(spec, weights).items()]
    header = ["connection", "‖w − w₀‖ / ‖w₀‖", "cosine", "weights that are the same"]
    blocks: list[Block] = [Table("How far kernels moved from where they began, means", header, rows)]
    if spec.freeze:
        blocks.append(Text(f"Frozen, as a control: the kernels of {', '.join(map(spec.synapses, spec.freeze))}."))
    if spec.arch and spec.connections[0].is_conv and spec.sharing == "accumulated":
        before, after = (kernels_of(spec, 1, w) for w in (initial_weights(spec, 1), weights[spec.synapses(1)]))
        on_off = facts.config is not None and facts.config.dataset.endswith(ON_OFF)
        moved, _ = kernel_movement(before, after)
        blocks.append(Figures([kernel_plot(spec.synapses(1), before, after, moved, on_off)]))
    return blocks


def weight_blocks(connections: Sequence[tuple[str, Weights, Weights | None]]) -> list[Block]:
    """Histograms and a table of connections: name, weights (n_post, n_pre), and weights before training or None."""
    rows = [
        [name, f"{weights.shape[1]} → {weights.shape[0]}", int(weights.size), int(np.count_nonzero(weights)),
         int(weights.min()), int(weights.max()), float(weights.mean()), float(weights.std()), at_the_ends(weights)]
        for name, weights, _ in connections
    ]  # fmt: skip
    header = ["connection", "shape", "synapses", "not zero", "least", "largest", "mean", "std. dev.", "at the ends"]
    plots = [weight_plot(*connection) for connection in connections]
    return [Figures(plots), Table("Weights by connection", header, rows)]
