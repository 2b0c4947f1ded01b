"""Run folders: the files that a run leaves on the disk, the trained net and the state of training among them."""

from lava_ed.runs.folder import RunFolder
from lava_ed.runs.tensor_files import Checkpoint, Model

__all__ = ["Checkpoint", "Model", "RunFolder"]
