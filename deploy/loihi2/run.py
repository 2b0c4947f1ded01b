"""Run an exported net (netx) on Loihi 2, or on Lava's simulation of it, and report its accuracy.

    python deploy/loihi2/run.py                               # only say what is here and what is missing
    python deploy/loihi2/run.py model.net --samples 50        # on the board
    python deploy/loihi2/run.py model.net --samples 50 --simulate

Public Lava has no compiler for the chip: its `Loihi2HwCfg` ends in "NameError: CLoihiProcessModel".  So this
script first looks for what Intel gives to members of its research community, and where it is missing says
what, and stops with exit code 3 before Lava is asked.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import shutil
import sys
from dataclasses import dataclass

MISSING = 3


@dataclass(frozen=True)
class Need:
    """Something that a run on the chip needs: what, whether it is here, and what it is for."""

    what: str
    found: bool
    purpose: str


def has_module(name: str) -> bool:
    """Whether a module can be imported, without importing it."""
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:
        return False


def needs() -> list[Need]:
    """What a run on the chip needs, in the order in which it would fail."""
    host = os.environ.get("NXSDKHOST")
    slurm = shutil.which("sinfo") is not None
    modules = [
        ("lava.magma.core.process.process", "lava-nc, public"),
        ("lava.magma.core.model.c.model", "ProcessModels on the embedded processors (lava-loihi, Intel)"),
        ("lava.magma.core.model.nc.model", "ProcessModels on the neurocores (lava-loihi, Intel)"),
        ("lava.proc.embedded_io", "spikes between Python and the chip (lava-loihi, Intel)"),
        ("lava.utils.loihi2_profiler_api", "energy and time as measured on the board (lava-loihi, Intel)"),
        ("nxcore", "compiler and driver of the chip (NxCore, Intel)"),
    ]
    found = [Need(f"module {name}", has_module(name), purpose) for name, purpose in modules]
    found.append(Need("environment LOIHI_GEN", "LOIHI_GEN" in os.environ, "generation of the chip, such as N3B3"))
    way = "a board: NXSDKHOST (its address), or SLURM (the command sinfo)"
    found.append(Need(way, bool(host) or slurm, "where the net runs"))
    return found


def tell(found: list[Need]) -> bool:
    """Print a line for each need; whether all are met."""
    for need in found:
        print(f"{'found  ' if need.found else 'MISSING'}  {need.what}: {need.purpose}")
    missing = [need.what for need in found if not need.found]
    if missing:
        print(
            f"\n{len(missing)} of {len(found)} are missing, so nothing can run on Loihi 2 here. Intel's packages come "
            "with membership in the Intel Neuromorphic Research Community; they are on no public index.\n"
            "Without them: --simulate (Lava's models of the chip on the CPU), or lava-ed eval model.net (the engine)."
        )
    return not missing


def run(path: str, samples: int, data_dir: str | None, on_chip: bool) -> int:
    """Present test samples; returns the number of right decisions."""
    import numpy as np
    from lava.magma.core.run_conditions import RunSteps
    from lava.magma.core.run_configs import Loihi2HwCfg, Loihi2SimCfg
    from lava.proc.io.source import RingBuffer

    from lava_ed.data import load_dataset
    from lava_ed.exchange import netx_processes, read_netx, spike_trains
    from lava_ed.exchange.netx.program import window

    net = read_netx(path)
    data = load_dataset(net.notes["dataset"], data_dir)
    steps = int(net.notes["steps"])
    trains = spike_trains(np.ascontiguousarray(data.test_images[:samples]), net.notes["encoder"], steps)
    period = window(net, steps)
    spikes = np.zeros((net.sizes[0], samples * period), np.int32)
    for k, train in enumerate(trains):
        spikes[:, k * period : k * period + steps] = train
    synapses, neurons = netx_processes(net, period)
    source = RingBuffer(data=spikes)
    if on_chip:
        from lava.proc import embedded_io

        adapter = embedded_io.spike.PyToNxAdapter(shape=(net.sizes[0],))
        source.s_out.connect(adapter.inp)
        adapter.out.connect(synapses[0].s_in)
    else:
        source.s_out.connect(synapses[0].s_in)
    config = Loihi2HwCfg() if on_chip else Loihi2SimCfg(select_tag="fixed_pt")
    correct = 0
    try:
        for label in data.test_labels[:samples]:
            source.run(RunSteps(num_steps=period), config)
            correct += int(np.argmax(neurons[-1].v.get()) == label)
    finally:
        source.stop()
    return correct


def main(argv: list[str] | None = None) -> int:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("net", nargs="?", help="netx file that lava-ed exported; without it, only the check")
    parser.add_argument("--samples", type=int, default=20)
    parser.add_argument("--data-dir")
    parser.add_argument("--simulate", action="store_true", help="on Lava's models of the chip, on this CPU")
    arguments = parser.parse_args(argv)
    if not arguments.simulate and not tell(needs()):
        return MISSING
    if arguments.net is None:
        return 0
    correct = run(arguments.net, arguments.samples, arguments.data_dir, not arguments.simulate)
    where = "Lava's simulation" if arguments.simulate else "Loihi 2"
    print(f"{correct} of {arguments.samples} test samples right on {where}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
