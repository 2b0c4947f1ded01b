"""Diagnosis of a run folder, epoch by epoch where it kept snapshots."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from os import PathLike
from typing import Any, Final

import numpy as np

from lava_ed.backends.backend import make_backend
from lava_ed.config.training import TrainConfig
from lava_ed.data import Dataset, split_validation
from lava_ed.diagnose.measure import diagnose_model
from lava_ed.diagnose.movement import movement
from lava_ed.diagnose.probes import why_unsupported
from lava_ed.errors import ConfigError
from lava_ed.integers import is_integer
from lava_ed.runs.data import data_of_run
from lava_ed.runs.folder import MODEL, RunFolder
from lava_ed.runs.tensor_files import Model
from lava_ed.version import __version__

DIAGNOSIS: Final = "diagnosis"
ON_OTHER_DATA: Final = "diagnosis-other-data"
"""Names of the files without their endings: on the data of the run, and on other ones, which never replace it."""


def diagnose_run(
    out: str | PathLike[str],
    samples: int = 128,
    components: int = 32,
    data_dir: str | None = None,
    dataset: Dataset | None = None,
    message: Callable[[str], None] = lambda text: None,
    *,
    other_data: bool = False,
) -> dict[str, Any]:
    """Measure a run's nets on training samples, and write diagnosis.json and its plot into the folder.

    Epoch 0 is the net before training, the last one the trained net; epochs between them are measured
    where the run kept snapshots (``lava-ed train --snapshots``).

    Every epoch tells how far the kernels of each connection have moved (`movement`); of nets with convolutions nothing
    else is measured, and ``not_measured`` says why.

    Each net is shown the same training samples, and of each connection so many `components` are differentiated per
    sample.  The data are the run's, by default from where it found them; with `other_data` any, and the file is then
    called ``diagnosis-other-data.json``.  Returns what `lava-ed diagnose --json` prints.

    Raises
    ------
    RunFolderError
        If the folder holds no run that has ended.
    ConfigError
        If the run's net has no smooth counterpart.
    DataError
        If the data are not those that the run was trained on, and other data were not asked for.
    """
    if not (is_integer(samples) and is_integer(components)) or samples < 1 or components < 2:
        raise ConfigError(f"samples is {samples} and components {components}: at least 1 and 2 are needed")
    folder = RunFolder(out)
    config = folder.read_config()
    final = Model.read(folder.file(MODEL))
    reason = why_unsupported(final.spec)
    if reason and not final.spec.arch:
        raise ConfigError(f"{folder.path} cannot be diagnosed: {reason}")
    found = data_of_run(folder, config, data_dir=data_dir, dataset=dataset, other_data=other_data)
    rows = split_validation(found.data, config.validation, config.seed)[0][:samples]
    images, labels = np.ascontiguousarray(found.data.train_images[rows]), found.data.train_labels[rows]
    epochs: list[dict[str, Any]] = []
    for epoch, model in _models(folder, config, final):
        message(f"epoch {epoch}")
        measured = {} if reason else asdict(diagnose_model(model, images, labels, components, seed=config.seed))
        epochs.append({"epoch": epoch, **measured, "movement": movement(model.spec, model.weights)})
    before, after = (epochs[k].get("dead", {}) for k in (0, -1))
    value = {
        "lava_ed_version": __version__,
        "run": str(folder.path),
        "rule": config.rule,
        "dataset": config.dataset,
        **found.note(),
        "seed": config.seed,
        "sizes": list(final.spec.sizes),
        "not_measured": reason,
        "dead_neuron_growth": {name: after[name] - before[name] for name in after},
        "epochs": epochs,
    }
    folder.write_json(f"{DIAGNOSIS if found.own else ON_OTHER_DATA}.json", value)
    return value


def _models(folder: RunFolder, config: TrainConfig, final: Model) -> list[tuple[int, Model]]:
    """Nets by epoch: the untrained one, snapshots, the trained one."""
    found = {0: Model.of_state(final.spec, make_backend("engine", final.spec).state())}
    for path in folder.path.glob("snapshot-*.safetensors"):
        found[int(path.stem.rpartition("-")[2])] = Model.read(path)
    found[config.epochs] = final
    return sorted(found.items(), key=lambda item: item[0])
