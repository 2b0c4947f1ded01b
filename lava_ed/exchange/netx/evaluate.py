"""Accuracy of a netx net on a data set, in the engine."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from lava_ed.data import load_dataset
from lava_ed.errors import ExchangeError
from lava_ed.exchange.netx.decisions import NetxRun
from lava_ed.exchange.netx.file import read_netx
from lava_ed.exchange.netx.network import READOUTS, Integers, NetxNetwork
from lava_ed.exchange.whole import narrow
from lava_ed.integers import is_integer
from lava_ed.kernels.loihi.encoding import events_of_rate, events_of_value, load_values
from lava_ed.network.encoding import encoder_table
from lava_ed.network.settings import EncoderKind
from lava_ed.runs.data import FoundData, TrainedFor, checked
from lava_ed.version import __version__

BINARY_ENCODERS: Final = ("rate", "ttfs")
"""Encoders whose spikes are binary, as a netx input takes them."""
BIAS_ENCODER: Final = "bias"
"""Pixels as the bias, or to Delta the input, of input neurons, for nets whose input layer has some."""
MAX_STEPS: Final = 4096
"""Longest time that a sample is shown: a hundred times what nets of rate or time code take."""
MOST_SPIKES: Final = 1 << 30
"""Input spikes that are held at once, in bytes: MNIST's test images over 128 steps."""
SPIKES_PER_CHUNK: Final = 1 << 24
"""Input spikes that are laid out at a time, in bytes."""


if TYPE_CHECKING:
    from lava_ed.exchange.nir.network import NirNetwork

    TestedNet = NetxNetwork | NirNetwork
Decide = Callable[[npt.NDArray[np.uint8], Mapping[str, Any]], Integers]
"""Decisions on images under the settings of a test."""


def spike_trains(images: npt.NDArray[np.uint8], kind: EncoderKind, steps: int) -> npt.NDArray[np.int8]:
    """Input spikes (N, n, T) of images (N, n) in T steps, as the Encoder process of a kind, rate or ttfs, sends them.

    Raises
    ------
    ExchangeError
        If they are more than fit.
    """
    if images.size * steps > MOST_SPIKES:
        raise ExchangeError(
            f"{images.size:,} pixels over {steps:,} steps are more than {MOST_SPIKES:,} values: take fewer samples "
            "(--limit) or steps"
        )
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


def biases(net: NetxNetwork, images: npt.NDArray[np.uint8]) -> npt.NDArray[np.int16]:
    """What input neurons take (N, n), from the pixels p of images: weight·p/255 + bias, cut to integers.

    A lava-dl input block scales p/255 so.  Raises an ExchangeError where one does not fit 16 bits.
    """
    assert net.input_layer is not None
    weight, bias = net.input_layer.transform or (0, 0)
    products = np.arange(256, dtype=np.int64) * weight
    table = np.sign(products) * (np.abs(products) // 255) + bias
    values: npt.NDArray[np.int16] = narrow(table, np.int16, "bias of the input")[images]
    return values


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
    """Judge a netx file on a test set; what is not given comes from the notes that lava-ed wrote into the file.

    Parameters
    ----------
    path : path-like
    dataset, data_dir : str, optional
    encoder : {"rate", "ttfs", "bias"}, optional
        "bias" for nets whose input layer has neurons, and only for them.
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
    net, given = read_netx(path), {"dataset": dataset, "encoder": encoder, "steps": steps, "readout": readout}
    return evaluate_net(net, path, partial(_decided, net), "netx", given, data_dir, limit, other_data)


def evaluate_net(
    net: TestedNet,
    path: str | os.PathLike[str],
    decide: Decide,
    kind: str,
    given: Mapping[str, Any],
    data_dir: str | None,
    limit: int | None,
    other_data: bool,
) -> dict[str, Any]:
    """Judge a net from a file of a ``kind`` on a test set, as `evaluate_netx` tells; decide classifies.

    Given are settings of the test by name, None where the file's notes tell.
    """
    chosen = how_to_test(net, path, given, limit)
    found = data_of_netx(net, path, chosen["dataset"], data_dir, other_data=other_data)
    data = found.data
    images, labels = np.ascontiguousarray(data.test_images[:limit]), data.test_labels[:limit]
    started = time.perf_counter()
    decided = decide(images, chosen)
    seconds = time.perf_counter() - started
    correct = int(np.count_nonzero(decided == labels))
    return {
        "lava_ed_version": __version__,
        kind: str(path),
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


def _decided(net: NetxNetwork, images: npt.NDArray[np.uint8], chosen: Mapping[str, Any]) -> Integers:
    """Decisions on images, encoded a few at a time."""
    steps, encoder = chosen["steps"], chosen["encoder"]
    run = NetxRun(net, steps, chosen["readout"])
    images = np.ascontiguousarray(images[:, net.input_order])
    if encoder == BIAS_ENCODER:
        return run.decide(biases(net, images))
    return in_chunks(images, encoder, steps, run.decide)


def in_chunks(
    images: npt.NDArray[np.uint8],
    encoder: EncoderKind,
    steps: int,
    decide: Callable[[npt.NDArray[np.int8]], Integers],
    most: int = SPIKES_PER_CHUNK,
) -> Integers:
    """Decisions on images, of which as many are encoded at a time as have ``most`` spikes."""
    chunk = max(1, most // (images.shape[1] * steps))
    starts = range(0, len(images), chunk)
    return np.concatenate([decide(spike_trains(images[k : k + chunk], encoder, steps)) for k in starts])


def how_to_test(
    net: TestedNet, path: str | os.PathLike[str], given: Mapping[str, Any], limit: int | None
) -> dict[str, Any]:
    """Settings of a test, from what was given or, where that is None, from the file's notes; wrong ones are refused."""
    chosen = {name: net.notes.get(name) if value is None else value for name, value in given.items()}
    if missing := [f"--{name}" for name, value in chosen.items() if value is None]:
        raise ExchangeError(f"{path} does not note how it is to be tested: give {', '.join(missing)}")
    encoders = BINARY_ENCODERS if net.input_layer is None else (BIAS_ENCODER,)
    for name, allowed in (("encoder", encoders), ("readout", READOUTS)):
        if chosen[name] not in allowed:
            raise ExchangeError(f"{name} {chosen[name]!r} is not one of {', '.join(allowed)}")
    if chosen["readout"] == "spikes" and net.silent:
        raise ExchangeError(f"{path}: readout 'spikes': the last neurons never spike: take membrane")
    steps = chosen["steps"]
    if not is_integer(steps) or not 1 <= steps <= MAX_STEPS:
        raise ExchangeError(f"steps is {steps!r}: show a sample for 1 … {MAX_STEPS:,} steps")
    if not isinstance(chosen["dataset"], str):
        raise ExchangeError(f"dataset is {chosen['dataset']!r}, which is no name: name one with --dataset")
    if limit is not None and not (is_integer(limit) and limit >= 1):
        raise ExchangeError(f"limit is {limit!r}: test on at least 1 sample, or leave it out")
    return chosen


def data_of_netx(
    net: TestedNet,
    path: str | os.PathLike[str],
    dataset: str,
    data_dir: str | os.PathLike[str] | None,
    *,
    other_data: bool = False,
    flag: bool = True,
) -> FoundData:
    """The data set of this name, given or noted, if the net of a file was trained for it as far as the file notes that.

    Other data are taken if they are asked for; ``flag`` tells the message whether the command has --other-data.  Raises
    a DataError where the digest that the file notes is another, or, without a digest, the name; an ExchangeError where
    the net takes other images.
    """
    digest = net.notes.get("data_sha256")
    data = load_dataset(dataset, data_dir or net.notes.get("data_dir"))
    noted = str(net.notes.get("dataset") or data.name)
    trained_for = TrainedFor(str(path), noted, None if digest is None else str(digest))
    if data.train_images.shape[1] != net.sizes[0]:
        raise ExchangeError(f"{dataset} has {data.train_images.shape[1]} pixels, the net takes {net.sizes[0]}")
    return checked(data, trained_for, other_data=other_data, flag=flag)
