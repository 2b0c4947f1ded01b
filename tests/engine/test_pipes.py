"""Injector and Extractor on the engine: data in and out while the net runs."""

from __future__ import annotations

import threading
import time
from typing import Any

import numpy as np
import pytest

pytest.importorskip("lava", reason="needs lava-nc, which needs Python 3.10")

from lava.magma.core.run_conditions import RunContinuous, RunSteps
from lava.magma.core.run_configs import Loihi2SimCfg
from lava.proc.dense.process import Dense
from lava.proc.io.extractor import Extractor, PyLoihiExtractorModel, PyLoihiExtractorModelAsync
from lava.proc.io.injector import Injector, PyLoihiInjectorModel
from lava.proc.io.sink import RingBuffer as Sink
from lava.proc.io.source import RingBuffer as Source
from lava.proc.io.utils import ChannelConfig, ReceiveEmpty, ReceiveNotEmpty, SendFull
from lava.proc.lif.process import LIF

from lava_ed.energy import LOIHI1, map_network, total
from lava_ed.engine import attach
from lava_ed.errors import BackendError, DataError, HostedModelWarning, ShapeError, UnsupportedProcessError

pytestmark = pytest.mark.lava
MODELS = {Injector: PyLoihiInjectorModel, Extractor: PyLoihiExtractorModel}
CONFIG = Loihi2SimCfg(select_tag="fixed_pt", exception_proc_model_map=MODELS)
ZEROS = ChannelConfig(receive_empty=ReceiveEmpty.NON_BLOCKING_ZEROS)


def net(
    into: ChannelConfig | None = None, out: ChannelConfig | None = None, size: int = 50, bits: int = 8
) -> list[Any]:
    """Injector → Dense → LIF → Extractor, and a Sink for what the Injector sends."""
    injector, extractor = (
        Injector(shape=(3,), buffer_size=size, channel_config=into),
        Extractor(shape=(2,), buffer_size=size, channel_config=out),
    )
    dense, lif = (
        Dense(weights=np.array([[60, 20, 4], [2, 30, 90]]), num_message_bits=bits),
        LIF(shape=(2,), vth=40, du=99),
    )
    sink = Sink(shape=(3,), buffer=8)
    injector.out_port.connect([dense.s_in, sink.a_in])
    dense.a_out.connect(lif.a_in)
    lif.s_out.connect(extractor.in_port)
    return [injector, extractor, dense, lif, sink]


def test_policies_equal_lavas_runtime() -> None:
    """Zeros where nothing was sent, and several messages at once where they are added.

    Spikes are binary: the messages are floats there, which Lava's fixed-point Dense cannot shift.
    """
    rng = np.random.default_rng(0)
    config = ChannelConfig(SendFull.BLOCKING, ReceiveEmpty.NON_BLOCKING_ZEROS, ReceiveNotEmpty.ACCUMULATE)
    script = [rng.integers(0, 9, (k, 3)) for k in (1, 0, 3, 2)]
    stock, fused = net(config, bits=0), net(config, bits=0)
    attach(fused[0], CONFIG)
    stock[0].create_runtime(CONFIG)
    try:
        for messages in script:
            for graph in (stock, fused):
                for message in messages:
                    graph[0].send(message)
            time.sleep(0.3)  # until Lava's channel has passed them on
            for graph in (stock, fused):
                graph[0].run(RunSteps(num_steps=2), CONFIG)
            for one, other in zip(stock[2:], fused[2:], strict=True):
                for var in one.vars.members:
                    np.testing.assert_array_equal(getattr(other, var.name).get(), var.get(), err_msg=var.name)
        found, expected = ([graph[1].receive() for _ in range(8)] for graph in (fused, stock))
        np.testing.assert_array_equal(found, expected)
        assert np.any(found)
        assert found[0].dtype == expected[0].dtype
    finally:
        stock[0].stop()


def test_first_in_first_out() -> None:
    """One message a step, in order; what is left waits for the next run."""
    graph = net()
    attach(graph[0], CONFIG)
    messages = np.arange(15).reshape(5, 3)
    for message in messages:
        graph[0].send(message)
    messages[:] = 0  # a message is a copy
    graph[0].run(RunSteps(num_steps=2))
    assert graph[4].data.get()[:, :2].T.tolist() == [[0, 1, 2], [3, 4, 5]]
    graph[0].run(RunSteps(num_steps=3))
    assert graph[4].data.get()[:, 2:5].T.tolist() == [[6, 7, 8], [9, 10, 11], [12, 13, 14]]


def test_a_run_waits_for_data_and_for_room() -> None:
    """A blocking Injector and an Extractor whose buffer holds two: each end runs only as fast as the other."""
    graph = net(size=2)
    attach(graph[0], CONFIG)
    graph[0].run(RunSteps(num_steps=6, blocking=False))
    received = []
    for k in range(6):
        graph[0].send(np.full(3, k))
        received.append(graph[1].receive())
    graph[0].wait()
    assert graph[0].runtime.num_steps == 6
    assert graph[4].data.get()[0, :6].tolist() == list(range(6))
    assert np.array(received).shape == (6, 2)


def test_send_blocks_while_the_buffer_is_full() -> None:
    graph = net(size=1)
    attach(graph[0], CONFIG)
    graph[0].send(np.ones(3))
    sender = threading.Thread(target=graph[0].send, args=(np.full(3, 2),), daemon=True)
    sender.start()
    sender.join(0.2)
    assert sender.is_alive()
    graph[0].run(RunSteps(num_steps=1))
    sender.join(10)
    assert not sender.is_alive()
    graph[1].receive()
    graph[0].run(RunSteps(num_steps=1))
    assert graph[4].data.get()[0, :2].tolist() == [1, 2]


def test_dropping_warns() -> None:
    """At either end, as Lava does."""
    drop = ChannelConfig(send_full=SendFull.NON_BLOCKING_DROP, receive_empty=ReceiveEmpty.NON_BLOCKING_ZEROS)
    graph = net(drop, drop, size=2)
    attach(graph[0], CONFIG)
    for k in (1, 2):
        graph[0].send(np.full(3, k))
    with pytest.warns(UserWarning, match="Dropping"):
        graph[0].send(np.full(3, 3))
    with pytest.warns(UserWarning, match="Dropping"):
        graph[0].run(RunSteps(num_steps=4))
    assert graph[4].data.get()[0, :4].tolist() == [1, 2, 0, 0]
    graph[1].receive()
    graph[1].receive()
    assert graph[1].receive().tolist() == [0, 0]


def test_pause_ends_a_wait_between_two_steps() -> None:
    """Nothing is lost: the messages sent later are those of the next steps."""
    graph = net(out=ZEROS)
    attach(graph[0], CONFIG)
    graph[0].run(RunContinuous())
    graph[0].send(np.ones(3))
    graph[1].receive()
    deadline = time.monotonic() + 20
    while graph[0].runtime.num_steps < 1 and time.monotonic() < deadline:
        time.sleep(0.01)
    graph[0].pause()
    assert graph[0].runtime.num_steps == 1
    graph[0].send(np.full(3, 7))
    graph[0].run(RunSteps(num_steps=1))
    assert graph[4].data.get()[0, :2].tolist() == [1, 7]
    graph[0].stop()


def test_the_engine_sends_integers() -> None:
    """What cannot be sent ends the run before its step."""
    graph = net(ZEROS)
    attach(graph[0], CONFIG)
    graph[0].send(np.array([0.5, 0, 0]))
    with pytest.raises(DataError, match=r"what was sent to .* integers"):
        graph[0].run(RunSteps(num_steps=1))
    assert graph[0].runtime.num_steps == 0


@pytest.mark.parametrize("end", ["fails", "stop", "detach"])
def test_a_sender_does_not_wait_for_a_run_that_has_ended(end: str) -> None:
    """A thread that waits for room is woken with the run's error, and so is the next one that would wait."""
    graph = net(size=2)
    runtime = attach(graph[0], CONFIG)
    errors: list[Exception] = []

    def send_all() -> None:
        try:
            for _ in range(50):
                send(np.array([0.5, 0, 0] if end == "fails" else [1, 0, 0]))
        except Exception as error:
            errors.append(error)

    send = graph[0].send
    sender = threading.Thread(target=send_all, daemon=True)
    sender.start()
    if end == "fails":
        graph[0].run(RunSteps(num_steps=9, blocking=False))
        sender.join(10)
        with pytest.raises(DataError, match="integers"):
            graph[0].wait()
    else:
        while graph[0].in_port.external_pipe_csp_send_port.probe():
            time.sleep(0.001)
        getattr(runtime, end)()
        sender.join(10)
    assert not sender.is_alive()
    kind, reason = {
        "fails": (DataError, "what was sent"),
        "stop": (BackendError, r"stopped: call attach\(\) again"),
        "detach": (BackendError, "detached"),
    }[end]
    with pytest.raises(kind, match=rf"send\(\) would wait for ever for room, as the run has ended: .*{reason}"):
        raise errors[0]
    if end == "fails":
        # The first of the bad messages is gone with the step that failed, so that one more finds room.
        if graph[0].in_port.external_pipe_csp_send_port.probe():
            graph[0].send(np.zeros(3))
        with pytest.raises(DataError, match="for ever"):
            graph[0].send(np.zeros(3))
        assert runtime.num_steps == 0


@pytest.mark.parametrize("blocking", [True, False])
def test_a_receiver_does_not_wait_for_a_run_that_has_failed(blocking: bool) -> None:
    """What was sent before can still be received."""
    graph = net()
    attach(graph[0], CONFIG)
    for value in (1, 0.5):
        graph[0].send(np.full(3, value))
    received: list[Any] = []

    def receive_all() -> None:
        try:
            while True:
                received.append(graph[1].receive())
        except Exception as error:
            received.append(error)

    receiver = threading.Thread(target=receive_all, daemon=True)
    receiver.start()
    if blocking:
        with pytest.raises(DataError, match="integers"):
            graph[0].run(RunSteps(num_steps=5))
    else:
        graph[0].run(RunSteps(num_steps=5, blocking=False))
        with pytest.raises(DataError, match="integers"):
            graph[0].wait()
    receiver.join(10)
    assert not receiver.is_alive()
    assert len(received) == 2
    with pytest.raises(DataError, match=r"receive\(\) would wait for ever for a message"):
        raise received[1]


def test_a_message_of_another_shape_is_refused() -> None:
    graph = net()
    attach(graph[0], CONFIG)
    for bad in (np.ones(4), np.ones((2, 3)), "abc", None):
        with pytest.raises(ShapeError, match=r"numbers of shape \(3,\)"):
            graph[0].send(bad)


def test_lava_itself_selects_no_model_by_the_tag() -> None:
    """And the asynchronous models are other models."""
    graph = net()
    with pytest.raises(UnsupportedProcessError, match=r"exception_proc_model_map.*PyLoihi(In|Ex)\w+ \(tags: none\)"):
        attach(graph[0])
    other = Loihi2SimCfg(
        exception_proc_model_map=MODELS | {Extractor: PyLoihiExtractorModelAsync}, select_tag="fixed_pt"
    )
    with pytest.raises(HostedModelWarning, match="ExtractorModelAsync"):
        attach(graph[0], other)


def test_float_neurons_can_be_extracted() -> None:
    """Without a tag Lava selects the floating-point models, in which weights are what they are."""
    injector, extractor, dense = (
        Injector(shape=(2,), channel_config=ZEROS),
        Extractor(shape=(1,)),
        Dense(weights=np.array([[0.5, 0.25]]), num_message_bits=8),
    )
    injector.out_port.connect(dense.s_in)
    dense.a_out.connect(extractor.in_port)
    attach(injector, Loihi2SimCfg())
    injector.send(np.array([1, 3]))
    injector.run(RunSteps(num_steps=3), Loihi2SimCfg())
    assert [extractor.receive().tolist() for _ in range(3)] == [[0.0], [1.25], [0.0]]


def test_detaching_takes_the_buffers_away() -> None:
    graph = net()
    with pytest.raises(AssertionError, match="Runtime needs to be created"):
        graph[0].send(np.ones(3))
    attach(graph[0], CONFIG).detach()
    with pytest.raises(AssertionError, match="Runtime needs to be created"):
        graph[0].send(np.ones(3))
    with pytest.raises(AssertionError, match="Runtime needs to be created"):
        graph[1].receive()


def test_counts_by_hand() -> None:
    """Three messages of 3 values, none in the other two steps; the dense has no zero, the sink is on no core."""
    messages = np.array([[1, 0, 2], [0, 0, 0], [3, 4, 5]])
    graph = net(ZEROS)
    injector, extractor, dense, lif, _ = graph
    runtime = attach(injector, CONFIG)
    for message in messages:
        injector.send(message)
    injector.run(RunSteps(num_steps=5), CONFIG)
    spiked = sum(int(np.count_nonzero(extractor.receive())) for _ in range(5))
    assert spiked > 0
    counters = runtime.counters()
    injector.stop()
    assert set(counters) == {injector.name, dense.name, lif.name}
    sent = {name: counters[injector.name][name]["forward"] for name in ("spikes", "spike_messages", "barrier_steps")}
    assert sent == {"spikes": 5, "spike_messages": 5, "barrier_steps": 5}
    read = {name: counters[dense.name][name]["forward"] for name in ("synops", "graded_synops")}
    assert read == {"synops": 0, "graded_synops": 5 * 2}, "each value that is not 0 reads a synapse of both neurons"
    out = {name: counters[lif.name][name]["forward"] for name in ("spikes", "spike_messages")}
    assert out == {"spikes": spiked, "spike_messages": 0}, "the extractor is on no core"
    mapping = map_network(runtime, LOIHI1)
    assert mapping.layer_names == (injector.name, lif.name)
    assert mapping.message_counts(counters)[injector.name]["spike_messages"]["forward"] == 5


@pytest.mark.parametrize("bits", [0, 8])
@pytest.mark.parametrize("pieces", [(12,), (1, 4, 7)])
def test_counts_as_a_ring_buffer_with_the_same_data(bits: int, pieces: tuple[int, ...]) -> None:
    """Whose counters are held against Lava's own models; runs in pieces count on."""
    data = np.random.default_rng(5).integers(-2, 3, (12, 3))
    graph = net(ZEROS, bits=bits)
    injector, _, dense, lif, _ = graph
    source, twin = Source(data=data.T), Dense(weights=dense.weights.init, num_message_bits=bits)
    last, sinks = LIF(shape=(2,), vth=40, du=99), [Sink(shape=(n,), buffer=12) for n in (3, 2)]
    for port, target in (
        (source.s_out, twin.s_in), (source.s_out, sinks[0].a_in), (twin.a_out, last.a_in), (last.s_out, sinks[1].a_in)
    ):  # fmt: skip
        port.connect(target)
    ours, theirs = attach(injector, CONFIG), attach(source)
    for message in data:
        injector.send(message)
    for steps in pieces:
        for first in (injector, source):
            first.run(RunSteps(num_steps=steps), CONFIG)
    found, expected = ours.counters(), theirs.counters()
    for one, other in ((injector, source), (dense, twin), (lif, last)):
        assert found[one.name] == expected[other.name]
    assert total(found)["spikes"]["forward"] > np.count_nonzero(data), "neurons spike, too"
    for first in (injector, source):
        first.stop()
