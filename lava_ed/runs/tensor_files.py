"""The two tensor files of a run, model and checkpoint: safetensors with one JSON header, no pickle."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from lava_ed.config.training import TrainConfig
from lava_ed.data.digest import digest
from lava_ed.errors import CheckpointError, ConfigError, RunFolderError
from lava_ed.files.reading import brief, parse_json
from lava_ed.files.schema import checked
from lava_ed.files.tensors import TensorFile, TensorInfo, open_tensors, tensor_bytes
from lava_ed.kernels.loihi.neuron import threshold_from_step
from lava_ed.network.spec import NetworkSpec
from lava_ed.network.state import State
from lava_ed.network.weights import pack_weights, unpack_weights
from lava_ed.runs.schemas import CheckpointHeader, ModelHeader
from lava_ed.version import SAME_FILES, __version__

_kappa: Callable[[int], int] = threshold_from_step
_RESTORE: Final = "restore the file, or train anew"
MODEL_FORMAT: Final = 1
CHECKPOINT_FORMAT: Final = 1
_HEADER: Final = "lava_ed"


@dataclass(frozen=True)
class Position:
    """Position of training between two samples, and the tallies of the epoch that runs."""

    epoch: int = 0
    """Epochs that have ended."""
    index: int = 0
    """Samples presented in the epoch that runs."""
    correct: int = 0
    """Samples of these that were decided rightly while learning."""
    seconds: float = 0.0
    """Time spent presenting, in this epoch."""
    wall: float = 0.0
    """Time spent in all, in earlier processes too."""
    start: dict[str, Any] = field(default_factory=dict)
    """Counters and number of backward passes at the epoch's start."""
    rows: list[dict[str, Any]] = field(default_factory=list)
    """Metrics of the epochs that have ended."""
    ended: list[int] = field(default_factory=list)
    """Numbers of epochs at which the run had ended, before it was made longer."""

    def check(self, epochs: int, where: str) -> None:
        """Raise a CheckpointError for what no training of so many epochs can have come to."""
        wrong = None
        if self.epoch > epochs or (self.epoch == epochs and self.index):
            wrong = f"epoch {self.epoch}, sample {self.index} lies behind the last of {epochs} epochs"
        elif self.correct > self.index:
            wrong = f"{self.correct} of {self.index} samples were decided rightly"
        elif [row["epoch"] for row in self.rows] != list(range(1, self.epoch + 1)):
            wrong = f"{len(self.rows)} rows of metrics do not belong to the {self.epoch} epochs that have ended"
        elif list(self.ended) != sorted(set(self.ended)) or any(ended >= epochs for ended in self.ended):
            wrong = f"a run of {epochs} epochs had not ended after {', '.join(map(str, self.ended[:9]))} before"
        if wrong:
            raise CheckpointError(f"{where}: {wrong}: {_RESTORE}")


@dataclass(frozen=True)
class Model:
    """A trained net: its description, stored weights, and threshold steps."""

    spec: NetworkSpec
    weights: dict[str, npt.NDArray[np.int8]]
    threshold_steps: dict[str, npt.NDArray[np.int32]]

    @property
    def thresholds(self) -> dict[str, int]:
        """Thresholds κ (θ in MPD-ED) of every layer that has one."""
        return {node: int(_kappa(int(step[0]))) for node, step in sorted(self.threshold_steps.items())}

    @classmethod
    def of_state(cls, spec: NetworkSpec, state: Mapping[str, npt.NDArray[Any]]) -> Model:
        """What is trained, out of a back end's state."""
        weights = {name: pack_weights(state[f"{name}.weights"]) for name in map(spec.synapses, spec.layers)}
        return cls(spec, weights, {n: state[f"{n}.threshold_step"].astype(np.int32) for n in spec.threshold_nodes})

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
            If it is damaged, of another format, or holds other tensors than its net has.
        """
        if not os.path.exists(path):
            raise RunFolderError(f"{path} does not exist: train to the end first (lava-ed train --resume)")
        with open_tensors(path, error=CheckpointError, hint=_RESTORE) as file:
            header = _header(file, path, MODEL_FORMAT, ModelHeader, "model")
            try:
                spec = NetworkSpec.from_dict(header["spec"])
            except ConfigError as error:
                raise CheckpointError(f"{path} does not describe a net ({error}): {_RESTORE}") from error
            tensors = file.read_all(_tensors_of(spec))
        _check_seal(path, header, tensors)
        weights = {name: tensors[f"{name}.weights"] for name in map(spec.synapses, spec.layers)}
        steps = {node: tensors[f"{node}.threshold_step"] for node in spec.threshold_nodes}
        for node, step in steps.items():
            if not 0 <= int(step[0]) <= spec.adaptation.highest_step:
                raise CheckpointError(
                    f"{path}: {node}.threshold_step is {step[0]}, of 0 … {spec.adaptation.highest_step}: {_RESTORE}"
                )
        return cls(spec, weights, steps)


def _tensors_of(spec: NetworkSpec) -> dict[str, TensorInfo]:
    """What a model of this net holds, by name."""
    int8, int32 = np.dtype(np.int8), np.dtype(np.int32)
    shapes = {spec.synapses(layer): spec.weights_shape(layer) for layer in spec.layers}
    return {
        **{f"{name}.weights": TensorInfo(int8, shape) for name, shape in shapes.items()},
        **{f"{node}.threshold_step": TensorInfo(int32, (1,)) for node in spec.threshold_nodes},
    }


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
        config = self.config.to_dict()
        return _dump(
            self.state,
            {
                "format": CHECKPOINT_FORMAT,
                "lava_ed_version": __version__,
                "config_digest": _config_digest(config),
                "config": config,
                "data_digest": self.data_digest,
                "order_digest": self.order_digest,
                "position": vars(self.position),
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
        with open_tensors(path, error=CheckpointError, hint=_RESTORE) as file:
            header = _header(file, path, CHECKPOINT_FORMAT, CheckpointHeader, "checkpoint")
            version = header["lava_ed_version"]
            if version not in SAME_FILES:
                raise CheckpointError(
                    f"{path} was written by lava-ed {version}, this is {__version__}, whose arithmetic may "
                    f"differ: resume with lava-ed {version}, or train anew"
                )
            try:
                config = TrainConfig.from_dict(header["config"])
            except ConfigError as error:
                raise CheckpointError(f"{path} is not a complete checkpoint ({error}): {_RESTORE}") from error
            if header["config_digest"] != _config_digest(header["config"]):
                raise CheckpointError(f"{path}: configuration and digest differ, the file was altered")
            tensors = file.read_all()
        _check_seal(path, header, tensors)
        position = Position(**header["position"])
        position.check(config.epochs, str(path))
        return cls(config, header["data_digest"], header["order_digest"], position, tensors)


def _config_digest(config: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(config, sort_keys=True).encode()).hexdigest()


def _dump(tensors: Mapping[str, npt.NDArray[Any]], header: dict[str, Any]) -> bytes:
    """Tensors and a header as one safetensors file."""
    return tensor_bytes(tensors, _HEADER, {**header, "digest": _seal(header, tensors)})


def _seal(header: Mapping[str, Any], tensors: Mapping[str, npt.NDArray[Any]]) -> str:
    """SHA-256 of a header, its own digest aside, and of the tensors by name: type, shape and content."""
    unsealed = {name: value for name, value in header.items() if name != "digest"}
    result = hashlib.sha256(json.dumps(unsealed, sort_keys=True).encode())
    for name in sorted(tensors):
        result.update(f"\n{name} {digest(tensors[name])}".encode())
    return result.hexdigest()


def _header(file: TensorFile, path: Path, wanted: int, schema: type[Any], kind: str) -> dict[str, Any]:
    """The notes of a file of ours of this kind, after a check of its format."""
    if file.metadata.keys() != {_HEADER}:
        raise CheckpointError(f"{path} is not a file of lava-ed, or is damaged: {_RESTORE}")
    where = f"{path} is not a complete {kind}: its header"
    header = parse_json(file.metadata[_HEADER], where, error=CheckpointError, hint=_RESTORE)
    found = header.get("format") if isinstance(header, dict) else None
    if found != wanted or isinstance(found, bool):
        raise CheckpointError(
            f"{path} has format {brief(found)}, this version reads {wanted}: "
            "use the version of lava-ed that wrote it, or train anew"
        )
    checked(schema, header, where, error=CheckpointError, hint=_RESTORE)
    return dict(header)


def _check_seal(path: Path, header: Mapping[str, Any], tensors: Mapping[str, npt.NDArray[Any]]) -> None:
    """Compare a file with the digest in its header; files of before there was one have none."""
    if header.get("digest") is not None and header["digest"] != _seal(header, tensors):
        raise CheckpointError(f"{path} is not what was written: its content and its digest differ: {_RESTORE}")
