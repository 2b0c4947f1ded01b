"""How Lava's compiler finds the sub-processes of an EDClassifier."""

from __future__ import annotations

from lava.magma.core.decorator import implements
from lava.magma.core.model.sub.model import AbstractSubProcessModel

from lava_ed.proc.classifier.process import EDClassifier


@implements(proc=EDClassifier)
class EDClassifierModel(AbstractSubProcessModel):
    """Hands the sub-processes of an EDClassifier to the compiler."""

    def __init__(self, proc: EDClassifier) -> None:
        for name, process in proc.processes.items():
            setattr(self, name, process)
