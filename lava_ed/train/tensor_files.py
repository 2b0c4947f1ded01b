"""The two tensor files of a run, model and checkpoint: safetensors with one JSON header, no pickle."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from lava_ed import __version__
from lava_ed.errors import CheckpointError, ConfigError, RunFolderError
from lava_ed.network.spec import NetworkSpec
from lava_ed.network.weights import pack_weights, unpack_weights
from lava_ed.train.backend import State
from lava_ed.train.config import TrainConfig

MODEL_FORMAT: Final = 1
CHECKPOINT_FORMAT: Final = 1
_HEADER: Final = "lava_ed"
"""One entry of metadata: safetensors does not keep the order of several, so bytes would differ."""


@dataclass(frozen=True)
class Position:
    """Where training stands between two samples, and the tallies of the epoch that runs.

    Attributes
    ----------
    epoch : int
        Epochs that have ended.
    index : int
        Samples presented in the epoch that runs.
    correct : int
        Of those, the ones decided rightly while learning.
    seconds : float
        Spent presenting, in this epoch.
    wall : float
        Spent in all, in earlier processes too.
    start : dict
        Counters and number of backward passes at the epoch's start.
    rows : list of dict
        Metrics of the epochs that have ended.
    ended : list of int
        Numbers of epochs at which the run had ended, before it was made longer.
    """

    epoch: int = 0
    index: int = 0
    correct: int = 0
    seconds: float = 0.0
    wall: float = 0.0
    start: dict[str, Any] = field(default_factory=dict)
    rows: list[dict[str, Any]] = field(default_factory=list)
    ended: list[int] = field(default_factory=list)


@dataclass(frozen=True)
class Model:
    """A trained net: its description, stored weights, and threshold steps."""

    spec: NetworkSpec
    weights: dict[str, npt.NDArray[np.int8]]
    threshold_steps: dict[str, npt.NDArray[np.int32]]

    @classmethod
    def of_state(cls, spec: NetworkSpec, state: Mapping[str, npt.NDArray[Any]]) -> Model:
        """What is trained, out of a back end's state."""
        weights = {f"dense{layer}": pack_weights(state[f"dense{layer}.weights"]) for layer in spec.layers}
        steps = {
            name.partition(".")[0]: value.astype(np.int32)
            for name, value in state.items()
            if name.endswith(".threshold_step")
        }
        return cls(spec, weights, steps)

    def put_into(self, state: Mapping[str, npt.NDArray[Any]]) -> State:
        """A state with these weights and thresholds in place of its own."""
        mine: State = {f"{node}.weights": unpack_weights(value) for node, value in self.weights.items()}
        mine |= {f"{node}.threshold_step": value for node, value in self.threshold_steps.items()}
        return {**state, **mine}

    def to_bytes(self) -> bytes:
        """Content of model.safetensors; the same net gives the same bytes."""
        tensors: State = {f"{node}.weights": value for node, value in self.weights.items()}
        tensors |= {f"{node}.threshold_step": value for node, value in self.threshold_steps.items()}
        return _dump(
            tensors,
            {"format": MODEL_FORMAT, "lava_ed_version": __version__, "spec": self.spec.to_dict()},
        )

    @classmethod
    def read(cls, path: Path) -> Model:
        """Inverse of `to_bytes`.

        Raises
        ------
        RunFolderError
            If the file is missing: the run has not ended.
        CheckpointError
            If it is damaged, or of another format.
        """
        if not path.exists():
            raise RunFolderError(f"{path} does not exist: train to the end first (lava-ed train --resume)")
        tensors, header = _load(path, MODEL_FORMAT)
        try:
            spec = NetworkSpec.from_dict(header["spec"])
            weights = {f"dense{layer}": tensors[f"dense{layer}.weights"] for layer in spec.layers}
        except (KeyError, ConfigError) as error:
            raise CheckpointError(f"{path} does not describe a net ({error}): train anew") from error
        steps = {n.partition(".")[0]: v for n, v in tensors.items() if n.endswith(".threshold_step")}
        return cls(spec, weights, steps)


@dataclass(frozen=True)
class Checkpoint:
    """Full state of a back end between two samples, and the position in training."""

    config: TrainConfig
    data_digest: str
    order_digest: str
    position: Position
    state: State

    def to_bytes(self) -> bytes:
        """Content of checkpoint.safetensors."""
        return _dump(
            self.state,
            {
                "format": CHECKPOINT_FORMAT,
                "lava_ed_version": __version__,
                "config_digest": _config_digest(self.config),
                "config": self.config.to_dict(),
                "data_digest": self.data_digest,
                "order_digest": self.order_digest,
                "position": asdict(self.position),
            },
        )

    @classmethod
    def read(cls, path: Path) -> Checkpoint:
        """Inverse of `to_bytes`.

        Raises
        ------
        CheckpointError
            If the file is damaged, of another format, or written by another version of lava-ed.
        """
        tensors, header = _load(path, CHECKPOINT_FORMAT)
        version = header.get("lava_ed_version")
        if version != __version__:
            raise CheckpointError(
                f"{path} was written by lava-ed {version}, this is {__version__}, whose arithmetic may "
                f"differ: resume with lava-ed {version}, or train anew"
            )
        try:
            config = TrainConfig.from_dict(header["config"])
            if header["config_digest"] != _config_digest(config):
                raise CheckpointError(f"{path}: configuration and digest differ, the file was altered")
            position = Position(**header["position"])
            return cls(config, header["data_digest"], header["order_digest"], position, tensors)
        except (KeyError, TypeError, ConfigError) as error:
            raise CheckpointError(f"{path} is not a complete checkpoint ({error}): train anew") from error


def _config_digest(config: TrainConfig) -> str:
    return hashlib.sha256(json.dumps(config.to_dict(), sort_keys=True).encode()).hexdigest()


def _dump(tensors: Mapping[str, npt.NDArray[Any]], header: dict[str, Any]) -> bytes:
    """Tensors and a header as one safetensors file."""
    from safetensors.numpy import save

    contiguous = {name: np.ascontiguousarray(value) for name, value in tensors.items()}
    content: bytes = save(contiguous, metadata={_HEADER: json.dumps(header, sort_keys=True, allow_nan=False)})
    return content


def _load(path: Path, wanted: int) -> tuple[State, dict[str, Any]]:
    """Tensors and header of a file, after a check of its format."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(str(path), framework="numpy") as file:
            header = json.loads((file.metadata() or {})[_HEADER])
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a dict)
    except (SafetensorError, OSError, KeyError, ValueError) as error:
        raise CheckpointError(
            f"{path} is not a file of lava-ed, or is damaged ({error}): restore it, or train anew"
        ) from error
    found = header.get("format") if isinstance(header, dict) else None
    if found != wanted:
        raise CheckpointError(
            f"{path} has format {found}, this version reads {wanted}: "
            "use the version of lava-ed that wrote it, or train anew"
        )
    return tensors, header
