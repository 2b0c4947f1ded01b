"""Trains a net in chunks as told on stdin, and prints what each chunk took; `bench.energy` runs two of it."""

from __future__ import annotations

import json
import sys
import time
import zlib

import numpy as np

from lava_ed.bench.training import CLASSES, INPUTS, Data, synthetic
from lava_ed.config.training import TrainConfig
from lava_ed.energy import total
from lava_ed.engine.build import build_program
from lava_ed.engine.program import Program
from lava_ed.kernels.counting import COUNTING

__all__ = ["serve"]


def _program(rule: str, hidden: int, steps: int, data: Data) -> Program:
    """A fresh net with the rule's preset for MNIST."""
    spec = TrainConfig.create(rule, "mnist", hidden=(hidden,), steps=steps).spec(INPUTS, CLASSES)
    program = build_program(spec)
    program.bind(data.images)
    return program


def serve(rule: str, hidden: int, steps: int, samples: int) -> None:
    """For each line on stdin that holds a number, train so many samples; print what that took and led to.

    The first line that is printed says that everything is compiled; each other one is a JSON object: CPU ``seconds``
    of the samples, a checksum of the ``state`` that they led to, and the ``counts`` so far, empty where nothing counts.

    Parameters
    ----------
    rule : str
    hidden, steps : int
        Hidden neurons; T.
    samples : int
        Of the data, which are synthetic, and presented over and over.
    """
    data = synthetic(samples)
    _program(rule, hidden, steps, data).present(np.arange(min(samples, 10)), data.labels[:10])
    program = _program(rule, hidden, steps, data)
    print("{}", flush=True)
    first = 0
    for line in sys.stdin:
        chunk = np.arange(first, first + int(line)) % samples
        first += int(line)
        started = time.process_time()
        decisions = program.present(chunk, data.labels[chunk])
        seconds = time.process_time() - started
        state = zlib.crc32(program.get("dense1", "weights").tobytes(), zlib.crc32(decisions.tobytes()))
        counts = total(program.counters()) if COUNTING else {}
        summed = {name: sum(phases.values()) for name, phases in counts.items()}
        print(json.dumps({"seconds": seconds, "state": state, "counts": summed}), flush=True)


if __name__ == "__main__":
    serve(sys.argv[1], *(int(number) for number in sys.argv[2:]))
