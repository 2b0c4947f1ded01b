"""Training: the loop presents samples, writes checkpoints and resumes bit for bit; it needs no Lava."""

from lava_ed.backends.backend import Backend, EngineBackend, make_backend
from lava_ed.config import TrainConfig, preset
from lava_ed.config.checks import BACKENDS
from lava_ed.evaluation.evaluate import Evaluation, evaluate
from lava_ed.runs.folder import RunFolder
from lava_ed.runs.tensor_files import Checkpoint, Model
from lava_ed.train.interrupt import TrainingInterrupted
from lava_ed.train.progress import Reporter, reporter
from lava_ed.train.trainer import stored_config, train

__all__ = [
    "BACKENDS",
    "Backend",
    "Checkpoint",
    "EngineBackend",
    "Evaluation",
    "Model",
    "Reporter",
    "RunFolder",
    "TrainConfig",
    "TrainingInterrupted",
    "evaluate",
    "make_backend",
    "preset",
    "reporter",
    "stored_config",
    "train",
]
