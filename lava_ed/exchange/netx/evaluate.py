"""Accuracy of a netx net on a data set, in the engine."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from lava_ed import __version__
from lava_ed.data import load_dataset
from lava_ed.errors import ExchangeError
from lava_ed.exchange.netx.file import read_netx
from lava_ed.exchange.netx.network import READOUTS, NetxNetwork
from lava_ed.exchange.netx.program import netx_decisions
from lava_ed.kernels.encoding import events_of_rate, events_of_value, load_values
from lava_ed.network.encoding import EncoderKind, encoder_table
from lava_ed.train.run_data import FoundData, TrainedFor, checked

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
    other_data: bool = False,
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
    other_data : bool
        Judge the net on data that it was not trained for, too.

    Returns
    -------
    dict
        What `lava-ed eval FILE --json` prints; on other data ``accuracy_on_other_data`` in place of
        ``test_accuracy``.

    Raises
    ------
    ExchangeError
        If the file cannot be read, or a setting is neither given nor noted, or unknown.
    DataError
        If the data are not those that the net was trained for, and other data were not asked for.
    """
    net = read_netx(path)
    given: dict[str, Any] = {"dataset": dataset, "encoder": encoder, "steps": steps, "readout": readout}
    chosen = how_to_test(net, path, given, limit)
    found = data_of_netx(net, path, chosen["dataset"], data_dir, other_data=other_data)
    data = found.data
    images, labels = np.ascontiguousarray(data.test_images[:limit]), data.test_labels[:limit]
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
        **found.note(),
        found.accuracy_key: correct / len(labels),
        "correct": correct,
        "samples": len(labels),
        "samples_per_second": len(labels) / seconds,
        "seconds": seconds,
        "predictions": decided.tolist(),
    }


def how_to_test(
    net: NetxNetwork, path: str | os.PathLike[str], given: Mapping[str, Any], limit: int | None
) -> dict[str, Any]:
    """Settings of a test, from what was given or, where that is None, from the file's notes.

    Raises
    ------
    ExchangeError
        If a setting is neither given nor noted, or unknown.
    """
    chosen = {name: net.notes.get(name) if value is None else value for name, value in given.items()}
    if missing := [f"--{name}" for name, value in chosen.items() if value is None]:
        raise ExchangeError(f"{path} does not note how it is to be tested: give {', '.join(missing)}")
    for name, allowed in (("encoder", BINARY_ENCODERS), ("readout", READOUTS)):
        if chosen[name] not in allowed:
            raise ExchangeError(f"{name} {chosen[name]!r} is not one of {', '.join(allowed)}")
    if limit is not None and limit < 1:
        raise ExchangeError(f"limit is {limit}: test on at least 1 sample, or leave it out")
    return chosen


def data_of_netx(
    net: NetxNetwork,
    path: str | os.PathLike[str],
    dataset: str,
    data_dir: str | os.PathLike[str] | None,
    *,
    other_data: bool = False,
    flag: bool = True,
) -> FoundData:
    """The data set that a netx file was trained for, as far as the file notes it.

    Parameters
    ----------
    net : NetxNetwork
    path : path-like
        Its file.
    dataset : str
        Name, given or noted.
    data_dir : path-like or None
    other_data : bool
        Take other data too.
    flag : bool
        Whether the command has the flag --other-data, for the message.

    Raises
    ------
    DataError
        If the digest that the file notes is another, or, without a digest, the name.
    ExchangeError
        If the net takes other images.
    """
    digest = net.notes.get("data_sha256")
    data = load_dataset(dataset, data_dir or net.notes.get("data_dir"))
    noted = str(net.notes.get("dataset") or data.name)
    trained_for = TrainedFor(str(path), noted, None if digest is None else str(digest))
    if data.train_images.shape[1] != net.sizes[0]:
        raise ExchangeError(f"{dataset} has {data.train_images.shape[1]} pixels, the net takes {net.sizes[0]}")
    return checked(data, trained_for, other_data=other_data, flag=flag)
