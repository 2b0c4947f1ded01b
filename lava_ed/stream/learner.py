"""A net that decides each recording before it learns from it, and whose state survives a kill."""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from lava_ed.backends.backend import EngineBackend
from lava_ed.config.training import TrainConfig
from lava_ed.data.events.formats import open_recording
from lava_ed.energy.prices import PriceList
from lava_ed.energy.report import energy_report
from lava_ed.errors import CheckpointError, ConfigError, DataError
from lava_ed.evaluation.evaluate import voted
from lava_ed.files.reading import shown
from lava_ed.network.state import State
from lava_ed.runs.sealed import read_sealed, save_sealed
from lava_ed.stream.source import Item

WINDOW: Final = 1000
"""Labelled recordings over which the recent accuracy is taken."""
MOST_WAITING: Final = 1024
"""Windows whose recordings may wait for their label; the oldest recording is let go when another comes."""
STATE: Final = "stream.safetensors"
FORMAT: Final = 2
"""Of the state; the first one, which names no format, belongs to nets that learned from silent windows, too."""
PRICES: Final = "loihi1-davies2018"


@dataclass(frozen=True)
class StreamConfig:
    """What decides the outcome of a stream: a configuration of training, the classes, and the sensor.

    `training` gives rule, net and encoding; its epochs, schedule of rates and validation have no effect.
    """

    training: TrainConfig
    classes: tuple[str, ...]
    shape: tuple[int, int]
    """Width and height of the sensor."""

    def __post_init__(self) -> None:
        if len(self.classes) < 2 or len(set(self.classes)) < len(self.classes):
            raise ConfigError(f"classes {', '.join(self.classes) or 'none'}: two or more different ones are needed")
        if self.training.backend != "engine":
            raise ConfigError(f"back end {self.training.backend!r}: a stream runs on the engine")

    def to_dict(self) -> dict[str, Any]:
        """Plain description."""
        return {"training": self.training.to_dict(), "classes": list(self.classes), "shape": list(self.shape)}


@dataclass
class Progress:
    """The counts of a stream."""

    items: int = 0
    """Recordings and late labels that were taken."""
    decided: int = 0
    """Recordings."""
    labelled: int = 0
    """Recordings whose label is known, each learned from once."""
    right: int = 0
    """Decisions that their labels confirmed."""
    let_go: int = 0
    """Recordings that were no longer kept for their label, since too many waited."""
    unmatched: int = 0
    """Labels without a recording that waits for them."""
    best_window: float = 0.0
    """Highest accuracy of a full window."""
    digest: str = ""
    """Digest of all items."""


class StreamLearner:
    """A net in a stream; `take` is told item after item.

    Raises
    ------
    ConfigError, ChipLimitError
        The net does not fit the sensor, or the chip.
    """

    def __init__(self, config: StreamConfig) -> None:
        self.config = config
        image = config.training.events.shape(config.shape)
        self.spec = config.training.spec(math.prod(image), len(config.classes), image)
        self._encoding = config.training.encoding
        self.backend = EngineBackend(self.spec)
        self.backend.set_rate(self.spec.rule.rate)
        self.progress = Progress()
        self.recent: deque[int] = deque(maxlen=WINDOW)
        self.waiting: dict[str, tuple[int, npt.NDArray[np.uint8]]] = {}
        self.seconds = 0.0

    def take(self, item: Item) -> int | None:
        """Decide a recording, learn where a label is known; returns the decision, None where there was none to make.

        Raises
        ------
        DataError
            The recording is damaged or of another sensor, or the label is no class.
        """
        started = time.perf_counter()
        label = None if item.label is None else self._label(item)
        decided = None
        if item.path is not None:
            decided = self._decide(item, self._rows(item), label)
        elif item.name in self.waiting and label is not None:
            before, rows = self.waiting.pop(item.name)
            self._present(rows, label, learning=True)
            self._count(before == label)
        else:
            self.progress.unmatched += 1
        self.progress.items += 1
        self.progress.digest = item.digest(self.progress.digest)
        self.seconds += time.perf_counter() - started
        return decided

    def run(self, items: Iterable[Item], skip: int = 0) -> Iterable[int | None]:
        """Decisions on items, of which the first `skip` were taken before.

        Raises
        ------
        CheckpointError
            Those that were taken before are others.
        """
        seen = ""
        for number, item in enumerate(items):
            if number < skip:
                seen = item.digest(seen)
                continue
            self._check_skipped(skip, seen)
            skip = 0
            yield self.take(item)
        self._check_skipped(skip, seen)

    def _check_skipped(self, skip: int, seen: str) -> None:
        if skip and seen != self.progress.digest:
            raise CheckpointError(
                f"the first {skip:,} items are not those that the stream has taken: give it the same source"
            )

    def _label(self, item: Item) -> int:
        if item.label not in self.config.classes:
            known = ", ".join(self.config.classes)
            raise DataError(f"{item.name}: label {str(item.label)[:60]!r} is no class, there are {known}")
        return self.config.classes.index(item.label)

    def _rows(self, item: Item) -> npt.NDArray[np.uint8]:
        assert item.path is not None
        code = self.config.training.events
        recording = open_recording(item.path, code.sensor_size())
        if (recording.width, recording.height) != self.config.shape:
            width, height = self.config.shape
            raise DataError(
                f"{item.name}: a sensor of {recording.width}×{recording.height} pixels, the stream began with "
                f"{width}×{height}: keep recordings of other cameras apart"
            )
        return self._encoding.encode(recording)

    def _present(self, rows: npt.NDArray[np.uint8], label: int, *, learning: bool) -> int:
        """Present the windows of a recording that hold an event; returns what they decide together."""
        self.backend.set_learning(learning)
        self.backend.bind(rows)
        heard = np.flatnonzero(rows.any(axis=1))
        decided = self.backend.present(heard, np.full(len(heard), label))
        return int(voted(decided, np.ones(len(heard), np.bool_), len(heard), len(self.config.classes))[0])

    def _decide(self, item: Item, rows: npt.NDArray[np.uint8], label: int | None) -> int:
        """The forward pass decides before errors go back, so one presentation of a single window does both."""
        single = len(rows) == 1
        decided = self._present(rows, label or 0, learning=single and label is not None)
        if label is not None and not single:
            self._present(rows, label, learning=True)
        self.progress.decided += 1
        if label is not None:
            self._count(decided == label)
            return decided
        self.waiting.pop(item.name, None)
        self.waiting[item.name] = (decided, rows)
        while len(self.waiting) * len(rows) > MOST_WAITING:
            del self.waiting[next(iter(self.waiting))]
            self.progress.let_go += 1
        return decided

    def _count(self, right: bool) -> None:
        self.progress.labelled += 1
        self.progress.right += right
        self.recent.append(int(right))
        if len(self.recent) == WINDOW:
            self.progress.best_window = max(self.progress.best_window, sum(self.recent) / WINDOW)

    def report(self, prices: PriceList | str = PRICES) -> dict[str, Any]:
        """Accuracies up to now, drift (best window less the last one), and what was counted and priced.

        Energies are those of all presentations by learned recording.
        """
        p, recent, counters = self.progress, self.recent, self.backend.counters()
        visited = sum(sum(node.get("synaptic_updates", {}).values()) for node in counters.values())
        window = sum(recent) / len(recent) if recent else None
        learned = max(p.labelled, 1)
        energy = energy_report(counters, learned, prices)["microjoules_per_sample"]["dynamic"]
        return {
            **{name: value for name, value in asdict(p).items() if name != "digest"},
            "waiting": len(self.waiting),
            "accuracy": p.right / p.labelled if p.labelled else None,
            "window_accuracy": window,
            "drift": p.best_window - window if window is not None and len(recent) == WINDOW else None,
            "synapses_visited_per_learned_sample": visited / learned if p.labelled else None,
            "microjoules_per_learned_sample": energy if p.labelled else None,
            "price_list": PRICES if prices is PRICES else str(prices),
            "bytes_per_sample": self.spec.sample_bytes,
            "samples_per_second": p.decided / self.seconds if self.seconds else None,
        }

    def save(self, folder: Path) -> None:
        """Write all that the stream goes on from, whole or not at all."""
        tensors: State = {f"net.{name}": value for name, value in self.backend.state().items()}
        tensors["recent"] = np.array(self.recent, np.uint8)
        rows = [rows for _, rows in self.waiting.values()]
        tensors["waiting"] = np.array(rows, np.uint8).reshape(-1, self.spec.sample_bytes)
        notes = {
            "format": FORMAT,
            "config": self.config.to_dict(),
            "progress": asdict(self.progress),
            "waiting": [[name, decided] for name, (decided, _) in self.waiting.items()],
            "seconds": self.seconds,
        }
        save_sealed(folder / STATE, tensors, notes)

    def load(self, folder: Path) -> None:
        """Go on from what `save` wrote.

        Raises
        ------
        CheckpointError
            There is no such file, it is damaged, of another configuration, or of another format.
        """
        notes, tensors = read_sealed(folder / STATE, self.config.to_dict(), "a stream")
        if (found := notes.get("format", 1)) != FORMAT:
            why = "its net learned from silent windows, too" if found == 1 else "another version wrote it"
            raise CheckpointError(
                f"{shown(folder / STATE)} has format {found}, not {FORMAT} ({why}), so the stream would go on "
                "differently: begin anew in another folder"
            )
        net = {name.removeprefix("net."): value for name, value in tensors.items() if name.startswith("net.")}
        self.backend.load_state(net)
        self.progress = Progress(**notes["progress"])
        self.recent = deque(tensors["recent"].tolist(), WINDOW)
        rows = tensors["waiting"].reshape(
            len(notes["waiting"]), self.config.training.events.windows, self.spec.sample_bytes
        )
        self.waiting = {name: (decided, rows[k].copy()) for k, (name, decided) in enumerate(notes["waiting"])}
        self.seconds = notes["seconds"]
