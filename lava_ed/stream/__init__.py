"""Learning without epochs: recordings are decided one by one, and learned from once their label is known."""

from lava_ed.stream.learner import StreamConfig, StreamLearner
from lava_ed.stream.source import Item, of_lines, of_recordings

__all__ = ["Item", "StreamConfig", "StreamLearner", "of_lines", "of_recordings"]
