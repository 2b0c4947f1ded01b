"""The classifier that a NetworkSpec describes, as a Lava Process (needs lava-nc)."""

from lava_ed.proc import EDClassifier

__all__ = ["EDClassifier"]
