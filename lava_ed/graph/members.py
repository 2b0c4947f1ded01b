"""Vars and ports of a Process: they hold shapes, initial values and connections, and compute nothing."""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from scipy.sparse import csr_matrix, spmatrix

_VAR_IDS: Final = itertools.count()


def find(matrix: Any, explicit_zeros: bool = False) -> tuple[Any, Any, Any]:
    """Rows, columns and values of a sparse matrix, row by row of its transpose; stored zeros too where asked for."""
    found = matrix.tocoo()
    keep = np.ones(found.nnz, bool) if explicit_zeros else found.data != 0
    order = np.lexsort((found.row[keep], found.col[keep]))
    return found.row[keep][order], found.col[keep][order], found.data[keep][order]


class AbstractProcessMember:
    """A part of a Process: it has a shape, and learns its name and Process when that is complete."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        if not isinstance(shape, tuple):
            raise AssertionError(f"shape is {shape!r}: give a tuple of sizes, such as (3,)")
        self.shape, self.name, self._process = shape, "", None

    @property
    def size(self) -> int:
        """Number of values."""
        return math.prod(self.shape)

    @property
    def process(self) -> Any:
        """The Process that it belongs to."""
        return self._process

    @process.setter
    def process(self, process: Any) -> None:
        self._process = process


class Var(AbstractProcessMember):
    """State of a Process.

    Parameters
    ----------
    shape : tuple of int
    init : number, array, sparse matrix or str
        Initial value, broadcast to the shape.
    shareable : bool
        Whether RefPorts of other Processes may lead to it.
    name : str
    """

    def __init__(self, shape: tuple[int, ...], init: Any = 0, shareable: bool = True, name: str = "") -> None:
        super().__init__(shape)
        self.init, self.shareable, self.name = init, shareable, name
        self.id = next(_VAR_IDS)
        self.aliased_var: Var | None = None

    def alias(self, other_var: Var) -> None:
        """Stand for a Var of a sub-process, of the same shape."""
        if not isinstance(other_var, Var) or (self.shape, self.shareable) != (other_var.shape, other_var.shareable):
            raise AssertionError(f"{self.name} cannot be an alias of {other_var!r}: another shape, or no Var.")
        self.aliased_var = other_var

    def validate_alias(self) -> None:
        """Refuse an alias of a Var that is not inside this Process."""
        if self.aliased_var is not None and not self.aliased_var.process.is_sub_proc_of(self.process):
            raise AssertionError(f"{self.name} is an alias of a Var that is not inside {self.process.name}.")

    def get(self, idx: Any = None) -> Any:
        """Value at the current time step; the initial value before there is a runtime."""
        if self.aliased_var is not None:
            return self.aliased_var.get(idx)
        if self.process is None or self.process.runtime is None:
            return self.init
        value = self.process.runtime.get_var(self.id, idx)
        if isinstance(self.init, str):
            return bytes(value.astype(int).tolist()).decode("ascii")
        if isinstance(self.init, csr_matrix):
            rows, columns, _ = find(self.init)
            return csr_matrix((value, (rows, columns)), self.init.shape)
        return value

    def set(self, value: Any, idx: Any = None) -> None:
        """Write the value, or its entries `idx`.

        Raises
        ------
        ValueError
            Without a runtime, or if a sparse matrix has other entries than the initial one.
        """
        if self.aliased_var is not None:
            self.aliased_var.set(value, idx)
            return
        if self.process.runtime is None:
            raise ValueError(f"No Runtime holds {self.name} yet: run the graph, or attach it, before writing a Var")
        if isinstance(value, str):
            value = np.array(list(value.encode("ascii")), dtype=np.int32)
        elif isinstance(value, spmatrix):
            old, new = find(self.init, explicit_zeros=True), find(value.tocsr(), explicit_zeros=True)
            if value.shape != self.init.shape or not all(np.array_equal(old[k], new[k]) for k in (0, 1)):
                raise ValueError("Indices and number of non-zero elements must stay equal for a sparse matrix.")
            value = new[2]
        self.process.runtime.set_var(self.id, value, idx)


def create_port_id(proc_id: int, port_name: str) -> str:
    """Name of a port that no other port has."""
    return f"{proc_id}_{port_name}"


def _listed(item: Any) -> list[Any]:
    return list(item) if isinstance(item, (list, tuple)) else [item]


class AbstractPort(AbstractProcessMember):
    """A port, with those that it is connected to; connections have a direction."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        super().__init__(shape)
        self.in_connections: list[AbstractPort] = []
        self.out_connections: list[AbstractPort] = []
        self.connection_configs: dict[AbstractPort, Any] = {}

    def _join(
        self, others: Any, kinds: Any, configs: Any = None, backward: bool = False, same_shape: bool = True
    ) -> None:
        """Connect this port to others, or others to this one; all are checked before any is connected."""
        others = _listed(others)
        for other in others:
            if not isinstance(other, kinds):
                raise AssertionError(f"{self.name} cannot be connected to a {type(other).__name__}.")
            if same_shape and self.shape != other.shape:
                raise AssertionError(f"Shapes {self.shape} and {other.shape} are incompatible.")
            if other in (self.in_connections if backward else self.out_connections):
                raise AssertionError(f"{self.name} and {other.name} are connected already.")
        given = _listed(configs)
        for k, other in enumerate(others):
            source, target = (other, self) if backward else (self, other)
            source.out_connections.append(target)
            target.in_connections.append(source)
            config = given[k] if len(given) == len(others) else given[0]
            if config is not None:
                source.connection_configs[target] = target.connection_configs[source] = config

    def get_src_ports(self) -> list[AbstractPort]:
        """Ports at which the ways to this one begin."""
        return [end for port in self.in_connections for end in (port.get_src_ports() or [port])]

    def get_dst_ports(self) -> list[AbstractPort]:
        """Ports at which the ways from this one end."""
        return [end for port in self.out_connections for end in (port.get_dst_ports() or [port])]

    def _derived(self, port: AbstractVirtualPort) -> Any:
        self._join(port, AbstractPort, same_shape=False)
        return port

    def reshape(self, new_shape: tuple[int, ...]) -> ReshapePort:
        """A port that hands on the same values in another shape."""
        if self.size != math.prod(new_shape):
            raise AssertionError(f"{self.name} of shape {self.shape} cannot be reshaped to {new_shape}.")
        return self._derived(ReshapePort(tuple(new_shape), self.shape))  # type: ignore[no-any-return]

    def flatten(self) -> ReshapePort:
        """A port that hands on the same values in one dimension."""
        return self.reshape((self.size,))

    def transpose(self, axes: Sequence[int] | None = None) -> TransposePort:
        """A port that hands on the same values with its axes in another order; default: reversed."""
        order = tuple(reversed(range(len(self.shape)))) if axes is None else tuple(axes)
        if sorted(axis % max(len(self.shape), 1) for axis in order) != list(range(len(self.shape))):
            raise AssertionError(f"{axes} is no order of the axes of {self.shape}.")
        return self._derived(TransposePort(tuple(self.shape[k] for k in order), order))  # type: ignore[no-any-return]

    def concat_with(self, ports: Any, axis: int) -> ConcatPort:
        """A port that hands on this port's values and those of others, joined along an axis."""
        return ConcatPort([self, *_listed(ports)], axis)


class AbstractIOPort(AbstractPort):
    """A port for messages."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        super().__init__(shape)
        self.external_pipe_flag, self.external_pipe_buffer_size = False, 64

    def flag_external_pipe(self, buffer_size: int | None = None) -> None:
        """Mark a port that Python code around the graph sends to or receives from."""
        self.external_pipe_flag = True
        self.external_pipe_buffer_size = self.external_pipe_buffer_size if buffer_size is None else buffer_size


class OutPort(AbstractIOPort):
    """Sends messages to InPorts, or to an OutPort of the Process around."""

    def connect(self, ports: Any, connection_configs: Any = None) -> None:
        """Connect to InPorts, or to OutPorts of the Process around."""
        self._join(ports, (AbstractIOPort), connection_configs)

    def connect_from(self, ports: Any, connection_configs: Any = None) -> None:
        """Connect from OutPorts of a Process inside."""
        self._join(ports, OutPort, connection_configs, backward=True)


class InPort(AbstractIOPort):
    """Receives messages; several that arrive at once are added."""

    def __init__(self, shape: tuple[int, ...], reduce_op: Any = None) -> None:
        super().__init__(shape)
        self._reduce_op = reduce_op

    def connect(self, ports: Any, connection_configs: Any = None) -> None:
        """Connect to InPorts of a Process inside."""
        self._join(ports, InPort, connection_configs)

    def connect_from(self, ports: Any, connection_configs: Any = None) -> None:
        """Connect from OutPorts, or from an InPort of the Process around."""
        self._join(ports, (AbstractIOPort, AbstractVirtualPort), connection_configs, backward=True)


class AbstractRVPort(AbstractPort):
    """A port to the Vars of another Process."""

    def _join_one(self, ports: Any, kinds: Any, configs: Any, backward: bool = False) -> None:
        if len(_listed(ports)) > 1 or (self.in_connections if backward else self.out_connections):
            raise AssertionError(f"{self.name} leads to one Var and no more: add a RefPort for each further one")
        for port in _listed(ports):
            if not isinstance(port, kinds):
                raise TypeError(f"{self.name} leads to Vars: use connect_var, not a {type(port).__name__}")
        self._join(ports, kinds, configs, backward)


class RefPort(AbstractRVPort):
    """Reads and writes a Var of another Process."""

    def connect(self, ports: Any, connection_configs: Any = None) -> None:
        """Connect to a VarPort, or to a RefPort of the Process around."""
        self._join_one(ports, (AbstractRVPort), connection_configs)

    def connect_from(self, ports: Any, connection_configs: Any = None) -> None:
        """Connect from a RefPort of a Process inside."""
        self._join_one(ports, RefPort, connection_configs, backward=True)

    def connect_var(self, variables: Any, connection_configs: Any = None) -> None:
        """Connect to a Var."""
        for var in _listed(variables):
            if not isinstance(var, Var):
                raise AssertionError(
                    f"{self.name} cannot lead to a {type(var).__name__}: give a Var, or a list of them"
                )
            if self.process is not None and self.process is var.process:
                raise AssertionError(
                    f"{self.name} and {var.name} belong to the same Process, which reads its Var without it"
                )
        self.connect([self.create_implicit_var_port(var) for var in _listed(variables)], connection_configs)

    def get_dst_vars(self) -> list[Var]:
        """Vars at which the ways from this port end."""
        return [port.var for port in self.get_dst_ports() if isinstance(port, VarPort)]

    @staticmethod
    def create_implicit_var_port(var: Var) -> VarPort:
        """A VarPort of a Var, with a name of its own in the Var's Process."""
        port, base = ImplicitVarPort(var), f"_{var.name}_implicit_port"
        port.name = base
        if var.process is not None:
            port.process = var.process
            suffixes = itertools.count(1)
            while hasattr(var.process, port.name):
                port.name = f"{base}_{next(suffixes)}"
            setattr(var.process, port.name, port)
            var.process.var_ports.add_members({port.name: port})
        return port


class VarPort(AbstractRVPort):
    """Opens a Var to RefPorts of other Processes."""

    def __init__(self, var: Var) -> None:
        if not isinstance(var, Var) or not var.shareable:
            raise AssertionError(f"{var!r} is no Var, or not shareable.")
        super().__init__(var.shape)
        self.var = var

    def connect(self, ports: Any, connection_configs: Any = None) -> None:
        """Connect to a VarPort of a Process inside."""
        self._join_one(ports, VarPort, connection_configs)

    def connect_from(self, ports: Any, connection_configs: Any = None) -> None:
        """Connect from a RefPort, or from a VarPort of the Process around."""
        self._join_one(ports, AbstractRVPort, connection_configs, backward=True)


class ImplicitVarPort(VarPort):
    """A VarPort that `RefPort.connect_var` has made."""


class AbstractVirtualPort(AbstractPort):
    """Changes the shape of messages on their way."""

    @property
    def process(self) -> Any:
        """The Process of the port that it was derived from."""
        return self.get_src_ports()[0].process

    @process.setter
    def process(self, process: Any) -> None:
        raise AssertionError("A virtual port belongs to the port that it was derived from.")

    def connect(self, ports: Any, connection_configs: Any = None) -> None:
        """Connect to what the port that it was derived from may be connected to."""
        allowed = {InPort: InPort, OutPort: AbstractIOPort, RefPort: AbstractRVPort}
        first = self.get_src_ports()[0]
        kinds = next((kinds for kind, kinds in allowed.items() if isinstance(first, kind)), VarPort)
        self._join(ports, kinds, connection_configs)


class ReshapePort(AbstractVirtualPort):
    """Hands on the same values in another shape."""

    def __init__(self, new_shape: tuple[int, ...], old_shape: tuple[int, ...]) -> None:
        super().__init__(new_shape)
        self.old_shape = old_shape

    def get_transform_func_fwd(self) -> Any:
        """What it does to an array."""
        return lambda array: np.reshape(array, self.shape)


class TransposePort(AbstractVirtualPort):
    """Hands on the same values with its axes in another order."""

    def __init__(self, new_shape: tuple[int, ...], axes: tuple[int, ...]) -> None:
        super().__init__(new_shape)
        self.axes = axes

    def get_transform_func_fwd(self) -> Any:
        """What it does to an array."""
        return functools.partial(np.transpose, axes=self.axes)


class ConcatPort(AbstractVirtualPort):
    """Joins the messages of several ports along an axis."""

    def __init__(self, ports: list[Any], axis: int) -> None:
        others = {port.shape[:axis] + port.shape[axis + 1 :] for port in ports}
        if len(others) > 1 or any(axis >= len(port.shape) for port in ports):
            raise AssertionError(f"Ports of shapes {[port.shape for port in ports]} have no common axis {axis}.")
        first = ports[0].shape
        super().__init__((*first[:axis], sum(port.shape[axis] for port in ports), *first[axis + 1 :]))
        self._join(ports, AbstractPort, backward=True, same_shape=False)
        self.concat_axis = axis
