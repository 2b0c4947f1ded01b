"""What a run leaves on the disk: its folder, the net that was trained, where training stands."""

from lava_ed.runs.folder import RunFolder
from lava_ed.runs.tensor_files import Checkpoint, Model

__all__ = ["Checkpoint", "Model", "RunFolder"]
