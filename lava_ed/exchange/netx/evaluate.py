"""Accuracy of a netx net on a data set, in the engine."""

from __future__ import annotations

import os
import time
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from lava_ed import __version__
from lava_ed.data import load_dataset
from lava_ed.errors import ExchangeError
from lava_ed.exchange.netx.file import read_netx
from lava_ed.exchange.netx.network import READOUTS
from lava_ed.exchange.netx.program import netx_decisions
from lava_ed.kernels.encoding import events_of_rate, events_of_value, load_values
from lava_ed.network.encoding import EncoderKind, encoder_table

BINARY_ENCODERS: Final = ("rate", "ttfs")
"""Encoders whose spikes are binary, as a netx input takes them."""


def spike_trains(images: npt.NDArray[np.uint8], kind: EncoderKind, steps: int) -> npt.NDArray[np.int8]:
    """Input spikes of images, as the Encoder process sends them.

    Parameters
    ----------
    images : uint8 (N, n)
    kind : {"rate", "ttfs"}
    steps : int
        T.

    Returns
    -------
    int8 (N, n, T)
    """
    table = encoder_table(kind, steps)
    n = images.shape[1]
    trains = np.zeros((len(images), n, steps), np.int8)
    x, order, events = (np.zeros(n, np.int32) for _ in range(3))
    starts = np.zeros(max(int(table.max()), steps) + 2, np.int32)
    for k, pixels in enumerate(images):
        load_values(pixels, table, 0, np.uint64(0), x, order, starts)  # type: ignore[no-untyped-call]
        for t in range(steps):
            if kind == "rate":
                count = events_of_rate(order, starts, x, steps, t, events)  # type: ignore[no-untyped-call]
            else:
                count = events_of_value(order, starts, steps - t, events)  # type: ignore[no-untyped-call]
            trains[k, events[:count], t] = 1
    return trains


def evaluate_netx(
    path: str | os.PathLike[str],
    *,
    dataset: str | None = None,
    data_dir: str | None = None,
    encoder: str | None = None,
    steps: int | None = None,
    readout: str | None = None,
    limit: int | None = None,
) -> dict[str, Any]:
    """Judge a netx file on a test set.

    What is not given comes from the notes that lava-ed wrote into the file.

    Parameters
    ----------
    path : path-like
    dataset, data_dir : str, optional
    encoder : {"rate", "ttfs"}, optional
    steps : int, optional
        T, steps in which the input is shown.
    readout : {"membrane", "spikes"}, optional
        What of the last layer is compared.
    limit : int, optional
        Test on the first so many samples.

    Returns
    -------
    dict
        What `lava-ed eval FILE --json` prints.

    Raises
    ------
    ExchangeError
        If the file cannot be read, or a setting is neither given nor noted, or unknown.
    """
    net = read_netx(path)
    given: dict[str, Any] = {"dataset": dataset, "encoder": encoder, "steps": steps, "readout": readout}
    chosen: dict[str, Any] = {name: net.notes.get(name) if value is None else value for name, value in given.items()}
    if missing := [f"--{name}" for name, value in chosen.items() if value is None]:
        raise ExchangeError(f"{path} does not note how it is to be tested: give {', '.join(missing)}")
    for name, allowed in (("encoder", BINARY_ENCODERS), ("readout", READOUTS)):
        if chosen[name] not in allowed:
            raise ExchangeError(f"{name} {chosen[name]!r} is not one of {', '.join(allowed)}")
    data = load_dataset(chosen["dataset"], data_dir or net.notes.get("data_dir"))
    images, labels = np.ascontiguousarray(data.test_images[:limit]), data.test_labels[:limit]
    if images.shape[1] != net.sizes[0]:
        raise ExchangeError(f"{chosen['dataset']} has {images.shape[1]} pixels, the net takes {net.sizes[0]}")
    started = time.perf_counter()
    decided = netx_decisions(net, spike_trains(images, chosen["encoder"], int(chosen["steps"])), chosen["readout"])
    seconds = time.perf_counter() - started
    correct = int(np.count_nonzero(decided == labels))
    return {
        "lava_ed_version": __version__,
        "netx": str(path),
        "backend": "engine",
        "sizes": list(net.sizes),
        **chosen,
        "test_accuracy": correct / len(labels),
        "correct": correct,
        "samples": len(labels),
        "samples_per_second": len(labels) / seconds,
        "seconds": seconds,
        "predictions": decided.tolist(),
    }
