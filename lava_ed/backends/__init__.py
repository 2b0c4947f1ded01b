"""Back ends run a net sample by sample: the engine, a baseline's own loop, or Lava's runtime."""

from lava_ed.backends.backend import Backend, EngineBackend, make_backend
from lava_ed.backends.parity import train_beside
from lava_ed.backends.spikes import forward_spikes

__all__ = ["Backend", "EngineBackend", "forward_spikes", "make_backend", "train_beside"]
