"""What Lava's `Profiler.init` gives for a Loihi2SimCfg: the chip's profiler, with estimates where it measures."""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping as Rows
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from lava_ed.energy.chips import LOIHI2, ChipLimits
from lava_ed.energy.counting import Totals, completed, subtract
from lava_ed.energy.mapping import Mapping, map_network
from lava_ed.energy.prices import PriceList, load_price_list
from lava_ed.energy.report import energy_report
from lava_ed.energy.step_bins import StepBins
from lava_ed.energy.timing import busy_seconds
from lava_ed.errors import ConfigError, EnergyEstimateWarning
from lava_ed.kernels.counting import PHASES
from lava_ed.lava_graphs.energy_profiler import counting_of
from lava_ed.network.values import count_of

PRICE_LIST: Final = "loihi1-davies2018"
_PICO: Final = 1e-12
_MILLI: Final = 1e-3

Floats = npt.NDArray[np.float64]


class Loihi2SimProfiler:
    """Estimates behind the interface of Lava's `Loihi2HWProfiler`, for a graph that the engine runs.

    ``Profiler.init(run_cfg)`` gives one for a `Loihi2SimCfg` once lava_ed is imported.  After that, ``run`` with
    this run_cfg attaches the engine to the graph, unless it is attached already, and is counted.  Every result is
    an estimate: counts of lava-ed, placed on the cores of `chip`, at the prices of a list with times and static power;
    `label` says so, and the first result that is read warns with it.  Supply rails, host time and management time are
    not estimated, and NaN.  A probe must be set before the run, as on the chip; a second run goes on counting.

    Parameters
    ----------
    run_cfg : lava RunConfig
    price_list : PriceList, str or path, optional
    chip : ChipLimits, optional
    """

    def __init__(
        self, run_cfg: Any, price_list: PriceList | str | os.PathLike[str] = PRICE_LIST, chip: ChipLimits = LOIHI2
    ) -> None:
        from lava_ed.lava_graphs.attaching import engine_of
        from lava_ed.lava_graphs.selection.runs import PROFILER, watch_runs

        self.price_list = load_price_list(price_list)
        self.chip = chip
        self._probes: set[str] = set()
        self._bins = StepBins()
        self._program: Any = None
        self._before: dict[str, Totals] | None = None
        self._told = False
        self._run_cfg = run_cfg
        setattr(run_cfg, PROFILER, self)
        watch_runs(engine_of)

    def execution_time_probe(
        self, num_steps: int, t_start: int = 1, t_end: int | None = None, dt: int = 1, buffer_size: int = 1024
    ) -> None:
        """Estimate the time of the steps `t_start` … `t_end`, in bins of `dt` steps; the chip alone has a buffer.

        Both steps belong to the window, and the last bin may be shorter.  A window in which no step ran has no bins.
        A number that is no integer or below 1, or a window that ends before it starts, is a ConfigError.
        """
        for name, value in (("num_steps", num_steps), ("t_start", t_start), ("dt", dt), ("buffer_size", buffer_size)):
            count_of(value, name, least=1)
        if t_end is not None and count_of(t_end, "t_end", least=1) < t_start:
            raise ConfigError(f"t_end is {t_end}, before t_start {t_start}: the window has no step")
        self._bins = StepBins(int(t_start), None if t_end is None else int(t_end), int(dt))
        self._probes.add("execution_time_probe")

    def energy_probe(self, num_steps: int) -> None:
        """Estimate energy and power of the run; the chip alone asks for a number of steps."""
        count_of(num_steps, "num_steps", least=1)
        self._probes.add("energy_probe")

    def activity_probe(self) -> None:
        """Keep the operations of each process, for `activity` and `plot_activity`."""
        self._probes.add("activity_probe")

    def memory_probe(self) -> None:
        """Keep the use of the cores, for `memory` and `plot_memory_util`."""
        self._probes.add("memory_probe")

    def run(self, process: Any, run: Any, condition: Any) -> None:
        """Count one ``process.run``; `run` is what starts it under a condition."""
        self._program = counting_of(process, self._run_cfg)
        if self._before is None:
            self._before = completed(self._program.counters())
        if "execution_time_probe" in self._probes:
            self._bins.follow(self._program)
        run(condition)

    @property
    def label(self) -> str:
        """What the figures are."""
        prices = self.price_list
        return (
            f"estimates, no measurement: counts of lava-ed on the cores of {self.chip.title} at the prices of "
            f"{prices.name} ({prices.kind}). {prices.caveat}"
        )

    @property
    def counters(self) -> dict[str, Totals]:
        """Operations since the first run: node → counter → phase → count."""
        if self._before is None:
            raise ConfigError("nothing ran yet: call run() of a process with the run_cfg of this profiler")
        return subtract(self._program.counters(), self._before)

    @property
    def mapping(self) -> Mapping:
        """The graph on the cores of the chip, layers that talk near each other."""
        return map_network(self._program, self.chip, counters=self.counters)

    @property
    def execution_time(self) -> Floats:
        """Seconds of each bin of steps, one after the other."""
        return self._times(PHASES)

    @property
    def spiking_time(self) -> Floats:
        """Seconds of each bin without learning."""
        return self._times(("forward", "backward"))

    @property
    def learning_time(self) -> Floats:
        """Seconds of each bin spent on learning."""
        return self._times(("update",))

    @property
    def host_time(self) -> Floats:
        """Not estimated: NaN."""
        return np.full_like(self.execution_time, np.nan)

    management_time = pre_lrn_mgtm_time = host_time

    @property
    def dynamic_energy(self) -> float:
        """Joules of the operations, with the messages and hops of the mapping."""
        self._tell("energy_probe")
        return sum(self.energy_breakdown().values())

    @property
    def static_energy(self) -> float:
        """Joules of leakage: static power of the list · chips · time; NaN where the list has no static power."""
        return self.static_power * self._seconds("energy_probe")

    @property
    def energy(self) -> float:
        """Joules, static and dynamic."""
        return self.static_energy + self.dynamic_energy

    @property
    def static_power(self) -> float:
        """Watts of leakage of the chips in use; NaN where the list has none."""
        self._tell("energy_probe")
        static = self.price_list.static
        return float("nan") if static is None else static.milliwatts * _MILLI * self.mapping.chips

    @property
    def dynamic_power(self) -> float:
        """Watts: dynamic energy by time."""
        return self.dynamic_energy / self._seconds("energy_probe")

    @property
    def power(self) -> float:
        """Watts, static and dynamic."""
        return self.static_power + self.dynamic_power

    @property
    def vdd_power(self) -> float:
        """Watts of the logic's rail: no public price tells the rails apart, so NaN."""
        self._tell("energy_probe")
        return float("nan")

    vddm_power = vddio_power = vdd_power

    def energy_breakdown(self) -> dict[str, float]:
        """Joules by entry of the price list."""
        self._tell("energy_probe")
        report = energy_report(self._placed(), 1, self.price_list)
        return {name: sum(cost.values()) * _PICO for name, cost in report["picojoules"]["categories"].items()}

    def power_breakdown(self) -> dict[str, float]:
        """Watts by entry of the price list, and of leakage."""
        seconds = self._seconds("energy_probe")
        parts = {name: joules / seconds for name, joules in self.energy_breakdown().items()}
        return {**parts, "static": self.static_power}

    @property
    def activity(self) -> dict[str, dict[str, int]]:
        """Operations by process and counter."""
        self._tell("activity_probe")
        return {
            node: {counter: sum(phases.values()) for counter, phases in counts.items()}
            for node, counts in self._placed().items()
        }

    @property
    def memory(self) -> list[dict[str, Any]]:
        """What each layer takes of its cores, as rows of `Mapping.to_dict`."""
        self._tell("memory_probe")
        return list(self.mapping.to_dict()["layers"])

    @property
    def num_alloc_chips(self) -> int:
        """Chips that the graph takes."""
        return self.mapping.chips

    @property
    def num_available_chips(self) -> int:
        """No board is there: as many as the graph takes."""
        return self.num_alloc_chips

    @property
    def statement(self) -> str:
        """What was run, on what, and what the figures are."""
        mapping = self.mapping
        cores = sum(len(cores) for cores in mapping.cores)
        return f"{cores} cores of {mapping.chips} {self.chip.title}; {self.label}"

    def plot_execution_time(self, file: str | os.PathLike[str]) -> None:
        """A picture of the time of each bin."""
        from lava_ed.viz.style import PALETTE, figure, name_in_figure, save

        picture, (ax,) = figure(6, 3)
        times = self.execution_time * 1e6
        ax.step(self._bins.first + np.arange(times.size) * self._bins.width, times, where="post", color=PALETTE[0])
        title = name_in_figure(f"estimated: {self.price_list.name}", 60)
        ax.set(xlabel="time step", ylabel=f"µs for {self._bins.width} step(s)", title=title)
        save(picture, _png(file))

    def plot_activity(self, file: str | os.PathLike[str]) -> None:
        """A picture of the synaptic operations and spikes of each process."""
        _bars(self.activity, ("synops", "graded_synops", "spikes"), "operations", _png(file))

    def plot_memory_util(self, file: str | os.PathLike[str]) -> None:
        """A picture of the share of synaptic memory and neurons that the fullest core of each layer takes."""
        shares = {
            row["layer"]: {key: row[key][0] / row[key][1] for key in ("synaptic_bits", "neurons")}
            for row in self.memory
        }
        _bars(shares, ("synaptic_bits", "neurons"), f"share of a core of {self.chip.title}", _png(file))

    def _placed(self) -> dict[str, dict[str, dict[str, int]]]:
        """Counts with the messages and hops of the mapping."""
        counted = self.counters
        messages = self.mapping.message_counts(counted)
        return {node: {**counts, **messages[node]} for node, counts in counted.items()}

    def _times(self, phases: tuple[str, ...]) -> Floats:
        self._tell("execution_time_probe")
        mapping = self.mapping
        bins = self._bins.counts()
        return np.array([busy_seconds(counts, self.price_list, mapping, phases) for counts in bins], np.float64)

    def _seconds(self, probe: str) -> float:
        """Time of everything that ran."""
        self._tell(probe)
        return busy_seconds(self.counters, self.price_list, self.mapping)

    def _tell(self, probe: str) -> None:
        """Check that the probe was set, and say once what the figures are."""
        _ = self.counters  # something has to have run
        if probe not in self._probes:
            raise ConfigError(f"{probe} was not set: call profiler.{probe}(…) before the run")
        if not self._told:
            self._told = True
            warnings.warn(self.label, EnergyEstimateWarning, stacklevel=4)


def _png(file: str | os.PathLike[str]) -> str:
    """The path, with an ending where it has none."""
    path = os.fspath(file)
    return path if os.path.splitext(path)[1] else f"{path}.png"


def _bars(rows: Rows[str, Rows[str, float]], keys: tuple[str, ...], label: str, path: str) -> None:
    """Bars side by side for each row."""
    from lava_ed.viz.style import PALETTE, figure, name_in_figure, save

    picture, (ax,) = figure(6, 3)
    width = 0.8 / len(keys)
    for k, key in enumerate(keys):
        places = np.arange(len(rows)) + k * width
        ax.bar(places, [row.get(key, 0) for row in rows.values()], width, label=key, color=PALETTE[k])
    names = [name_in_figure(name) for name in rows]
    ax.set_xticks(np.arange(len(rows)) + 0.4 - width / 2, names, rotation=30, ha="right")
    ax.set_ylabel(label)
    ax.legend(frameon=False)
    save(picture, path)
