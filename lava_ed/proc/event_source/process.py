"""EventSource: recordings of event cameras, of any length, as the spikes of a graph."""

from __future__ import annotations

import math
from collections.abc import Sequence

from lava.magma.core.process.ports.ports import OutPort
from lava.magma.core.process.process import AbstractProcess, LogConfig
from lava.magma.core.process.variable import Var

from lava_ed.data.events.code import Encoding, EventCode, step_values
from lava_ed.data.events.windows import PathLike, WindowStream
from lava_ed.errors import ConfigError
from lava_ed.network.values import count_of


class EventSource(AbstractProcess):
    """Sends the events of recordings, window after window, in bounded memory; silence follows the last event.

    A window takes T = `steps` time steps, in each of which the inputs spike that had an event then (bins), or their
    first event (ttfs: T − 1 equal parts, of which part b is sent in step b + 1).  The next window begins `period`
    steps after it: at once by default, or where a net of `lava_ed.proc` takes its next sample.

    Parameters
    ----------
    recordings : path-like, or a sequence of them
        Files, folders or archives, one after the other.
    steps : int
        T: at most 64 for bins, 127 for ttfs.
    events : EventCode or str
        How recordings are cut and filtered, as ``lava-ed train --events`` takes it; ``duration`` (µs) or ``count``
        is the length of a window, without which a recording is one window.
    encoder : {"bins", "ttfs"}
    period : int, optional
    name, log_config
        As for every Lava process.

    Raises
    ------
    ConfigError
        The code, T or the period is none, or does not fit the sensor.
    DataError
        The first recording is none, or missing.  What is wrong with an event is found where it is read: the engine
        raises there, and under Lava's runtime, whose processes cannot, the source reports it on the screen, sets
        its Var `damaged`, and is silent from then on.

    Attributes
    ----------
    windows : Var (1,)
        Windows that have begun.
    damaged : Var (1,)
        1 once a recording was found to be damaged.
    input_shape : tuple of int
        Channels, rows and columns, in whose order the inputs are: ``s_out.reshape(input_shape)``.

    Notes
    -----
    Ports: s_out (inputs,), binary.
    """

    _runtime = None  # which Lava's finaliser asks for where a source was refused

    def __init__(
        self,
        *,
        recordings: PathLike | Sequence[PathLike],
        steps: int,
        events: EventCode | str = "",
        encoder: str = "bins",
        period: int | None = None,
        name: str | None = None,
        log_config: LogConfig | None = None,
    ) -> None:
        count_of(steps, "steps of EventSource", least=1 if encoder == "bins" else 2)
        if steps > 127:
            raise ConfigError(f"steps of EventSource is {steps}: at most 127 fit a spike time")
        step_values(encoder, steps)  # refuses an encoder that takes no events, and a window too long for it
        period = steps if period is None else period
        count_of(period, "period of EventSource", least=steps)
        code = EventCode.parse(events) if isinstance(events, str) else events
        stream = WindowStream(recordings, Encoding(code, encoder, steps))
        self.input_shape = stream.shape()
        super().__init__(stream=stream, period=period, name=name, log_config=log_config)
        self.s_out = OutPort(shape=(math.prod(self.input_shape),))
        self.windows = Var(shape=(1,), init=0)
        self.damaged = Var(shape=(1,), init=0)
