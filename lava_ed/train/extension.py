"""Extension of a finished run: which one may be asked for, and when it equals a run that long from the start.

The rate of a sample follows from its share of all samples, so it depends on the number of epochs.  An extended run
takes up the rates of its new number of epochs where it stands; its first epochs keep those they were trained at.  It
equals a run of that many epochs from the start, bit for bit, exactly where these are the same: under a constant rate,
or where no rate had changed yet.
"""

from __future__ import annotations

from collections.abc import Sequence

from lava_ed.config.training import TrainConfig
from lava_ed.errors import CheckpointError
from lava_ed.learning_rules import LearningRule
from lava_ed.runs.tensor_files import Checkpoint
from lava_ed.train.order import rate_changes


def check_resumable(config: TrainConfig, checkpoint: Checkpoint, written: TrainConfig | None, folder: str) -> None:
    """A configuration continues a run if it is the run's, or differs in more epochs alone, once that has ended.

    `written` is the configuration in the run's config.json, where there is one.  Raises a CheckpointError where it is
    another run's, or another number of epochs that the run cannot take.
    """
    configs = [checkpoint.config]
    if written is not None and not left_by_an_extension(written, checkpoint):
        configs.append(written)
    for there in configs:
        different = config.differences(there)
        if different == ["epochs"]:
            _check_epochs(config.epochs, there.epochs, checkpoint.position.epoch, folder)
        elif different:
            fields = ", ".join(
                f"{name} (there {getattr(there, name)!r}, here {getattr(config, name)!r})" for name in different
            )
            raise CheckpointError(
                f"{folder} holds a run of another configuration: {fields}; "
                "resume it with its own settings, or train into another folder"
            )


def _check_epochs(asked: int, planned: int, done: int, folder: str) -> None:
    """Refuse another number of epochs for a run that has not ended, and fewer epochs for one that has."""
    if done < planned:
        raise CheckpointError(
            f"{folder} holds a run of {planned} epochs, of which {done} have ended (epochs asked for: {asked}): resume "
            "it to its end without --epochs, more can be added then"
        )
    if asked < planned:
        raise CheckpointError(
            f"{folder} holds a run that has trained {planned} epochs (asked for: {asked}): more can be added, none "
            "taken away; train into another folder"
        )


def left_by_an_extension(written: TrainConfig, checkpoint: Checkpoint) -> bool:
    """Whether config.json is still that of the shorter run, because a kill came between the two files."""
    return checkpoint.config.differences(written) == ["epochs"] and written.epochs in checkpoint.position.ended


def as_from_the_start(rule: LearningRule, samples: int, ended: Sequence[int], epochs: int) -> bool:
    """Whether an extended run has had the rates of a run of `epochs` from the start.

    An epoch has so many samples; `ended` are the numbers of epochs at which the run had ended before, in order.

    Examples
    --------
    >>> from lava_ed.learning_rules import STDED
    >>> constant, halved = STDED(2**-9, decay=()), STDED(2**-9, decay=((0.5, 0.5),))
    >>> [as_from_the_start(rule, 100, [2], 3) for rule in (constant, halved)]
    [True, False]
    """
    progress = [p for p, _ in rule.decay]
    begin = 0
    for earlier in ended:
        totals = (earlier * samples, epochs * samples)
        marks = {begin, *(g for total in totals for g in rate_changes(progress, total))}
        for g in marks:
            if begin <= g < totals[0] and rule.rate_at(g / totals[0]) != rule.rate_at(g / totals[1]):
                return False
        begin = totals[0]
    return True


def extension_note(ended: Sequence[int], epochs: int, same: bool) -> str:
    """What has to be said of an extended run."""
    text = f"extended from {', then '.join(map(str, ended))} to {epochs} epochs"
    if same:
        return f"{text}; its rates were those of {epochs} epochs throughout, so it equals a run of that many"
    return (
        f"{text}; its earlier epochs had the rates of a shorter run, so it does not equal a run of {epochs} from the "
        "start, whose rates fall later"
    )
