"""Accuracy of NIR's published cnn_sinabs.nir on recordings of N-MNIST, in Loihi 2 integers and in floats.

    python tools/nir_nmnist.py cnn_sinabs.nir FOLDER-OR-ARCHIVE [EVERY]

Floats, which take a while, decide on one recording of EVERY.

As the paper of NIR tests it (neuromorphs/NIR, paper/02_cnn): bins of 1 ms, channels off and on, the class whose neuron
spikes most.  A pixel sends one spike in a bin at most, as an axon of the chip does.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np

from lava_ed.data.events.formats import open_recording
from lava_ed.data.events.sources import members
from lava_ed.exchange import NirRun, read_nir
from lava_ed.exchange.nir.run import run_floats

BINS, SIDE, CHUNK = 310, 34, 20


def recordings(data: Path) -> Iterator[tuple[np.ndarray, int, int]]:
    """Spikes (2·34·34, 310) of each recording, its label, and how many events it has."""
    for member in members(data):
        train = np.zeros((2, SIDE, SIDE, BINS), np.int8)
        events = np.concatenate([packet.copy() for packet in open_recording(member.path).packets()])
        bins = (events["t"] - events["t"][0]) // 1000
        events, bins = events[bins < BINS], bins[bins < BINS]
        train[events["p"].astype(int), events["y"], events["x"], bins] = 1
        yield train.reshape(-1, BINS), int(Path(member.name).parts[-2]), len(events)


def main(graph: str, data: str, every: str = "10") -> None:
    """Print how many of the recordings each form of the net gets right, and how often both decide the same."""
    net = read_nir(graph)
    run = NirRun(net, BINS)
    right, seen, floats_right, floats_seen, same, events_seen, lost = 0, 0, 0, 0, 0, 0, 0
    found = recordings(Path(data))
    while samples := list(islice(found, CHUNK)):
        decisions = run.decide(np.array([train for train, *_ in samples]), "spikes")
        for decided, (train, label, events) in zip(decisions, samples, strict=True):
            right += decided == label
            events_seen, lost = events_seen + events, lost + events - int(train.sum())
            if seen % int(every) == 0:
                by_floats = int(run_floats(net, train)[0][-1].sum(axis=1).argmax())
                floats_right, floats_seen, same = (
                    floats_right + (by_floats == label),
                    floats_seen + 1,
                    same + (by_floats == decided),
                )
            seen += 1
        told = f"integers {right} of {seen} right; floats {floats_right} of {floats_seen}, {same} decisions the same"
        print(f"{told}; {lost:,} of {events_seen:,} events fell into a bin that held one", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
