"""Lava's neurons other than LIF: what the first step does to their Vars, and which of them are hosted."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

pytest.importorskip("lava", reason="the processes are those of lava-nc, which needs Python 3.10")

from lava.magma.core.run_conditions import RunSteps
from lava.magma.core.run_configs import Loihi2SimCfg
from lava.proc.atrlif.process import ATRLIF
from lava.proc.graded.process import InvSqrt
from lava.proc.io.sink import RingBuffer
from lava.proc.io.source import RingBuffer as Source
from lava.proc.prodneuron.process import ProdNeuron
from lava.proc.rf.process import RF
from lava.proc.s4d.process import S4d, SigmaS4dDelta
from lava.proc.sdn.process import Sigma
from lava.proc.spiker.process import Spiker

from lava_ed import attach
from lava_ed.errors import ConfigError, HostedModelWarning

pytestmark = pytest.mark.lava
FIXED, FLOAT = (Loihi2SimCfg(select_tag=tag) for tag in ("fixed_pt", "floating_pt"))


def values(*names: Any) -> list[list[Any]]:
    return [var.get().tolist() for var in names]


def test_the_first_step_scales_the_thresholds_of_atrlif() -> None:
    """5 and 3.75 times 2^6; every threshold begins with the first of them, whatever theta was given."""
    neuron = ATRLIF(shape=(2,), theta=9)
    attach(neuron, FIXED)
    assert values(neuron.theta_0, neuron.theta_step, neuron.theta) == [[5], [3.75], [9, 9]]
    neuron.theta_0.set(np.array([7]))
    assert neuron.theta_0.get() == 7
    neuron.run(RunSteps(num_steps=1))
    assert values(neuron.theta_0, neuron.theta_step, neuron.theta) == [[448], [240], [448, 448]]


def test_a_threshold_that_leaves_32_bits_is_an_error() -> None:
    neuron = ATRLIF(shape=(2,))
    attach(neuron, FIXED)
    neuron.theta_0.set(np.array([2**25]))
    with pytest.raises(ConfigError, match=r"theta_0: 33554432 is outside .* -33554432 … 33554431"):
        neuron.run(RunSteps(num_steps=1))
    assert values(neuron.theta_step, neuron.theta) == [[3.75], [5, 5]]


@pytest.mark.parametrize(
    ("make", "tag"),
    [
        (lambda: ATRLIF(shape=(1,), delta_i=np.array([0.4])), FIXED),
        (lambda: ATRLIF(shape=(1,), theta_0=2**25), FIXED),
        (lambda: InvSqrt(shape=(2,)), FIXED),
        (lambda: RF(shape=(1,), period=4, alpha=0), FIXED),
        (lambda: RF(shape=(2,), period=np.array([4, 5]), alpha=0.1, decay_bits=12), FIXED),
        (lambda: RF(shape=(2,), period=np.array([4, 5]), alpha=0.1), FLOAT),
        (lambda: SigmaS4dDelta(shape=(1,), vth=1, a=0.5j, b=1, c=1), FLOAT),
        (lambda: S4d(shape=(1,), a=0.5, b=1j, c=1), FLOAT),
        (lambda: S4d(shape=(1,), a=np.array([0.5j], np.complex64), b=1, c=1), FLOAT),
    ],
)
def test_parameters_with_which_lava_computes_in_another_way_are_left_to_its_model(make: Any, tag: Any) -> None:
    process = make()
    with pytest.warns(HostedModelWarning, match=type(process).__name__):
        attach(process, tag)


def test_products_of_integers_of_64_bits_do_not_wrap() -> None:
    """Spiker sends such integers: 2^20·2^20·2^−20, of which 32 bits hold nothing."""
    spiker, neuron, sink = (
        Spiker(period=1, payload=2**20),
        ProdNeuron(shape=(1,), exp=20),
        RingBuffer(shape=(1,), buffer=3),
    )
    for port in (neuron.a_in1, neuron.a_in2):
        spiker.s_out.connect(port)
    neuron.s_out.connect(sink.a_in)
    with pytest.warns(HostedModelWarning, match="ProdNeuron"):
        attach(neuron)
    neuron.run(RunSteps(num_steps=3))
    assert sink.data.get().tolist() == [[0, 2**20, 2**20]]


def test_sums_of_integers_of_64_bits_do_not_wrap() -> None:
    """Lava adds to sigma in as many bits as it receives."""
    spiker, sums = Spiker(period=1, payload=2**30), Sigma(shape=(1,))
    spiker.s_out.connect(sums.a_in)
    with pytest.warns(HostedModelWarning, match="Sigma"):
        attach(sums)
    sums.run(RunSteps(num_steps=4))
    assert sums.sigma.get().tolist() == [3 * 2**30]


def test_s4d_turns_its_states_and_shows_their_real_parts() -> None:
    """A pulse of 1 from b = 1, turned by a quarter in every step; a written state is real, as on Lava."""
    source, system, sink = (
        Source(data=np.array([[1.0, 0, 0, 0]])),
        S4d(shape=(1,), a=1j, b=1 + 0j, c=1 - 1j),
        RingBuffer(shape=(1,), buffer=6),
    )
    source.s_out.connect(system.a_in)
    system.s_out.connect(sink.a_in)
    attach(system, FLOAT)
    system.run(RunSteps(num_steps=2))
    assert (system.a.get(), system.s4_state.get()) == (0, 0)
    system.run(RunSteps(num_steps=2))
    system.s4_state.set(np.array([3.0]))
    system.run(RunSteps(num_steps=1))
    assert sink.data.get().tolist() == [[2, 2, -2, -2, 8, 0]]
