"""Counts of stock Lava models, worked out from what their ports carry and from their states: the oracle of counters."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from copy import copy
from typing import Any

import numpy as np
from stock_lava import StockGraph, buffer_name

from lava_ed.kernels.counting import COUNTERS

TRACES = ("x1", "x2", "y1", "y2", "y3")
Count = tuple[str, str]
"""(counter, phase)"""


class CountingStockGraph(StockGraph):
    """A graph of stock models that watches their ports and keeps, for every process, a count for each operation."""

    def __init__(self, processes: Sequence[Any]) -> None:
        super().__init__(processes)
        self.counts: dict[Any, Counter[Count]] = {p: Counter() for p in processes if not _is_sink(p)}
        self._heard: dict[tuple[Any, str], np.ndarray] = {}
        self._spiked: dict[tuple[Any, str], np.ndarray] = {}
        self._effective: dict[Any, np.ndarray] = {}
        self._summed: dict[Any, np.ndarray] = {}
        self._times: dict[Any, tuple[np.ndarray, np.ndarray]] = {}
        self._before: dict[Any, dict[str, np.ndarray]] = {}
        for process, model in self.models.items():
            for port in (*process.in_ports, *process.out_ports):
                self._listen(process, getattr(model, port.name), port.name)
            if hasattr(process, "tag_1"):
                self._keep_spike_times(process, model)
                self._watch_products(process, model)

    def _listen(self, process: Any, port: Any, name: str) -> None:
        """Keep what goes through a port."""
        call = "recv" if hasattr(port, "recv") else "send"
        original = getattr(port, call)

        def kept(*data: Any) -> Any:
            result = original(*data)
            self._heard[process, name] = np.asarray(result if call == "recv" else data[0]).copy()
            return result

        setattr(port, call, kept)

    def _keep_spike_times(self, process: Any, model: Any) -> None:
        """Keep the last spikes of an epoch, which learning clears."""
        original = model.run_lrn

        def run_lrn() -> None:
            self._times[process] = model.tx.copy(), model.ty.copy()
            original()

        model.run_lrn = run_lrn

    def _watch_products(self, process: Any, model: Any) -> None:
        """Split the appliers of the rules, now and when Lava builds them anew after a write."""
        original = model._build_learning_rule_appliers

        def build() -> None:
            original()
            for name, applier in model._learning_rule_appliers.items():
                self._split(process, applier, name)

        model._build_learning_rule_appliers = build
        build()

    def _split(self, process: Any, applier: Any, name: str) -> None:
        """Note where a product of a rule is not 0, by letting Lava apply each product alone to zeros."""
        from lava.magma.core.learning.learning_rule_applier import LearningRuleApplierBitApprox

        original = applier.apply

        def apply(accumulator: Any, **arguments: Any) -> Any:
            for product in applier._product_series.products:
                series = copy(applier._product_series)
                series._products = [product]
                alone = LearningRuleApplierBitApprox(series)
                change = alone.apply(np.zeros(accumulator.shape, np.int64), **arguments)
                changed = (np.asarray(change) != 0) & stored(getattr(self.models[process], name))
                self._effective[process] = self._effective.get(process, False) | changed
            return original(accumulator, **arguments)

        applier.apply = apply

    def step(self) -> None:
        """One time step, counted."""
        self._before = {p: self._states(p) for p in self.models}
        self._heard.clear()
        self._effective.clear()
        super().step()

    def _worked(self) -> None:
        """Count before a Reset or a dataloader writes: that is no work of the process whose Var it is."""
        for process in self.counts:
            count = self.counts[process]
            if hasattr(process, "s_out"):
                spikes = np.count_nonzero(self._heard[process, "s_out"])
                count["spikes", "forward"] += spikes
                count["spike_messages", "forward"] += spikes * _destinations(process.s_out)
            if hasattr(process, "du"):
                self._count_neurons(process, self._before[process])
            if buffer_name(process):
                self._count_synops(process)
            if hasattr(process, "tag_1"):
                self._count_learning(process, self._before[process])

    def _states(self, process: Any) -> dict[str, np.ndarray]:
        model = self.models[process]
        names = ("u", "v", "weights", *TRACES)
        return {name: dense(getattr(model, name)).copy() for name in names if hasattr(model, name)}

    def _count_neurons(self, process: Any, before: dict[str, np.ndarray]) -> None:
        """Active: input, current, bias, spike, or a membrane that decays or is reset."""
        model = self.models[process]
        moves = model.dv != 0
        if hasattr(model, "reset_interval"):
            moves = moves or model.time_step % model.reset_interval == model.reset_offset % model.reset_interval
        a_in = self._heard.get((process, "a_in"), np.zeros(model.u.shape))
        active = (a_in != 0) | (before["u"] != 0) | (model.bias_mant != 0) | (self._heard[process, "s_out"] != 0)
        active |= (before["v"] != 0) & moves
        inside = np.abs(before["v"].astype(np.int64)) < 2**23
        idle = ~active & inside
        assert np.array_equal(model.u[idle], before["u"][idle]), "an idle neuron changed"
        assert np.array_equal(model.v[idle], before["v"][idle]), "an idle neuron changed"
        self.counts[process]["neuron_updates_active", "forward"] += int(active.sum())
        self.counts[process]["neuron_updates_idle", "forward"] += int((~active).sum())

    def _count_synops(self, process: Any) -> None:
        model = self.models[process]
        spiked = self._heard[process, "s_in"] != 0
        if hasattr(process, "a_buf"):
            read = _convolved(model, spiked)
        else:
            read = int(np.count_nonzero(self._summed[process][:, spiked]))
        counter = "graded_synops" if model.num_message_bits > 0 else "synops"
        self.counts[process][counter, "forward"] += read

    def _spike(self, process: Any) -> None:
        super()._spike(process)
        if hasattr(process, "weights"):
            self._summed[process] = dense(self.models[process].weights).copy()

    def _count_learning(self, process: Any, before: dict[str, np.ndarray]) -> None:
        """Visits follow from who spiked in the epoch; changed weights and traces from before and after."""
        model, count = self.models[process], self.counts[process]
        for port in ("s_in", "s_in_bap"):
            spiked = self._heard.get((process, port), np.zeros(1)) != 0
            self._spiked[process, port] = self._spiked.get((process, port), False) | spiked
        count["trace_updates", "update"] += sum(
            int(np.count_nonzero(getattr(model, name) != before[name])) for name in TRACES
        )
        rule = model._learning_rule  # as it is now: its text may have been rewritten
        if model.time_step % rule.t_epoch:
            return
        pre, post = (times > 0 for times in self._times[process])
        assert np.array_equal(post, self._spiked.pop((process, "s_in_bap")))
        if process.proc_params["graded_spike_cfg"].name != "ADD_WITHOUT_SATURATION":  # only overflows are spikes to it
            assert np.array_equal(pre, self._spiked.pop((process, "s_in")))
        visited = np.zeros(model.weights.shape, bool)
        for series in rule.active_product_series.values():
            for product in series.products:
                if product.dependency == "x0":
                    visited |= pre[np.newaxis, :]
                elif product.dependency == "y0":
                    visited |= post[:, np.newaxis]
                elif (model.time_step // rule.t_epoch) % 2**rule.decimate_exponent == 0:
                    visited[:] = True
        visited &= stored(model.weights)
        count["synaptic_updates", "update"] += int(visited.sum())
        effective = np.broadcast_to(self._effective.get(process, False), visited.shape) & stored(model.weights)
        assert not np.any(effective & ~visited), "a synapse that is not visited changes"
        count["effective_updates", "update"] += int(effective.sum())
        if "dw" in rule.active_product_series:
            count["weight_writes", "update"] += int(np.count_nonzero(dense(model.weights) != self._summed[process]))


def dense(value: Any) -> np.ndarray:
    """A sparse matrix as an array; other values as they are."""
    return np.asarray(value.toarray() if hasattr(value, "toarray") else value)


def stored(value: Any) -> np.ndarray:
    """Where there is a synapse: everywhere, or at the entries of a sparse matrix, zeros that are stored too."""
    if not hasattr(value, "tocoo"):
        return np.ones(value.shape, bool)
    entries = value.tocoo()
    mask = np.zeros(value.shape, bool)
    mask[entries.row, entries.col] = True
    return mask


def _convolved(model: Any, spiked: np.ndarray) -> int:
    """Σ of Lava's own convolution of the spikes with a kernel that is 1 where there is a weight."""
    from lava.proc.conv.utils import conv

    kernel = (model.weight != 0).astype(np.int32)
    geometry = (model.kernel_size, model.stride, model.padding, model.dilation, int(model.groups[0]))
    return int(conv(spiked.astype(np.int32), kernel, *geometry).sum())


def _is_sink(process: Any) -> bool:
    return not hasattr(process, "s_out") and not hasattr(process, "a_out")


def _destinations(port: Any) -> int:
    """InPorts of neurons and synapses; learning ports are on the post-synaptic core."""
    own = ("s_in_bap", "s_in_y1", "s_in_y2", "s_in_y3")
    return sum(not _is_sink(target.process) and target.name not in own for target in port.get_dst_ports())


def totals(counts: Counter[Count], counter: str) -> dict[str, int]:
    """Counts of one counter by phase."""
    assert counter in COUNTERS
    return {phase: counts[counter, phase] for phase in ("forward", "backward", "update")}
