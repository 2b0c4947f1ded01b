"""Trains a net in chunks as told on stdin, and prints what each chunk took; `bench.energy` runs two of it."""

from __future__ import annotations

import json
import sys
import time
import zlib

import numpy as np

from lava_ed.bench.training import mnist_spec, synthetic
from lava_ed.energy import total
from lava_ed.engine.build import build_program
from lava_ed.kernels.counting import COUNTING

__all__ = ["serve"]


def serve(rule: str, hidden: int, steps: int, samples: int) -> None:
    """For each line on stdin that holds a number, train so many samples; print what that took and led to.

    The data are so many synthetic samples, which are presented over and over.

    The first line that is printed says that everything is compiled; each other one is a JSON object: CPU ``seconds``
    of the samples, a checksum of the ``state`` that they led to, and the ``counts`` so far, empty where nothing counts.
    """
    data, spec = synthetic(samples), mnist_spec(rule, hidden, steps)
    compiling, program = build_program(spec), build_program(spec)
    for one in (compiling, program):
        one.bind(data.images)
    compiling.present(np.arange(min(samples, 10)), data.labels[:10])
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
