"""Synapses that mattered to earlier tasks are drawn back to where these left them, in integers.

Each synapse keeps two bytes beside its weight w: the anchor a, its weight at the end of the last task, and the
importance I.  In a task's last samples every neuron counts, over the samples that are learned from, the squares of its
spike's value and of its error; at the task's end the product of the two counters of a synapse, which estimates its
Fisher information, is added to I.  From the second task on, every so many samples, the embedded processor applies

    w ← a + sign(w − a)·⌊(|w − a| + r)/(1 + I)⌋,   r uniform in 0 … I.

That is the proximal step of elastic weight consolidation (Kirkpatrick et al. 2017, arXiv 1612.00796) with a diagonal
Kronecker factor (Martens & Grosse 2015, arXiv 1503.05671) in the place of the full Fisher diagonal.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from lava_ed.backends.backend import Backend
from lava_ed.kernels.loihi.consolidation import add_importance, count_squares, draw_back
from lava_ed.network.spec import NetworkSpec
from lava_ed.network.state import State
from lava_ed.train.order import rounding_words

STRENGTH_MAX: Final = 1 << 16
"""Times two counters of up to 2^8·n, n neurons in a layer, this stays below 2^63 for any 2^31 synapses."""
OBSERVED_MAX: Final = 1 << 16
"""Samples that a counter counts: their squares, 254² at most, stay below 2^32."""
COUNTER_BITS: Final = 32
"""Of a neuron's counter."""
SYNAPSE_BITS: Final = 16
"""Anchor and importance."""


class Consolidation:
    """Anchors and importances of all synapses of a net; only what `observe` counted decides.

    Parameters
    ----------
    spec : NetworkSpec
    backend : Backend
        The net itself.
    strength : tuple of int
        16·λ of each connection; λ is the mean importance that a task adds.
    """

    def __init__(self, spec: NetworkSpec, backend: Backend, strength: tuple[int, ...]) -> None:
        self.backend, self.strength, self._seed = backend, strength, spec.seed
        self.names = [spec.synapses(layer) for layer in spec.layers]
        self.anchors = [self._weights(name) for name in self.names]
        self.importance = [np.zeros(anchor.shape, np.uint8) for anchor in self.anchors]
        self._pre = [np.zeros(anchor.shape[1], np.int64) for anchor in self.anchors]
        self._post = [np.zeros(anchor.shape[0], np.int64) for anchor in self.anchors]
        self.pulls = self.visits = self.host_ops = 0

    def _weights(self, name: str) -> npt.NDArray[np.int32]:
        """Stored weights (n_post, n_pre), −128 … 127."""
        return np.asarray(self.backend.read(name, "weights") // 2, np.int32)

    def observe(self) -> None:
        """Count the squares of the values and errors of the sample that was just learned from, if it was."""
        if not self.backend.read("error", "gate")[0]:
            return
        for name, pre, post in zip(self.names, self._pre, self._post, strict=True):
            read = {var: self.backend.read(name, var).astype(np.int64) for var in ("x1", "y1", "y2")}
            count_squares(read["x1"], pre)
            count_squares(read["y1"] - read["y2"], post)
            self.host_ops += pre.size + post.size

    def pull(self) -> None:
        """Draw the weights of important synapses back towards their anchors."""
        for layer, (name, anchor, importance) in enumerate(zip(self.names, self.anchors, self.importance, strict=True)):
            words = rounding_words(self._seed, self.pulls, layer, anchor.size).reshape(anchor.shape)
            weights = self._weights(name)
            visited = draw_back(weights, anchor, importance, words)
            self.backend.write(name, "weights", 2 * weights)
            self.visits += visited
            self.host_ops += visited
        self.pulls += 1

    def end_task(self) -> None:
        """Move the anchors to the weights, add to the importances what was counted, and begin to count anew."""
        for k, name in enumerate(self.names):
            add_importance(self.importance[k], self._pre[k], self._post[k], self.strength[k])
            self.anchors[k] = self._weights(name)
            self.host_ops += self.importance[k].size
            self._pre[k][:] = self._post[k][:] = 0

    def state(self) -> State:
        """All of it between two tasks, when no counter has counted."""
        kept: State = {"done": np.array([self.pulls, self.visits, self.host_ops])}
        for name, anchor, importance in zip(self.names, self.anchors, self.importance, strict=True):
            kept |= {f"{name}.anchor": anchor, f"{name}.importance": importance}
        return kept

    def load_state(self, state: State) -> None:
        """Inverse of `state`."""
        self.pulls, self.visits, self.host_ops = map(int, state["done"])
        self.anchors = [state[f"{name}.anchor"] for name in self.names]
        self.importance = [state[f"{name}.importance"].copy() for name in self.names]

    def cost(self) -> dict[str, Any]:
        """State on the chip in bits, and what the embedded processor did: visits of synapses and operations in all."""
        synapses = sum(anchor.size for anchor in self.anchors)
        neurons = sum(sum(anchor.shape) for anchor in self.anchors)
        return {
            "state_bits": SYNAPSE_BITS * synapses + COUNTER_BITS * neurons,
            "bits_per_synapse": SYNAPSE_BITS,
            "pulls": self.pulls,
            "visits": self.visits,
            "host_ops": self.host_ops,
        }
