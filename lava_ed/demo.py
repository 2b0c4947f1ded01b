"""The demonstration: both rules on the digits, the engine beside Lava's runtime, figures and pictures."""

from __future__ import annotations

import shutil
from os import PathLike
from pathlib import Path
from typing import Any, Final

import numpy as np

from lava_ed.backends.backend import EngineBackend
from lava_ed.backends.parity import train_beside
from lava_ed.backends.spikes import forward_spikes
from lava_ed.config.training import TrainConfig
from lava_ed.data import Dataset, load_dataset
from lava_ed.errors import LavaNotInstalledError, RunFolderError
from lava_ed.runs.folder import ENERGY, MODEL, RunFolder
from lava_ed.runs.tensor_files import Model
from lava_ed.train.progress import Reporter
from lava_ed.train.trainer import train

RULES: Final = ("std-ed", "mpd-ed")
PRICE_LIST: Final = "loihi1-davies2018"
PARITY_SAMPLES: Final = 20
_MARKER: Final = ".lava-ed-demo"
"""Empty file that tells a demo's folder, which may be overwritten, from anybody else's."""


def run_demo(out: str | PathLike[str] = "demo", reporter: Reporter | None = None, **settings: Any) -> dict[str, Any]:
    """Train both rules on the digits, compare with Lava's runtime, draw learning curves and rasters.

    Parameters
    ----------
    out : path-like
        Folder of the results; only an earlier demo is overwritten.
    reporter : Reporter, optional
    **settings
        Fields of `TrainConfig` that differ from the presets.

    Returns
    -------
    dict
        ``rules`` (rule → figures), ``parity`` (rule → outcome, or None without lava-nc),
        ``equal`` (False if the two back ends disagree), ``pictures``.

    Raises
    ------
    RunFolderError
        If the folder is not an earlier demo's, or not writable.
    """
    reporter = reporter or Reporter()
    configs = {rule: TrainConfig.create(rule, "digits", **settings) for rule in RULES}
    data = load_dataset("digits")
    folder = _prepare(Path(out))
    rules: dict[str, dict[str, Any]] = {}
    parity: dict[str, Any] = {}
    for rule, config in configs.items():
        reporter.message(f"{rule}: training on the digits with the engine")
        rules[rule] = _figures(train(config, folder / rule, dataset=data, reporter=reporter), folder / rule)
        parity[rule] = _parity(config, data, reporter)
    outcomes = [entry["equal"] for entry in parity.values() if entry is not None]
    return {
        "rules": rules,
        "parity": parity,
        "equal": all(outcomes) if outcomes else None,
        "price_list": PRICE_LIST,
        "pictures": _draw(folder, data),
    }


def _prepare(folder: Path) -> Path:
    """The demo's folder, with the runs of an earlier demo removed."""
    marker = folder / _MARKER
    try:
        if folder.exists() and not marker.exists() and any(folder.iterdir()):
            raise RunFolderError(
                f"{folder.resolve()} exists and was not made by lava-ed demo: remove or rename it, or choose "
                "another folder with --out"
            )
        folder.mkdir(parents=True, exist_ok=True)
        marker.touch()
        for rule in RULES:
            if (folder / rule).exists():
                shutil.rmtree(folder / rule)
    except OSError as error:
        raise RunFolderError(
            f"{folder} cannot be written ({error.strerror or error}): choose another folder with --out"
        ) from error
    return folder


def _figures(summary: dict[str, Any], run: Path) -> dict[str, Any]:
    """What the table shows of a run."""
    from lava_ed.energy import energy_report

    folder = RunFolder(run)
    last = folder.read_metrics()[-1]
    saved = folder.read_json(ENERGY)
    priced = {
        part: energy_report(saved[part]["counters"], saved[part]["samples"], PRICE_LIST)
        for part in ("training", "test")
    }
    training = saved["training"]["per_sample"]
    return {
        "test_accuracy": summary["test_accuracy"],
        "validation_accuracy": summary["validation_accuracy"],
        "samples_per_second": summary["samples_per_second"],
        "learning_rate": summary["learning_rate"],
        "thresholds": summary["thresholds"],
        "spikes_per_neuron": last["spikes_per_neuron"],
        "backward_messages": training["spike_messages"]["backward"],
        "synaptic_updates": training["synaptic_updates"]["update"],
        "weight_writes": training["weight_writes"]["update"],
        "microjoules_training": priced["training"]["microjoules_per_sample"]["dynamic"],
        "microjoules_inference": priced["test"]["microjoules_per_sample"]["dynamic"],
        "run": str(run),
    }


def _parity(config: TrainConfig, data: Dataset, reporter: Reporter) -> dict[str, Any] | None:
    """Engine beside Lava's runtime; None where there is no Lava."""
    reporter.message(f"{config.rule}: the first {PARITY_SAMPLES} samples on Lava's own runtime as well")
    spec = config.spec(data.inputs, data.n_classes, data.image_shape)
    try:
        result = train_beside(spec, data, PARITY_SAMPLES)
    except LavaNotInstalledError as error:
        reporter.message(f"skipped: {error}")
        return None
    return {
        "samples": result.samples,
        "equal": result.equal,
        "compared": len(result.compared),
        "differing": result.differing,
        "moved": result.moved,
    }


def _draw(folder: Path, data: Dataset) -> list[str]:
    """Learning curves of both runs, and the spikes of the first test sample."""
    from lava_ed.viz import learning_curves, spike_raster

    curves, rasters = folder / "learning_curves.png", folder / "spike_raster.png"
    learning_curves(
        {rule.upper(): RunFolder(folder / rule).read_metrics() for rule in RULES},
        curves,
        "digits, measured by lava-ed's engine",
    )
    spike_raster([_raster(folder / rule, rule, data) for rule in RULES], rasters)
    return [str(curves), str(rasters)]


def _raster(run: Path, rule: str, data: Dataset) -> Any:
    """Spikes of the first test sample in a trained net."""
    from lava_ed.viz import Raster

    model = Model.read(run / MODEL)
    spec = model.spec
    backend = EngineBackend(spec)
    backend.load_state(model.put_into(backend.state()))
    backend.set_learning(False)
    backend.bind(np.ascontiguousarray(data.test_images))
    decided = backend.present(np.zeros(1, np.int64), data.test_labels[:1])
    spikes = forward_spikes(spec, backend.state())
    layers = {
        name: (spec.sizes[k], *spikes[name])
        for k, name in enumerate(["input", *(f"hidden{layer}" for layer in spec.hidden)])
    }
    return Raster(
        title=f"{rule.upper()}: a {data.test_labels[0]}, decided as {decided[0]}",
        layers=layers,
        marks={"error and decision": spec.schedule.error_phase},
        steps=spec.schedule.period,
    )
