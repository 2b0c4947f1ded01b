"""Images become recordings, as if a camera had seen them through N-MNIST's three saccades; every file says so.

The path is that of Orchard et al., "Converting Static Image Datasets to Spiking Neuromorphic Datasets Using Saccades"
(2015), as their own stabilisation undoes it: three movements of 105 ms by (3.5, 7), (3.5, −7) and (−7, 0) pixels.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from lava_ed.data.events.recording import EVENT, Events
from lava_ed.data.events.sources import MARK
from lava_ed.data.record import Dataset
from lava_ed.errors import ConfigError
from lava_ed.files.writing import make_empty_folder, write_atomically
from lava_ed.integers import settle_integers

MARGIN: Final = 6
"""Pixels that the sensor has more than the image, in both directions: 34 for MNIST's 28."""
SACCADES: Final = ((3.5, 7.0), (3.5, -7.0), (-7.0, 0.0))
SACCADE_STEPS: Final = 105
STEP: Final = 1000
"""µs between two places of the path."""
MOST_EVENTS: Final = 1 << 17
"""Events of a recording, which then ends."""
MOST_EDGE: Final = 250 - MARGIN
"""Largest edge of an image: a coordinate of the format is a byte, and row 240 is none."""
LOG_UNIT: Final = 1 << 12
DARK: Final = 0.1
"""Light of black, beside 1 of white: what a display does not hold back."""


@dataclass(frozen=True)
class Camera:
    """Thresholds as changes of the natural logarithm, their spread over the pixels, and µs of dead time.

    The default threshold gives digits of MNIST the mean number of events that N-MNIST has.
    """

    threshold: float = 0.5
    spread: float = 0.03
    refractory: int = 1000
    seed: int = 0

    def __post_init__(self) -> None:
        settle_integers(self)
        if not 0.01 <= self.threshold <= 2 or not 0 <= self.spread <= self.threshold / 4:
            raise ConfigError(
                f"threshold {self.threshold}, spread {self.spread}: allowed are 0.01 … 2, and a quarter of it at most"
            )
        if not 0 <= self.refractory <= 1_000_000 or self.seed < 0:
            raise ConfigError(f"refractory {self.refractory} µs, seed {self.seed}: 0 … 1,000,000 µs and a seed ≥ 0")


class Simulator:
    """A camera of fixed thresholds before images of one size."""

    def __init__(self, image_shape: tuple[int, int], camera: Camera) -> None:
        if max(image_shape) > MOST_EDGE or min(image_shape) < 1:
            raise ConfigError(f"images of {image_shape[0]}×{image_shape[1]} pixels: at most {MOST_EDGE}×{MOST_EDGE}")
        self.image_shape, self.camera = image_shape, camera
        height, width = (edge + MARGIN for edge in image_shape)
        from lava_ed.kernels.recordings.simulation import FINE, LEVELS

        # Sums of 16 uniform numbers: near a normal distribution, and the same with every version of NumPy.
        raw = np.random.PCG64(camera.seed).random_raw(2 * height * width * 4)
        words = np.asarray(raw, np.uint64).view(np.uint16).reshape(2, height, width, 16)
        normal = (words.astype(np.int64).sum(axis=3) - 8 * 65535) / (65536 * (16 / 12) ** 0.5)
        self._thresholds = np.maximum(np.rint(LOG_UNIT * (camera.threshold + camera.spread * normal)), 1).astype(
            np.int32
        )
        light = DARK + (1 - DARK) * np.arange(LEVELS) / (LEVELS - 1)
        self._logs = np.rint(LOG_UNIT * np.log(light)).astype(np.int32)
        places = [(-0.5, -0.5)]
        for right, down in SACCADES:
            x, y = places[-1]
            steps = np.arange(1, SACCADE_STEPS + 1) / SACCADE_STEPS
            places += [(x + right * s, y + down * s) for s in steps]
        self._path = np.rint(FINE * np.array(places)[:, ::-1]).astype(np.int32)
        self._scratch = [np.zeros((height, width), np.int64) for _ in range(3)]
        self._events = np.zeros(MOST_EVENTS, EVENT)

    def record(self, image: npt.NDArray[np.uint8]) -> Events:
        """The events of an image (h, w), by time."""
        from lava_ed.kernels.recordings.simulation import simulate_events

        memory, heard, now = self._scratch
        count = simulate_events(
            image.reshape(self.image_shape), self._path, STEP, self._logs, self._thresholds, self.camera.refractory,
            memory, heard, now, self._events,
        )  # fmt: skip
        found = self._events[:count]
        return found[np.argsort(found["t"], kind="stable")]


def as_nmnist(events: Events) -> bytes:
    """Events in N-MNIST's five bytes; their times have 23 bits."""
    raw = np.empty((len(events), 5), np.uint8)
    t = events["t"].astype(np.int64)
    raw[:, 0], raw[:, 1] = events["x"], events["y"]
    raw[:, 2] = events["p"].astype(np.int64) << 7 | t >> 16
    raw[:, 3], raw[:, 4] = t >> 8 & 255, t & 255
    return raw.tobytes()


def simulated(data: Dataset, camera: Camera) -> Iterator[tuple[str, bytes]]:
    """Name and content of the file of every image: ``Train/<class>/<number>.simulated.bin``, then the test part.

    Raises a ConfigError where the images have no rows and columns of one channel, or are too large.
    """
    if len(data.image_shape) != 2:
        raise ConfigError(f"{data.name} has samples of shape {data.image_shape}: images of rows and columns are needed")
    simulator = Simulator((data.image_shape[0], data.image_shape[1]), camera)
    names = data.class_names or tuple(map(str, range(data.n_classes)))
    parts = (("Train", data.train_images, data.train_labels), ("Test", data.test_images, data.test_labels))
    return (
        (f"{part}/{names[label].replace('/', '-')}/{k:05d}{MARK}.bin", as_nmnist(simulator.record(image)))
        for part, images, labels in parts
        for k, (image, label) in enumerate(zip(images, labels, strict=True), start=1)
    )


def write_simulated(data: Dataset, out: Path, camera: Camera) -> dict[str, Any]:
    """Write every image of a data set as a recording; returns what was written.

    Raises a RunFolderError where the folder exists and is not empty, or cannot be written; a ConfigError as
    `simulated`.
    """
    recordings = simulated(data, camera)
    make_empty_folder(out)
    count = events = 0
    for name, content in recordings:
        path = out / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        count, events = count + 1, events + len(content) // 5
    sensor = "x".join(str(edge + MARGIN) for edge in data.image_shape[::-1])
    value = {
        "simulated_from": data.source, "recordings": count, "events_per_recording": events / count, "sensor": sensor,
        "threshold": camera.threshold, "spread": camera.spread, "refractory": camera.refractory, "seed": camera.seed,
    }  # fmt: skip
    write_atomically(out / "SIMULATED.json", json.dumps(value, indent=1).encode() + b"\n")
    return value
