"""Lava's ProcessModels, stock ones and those of our nets, driven in this process.

Lava itself is imported inside the functions that need it, so that a module can import this one without it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
from greenlet import getcurrent, greenlet

ROUNDS = 100
"""In which every process of a step has ended, or they wait for each other."""


class Wire:
    """Stands where a channel stands: casts to the sender's type, in order, with no process."""

    def __init__(self, dtype: Any) -> None:
        self.dtype = np.dtype(dtype)
        self.messages: deque[np.ndarray] = deque()

    def send(self, data: np.ndarray) -> None:
        message = np.zeros(data.shape, self.dtype)
        message[:] = data[:]
        self.messages.append(message)

    def recv(self) -> np.ndarray:
        return self.messages.popleft()


def build_stock(process: Any, model: Any, senders: dict[str, Any]) -> tuple[Any, dict[str, Wire]]:
    """Build a stock ProcessModel with Lava's own builder, and wires for its ports.

    Parameters
    ----------
    process : lava AbstractProcess
        Gives the Vars, ports and parameters.
    model : type
        ProcessModel class.
    senders : dict
        Type of the sending port for each InPort that is connected; the others stay open.
    """
    from lava.magma.compiler.builders.py_builder import PyProcessBuilder
    from lava.magma.compiler.utils import PortInitializer, VarInitializer

    builder = PyProcessBuilder(model, 0, process.proc_params)
    builder.set_variables([VarInitializer(v.name, v.shape, v.init, v.id) for v in process.vars])
    wires: dict[str, Wire] = {}
    ports = []
    for port in process.in_ports:
        ports.append(PortInitializer(port.name, port.shape, None, "InPort", 1))
        if port.name in senders:
            wires[port.name] = Wire(senders[port.name])
    for port in process.out_ports:
        ports.append(PortInitializer(port.name, port.shape, None, "OutPort", 1))
        wires[port.name] = Wire(getattr(model, port.name).d_type)
    builder.set_py_ports(ports)
    builder.csp_ports = {name: [wire] for name, wire in wires.items()}
    return builder.build(), wires


def step_stock(model: Any) -> None:
    """One time step: spiking phase, then the learning phase where the model asks for it."""
    model.time_step += 1
    model.run_spk()
    if model.lrn_guard():
        model.run_lrn()


def play(data: Sequence[Sequence[int]] | np.ndarray) -> Any:
    """Lava process that sends ``data[t]`` in step t + 1."""
    from lava.proc.io.source import RingBuffer

    return RingBuffer(data=np.asarray(data).T.astype(np.int32))


class _Sent:
    """Where a synapse sends once more what the graph has already delivered: it must be the same."""

    def __init__(self, expected: np.ndarray) -> None:
        self.expected = expected

    def send(self, data: np.ndarray) -> None:
        np.testing.assert_array_equal(data, self.expected)


MODELS = {
    ("LIF", "lif"): "lif.models:PyLifModelBitAcc",
    ("LIFReset", "lif"): "lif.models:PyLifResetModelBitAcc",
    ("TernaryLIF", "lif"): "lif.models:PyTernLifModelFixed",
    ("LearningLIF", "lif"): "lif.models:PyLearningLIFModelFixed",
    ("Sigma", "sdn"): "sdn.models:PySigmaModelFixed",
    ("Delta", "sdn"): "sdn.models:PyDeltaModelFixed",
    ("SigmaDelta", "sdn"): "sdn.models:PySigmaDeltaModelFixed",
    ("ATRLIF", "atrlif"): "atrlif.models:PyATRLIFModelFixed",
    ("GradedVec", "graded"): "graded.models:PyGradedVecModelFixed",
    ("GradedReluVec", "graded"): "graded.models:PyGradedReluVecModelFixed",
    ("NormVecDelay", "graded"): "graded.models:NormVecDelayModel",
    ("InvSqrt", "graded"): "graded.models:InvSqrtModelFP",
    ("ProdNeuron", "prodneuron"): "prodneuron.models:PyProdNeuronModelFixed",
    ("RF", "rf"): "rf.models:PyRFModelFixed",
    ("RF_IZ", "rf_iz"): "rf_iz.models:PyRF_IZModelFixed",
    ("RFZero", "resfire"): "resfire.models:PyRFZeroModelFixed",
    ("Conv", "conv"): "conv.models:PyConvModelFixed",
    ("Dense", "dense"): "dense.models:PyDenseModelBitAcc",
    ("LearningDense", "dense"): "dense.models:PyLearningDenseModelBitApproximate",
    ("DelayDense", "dense"): "dense.models:PyDelayDenseModelBitAcc",
    ("Sparse", "sparse"): "sparse.models:PySparseModelBitAcc",
    ("DelaySparse", "sparse"): "sparse.models:PyDelaySparseModelBitAcc",
    ("LearningSparse", "sparse"): "sparse.models:PyLearningSparseModelBitApproximate",
    ("RingBuffer", "io"): "io.source:PySendModelFixed",
    ("RingBuffer sink", "io"): "io.sink:PyReceiveModelFixed",
    ("Monitor", "monitor"): "monitor.models:PyMonitorModel",
    ("Reset", "io"): "io.reset:PyResetFixed",
    ("SpikeDataloader", "io"): "io.dataloader:PySpikeModelFixed",
    ("StateDataloader", "io"): "io.dataloader:PyStateModelFixed",
}
"""Fixed-point ProcessModel of each process class, by class name and package below `lava.proc`."""


def selected_model(process: Any, tag: str) -> Any:
    """ProcessModel that Lava's compiler selects for a tag."""
    from lava.magma.compiler.compiler_graphs import ProcGroupDiGraphs
    from lava.magma.core.run_configs import Loihi2SimCfg

    return Loihi2SimCfg(select_tag=tag).select(process, ProcGroupDiGraphs._find_proc_models(process))


def stock_model(process: Any) -> Any:
    """Stock fixed-point ProcessModel of a process."""
    from importlib import import_module

    name, package = type(process).__name__, type(process).__module__.split(".")[2]
    name += " sink" if (name, package) == ("RingBuffer", "io") and hasattr(process, "a_in") else ""
    module, _, cls = MODELS[name, package].partition(":")
    return getattr(import_module(f"lava.proc.{module}"), cls)


def buffer_name(process: Any) -> str:
    """Var in which a synapse keeps what it sends next; empty for other processes."""
    return next((name for name in ("a_buff", "a_buf") if hasattr(process, name)), "")


def value_of(var: Any) -> np.ndarray:
    """What `Var.get` says, a sparse matrix in full."""
    value = var.get()
    return np.asarray(value.toarray() if hasattr(value, "toarray") else value)


class _Reference:
    """Where a RefPort stands: reads and writes the Var of another model, as Lava's VarPort does."""

    def __init__(self, model: Any, name: str, dtype: Any, sends: Any) -> None:
        self.model, self.name, self.dtype = model, name, dtype
        self.sends = np.dtype(sends)
        self._shape, self._d_type = np.shape(getattr(model, name)), sends

    def read(self) -> np.ndarray:
        return np.array(getattr(self.model, self.name)).astype(self.dtype)

    def write(self, data: np.ndarray) -> None:
        message = np.zeros(np.shape(data), self.sends)
        message[:] = data
        setattr(self.model, self.name, message)

    def wait(self) -> None:
        """Written at once."""


class StockGraph:
    """A graph of stock processes, their ProcessModels stepped in this process.

    Parameters
    ----------
    processes : sequence of lava AbstractProcess
        Every process of the graph.
    tag : str
        Of the ProcessModels.
    """

    _wire = Wire

    def __init__(self, processes: Sequence[Any], tag: str = "fixed_pt") -> None:
        from lava.magma.core.process.ports.ports import create_port_id

        self.models: dict[Any, Any] = {}
        incoming: dict[Any, dict[str, Wire]] = {port: {} for p in processes for port in p.in_ports}
        self._wires: dict[Any, list[Wire]] = {port: [] for p in processes for port in p.out_ports}
        classes = {p: self._model_class(p, tag) for p in processes}
        for port, wires in self._wires.items():
            dtype = getattr(classes[port.process], port.name).d_type
            for target in port.get_dst_ports():
                wire = self._wire(dtype)
                wires.append(wire)
                incoming[target][create_port_id(port.process.id, port.name)] = wire
        for process in processes:
            self.models[process] = self._build(process, classes[process], incoming)
        for process in processes:
            self._refer(process, classes[process])
        self._synapses = [p for p in processes if buffer_name(p)]
        self._others = self._sorted([p for p in processes if not buffer_name(p)])

    @staticmethod
    def _model_class(process: Any, tag: str) -> Any:
        return stock_model(process) if tag == "fixed_pt" else selected_model(process, tag)

    def _build(self, process: Any, model: Any, incoming: dict[Any, dict[str, Wire]]) -> Any:
        from lava.magma.compiler.builders.py_builder import PyProcessBuilder
        from lava.magma.compiler.utils import PortInitializer, VarInitializer

        builder = PyProcessBuilder(model, 0, process.proc_params)
        builder.set_variables([VarInitializer(v.name, v.shape, v.init, v.id) for v in process.vars])
        ports = []
        for port in process.in_ports:
            transforms = port.get_incoming_transform_funcs()
            ports.append(PortInitializer(port.name, port.shape, None, "InPort", 1, transforms))
            if incoming[port]:
                builder.csp_ports[port.name] = list(incoming[port].values())
                for source, wire in incoming[port].items():
                    builder._csp_port_map.setdefault(port.name, {})[source] = wire
        for port in process.out_ports:
            ports.append(PortInitializer(port.name, port.shape, None, "OutPort", 1))
            if self._wires[port]:
                builder.csp_ports[port.name] = self._wires[port]
        builder.set_py_ports(ports)
        return builder.build()

    def _refer(self, process: Any, model: Any) -> None:
        """Let the RefPorts that are connected reach their Vars."""
        for port in process.ref_ports:
            for var in port.get_dst_vars():
                dtype = getattr(type(self.models[var.process]), var.name).d_type
                target = self.models[var.process]
                sends = getattr(model, port.name).d_type
                setattr(self.models[process], port.name, _Reference(target, var.name, dtype, sends))

    @staticmethod
    def _sorted(processes: list[Any]) -> list[Any]:
        """Processes such that what one receives in a step was sent before."""
        done: list[Any] = []
        while len(done) < len(processes):
            ready = [
                p
                for p in processes
                if p not in done
                and all(s.process in done or s.process not in processes for i in p.in_ports for s in i.get_src_ports())
            ]
            done += ready
        return done

    def step(self) -> None:
        """One time step: synapses send, neurons run, synapses run, then the phases that models ask for."""
        sent = {}
        for process in self._synapses:
            buffer = getattr(self.models[process], buffer_name(process))
            buffer = buffer[:, 0] if buffer.ndim == 2 else buffer
            for wire in self._wires[process.a_out]:
                wire.send(buffer)
            sent[process] = _Sent(buffer.copy())
        for process in self._others:
            self._spike(process)
        for process in self._synapses:
            self.models[process].a_out._csp_ports = [sent[process]]
            self._spike(process)
        self._later_phases()

    def _later_phases(self) -> None:
        """Management and learning, in the order and under the guards of Lava's LoihiProtocol."""
        models = list(self.models.values())
        learns = [bool(model.lrn_guard()) for model in models]
        before = any(learn and model.pre_guard() for learn, model in zip(learns, models, strict=True))
        after = any(not learn and model.post_guard() for learn, model in zip(learns, models, strict=True))
        if before:
            for model in models:
                if model.pre_guard():
                    model.run_pre_mgmt()
        if before or any(learns):
            for model in models:
                if model.lrn_guard():
                    model.run_lrn()
            after = after or any(model.post_guard() for model in models)
        self._worked()
        if after:
            for model in models:
                if model.post_guard():
                    model.run_post_mgmt()

    def _worked(self) -> None:
        """The work of the step is done; what comes is processes that read and write the Vars of others."""

    def _spike(self, process: Any) -> None:
        model = self.models[process]
        model.time_step += 1
        model.run_spk()

    def get(self, var: Any) -> np.ndarray:
        """Value of a Var, in its shape; a sparse one in full, of a complex one the real part, as Lava hands it over."""
        model = self.models[var.process]
        held = getattr(model, var.name)
        held = held.toarray() if hasattr(held, "tocsr") else held
        return np.asarray(np.real(held), dtype=np.float64).reshape(var.shape)

    def set(self, var: Any, value: Any) -> None:
        """Write a Var as Lava's `_set_var` does."""
        model = self.models[var.process]
        held = getattr(model, var.name)
        if isinstance(held, (int, np.int32)):
            setattr(model, var.name, type(held)(np.float64(value.reshape(-1)[0])))
        elif isinstance(held, str):
            setattr(model, var.name, value)
        else:
            for item, new in zip(np.nditer(held, op_flags=["readwrite"]), value.reshape(-1), strict=True):
                item[...] = new
        model.on_var_update()


class _WaitingWire(Wire):
    """A wire whose receiver, where nothing was sent yet, lets other models go on first."""

    def recv(self) -> np.ndarray:
        while not self.messages:
            getcurrent().parent.switch()
        return super().recv()


class WaitingGraph(StockGraph):
    """A graph whose processes wait for each other within a time step, in loops too, as those of our nets do."""

    _wire = _WaitingWire
    _model_class = staticmethod(selected_model)

    @staticmethod
    def _sorted(processes: list[Any]) -> list[Any]:
        return processes

    def step(self) -> None:
        """One time step: whoever finds a wire empty goes on in the next round."""
        calls = [greenlet(partial(self._spike, process)) for process in self.models]
        for _ in range(ROUNDS):
            for call in calls:
                call.switch()
            calls = [call for call in calls if not call.dead]
            if not calls:
                return self._later_phases()
        raise AssertionError(f"{len(calls)} processes wait for messages that nobody sends")
