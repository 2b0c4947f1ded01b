"""What a netx net decides on samples, in the engine."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from lava_ed.exchange.netx.network import Integers, NetxNetwork, Readout
from lava_ed.exchange.netx.program import check_room, netx_program, takes_biases, window
from lava_ed.exchange.whole import narrow

CHANGING: Final = ("sigma", "act", "residue", "error", "a_buff", "a_buf")
"""Vars of sigma-delta layers that a sample changes."""


def netx_decisions(net: NetxNetwork, trains: npt.NDArray[np.int8], readout: Readout = "membrane") -> Integers:
    """The class of each sample: the neuron of the last layer with the largest membrane, or with most spikes.

    Of sigma-delta neurons the activation (of Sigma the sum) stands for the membrane, the sum of messages for spikes.

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
        self._biased, self._constant = takes_biases(net), net.input_layer is not None
        width = 1 if self._constant else self._period
        check_room(net, width, self._period)  # before anything is laid out
        self._rows = np.zeros((net.sizes[0], width), np.int32)
        self.program = netx_program(net, self._rows, self._period)
        self._last, last = f"neuron{len(net.sizes) - 1}", net.synaptic_layers[-1].sigma_delta
        self._state = "v" if last is None else "sigma" if last.name == "Sigma" else "act"
        changing = [name for name in self.program.variables if name[1] in CHANGING] if net.has_sigma_delta else []
        self._rest = {name: self.program.get(*name) for name in changing}
        """What sigma-delta neurons begin every sample from; LIF neurons are reset by themselves."""

    def decide(self, samples: npt.NDArray[Any]) -> Integers:
        """The class (N,) of samples: spikes (N, n_inputs, T), or what input neurons take, (N, n_inputs).

        Biases of LIF neurons are 0 again after T steps; the input of Delta neurons stays until the decision.
        """
        decided = np.empty(len(samples), np.int64)
        for k, sample in enumerate(samples):
            if self._rest:
                self.program.load(self._rest, self.program.time_step)
            if self._biased:
                self.program.set("input", "bias_mant", narrow(sample, np.int16, "bias of the input"))
                self.program.run(self._steps)
                self.program.set("input", "bias_mant", np.zeros(len(sample), np.int16))
                self.program.run(self._period - self._steps)
            else:
                self._rows[:, : self._steps] = sample[:, None] if self._constant else sample
                self.program.set("input", "data", self._rows)
                self.program.run(self._period)
            if self._readout == "membrane":
                answer = self.program.get(self._last, self._state)
            else:
                answer = self.program.get("output", "data").sum(axis=-1)
            decided[k] = int(np.argmax(answer))
        return decided
