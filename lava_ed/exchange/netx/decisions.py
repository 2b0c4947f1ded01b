"""What a netx net decides on samples, in the engine."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from lava_ed.exchange.netx.network import Integers, NetxNetwork, Readout
from lava_ed.exchange.netx.program import check_room, netx_program, window
from lava_ed.exchange.whole import narrow


def netx_decisions(net: NetxNetwork, trains: npt.NDArray[np.int8], readout: Readout = "membrane") -> Integers:
    """The class of each sample: the neuron of the last layer with the largest membrane, or with most spikes.

    Parameters
    ----------
    net : NetxNetwork
        Without input neurons; `NetxRun` runs those.
    trains : int8 (N, n_inputs, T)
        Input spikes of every sample.
    readout : {"membrane", "spikes"}
        What is compared at the end of a sample's window; the lowest index wins a tie.

    Returns
    -------
    int64 (N,)
    """
    return netx_counted(net, trains, readout)[0]


def netx_counted(
    net: NetxNetwork, trains: npt.NDArray[np.int8], readout: Readout = "membrane"
) -> tuple[Integers, dict[str, dict[str, dict[str, int]]]]:
    """The class of each sample as `netx_decisions` finds it, and the counters of the program that found them."""
    run = NetxRun(net, trains.shape[2], readout)
    return run.decide(trains), run.program.counters()


class NetxRun:
    """A net that decides on samples, each shown for T steps, one after the other."""

    def __init__(self, net: NetxNetwork, steps: int, readout: Readout = "membrane") -> None:
        self._steps, self._readout, self._period = steps, readout, window(net, steps)
        self._biased = net.input_layer is not None
        width = 1 if self._biased else self._period
        check_room(net, width, self._period)  # before anything is laid out
        self._rows = np.zeros((net.sizes[0], width), np.int32)
        self.program = netx_program(net, self._rows, self._period)
        self._last = f"neuron{len(net.sizes) - 1}"

    def decide(self, samples: npt.NDArray[Any]) -> Integers:
        """The class (N,) of samples: spikes (N, n_inputs, T), or the biases (N, n_inputs) of input neurons.

        The biases are 0 again after T steps.
        """
        decided = np.empty(len(samples), np.int64)
        for k, sample in enumerate(samples):
            if self._biased:
                self.program.set("input", "bias_mant", narrow(sample, np.int16, "bias of the input"))
                self.program.run(self._steps)
                self.program.set("input", "bias_mant", np.zeros(len(sample), np.int16))
                self.program.run(self._period - self._steps)
            else:
                self._rows[:, : self._steps] = sample
                self.program.set("input", "data", self._rows)
                self.program.run(self._period)
            by_membrane = self._readout == "membrane"
            last = self.program.get(self._last, "v") if by_membrane else self.program.get("output", "data").sum(axis=-1)
            decided[k] = int(np.argmax(last))
        return decided
