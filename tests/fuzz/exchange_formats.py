"""netx files, golden vectors, and data sets: IDX files with and without compression, CIFAR's and .npz files."""

from __future__ import annotations

import gzip
import io
import struct
import zipfile
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any

import h5py
import numpy as np
from fuzz import mutate
from fuzz.mutate import Mutator

VALUES: tuple[Any, ...] = (
    *(0, -1, 1, 63, 70, 255, 352, 4096, 4097, 40_000, 2**17, 2**18, 2**20, 2**31 - 1, 2**31, -(2**31), 2**40, 2**62),
    *(0.5, -1.5, 1e30, float("nan"), float("inf"), True, 1j, "CUBA", "SDNN", "RF", "conv", "x" * 300),
    *(np.bytes_("dense_rec"), np.bytes_(""), np.bytes_("é".encode()), [], [[]], [-1, -2], [0], [1, 2, 3]),
    [[1, 2], [3, 4]],
    *([2**31] * 3, [0.5, 1.5], [True], np.zeros((1, 1, 1, 1, 1, 1)), np.zeros(3, [("a", "i4")])),
)  # fmt: skip
"""What may stand where a field is expected."""


def change_hdf5(random: Random, content: bytes) -> bytes:
    """An HDF5 file with one thing changed, now and then with several, as somebody's own tool would write it."""
    buffer = io.BytesIO(content)
    try:
        with h5py.File(buffer, "r+") as file:
            for _ in range(random.choice((1, 1, 1, 2, 4))):
                _change(random, file)
    except Exception as error:  # HDF5 has names and types that it does not take; the runner draws again for this one
        raise ValueError("this change cannot be made") from error
    return buffer.getvalue()


def _names(file: Any) -> list[str]:
    found: list[str] = []
    file.visit(found.append)
    return found


def _change(random: Random, file: Any) -> None:
    name = random.choice(_names(file) or ["x"])
    kind = random.randrange(8)
    if name not in file or kind == 0:
        file[f"{name}x"] = 1
        return
    item = file[name]
    if kind == 1:
        del file[name]
    elif kind == 2:
        file.move(name, random.choice((name + "x", name[:-1] + "7", "layer/99", "x")) + "_")
    elif kind == 3:
        other = random.choice(_names(file))
        copied = file[other]
        del file[name]
        if copied and other != name and other in file:
            file[name] = file[other]  # a second name of the same thing, perhaps of a group around it
    elif kind == 4:
        del file[name]
        file[name] = random.choice(
            (h5py.ExternalLink("/etc/passwd", "/x"), h5py.SoftLink("/layer"), h5py.SoftLink("/"))
        )
    elif kind == 5 and item.attrs:
        key = random.choice(list(item.attrs))
        old = item.attrs[key]
        text = str(old)
        cut = random.randrange(len(text) + 1)
        item.attrs[key] = random.choice(
            (text[:cut], text[:cut] + random.choice('{[9"') + text[cut:], 3, "[" * 3000, [1])
        )
    elif isinstance(item, h5py.Dataset) and kind == 6 and item.dtype.kind in "iuf" and item.size:
        values = np.array(item[()])
        flat = values.reshape(-1)
        flat[random.randrange(flat.size)] = random.choice((0, 1, -1, 99, 127))
        item[...] = values
    elif isinstance(item, h5py.Dataset) and item.dtype.kind in "iuf" and random.random() < 0.5:
        values = np.array(item[()])
        del file[name]
        file[name] = random.choice(
            (values[None], values.reshape(-1)[1:], np.repeat(values, 2), values.astype(float) * 1.5)
        )
    else:
        del file[name]
        file[name] = random.choice(VALUES)


HDF5: tuple[Mutator, ...] = (*mutate.BYTES, *[change_hdf5] * 5)


def write_own_netx(folder: Path) -> None:
    """Input, a dense layer with delays and a bias, a recurrent one; with our notes and their digest."""
    from lava_ed.exchange import NetxLayer, NetxNetwork, NetxNeuron, write_netx

    rng = np.random.default_rng(0)
    layers = (
        NetxLayer("input", (3,)),
        NetxLayer(
            *("dense", (4,), NetxNeuron(4096, 128, 40), rng.integers(-60, 60, (4, 3))),
            bias=np.array([3, -4, 0, 1]),
            delay=rng.integers(0, 5, (4, 3)),
        ),
        NetxLayer(
            *("dense_rec", (2,), NetxNeuron(100, 0, 7), rng.integers(-60, 60, (2, 4)), rng.integers(-60, 60, (2, 2)))
        ),
    )
    write_netx(NetxNetwork(layers, {"encoder": "rate", "steps": 8, "dataset": "digits"}), folder / "a.net")


def write_foreign_netx(folder: Path) -> None:
    """Input neurons, a convolution and a dense layer, in the types of lava-dl."""
    rng = np.random.default_rng(1)
    with h5py.File(folder / "a.net", "w") as file:
        for k, (kind, shape) in enumerate(
            (("input", [1, 4, 4]), ("conv", [2, 2, 2]), ("flatten", [8, 1, 1]), ("dense", [3]))
        ):
            file[f"layer/{k}/type"] = np.array([kind.encode()], "S10")
            file[f"layer/{k}/shape"] = np.array(shape)
            if kind != "flatten":
                for name, value in (("type", "LOIHI"), ("iDecay", 4096), ("vDecay", 1024), ("vThMant", 25)):
                    file[f"layer/{k}/neuron/{name}"] = value
        file["layer/0/weight"], file["layer/0/bias"] = np.float32([36]), np.float32(34)
        file["layer/1/weight"] = rng.integers(-20, 20, (2, 1, 3, 3, 1)).astype(np.float32)
        file["layer/1/bias"] = np.float32([1, -2])
        for name, value in (("stride", [1, 1]), ("padding", [0, 0]), ("dilation", [1, 1]), ("groups", 1)):
            file[f"layer/1/{name}"] = np.array(value)
        file["layer/3/weight"] = rng.integers(-20, 20, (3, 8)).astype(np.float32)


def read_netx_file(path: Path) -> Any:
    """What `import` shows, and the states that the engine computes."""
    from fuzz.formats import _command

    from lava_ed.exchange import netx_program, read_netx

    shown = _command("import", path)
    net = read_netx(path)
    width = 1 if net.input_layer is not None else 6
    program = netx_program(net, np.full((net.sizes[0], width), 1), 8)
    program.run(12)
    last = f"neuron{len(net.sizes) - 1}"
    state = [name for name in program.variables if name[0] == last and name[1] in ("u", "v", "sigma", "act")]
    return shown, *(program.get(*name).tolist() for name in state)


def write_own_nir(folder: Path) -> None:
    """A dense layer with a bias and a recurrent one; with our notes and their digest."""
    from lava_ed.exchange import NetxLayer, NetxNetwork, NetxNeuron, write_nir

    rng = np.random.default_rng(0)
    first, second, back = (rng.integers(-60, 60, shape) for shape in ((4, 3), (2, 4), (2, 2)))
    layers = (
        NetxLayer("input", (3,)),
        NetxLayer("dense", (4,), NetxNeuron(4096, 0, 40), first),
        NetxLayer("dense_rec", (2,), NetxNeuron(1024, 512, 7), second, back),
    )
    write_nir(NetxNetwork(layers, {"encoder": "rate", "steps": 8, "dataset": "digits"}), folder / "a.nir")


def write_foreign_nir(folder: Path) -> None:
    """Convolution, pool, IF; Affine, a recurrent CubaLIF; Scale, LI: as nir writes them."""
    import nir

    rng = np.random.default_rng(1)
    one = np.ones(3)
    spread = np.ones((2, 4, 4))
    conv = nir.Conv2d((4, 4), rng.normal(size=(2, 1, 3, 3)), 1, 1, 1, 1, np.array([0.0, 0.1]))
    cuba = nir.CubaLIF(2e-4 * one, 1e-3 * one, 10 * one, 0 * one, one, w_in=2 * one)
    names = ["input", "conv", "if", "pool", "flat", "affine", "cuba", "scale", "linear", "li", "output"]
    nodes = [
        *(nir.Input(np.array([1, 4, 4])), conv, nir.IF(spread, spread)),
        *(nir.SumPool2d(np.array([2, 2]), np.array([2, 2]), np.array([0, 0])), nir.Flatten({"input": [2, 2, 2]}, 0)),
        *(nir.Affine(rng.normal(size=(3, 8)), 0.2 * one), cuba, nir.Scale(0.5 * one)),
        *(nir.Linear(rng.normal(size=(2, 3))), nir.LI(np.full(2, 1e-3), np.ones(2), np.ones(2)), nir.Output([2])),
    ]
    edges = [*pairwise(names), ("cuba", "back"), ("back", "cuba")]
    graph = nir.NIRGraph({**dict(zip(names, nodes, strict=True)), "back": nir.Linear(rng.normal(size=(3, 3)))}, edges)
    nir.write(folder / "a.nir", graph)


def read_nir_file(path: Path) -> Any:
    """What `import` shows: integers, and spikes of the engine and of the floats."""
    from fuzz.formats import _command

    return _command("import", path)


def write_golden_file(kind: str) -> Any:
    def make(folder: Path) -> None:
        from nets import samples, small_model

        from lava_ed.exchange import record_golden, write_golden

        write_golden(folder / "g.h5", record_golden(small_model(kind, (4,)), *samples(2)))

    return make


def replay_file(path: Path) -> Any:
    """What the replayer's command says: 2 is a file at fault, 1 a value that differs."""
    from contextlib import redirect_stderr, redirect_stdout

    from lava_ed.errors import ExchangeError
    from lava_ed.exchange.golden import replay

    with redirect_stderr(io.StringIO()) as told, redirect_stdout(io.StringIO()) as shown:
        code = replay.main([str(path)])
    if code == 2:
        raise ExchangeError(told.getvalue().rstrip("\n"))
    assert "\n" not in told.getvalue().rstrip("\n")
    return code, shown.getvalue(), told.getvalue()


def write_idx(changed: str, packed: bool) -> Any:
    """The four files of a data set, one of which will be damaged."""

    def make(folder: Path) -> None:
        rng = np.random.default_rng(0)
        for part, count in (("train", 20), ("t10k", 10)):
            images = struct.pack(">IIII", 0x803, count, 28, 28) + rng.integers(0, 256, (count, 784), np.uint8).tobytes()
            labels = struct.pack(">II", 0x801, count) + bytes(k % 10 for k in range(count))
            for name, content in ((f"{part}-images-idx3-ubyte", images), (f"{part}-labels-idx1-ubyte", labels)):
                if name == changed and packed:
                    (folder / f"{name}.gz").write_bytes(gzip.compress(content, mtime=0))
                else:
                    (folder / name).write_bytes(content)

    return make


def read_data_set(path: Path) -> str:
    """The digest of a data set."""
    from lava_ed.data import load_dataset

    return load_dataset("mnist-binary-20", path.parent).digest


def bomb(random: Random, content: bytes) -> bytes:
    """A small gzip file that unpacks to a thousand times as much, behind a header that says so, or more, or less."""
    size = random.choice((2**16, 2**20, 2**24))
    stated = random.choice((size, size - 1, 20, 2**28, 2**30))
    header = random.choice((struct.pack(">II", 0x801, stated), struct.pack(">IIII", 0x803, stated // 784, 28, 28)))
    return gzip.compress(header + bytes(size), 1)


def write_cifar(folder: Path) -> None:
    """CIFAR-100's two files, of which the test part will be damaged."""
    rng = np.random.default_rng(0)
    for name, count in (("train.bin", 25), ("test.bin", 5)):
        records = rng.integers(0, 256, (count, 3074), np.uint8)
        records[:, 0], records[:, 1] = np.arange(count) % 20, np.arange(count)
        (folder / name).write_bytes(records.tobytes())


def read_cifar_set(path: Path) -> tuple[str, str]:
    """The digests with both kinds of labels."""
    from lava_ed.data import load_dataset

    return load_dataset("cifar100", path.parent).digest, load_dataset("cifar100-coarse", path.parent).digest


def write_npz(save: Any) -> Any:
    def make(folder: Path) -> None:
        rng = np.random.default_rng(0)
        images = rng.integers(0, 256, (9, 2, 4, 5), np.uint8)
        labels = np.arange(9) % 3
        save(
            folder / "a.npz",
            train_images=images[:6], train_labels=labels[:6], test_images=images[6:] / 255, test_labels=labels[6:],
        )  # fmt: skip

    return make


def read_npz_file(path: Path) -> str:
    """The digest of the data, as they are and in on- and off-channels."""
    from lava_ed.data import load_dataset

    return load_dataset(str(path)).digest + load_dataset(f"{path}+on-off").digest


def change_npz(random: Random, content: bytes) -> bytes:
    """A sound archive in which an array has another header, other values or another name, or unpacks to very much."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    name, kind = random.choice(list(entries)), random.randrange(5)
    if kind == 0:
        entries[random.choice((name + "x", "x.npy", name.upper()))] = entries.pop(name)
    elif kind == 1:
        shape = random.choice(
            ("(6,)", "(0,)", "()", "(-1, 2)", "(2**31,)", "(4294967296, 0)", "(16777216,)", "((" * 40)
        )
        descr = random.choice(("'|u1'", "'<i8'", "'>f4'", "'|O'", "'<U9'", "[('a', '<i4')]", "1", "'<f2'"))
        text = f"{{'descr': {descr}, 'fortran_order': {random.choice(('False', 'True', '1'))}, 'shape': {shape}, }}"
        values = bytes(random.choice((0, 6, 48, 2**24)))
        entries[name] = b"\x93NUMPY\1\0" + len(text).to_bytes(2, "little") + text.encode() + values
    elif kind == 2:
        entries[name] = entries[random.choice(list(entries))]
    else:
        entries[name] = random.choice(mutate.BYTES)(random, entries[name])
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", random.choice((zipfile.ZIP_STORED, *[zipfile.ZIP_DEFLATED] * 3))) as archive:
        for entry, value in entries.items():
            archive.writestr(entry, value)
    return buffer.getvalue()


NPZ: tuple[Mutator, ...] = (*mutate.BYTES, *[change_npz] * 5)
