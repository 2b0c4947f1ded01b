"""Channels between hosted models, and between them and compiled code; Lava's own ports send and receive on them.

Semantics are those of ``lava.magma.compiler.channels.pypychannel``: a message is cast to the sender's type, its shape
is checked, and who finds a channel empty or full waits.  Whoever waits here gives way to the others, by a greenlet.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
from lava.magma.compiler.channels.pypychannel import CspRecvPort, CspSendPort
from lava.magma.core.model.py.ports import IdentityTransformer, PyInPortVectorDense, PyOutPortVectorDense
from lava.utils.sparse import find
from scipy.sparse import csr_matrix

from lava_ed.lava_graphs.hosting.waiting import wait_until


class Channel:
    """A queue of messages from one port to another.

    Parameters
    ----------
    source, target : str
        Process and port, for errors.
    shape : tuple
    dtype : type
        Type of the sending port.
    size : int
        Messages that fit in, as on Lava.
    """

    def __init__(self, source: str, target: str, shape: tuple[int, ...], dtype: Any, size: int) -> None:
        self.source, self.target = source, target
        self.shape, self.dtype, self.size = shape, np.dtype(dtype), size
        self.messages: deque[npt.NDArray[Any]] = deque()
        self.take: Callable[[Any], bool] | None = None
        """Takes a message of the sender's type at once, if the receiver has room for it."""
        self.on_send: Callable[[], None] | None = None
        """Called after each message, by which a Var is read or written at once where that is possible."""

    def push(self, data: Any) -> None:
        """Append a message, or wait until there is room."""
        if data.shape != self.shape:
            # Lava's own words, which programs may look for.
            raise AssertionError(f"{data.shape=} self._shape={self.shape} Mismatch")
        plain = type(data) is np.ndarray
        if not plain and isinstance(data, csr_matrix):
            data = find(data, explicit_zeros=True)[2]
        if plain and self.take is not None and not self.messages and data.dtype == self.dtype and self.take(data):
            return
        if len(self.messages) >= self.size:
            wait_until(lambda: len(self.messages) < self.size, f"{self.source} has no room to send to {self.target}")
        if plain:
            message = data.astype(self.dtype, order="C")
        else:
            message = np.empty(self.shape, self.dtype)
            message[:] = data[:]
        self.messages.append(message)
        if self.on_send is not None:
            self.on_send()

    def pop(self) -> npt.NDArray[Any]:
        """The oldest message, waited for if there is none."""
        if not self.messages:
            wait_until(self._filled, f"{self.target} waits for a message of {self.source}")
        return self.messages.popleft()

    def _filled(self) -> bool:
        return bool(self.messages)


class SendPort(CspSendPort):  # type: ignore[misc]
    """The end of a channel on which a model sends."""

    def __init__(self, name: str, channel: Channel) -> None:
        self._name, self.channel = name, channel
        self._shape, self._dtype, self._size = channel.shape, channel.dtype, channel.size
        self.observer = None
        self.send = channel.push

    def start(self) -> None:
        """Nothing has to be started."""

    def join(self) -> None:
        """Nothing has to be ended."""

    def probe(self) -> bool:
        """Whether a message would find room."""
        return len(self.channel.messages) < self._size


class RecvPort(CspRecvPort):  # type: ignore[misc]
    """The end of a channel on which a model receives."""

    def __init__(self, name: str, channel: Channel) -> None:
        self._name, self.channel = name, channel
        self._shape, self._dtype, self._size = channel.shape, channel.dtype, channel.size
        self.observer = None
        self.recv = channel.pop

    def start(self) -> None:
        """Nothing has to be started."""

    def join(self) -> None:
        """Nothing has to be ended."""

    def probe(self) -> bool:
        """Whether a message is there."""
        return bool(self.channel.messages)

    def peek(self) -> npt.NDArray[Any]:
        """A copy of the oldest message, which stays."""
        message = self.channel.pop()
        self.channel.messages.appendleft(message)
        return message.copy()


def _receive(zeros: npt.NDArray[Any], receive: Callable[[], npt.NDArray[Any]]) -> Any:
    return zeros + receive()


def shorten_ports(ports: Iterable[Any]) -> None:
    """Let Lava's own ports with one channel and nothing on the way do what they do without a loop over channels."""
    for port in ports:
        ends: list[Any] = getattr(port, "csp_ports", [])
        if len(ends) != 1:
            continue
        if type(port) is PyOutPortVectorDense:
            port.send = ends[0].send
        elif type(port) is PyInPortVectorDense and type(port._transformer) is IdentityTransformer:
            port.recv = partial(_receive, np.zeros(port._shape, port._d_type), ends[0].recv)
