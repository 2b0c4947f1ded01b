"""A run's net in another format."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Final

import numpy as np

from lava_ed.config.training import TrainConfig
from lava_ed.data import Dataset, split_validation
from lava_ed.errors import ExchangeError
from lava_ed.exchange.golden.record import MAX_SAMPLES, check_golden_targets, record_golden, write_golden
from lava_ed.exchange.netx.convert import netx_of_model
from lava_ed.exchange.netx.file import is_own_netx, read_netx, write_netx
from lava_ed.exchange.netx.network import NetxNetwork
from lava_ed.exchange.nir.data import is_own_nir_data, write_nir_data
from lava_ed.exchange.nir.write import is_own_nir, write_nir
from lava_ed.exchange.targets import check_free
from lava_ed.integers import is_integer
from lava_ed.runs.data import data_of_run, of_run
from lava_ed.runs.folder import MODEL, RunFolder
from lava_ed.runs.tensor_files import Model

FORMATS: Final = {"netx": "model.net", "golden": "golden.h5", "nir": "model.nir", "nirdata": "golden.nirdata"}
"""Format → name of the file in the run's folder, where no other is given."""

_OF_SAMPLES: Final = dict.fromkeys(("samples", "data_dir", "dataset", "other_data"), ("golden", "nirdata"))
_TAKE: Final = {**_OF_SAMPLES, "learning": ("golden",), "neurons": ("nir",)}
"""Option → formats that take it."""


def export_run(
    run: str | os.PathLike[str],
    file_format: str,
    out: str | os.PathLike[str] | None = None,
    *,
    samples: int | None = None,
    learning: bool | None = None,
    data_dir: str | None = None,
    dataset: Dataset | None = None,
    other_data: bool = False,
    neurons: str | None = None,
) -> dict[str, Any]:
    """Write the trained net of a run as a netx or NIR file, or golden vectors of it, also as NIRData.

    Parameters
    ----------
    run : path-like
        Of NIR, also a netx file.
    file_format : {"netx", "golden", "nir", "nirdata"}
    out : path-like, optional
        Default: ``model.net``, ``golden.h5``, ``model.nir`` or ``golden.nirdata`` in the run's folder, or the netx
        file's name with the suffix of NIR.
    samples : int
        Golden vectors, also as NIRData: how many training samples are presented; default: 4.
    learning : bool
        Golden vectors: whether the net learns from them, as it does by default; as NIRData it never does.
    data_dir : str, optional
        Golden vectors: where the data lie, if no longer where the run found them.
    dataset : Dataset, optional
        Golden vectors: the data themselves, where the run was trained on data of one's own.
    other_data : bool
        Golden vectors: take data that the run was not trained on, too.
    neurons : {"cubalif", "simplest"}
        NIR: CubaLIF throughout, which is the default, or the simplest primitives, as `write_nir` tells.

    Returns
    -------
    dict
        What `lava-ed export --json` prints.

    Raises
    ------
    ExchangeError
        If the format is unknown, does not take what was given, or cannot hold the net, or a file would replace one that
        lava-ed did not write.
    RunFolderError, CheckpointError
        If the run has no model, or a file cannot be written.
    DataError
        If the data are not those that the run was trained on, and other data were not asked for.
    """
    if file_format not in FORMATS:
        raise ExchangeError(f"format {file_format!r} is unknown: use one of {', '.join(FORMATS)}")
    given: dict[str, object] = {"samples": samples, "learning": learning, "neurons": neurons}
    given |= {"data_dir": data_dir, "dataset": dataset, "other_data": other_data or None}
    for name, what in given.items():
        if what is not None and file_format not in _TAKE[name]:
            raise ExchangeError(f"{name} is for {' and '.join(_TAKE[name])} only: leave it out with {file_format}")
    neurons = "cubalif" if neurons is None else neurons
    if file_format == "nir" and Path(run).suffix == ".net" and Path(run).is_file():
        net, target = read_netx(run), Path(out) if out is not None else Path(run).with_suffix(".nir")
        return _write_net(net, target, {"run": str(run), "format": "nir", "sizes": list(net.sizes)}, neurons)
    folder = RunFolder(run)
    config = folder.read_config()
    model = Model.read(folder.file(MODEL))
    target = Path(out) if out is not None else folder.file(FORMATS[file_format])
    value: dict[str, Any] = {"run": str(folder.path), "format": file_format, "sizes": list(model.spec.sizes)}
    if file_format in ("netx", "nir"):
        notes = {"dataset": config.dataset, "data_sha256": of_run(folder, config).digest, "seed": config.seed}
        net = netx_of_model(model, notes, format_name="netx" if file_format == "netx" else "NIR")
        return _write_net(net, target, value, neurons)
    golden, samples = file_format == "golden", 4 if samples is None else samples
    if golden:
        check_golden_targets(target)
    else:
        check_free(target, is_own_nir_data, "a file of NIRData")
    if not is_integer(samples) or samples < 1:
        raise ExchangeError(f"samples is {samples!r}: golden vectors take 1 … {MAX_SAMPLES:,}")
    found = data_of_run(folder, config, data_dir=data_dir, dataset=dataset, other_data=other_data)
    content, noted = _recorded(model, found.data, config, samples, golden and learning is not False)
    files = [target]
    if golden:
        files = write_golden(target, content)
    else:
        write_nir_data(target, content)
    return {**value, **found.note(), "files": [str(file) for file in files], **noted}


def _recorded(
    model: Model, data: Dataset, config: TrainConfig, samples: int, learning: bool
) -> tuple[bytes, dict[str, Any]]:
    """Golden vectors of the first training samples, and what is printed of them."""
    chosen = split_validation(data, config.validation, config.seed)[0][:samples]
    if samples > len(chosen):
        raise ExchangeError(f"{samples} samples were asked for, {config.dataset} has {len(chosen)} to learn from")
    images = np.ascontiguousarray(data.train_images[chosen])
    content = record_golden(model, images, data.train_labels[chosen], learning=learning)
    return content, {"samples": samples, "steps": samples * model.spec.schedule.period, "learning": learning}


def _write_net(net: NetxNetwork, target: Path, value: dict[str, Any], neurons: str) -> dict[str, Any]:
    """Write a net in the format that the value names; returns what is printed."""
    if value["format"] == "netx":
        check_free(target, is_own_netx, "a netx file")
        write_netx(net, target)
    else:
        check_free(target, is_own_nir, "a NIR file")
        write_nir(net, target, neurons=neurons)
    return {**value, "files": [str(target)], **net.describe()}
