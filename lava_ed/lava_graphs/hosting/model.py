"""A hosted model: the user's Python object, built by Lava's own builder, and the commands that it gets."""

from __future__ import annotations

import copy
from collections.abc import Callable
from contextlib import suppress
from time import perf_counter
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from lava.magma.compiler.builders.py_builder import PyProcessBuilder
from lava.magma.compiler.utils import VarInitializer
from lava.magma.core.model.py.model import PyAsyncProcessModel, PyLoihiProcessModel
from lava.magma.core.process.process import AbstractProcess
from lava.magma.runtime.mgmt_token_enums import enum_to_np
from lava.utils.sparse import find
from scipy.sparse import csr_matrix

from lava_ed.engine.entries import entries_at, with_entries
from lava_ed.errors import BackendError, ShapeError
from lava_ed.lava_graphs.hosting.channels import shorten_ports
from lava_ed.lava_graphs.hosting.streams import OwnStream, RandomStream
from lava_ed.lava_graphs.hosting.waiting import Call, give_way
from lava_ed.lava_graphs.hosting.wiring import Wiring, own_copy, ports_of, var_ports_of
from lava_ed.lava_graphs.selection.models import Model, describe, describe_model
from lava_ed.network.values import numbers_of

PRE_MGMT, LEARNING, POST_MGMT, PAUSE, STOP = -4, -5, -6, -7, -8
"""Answers of a PyLoihiProcessModel to a phase: what it asks for next."""
_ANSWERS: Final = {answer: answer for answer in (PRE_MGMT, LEARNING, POST_MGMT, PAUSE, STOP)}
_ASYNC_ANSWERS: Final = {-4: PAUSE, -5: STOP}


class Answers:
    """Where a model tells the runtime service what it asks for.

    Parameters
    ----------
    is_async : bool
    """

    def __init__(self, is_async: bool) -> None:
        self._meanings = _ASYNC_ANSWERS if is_async else _ANSWERS
        self.asked: set[int] = set()
        """What is asked for; one set for all models of a graph, which is empty in most steps."""

    def send(self, data: npt.NDArray[Any]) -> None:
        """Keep the answer, if it asks for anything."""
        answer = int(data[0])
        if answer in self._meanings:
            self.asked.add(self._meanings[answer])


class Commands:
    """Where an asynchronous model looks for commands of the runtime service."""

    def __init__(self) -> None:
        self.steps = 0
        self.ending: Callable[[], npt.NDArray[Any] | None] = lambda: None

    def probe(self) -> bool:
        """Whether the model is to pause or stop; others go on meanwhile."""
        give_way()
        return self.ending() is not None

    def peek(self) -> npt.NDArray[Any]:
        """The command."""
        command = self.ending()
        return enum_to_np(0) if command is None else command

    def recv(self) -> list[npt.NDArray[Any]]:
        """The number of steps, which follows the command to run."""
        return [enum_to_np(self.steps)[0]]


class HostedModel:
    """A process that runs by its own Python model.

    Parameters
    ----------
    process : AbstractProcess
    name : str
        Name of its node.
    wiring : Wiring

    Raises
    ------
    BackendError
        If Lava's builder takes the model for none of this process.
    """

    def __init__(self, process: AbstractProcess, name: str, wiring: Wiring) -> None:
        self.process, self.name = process, name
        self.cls: Model = wiring.models[process]
        self.is_async = issubclass(self.cls, PyAsyncProcessModel)
        """Whether it runs by itself, not step by step."""
        self._wiring = wiring
        self._model: Any = None
        self.failure: Exception | None = None
        """What the user's code has raised at last, its constructor too."""
        self._stream: RandomStream | None = None
        self.answers, self.commands = Answers(self.is_async), Commands()
        self.call: Call | None = None
        self._spiking: Any = None
        self._first_wait: Callable[[], bool] | None = None
        self._plain = not self.overrides("_spike", "advance_to_time_step")
        self._learns, self._guarded = self.overrides("lrn_guard"), self.overrides("lrn_guard", "post_guard")
        self.seconds = 0.0
        """Time that its calls have taken."""
        self.serves = False
        """Whether it has ended its part of a management phase, in which RefPorts then reach its Vars."""
        try:
            self._builder()
        except AssertionError as error:
            raise BackendError(
                f"Lava cannot build {describe_model(self.cls)} for {describe(process)}: {error}"
            ) from error

    @property
    def model(self) -> Any:
        """The user's object, which is made when it is first needed, as Lava makes it in the first run."""
        if self._model is None:
            with OwnStream():
                stream = self._own_stream()
                stream.enter()
                try:
                    self._model = self._builder(own_copy).build()
                except Exception as failure:
                    # The next attempt begins where the program's stream is then.
                    self.failure, self._stream = failure, None
                    raise
                finally:
                    stream.leave()
            self._model.process_to_service, self._model.service_to_process = self.answers, self.commands
            shorten_ports(self._model.py_ports)
        return self._model

    def prepare(self) -> None:
        """Make the model before any other one draws a random number, and let it draw from where the program is now."""
        if self._stream is not None and self._stream.is_elsewhere():
            # Somebody has read a Var, and then seeded: on Lava, the stream is copied by the first run.
            self._stream = RandomStream()
        _ = self.model

    def _own_stream(self) -> RandomStream:
        """Its stream of random numbers, which begins where the program's is when the model is first needed."""
        if self._stream is None:
            self._stream = RandomStream()
        return self._stream

    def _builder(self, own: Callable[[Any], Any] = lambda value: value) -> Any:
        """Lava's builder, with the checks of Lava's compiler."""
        process, wiring = self.process, self._wiring
        params = copy.copy(process.proc_params)
        params._parameters = own(params._parameters)
        builder = PyProcessBuilder(self.cls, process.id, params)
        # Not ``in process.vars``: that has one iterator, which the user's program may be using.
        builder.set_variables([VarInitializer(v.name, v.shape, own(v.init), v.id) for v in process.vars.members])
        io, refs = ports_of(process, self.cls)
        builder.set_py_ports(io)
        builder.set_ref_ports(refs)
        builder.set_var_ports(var_ports_of(process, wiring.models))
        builder.check_all_vars_and_ports_set()
        builder.check_lava_py_types()
        builder.csp_ports = wiring.plugs[process].csp
        builder._csp_port_map = wiring.plugs[process].sources
        return builder

    def start(self, method: str) -> None:
        """Begin a call, which `resume` runs."""
        self.call = Call(getattr(self.model, method))

    def start_spiking(self) -> None:
        """Begin the spiking phase; it begins to run when that is there for which it waited first in a step before."""
        call = self._spiking
        if call is None or call.dead:
            call = self._spiking = Call(self._spike_step_by_step)
        call.ready, call.held, call.ended = self._first_wait, self._first_wait is not None, False
        self.call = call

    def run_step(self) -> bool:
        """Run the spiking phase until it ends or waits, and do not hold it back before; whether it has ended."""
        call = self._spiking
        if call is None or call.dead:
            call = self._spiking = Call(self._spike_step_by_step)
        call.ready, call.ended = None, False
        self.call = call
        return self.resume()

    def _spike_step_by_step(self) -> None:
        """Spiking phases of one step after the other."""
        call, spike = self._spiking, self._spike if self._plain else self.model._spike
        while True:
            spike()
            call.ended = True
            call.parent.switch()

    def end_stretch(self) -> None:
        """End the call of the spiking phases: the next steps may be those of another thread, which it cannot follow."""
        if self._spiking is not None and not self._spiking.dead:
            self._spiking.throw()
        self._spiking = None

    def begin_anyway(self) -> None:
        """Begin to run without what it waited for in a step before."""
        assert self.call is not None
        self.call.ready, self.call.held, self._first_wait = None, False, None

    def _spike(self) -> None:
        """Lava's ``PyLoihiProcessModel._spike``, which passes by the model's slow ``__setattr__``."""
        model = self.model
        attributes = model.__dict__
        attributes["time_step"] += 1
        attributes["phase"] = PyLoihiProcessModel.Phase.SPK
        model.run_spk()
        if model._req_pause or model._req_stop:
            model._handle_pause_or_stop_req()
        elif self._guarded:
            if self._learns and model.lrn_guard() and model.pre_guard():
                self.answers.asked.add(PRE_MGMT)
            elif self._learns and model.lrn_guard():
                self.answers.asked.add(LEARNING)
            elif model.post_guard():
                self.answers.asked.add(POST_MGMT)

    def resume(self) -> bool:
        """Run the call until it waits; whether it has ended.

        Raises
        ------
        Exception
            What the user's model raises.
        """
        call, stream = self.call, self._stream or self._own_stream()
        assert call is not None
        call.held = False
        stream.enter()
        begin = perf_counter()
        try:
            call.switch()
        except Exception as failure:
            self.failure = failure
            raise
        finally:
            self.seconds += perf_counter() - begin
            stream.leave()
        if call.ended or call.dead:
            return True
        if self._first_wait is None:
            self._first_wait = call.ready
        return False

    @property
    def waits(self) -> bool:
        """Whether it waits for something that has not happened."""
        return self.call is not None and not self.call.can_go_on()

    def give_up(self) -> None:
        """End a call that waits, where it stands."""
        call, self.call = self.call, None
        if call is not None and not call.dead:
            call.throw()

    def overrides(self, *methods: str) -> bool:
        """Whether the user has written one of these methods."""
        base: Any = PyAsyncProcessModel if self.is_async else PyLoihiProcessModel
        return any(getattr(self.cls, name, None) is not getattr(base, name, None) for name in methods)

    def get(self, name: str, idx: Any = None) -> npt.NDArray[np.float64]:
        """Value of a Var as Lava's runtime hands it over: float64, a sparse matrix by its values, a text by codes.

        Where the constructor of the model fails it is the initial value, as the process holds it; `run` tells why.
        """
        var = getattr(self.process, name)
        value = getattr(self.model, name) if self._can_be_made() else _initial(var)
        if isinstance(value, csr_matrix):
            found = find(value, explicit_zeros=True)[2]
        elif isinstance(value, str):
            found = np.array(list(value.encode("ascii")))
        elif np.ndim(value):
            # A model may hold more values than its Var declares, such as a decay for each neuron.
            found = np.asarray(value)
            found = found.reshape(var.shape) if found.size == var.size else found
        else:
            found = np.zeros(var.shape)
            found.reshape(-1)[:1] = value
        found = np.array(found, np.float64)
        return found if idx is None else entries_at(found, idx, f"{self.name}.{name}")

    def _can_be_made(self) -> bool:
        """Whether the model is there, or could be made now; what has failed is not tried again before the next run."""
        if self._model is None and self.failure is None:
            with suppress(Exception):  # which `failure` keeps
                _ = self.model
        return self._model is not None

    def set(self, name: str, value: npt.ArrayLike, idx: Any = None) -> None:
        """Write a Var as Lava's runtime does, and tell the model of it.

        Raises
        ------
        ShapeError
            If there are more values, or fewer, than the Var has.
        """
        model, where = self.model, f"{self.name}.{name}"
        held: Any = getattr(model, name)
        new = numbers_of(value, where) if idx is None else with_entries(self.get(name), idx, value, where)
        if isinstance(held, str):
            setattr(model, name, bytes(new.astype(np.uint8).tolist()).decode("ascii"))
        elif isinstance(held, csr_matrix):
            rows, columns, values = find(held)
            self._check_size(new, values.size, where)
            setattr(model, name, csr_matrix((new.astype(float).reshape(-1), (rows, columns)), held.shape))
        elif isinstance(held, np.ndarray):
            self._check_size(new, held.size, where)
            held[...] = new.astype(np.float64).reshape(held.shape)
        else:
            number = float(new.reshape(-1)[0])
            setattr(model, name, held.dtype.type(number) if isinstance(held, np.generic) else number)
        model.on_var_update()

    def host(self) -> None:
        """Let the model do what it does after a run."""
        try:
            self.model._host()
        except Exception as failure:
            self.failure = failure
            raise

    @staticmethod
    def _check_size(new: npt.NDArray[Any], size: int, where: str) -> None:
        if new.size != size:
            raise ShapeError(f"{where} takes {size} values, not {new.size}: give it all of its values, in its shape")


def _initial(var: Any) -> Any:
    """The initial value of a Var: one number stands for all of its values."""
    if isinstance(var.init, str):
        return var.init
    return var.init.tocsr() if hasattr(var.init, "tocsr") else np.broadcast_to(np.asarray(var.init), var.shape)
