"""`lava-ed info GRAPH.py:NAME`: the lowered program, and what is wrong with a file, a name or a process."""

from __future__ import annotations

import sys
import textwrap
from pathlib import Path

import pytest

pytest.importorskip("lava", reason="graphs are of lava-nc, which needs Python 3.10")

pytestmark = pytest.mark.lava

GRAPH = """
    import numpy as np
    from lava.magma.core.decorator import implements, requires, tag
    from lava.magma.core.model.py.model import PyLoihiProcessModel
    from lava.magma.core.model.py.type import LavaPyType
    from lava.magma.core.process.ports.ports import InPort
    from lava.magma.core.process.process import AbstractProcess
    from lava.magma.core.process.variable import Var
    from lava.magma.core.resources import CPU
    from lava.magma.core.sync.protocols.loihi_protocol import LoihiProtocol
    from lava.proc.dense.process import DelayDense, Dense
    from lava.proc.io.source import RingBuffer
    from lava.proc.lif.process import LIF
    from lava.proc.monitor.process import Monitor

    source = RingBuffer(data=np.zeros((10, 4), int))
    source.name = "source"
    dense = Dense(weights=np.ones((20, 10)), name="dense")
    lif = LIF(shape=(20,), name="lif")
    back = DelayDense(weights=np.ones((20, 20)), delays=3, name="back")
    source.s_out.connect(dense.s_in)
    dense.a_out.connect(lif.a_in)
    lif.s_out.connect(back.s_in)
    back.a_out.connect(lif.a_in)


    class Odd(AbstractProcess):
        def __init__(self):
            super().__init__(name="odd")
            self.s_in = InPort(shape=(20,))


    def made():
        return LIF(shape=(3,), name="made")


    def strange():
        other = LIF(shape=(20,))
        other.s_out.connect(Odd().s_in)
        return other


    class Own(AbstractProcess):
        def __init__(self, size):
            super().__init__(name="own")
            self.v = Var(shape=(size,), init=9)


    @implements(proc=Own, protocol=LoihiProtocol)
    @requires(CPU)
    @tag("fixed_pt")
    class OwnModel(PyLoihiProcessModel):
        v: np.ndarray = LavaPyType(np.ndarray, int)

        def run_spk(self):
            self.v += 1 // (len(self.v) - 3)


    def hosted():
        return Own(8)


    def watched():
        own, monitor = Own(8), Monitor()
        monitor.probe(own.v, 5)
        return own


    class Unmade(AbstractProcess):
        def __init__(self):
            super().__init__(name="unmade")
            self.v = Var(shape=(2,), init=9)


    @implements(proc=Unmade, protocol=LoihiProtocol)
    @requires(CPU)
    @tag("fixed_pt")
    class UnmadeModel(PyLoihiProcessModel):
        v: np.ndarray = LavaPyType(np.ndarray, int)

        def __init__(self, proc_params):
            super().__init__(proc_params)
            proc_params["file"]


    def unmade():
        return Unmade()


    def failing():
        return Own(3)


    def broken():
        return 1 / 0


    number = 3
"""


@pytest.fixture
def graph(tmp_path: Path) -> Path:
    path = tmp_path / "users_net.py"
    path.write_text(textwrap.dedent(GRAPH))
    return path


def test_hosted_models_are_named_with_what_they_cost(lava_ed, graph) -> None:
    shown = lava_ed("info", f"{graph}:hosted", "--json").value
    (own,) = shown["hosted"]
    assert (own["process"], own["model"]) == ("own", "users_net.OwnModel")
    assert own["microseconds"] > 0
    assert [p["kind"] for p in shown["processes"]] == ["Hosted"]
    assert "Hosted: run by their own Python models" in lava_ed("info", f"{graph}:hosted").out


def test_a_hosted_monitor_of_fewer_steps_than_are_measured_has_room(lava_ed, graph) -> None:
    shown = lava_ed("info", f"{graph}:watched", "--json").value
    assert [one["model"].rpartition(".")[2] for one in shown["hosted"]] == ["OwnModel", "PyMonitorModel"]


def test_the_program_of_a_graph(lava_ed, graph) -> None:
    """Every figure by hand: 200 and 400 synapses, 1 in 10 neurons spikes, weights of 2 bytes."""
    value = lava_ed("info", f"{graph}:lif", "--spike-rate", "0.1", "--json").value
    by_name = {p["process"]: p for p in value["processes"]}
    assert list(by_name) == ["source", "dense", "lif", "back"]
    assert [by_name[name]["kind"] for name in by_name] == ["RingSource", "Dense", "LIF", "DelayDense"]
    assert [by_name[name]["delay"] for name in by_name] == [0, 1, 0, 4]
    assert [by_name[name]["synaptic_operations"] for name in by_name] == [0, 20, 0, 40]
    assert by_name["lif"]["neuron_updates"] == 20
    assert by_name["dense"]["bytes_touched"] == 20 * 2 + 20 * 4
    assert by_name["source"]["bytes"] == 10 * 4 * 4
    assert value["estimate"]["synaptic_operations"] == 60
    assert sum(value["bytes"].values()) > sum(p["bytes"] for p in value["processes"])
    ops = [(op["op"], op["process"], op["stage"]) for op in value["ops"]]
    assert ops.index(("ring_source", "source", "run")) < ops.index(("spikes_forward", "dense", "synapses"))
    assert ops.index(("lif_step", "lif", "run")) < ops.index(("spikes_delayed", "back", "synapses"))
    lif = next(op["fields"] for op in value["ops"] if op["op"] == "lif_step")
    assert lif["n"] == {"value": 20}
    assert {name: lif["u"][name] for name in ("arena", "access", "length")} == {
        "arena": "i32",
        "access": "updates",
        "length": 20,
    }
    assert lif["upper_threshold"]["value"] == -1
    out = lava_ed("info", f"{graph}:lif").out
    assert "spikes_delayed" in out
    assert "n=20" in out
    assert f"u=i32[{lif['u']['value']}:{lif['u']['value'] + 20}]" in "".join(out.split())
    assert "upper_threshold=none" in "".join(out.split())
    assert "spike rate" in out


def test_a_function_and_a_tag(lava_ed, graph) -> None:
    value = lava_ed("info", f"{graph}:made", "--json").value
    assert [op["op"] for op in value["ops"]] == ["lif_step"]
    value = lava_ed("info", f"{graph}:made", "--tag", "floating_pt", "--json").value
    assert [op["op"] for op in value["ops"]] == ["real_lif"]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("nobody", "has no 'nobody'; its processes are: source, dense, lif, back"),
        ("number", "is a int: a Lava process"),
        ("broken", "ZeroDivisionError: division by zero"),
        ("strange", "'odd'"),
        (
            "failing",
            "users_net.OwnModel (tags: fixed_pt) of process 'own' of class users_net.Own fails in its first 16 steps: "
            "ZeroDivisionError: integer division or modulo by zero",
        ),
        (
            "unmade",
            "users_net.UnmadeModel (tags: fixed_pt) of process 'unmade' of class users_net.Unmade fails in its first "
            "16 steps: KeyError: 'file'",
        ),
    ],
)
def test_what_cannot_be_shown(lava_ed, graph, name: str, text: str) -> None:
    outcome = lava_ed("info", f"{graph}:{name}")
    assert outcome.code != 0
    assert text in " ".join(outcome.err.split())


def test_a_missing_or_failing_file(lava_ed, graph, tmp_path) -> None:
    assert "no file" in lava_ed("info", f"{tmp_path / 'none.py'}:lif").err
    graph.write_text("import nothing_of_this_name\n")
    assert "nothing_of_this_name" in lava_ed("info", f"{graph}:lif").err
    outcome = lava_ed("info", f"{graph}:lif", "--spike-rate", "2")
    assert outcome.code != 0


def test_a_script_sees_the_arguments_of_a_script(lava_ed, graph) -> None:
    """And Python's own stay what they were."""
    with graph.open("a") as file:
        file.write("import argparse, sys\nparser = argparse.ArgumentParser()\nparser.add_argument('--size')\n")
        file.write("given = parser.parse_args()\nassert sys.argv == [__file__], sys.argv\nprint('said')\n")
        file.write("def parsed():\n    parser.parse_args()\n    return made()\n")
    before = list(sys.argv)
    for name in ("lif", "parsed"):
        assert lava_ed("info", f"{graph}:{name}", "--json").value["graph"] == f"{graph}:{name}"
    assert sys.argv == before


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("import sys; sys.exit()", "sys.exit()"),
        ("import sys; sys.exit('no data')", "sys.exit('no data')"),
        ("import argparse; p = argparse.ArgumentParser(); p.add_argument('data'); p.parse_args()", "sys.exit(2)"),
        ("def lif():\n    raise SystemExit(0)", "lif() of"),
    ],
)
@pytest.mark.parametrize("form", [(), ("--json",)])
def test_a_script_that_ends_python(lava_ed, graph, code: str, text: str, form: tuple[str, ...]) -> None:
    with graph.open("a") as file:
        file.write(f"{code}\n")
    outcome = lava_ed("info", f"{graph}:lif", *form)
    assert outcome.code == 2
    said = str(outcome.value) if form else " ".join(outcome.err.split())
    assert text.replace("'", "") in said.replace("'", "").replace("\\", "")
    assert "__main__" in said
    assert "Traceback" not in outcome.err
