"""Nets in other formats: netx (lava-dl) and NIR are read and written, golden vectors recorded; no Lava is needed."""

from lava_ed.exchange.export import export_run
from lava_ed.exchange.golden.record import record_golden, write_golden
from lava_ed.exchange.golden.replay import replay
from lava_ed.exchange.netx.convert import netx_of_model
from lava_ed.exchange.netx.decisions import netx_decisions
from lava_ed.exchange.netx.evaluate import evaluate_netx, spike_trains
from lava_ed.exchange.netx.file import read_netx, write_netx
from lava_ed.exchange.netx.graph import netx_processes
from lava_ed.exchange.netx.network import NetxLayer, NetxNetwork, NetxNeuron
from lava_ed.exchange.netx.program import netx_program
from lava_ed.exchange.nir.data import nir_data
from lava_ed.exchange.nir.evaluate import evaluate_nir
from lava_ed.exchange.nir.network import NirNetwork, read_nir
from lava_ed.exchange.nir.run import NirRun, measure_loss
from lava_ed.exchange.nir.write import write_nir

__all__ = [
    "NetxLayer",
    "NetxNetwork",
    "NetxNeuron",
    "NirNetwork",
    "NirRun",
    "evaluate_netx",
    "evaluate_nir",
    "export_run",
    "measure_loss",
    "netx_decisions",
    "netx_of_model",
    "netx_processes",
    "netx_program",
    "nir_data",
    "read_netx",
    "read_nir",
    "record_golden",
    "replay",
    "spike_trains",
    "write_golden",
    "write_netx",
    "write_nir",
]
