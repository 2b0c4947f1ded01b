"""Lava's sources, sinks and monitors: the parameters, Vars and ports of their constructors."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import numpy as np

from lava_ed.graph.members import InPort, OutPort, RefPort, Var
from lava_ed.graph.models import stock_models
from lava_ed.graph.process import AbstractProcess

Shape = tuple[int, ...]


class Source(AbstractProcess):
    """Sends ``data[..., t mod n]``; Lava calls it RingBuffer."""

    def __init__(self, *, data: Any) -> None:
        super().__init__(data=data)
        self.data, self.s_out = Var(shape=data.shape, init=data), OutPort(shape=data.shape[:-1])


class Sink(AbstractProcess):
    """Keeps what arrives in the last `buffer` steps; Lava calls it RingBuffer."""

    def __init__(self, *, shape: Shape, buffer: int) -> None:
        super().__init__(shape=shape, buffer=buffer)
        self.shape, self.a_in = shape, InPort(shape=shape)
        self.data = Var(shape=(*shape, buffer), init=np.zeros((*shape, buffer)))


class _ReachesVar(AbstractProcess):
    """Writes a Var through the RefPort `state`."""

    def _reach(self, var: Var) -> None:
        self.state = RefPort(var.shape)
        self.state.connect_var(var)

    def connect_var(self, var: Var) -> None:
        """Connect to a Var."""
        self._reach(var)
        self._post_init()


class Reset(_ReachesVar):
    """Writes a value to a Var every `interval` steps."""

    def __init__(self, *, reset_value: Any = 0, interval: int = 1, offset: int = 0) -> None:
        super().__init__(reset_value=reset_value, interval=interval, offset=offset)
        self.reset_value = Var((1,), init=reset_value)
        self.interval, self.offset = Var((1,), init=interval), Var((1,), init=offset % interval)
        self.state = RefPort((1,))


class AbstractDataloader(_ReachesVar):
    """Takes a sample and its label from a data set every `interval` steps."""

    def __init__(self, truth: Any, dataset: Any, interval: int = 1, offset: int = 0) -> None:
        shape = (1,) if np.isscalar(truth) else truth.shape
        super().__init__(gt_shape=shape, dataset=dataset, interval=interval, offset=offset)
        self.interval, self.offset = Var((1,), interval), Var((1,), offset % interval)
        self.ground_truth = OutPort(shape=shape)
        self.proc_params["saved_dataset"] = dataset


class StateDataloader(AbstractDataloader):
    """Writes samples to a Var, and sends labels."""

    def __init__(self, *, dataset: Any, interval: int = 1, offset: int = 0) -> None:
        data, truth = dataset[0]
        super().__init__(truth, dataset, interval, offset)
        self.state = RefPort(data.shape)


class SpikeDataloader(AbstractDataloader):
    """Sends samples step by step, and labels."""

    def __init__(self, *, dataset: Any, interval: int = 1, offset: int = 0) -> None:
        data, truth = dataset[0]
        super().__init__(truth, dataset, interval, offset)
        shape = (*data.shape[:-1], interval)
        self.data, self.s_out = Var(shape=shape, init=np.zeros(shape)), OutPort(shape=data.shape[:-1])


class SendFull(IntEnum):
    """What a sender does when the buffer is full."""

    BLOCKING = 1
    NON_BLOCKING_DROP = 2


class ReceiveEmpty(IntEnum):
    """What a receiver does when the buffer is empty."""

    BLOCKING = 1
    NON_BLOCKING_ZEROS = 2


class ReceiveNotEmpty(IntEnum):
    """What a receiver takes from a buffer: the oldest message, or the sum of all."""

    FIFO = 1
    ACCUMULATE = 2


@dataclass
class ChannelConfig:
    """Policies of an Injector or Extractor."""

    send_full: SendFull = SendFull.BLOCKING
    receive_empty: ReceiveEmpty = ReceiveEmpty.BLOCKING
    receive_not_empty: ReceiveNotEmpty = ReceiveNotEmpty.FIFO


class _Channel(AbstractProcess):
    """A port to Python code around the graph."""

    def __init__(
        self, shape: Shape, buffer_size: int = 50, channel_config: ChannelConfig | None = None, **kwargs: Any
    ) -> None:
        super().__init__(shape_1=shape, **kwargs)
        if not isinstance(shape, tuple) or min(shape, default=1) < 1 or buffer_size < 1:
            raise ValueError(f"Expected a shape and a buffer of positive size, got {shape} and {buffer_size}.")
        self._config, self._shape = channel_config or ChannelConfig(), shape
        self.in_port, self.out_port = InPort(shape=shape), OutPort(shape=shape)
        self.proc_params["channel_config"] = self._config


class Injector(_Channel):
    """Sends what Python code around the graph gives it."""

    def __init__(self, shape: Shape, buffer_size: int = 50, *args: Any, **kwargs: Any) -> None:
        super().__init__(shape, buffer_size, *args, **kwargs)
        self.in_port.flag_external_pipe(buffer_size)
        self.proc_params["shape"] = shape

    def send(self, data: Any) -> None:
        """Give an array to the graph; the graph must have a runtime."""
        pipe = _pipe(self.in_port, "external_pipe_csp_send_port")
        if self._config.send_full == SendFull.BLOCKING or pipe.probe():
            pipe.send(data)


class Extractor(_Channel):
    """Gives what it receives to Python code around the graph."""

    def __init__(self, shape: Shape, buffer_size: int = 50, *args: Any, **kwargs: Any) -> None:
        super().__init__(shape, buffer_size, *args, **kwargs)
        self.out_port.flag_external_pipe(buffer_size)

    def receive(self) -> Any:
        """Take an array from the graph; the graph must have a runtime."""
        pipe = _pipe(self.out_port, "external_pipe_csp_recv_port")
        waiting = pipe.qsize()
        if not waiting and self._config.receive_empty == ReceiveEmpty.NON_BLOCKING_ZEROS:
            return np.zeros(self._shape)
        if self._config.receive_not_empty == ReceiveNotEmpty.ACCUMULATE and waiting:
            return sum((pipe.recv() for _ in range(waiting)), np.zeros(self._shape))
        return pipe.recv()


def _pipe(port: Any, name: str) -> Any:
    if not hasattr(port, name):
        raise AssertionError("the pipe is there once the graph has a runtime: call create_runtime() or run() before")
    return getattr(port, name)


class Monitor(AbstractProcess):
    """Records a Var or an OutPort."""

    def __init__(self) -> None:
        super().__init__()
        for name in ("RefPorts", "VarsData1", "InPorts", "VarsData2"):
            self.proc_params[name] = []
        self.proc_params["n_ref_ports"] = self.proc_params["n_in_ports"] = 0
        self.data: dict[str, dict[str, Any]] = {}
        self.target_names: dict[str, list[str]] = {}
        self._make(0, 0, (1,), (1,))

    def _make(self, refs: int, ins: int, shape: Shape, recorded: Shape) -> tuple[str, str, str, str]:
        names = f"ref_port_{refs}", f"var_read_{refs}", f"in_port_{ins}", f"out_read_{ins}"
        parts = RefPort(shape), Var(recorded, 0), InPort(shape), Var(recorded, 0)
        vars(self).update(zip(names, parts, strict=True))
        self._post_init()
        return names

    def probe(self, target: Any, num_steps: int) -> None:
        """Record a Var or OutPort for a number of steps; a Monitor records one.

        Raises
        ------
        TypeError
            If it is neither.
        """
        if not isinstance(target, (Var, OutPort)):
            raise TypeError(f"a Monitor cannot probe a {type(target).__name__}: give it a Var or an OutPort")
        p = self.proc_params
        shapes = target.shape, (num_steps, *target.shape)
        reference, read, port, received = self._make(p["n_ref_ports"], p["n_in_ports"], *shapes)
        for key, name in zip(
            ("RefPorts", "VarsData1", "InPorts", "VarsData2"), (reference, read, port, received), strict=True
        ):
            p[key].append(name)
        if isinstance(target, Var):
            p.overwrite("n_ref_ports", p["n_ref_ports"] + 1)
            getattr(self, reference).connect_var(target)
            record = read
        else:
            p.overwrite("n_in_ports", p["n_in_ports"] + 1)
            getattr(self, port).connect_from(target)
            record = received
        self.target_names[record] = [target.process.name, target.name]
        self.data[target.process.name] = {target.name: 0}

    def get_data(self) -> dict[str, dict[str, Any]]:
        """What was recorded: process name → name of the Var or OutPort → array (steps, *shape)."""
        for record, (process, name) in self.target_names.items():
            self.data[process][name] = getattr(self, record).get()
        return self.data

    def plot(self, ax: Any, target: Any, *args: Any, **kwargs: Any) -> None:
        """Plot what was recorded of a target into axes of matplotlib."""
        ax.set_title(target.process.name)
        ax.set_xlabel("Time step")
        ax.set_ylabel(target.name)
        ax.plot(self.get_data()[target.process.name][target.name], *args, **kwargs)


_FLOAT, _FIXED = "floating_pt", "fixed_pt"
for _process, _models in (
    (Source, [("PySendModelFloat", _FLOAT), ("PySendModelFixed", _FIXED)]),
    (Sink, [("PyReceiveModelFloat", _FLOAT), ("PyReceiveModelFixed", _FIXED)]),
    (Reset, [("PyResetFixed", _FIXED), ("PyResetFloat", _FLOAT)]),
    (StateDataloader, [("PyStateModelFixed", _FIXED), ("PyStateModelFloat", _FLOAT)]),
    (SpikeDataloader, [("PySpikeModelFixed", _FIXED), ("PySpikeModelFloat", _FLOAT)]),
    (Injector, [("PyLoihiInjectorModel", ""), ("PyLoihiInjectorModelAsync", "")]),
    (Extractor, [("PyLoihiExtractorModel", ""), ("PyLoihiExtractorModelAsync", "")]),
    (Monitor, [("PyMonitorModel", "")]),
):
    stock_models(_process, __name__, _models)
Source.__name__ = Source.__qualname__ = Sink.__name__ = Sink.__qualname__ = "RingBuffer"
