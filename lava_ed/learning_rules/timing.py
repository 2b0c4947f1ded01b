"""How the layers of a net share the time steps of a sample under a rule."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Timing:
    """What a rule makes of a sample's time steps, whatever the window and the number of layers."""

    kind: str
    """Name of the schedule."""
    least: int
    most: int
    """Bounds of the window T, and what bounds it."""
    why: str
    in_turn: bool = False
    """Each layer has a window to itself, after that of the layer before; else it is one step behind that layer."""
    replays: bool = False
    """Errors go through the window once more in reversed time, where a gate was opened."""
    aggregates: bool = False
    """A neuron sums the errors that it replays, and weights change once, at the sample's end; else spikes are replayed
    as well, and weights change in every step of the replay."""
    ramps: bool = False
    """The current of a spike flows until its window ends, so that a membrane is a sum of ramps."""
    spikes_once: bool = False
    """A neuron spikes once a sample at most."""
    late: int = 0
    """Steps from the last input of the output layer to its error."""
    learning_steps: int | None = None
    """Steps from the error to the sample's end; default: one for each layer, and a replay."""

    @property
    def learns_once(self) -> bool:
        """Whether all weights change in one step, at the sample's end."""
        return (self.aggregates or not self.replays) and self.learning_steps is None

    @property
    def replays_spikes(self) -> bool:
        """Whether spikes are sent once more in reversed time."""
        return self.replays and not self.aggregates
