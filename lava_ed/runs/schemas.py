"""What the files of a run hold, as schemas: every reader of a run folder gets values of these types, or an error."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, create_model

from lava_ed.files.schema import AtLeast, Count, Exact, Name, Share, Text
from lava_ed.kernels.counting import COUNTERS, PHASES
from lava_ed.learning_rules.limits import LAYERS_MAX
from lava_ed.network.schema import Word

Node = Annotated[str, Field(pattern=r"^[a-z][a-z_]{0,30}[0-9]{0,4}$")]
"""A process of a net, as dense1."""
Above = Annotated[int, Field(ge=1, lt=2**63)]
"""A number of things of which there is at least one."""
Mean = Annotated[float, Field(ge=0, le=1e18, allow_inf_nan=False)]
"""A mean or a duration: below what sums of it could turn into infinity."""
Rate = Annotated[float, Field(gt=0, le=1e6, allow_inf_nan=False)]
Seed = Annotated[int, Field(ge=0, lt=2**32)]
Nodes = Field(max_length=200)
"""Bound of what is kept for each process: a net has three a layer."""


def _by_counter(name: str, value: Any) -> Any:
    """A schema of counter → phase → value, with every counter and phase."""
    made: Any = create_model
    phases = made(f"{name}OfPhases", __base__=Exact, **{phase: (value, ...) for phase in PHASES})
    return made(name, __base__=Exact, **{counter: (phases, ...) for counter in COUNTERS})


Counters: Any = _by_counter("Counters", Count)
Means: Any = _by_counter("Means", Mean)
ByNode = Annotated[dict[Node, Counters], Nodes]
"""The counters of every process."""


class DataFacts(AtLeast):
    """Which data a run was trained on."""

    source: Text = ""
    train_samples: Count = 0
    validation_samples: Count = 0
    test_samples: Count = 0
    sha256: Name = ""
    chance: Share | None = None


class Facts(AtLeast):
    """What follows from configuration and data; who needs an entry asks for it."""

    tag: Name = ""
    network: dict[str, Any] = Field(default_factory=dict)
    learning_rate: Rate = 1.0
    rule: Text = ""
    data: DataFacts = DataFacts()


class ConfigFile(AtLeast):
    """config.json beside the configuration."""

    lava_ed_version: Name
    facts: Facts = Facts()


class Row(AtLeast):
    """A line of metrics.jsonl: an epoch."""

    epoch: Above
    train_accuracy: Share
    validation_accuracy: Share | None
    learning_rate: Rate
    thresholds: Annotated[dict[Node, Word], Nodes]
    spikes_per_neuron: Annotated[dict[Node, Mean], Nodes]
    backward_messages: Mean
    weight_writes: Mean
    synaptic_updates: Mean
    triggered_share: Share
    samples_per_second: Mean
    seconds: Mean
    samples: Above
    counters: Counters


class Stamp(AtLeast):
    """What every file says about its origin."""

    lava_ed_version: Name
    backend: Name
    tag: Name
    seed: Seed


class Part(AtLeast):
    """Training or test in energy.json."""

    samples: Above
    per_sample: Means
    counters: ByNode


class Visits(Exact):
    """Synapses that learning visited, or would have, under each dependency."""

    x0: Count
    y0: Count


class TrainingPart(Part):
    """Training in energy.json; convolutions tally no visits, early versions none at all."""

    visits: Annotated[dict[Node, Visits], Nodes] = Field(default_factory=dict)


class EnergyFile(Stamp):
    """energy.json."""

    training: TrainingPart
    test: Part


class ResultFile(Stamp):
    """result.json: what `train` returned."""

    rule: Name
    dataset: Name
    sizes: Annotated[
        tuple[Annotated[int, Field(ge=1, lt=2**31)], ...], Field(strict=False, min_length=2, max_length=LAYERS_MAX)
    ]
    steps: Word
    epochs: Above
    learning_rate: Rate
    final_learning_rate: Rate
    thresholds: Annotated[dict[Node, Word], Nodes]
    decay: Word
    test_accuracy: Share
    validation_accuracy: Share | None
    train_accuracy: Share
    samples_per_second: Mean
    seconds: Mean
    counters: dict[Name, Count]
    run: Text
    notes: tuple[Text, ...] = Field((), strict=False, max_length=100)
    extended_from: tuple[Above, ...] = Field((), strict=False, max_length=1000)


class Reading(Exact):
    """Counters and backward passes at the start of an epoch."""

    counters: ByNode
    triggered: Count


class PositionEntry(Exact):
    """The position in training."""

    epoch: Count
    index: Count
    correct: Count
    seconds: Mean
    wall: Mean
    start: Reading
    rows: list[Row]
    ended: tuple[Above, ...] = Field((), strict=False)


class ModelHeader(Exact):
    """The notes in model.safetensors."""

    format: Word
    lava_ed_version: Name
    spec: dict[str, Any]
    digest: Name | None = None


class CheckpointHeader(Exact):
    """The notes in checkpoint.safetensors."""

    format: Word
    lava_ed_version: Name
    config_digest: Name
    config: dict[str, Any]
    data_digest: Name
    order_digest: Name
    position: PositionEntry
    digest: Name | None = None
