"""Rules that the two event-driven ones are measured against: published, each a reconstruction of ours."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from lava_ed.kernels.fixed_point import TRACE_MAX
from lava_ed.learning_rules.mpd_ed import MPDED
from lava_ed.learning_rules.rate import LearningRate
from lava_ed.learning_rules.rule import LearningRule
from lava_ed.learning_rules.timing import Timing


@dataclass(frozen=True)
class RelPSPFixed(LearningRule):
    """One spike a neuron at a fixed threshold: dw_ij = η·(x_i − x_j)·δ_j over the causal set, δ_j = B_j/Σ_C w.

    V_j(t) = Σ_{t_i < t} w_ij·(t − t_i); j fires in the first step with V_j(t) ≥ θ, x_j = T − t_j; the
    causal set C holds the inputs with t_i < t_j.  The division by Σ_C w is a host operation: a chip
    has no divider.  Silent neurons have no gradient, and nothing bounds 1/Σ_C w.

    Notes
    -----
    Zhang et al., "Rectified Linear Postsynaptic Potential Function for Backpropagation in Deep
    Spiking Neural Networks" (arXiv 2003.11837); layers share one window, δ saturates at 7 bits.  The
    factor x_i − x_j masks each synapse by its causality, which no Loihi rule can say: an offline
    reference.
    """

    learning_rate: float = 2.0**-11

    name: ClassVar[str] = "relpsp-fixed"
    timing: ClassVar[Timing] = Timing(
        "relpsp", 2, TRACE_MAX, "the 7-bit trace x1 holds T − s", ramps=True, spikes_once=True, late=1
    )
    encoders: ClassVar[tuple[str, ...]] = ("ttfs",)
    with_x1: ClassVar[bool] = True
    neuron: ClassVar[str] = "RelPSP"
    baseline: ClassVar[bool] = True

    def dw(self, dependency: str = "x0", rate: LearningRate | None = None) -> str:
        """The rule as mathematics: it is no sum of products of traces."""
        scale = (rate or self.rate).scale
        return f"{scale}*[x_i > x_j]*(x_i - x_j)*(y1 - y2)"


@dataclass(frozen=True)
class SSGD(LearningRule):
    """Sparse spiking gradient descent: surrogate gradient where |v − θ| < B in any step, spike or not.

    The exact adjoint of MPD-ED's net under the mask h_j[t] = [|v_j[t] − θ| < B]; the replay carries
    one message for every (neuron, step) with a spike or h = 1.  B is the spec's half-width.

    Notes
    -----
    Perez-Nieves and Goodman, "Sparse spiking gradient descent" (arXiv 2105.08810).  On chip the bits
    of h need a second history word; weights change after the replay.
    """

    learning_rate: float = 2.0**-9

    name: ClassVar[str] = "ssgd"
    timing: ClassVar[Timing] = MPDED.timing
    neuron: ClassVar[str] = "SurrogateLIF"
    baseline: ClassVar[bool] = True


@dataclass(frozen=True)
class SGBPTT(LearningRule):
    """Back-propagation through time: a surrogate gradient for every neuron in every step.

    In reversed time g_j[t] = h_j[t]·B_j[t] + λ·(1 − s_j[t])·g_j[t+1], B[t] = wᵀ·g[t] anew in every
    step, h_j[t] = 2^−⌊|v_j[t] − θ|/α⌋, α the largest power of two within the spec's half-width.  Every
    neuron sends g in every step, zero or not, and the synapses of a pre-synaptic spike are visited in
    its step, whatever the error is.

    Notes
    -----
    The exponential surrogate is SLAYER's (Shrestha and Orchard, arXiv 1810.08646) to the base 2.  An
    offline reference: it keeps every membrane of the window.
    """

    learning_rate: float = 2.0**-9

    name: ClassVar[str] = "sg-bptt"
    timing: ClassVar[Timing] = MPDED.timing
    neuron: ClassVar[str] = "SurrogateLIF"
    baseline: ClassVar[bool] = True


@dataclass(frozen=True)
class Renner(LearningRule):
    """Back-propagation with binary activations in twelve gated steps: dw = ±η where pre and δ are both 1.

    o = [V > θ], h' = [0 < V < 2θ]; d⁺ = (t − o > 0 and V_o > 0), d⁻ = (o − t > 0 and V_o < 2θ);
    dw2 = η·h·(d⁺ − d⁻), then d1 = h'·sign(w2·(d⁺ − d⁻)) with the new w2, and dw1 = η·x·d1.  As a Loihi
    rule: 4·y0·x0·y1 − 2·y0·x0, where y1 (r1 in the publication) is 1 in the potentiating steps.

    Parameters
    ----------
    learning_rate : float
        2 weight units as published; smaller ones are rounded stochastically.
    decay : tuple of (float, float)
        None as published.

    Notes
    -----
    Renner et al., "The backpropagation algorithm implemented on spiking neuromorphic hardware" (Nat.
    Commun. 15:9691, 2024).  The steps, the copies of the weights and the gating are reconstructed from
    its description of the circuit; one hidden layer, as published.
    """

    learning_rate: float = 2.0
    decay: tuple[tuple[float, float], ...] = ()

    name: ClassVar[str] = "renner"
    timing: ClassVar[Timing] = Timing(
        "renner", 1, 1, "every neuron spikes once or not at all", spikes_once=True, late=1, learning_steps=9
    )
    encoders: ClassVar[tuple[str, ...]] = ("binary",)
    neuron: ClassVar[str] = "BinaryNeuron"
    baseline: ClassVar[bool] = True
    output_spikes: ClassVar[bool] = True
    hidden_layers: ClassVar[int | None] = 1
    unread: ClassVar[tuple[str, ...]] = ("error_shift", "softmax_shift", "dead_zone")

    def dw(self, dependency: str = "x0", rate: LearningRate | None = None) -> str:
        """The rule in Loihi's language, for the rate ±η."""
        value = (rate or self.rate).value
        return f"{2 * value:g}*y0*x0*y1 - {value:g}*y0*x0"
