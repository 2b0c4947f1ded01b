"""How the layers of a net share the time steps of a sample under a rule."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Timing:
    """What a rule makes of a sample's time steps, whatever the window and the number of layers.

    Attributes
    ----------
    kind : str
        Name of the schedule.
    least, most : int
        Bounds of the window T.
    why : str
        What bounds it.
    in_turn : bool
        Each layer has a window to itself, after that of the layer before; else it is one step behind that layer.
    replays : bool
        Spikes, errors and updates go through the window once more in reversed time, where a gate was opened; else a
        layer has its whole error in one step.
    ramps : bool
        The current of a spike flows until its window ends, so that a membrane is a sum of ramps.
    spikes_once : bool
        A neuron spikes once a sample at most.
    late : int
        Steps from the last input of the output layer to its error.
    learning_steps : int, optional
        Steps from the error to the sample's end; default: one for each layer, and a replay.
    """

    kind: str
    least: int
    most: int
    why: str
    in_turn: bool = False
    replays: bool = False
    ramps: bool = False
    spikes_once: bool = False
    late: int = 0
    learning_steps: int | None = None

    @property
    def learns_once(self) -> bool:
        """Whether all weights change in one step, at the sample's end."""
        return not self.replays and self.learning_steps is None
