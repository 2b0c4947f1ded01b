"""Replay golden vectors: every process of a lava-ed net, step by step, in plain numpy.

Needs numpy and h5py only, and nothing of lava-ed: copy this file wherever the microcode is written.

Each process of the file is fed the messages that it received, and what it sends and holds after every
step is compared with the file.  Put your own implementation in a process's place with
``replay(path, {"AFTIF": MyNeuron})``: a class with the constructor and `step` of `Process`.

The layout of the file is described in ``docs/golden-vectors.md``.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import struct
import sys
import zlib
from contextlib import contextmanager
from types import SimpleNamespace

import h5py
import numpy as np

FORMAT = "lava-ed golden vectors"
VERSION = 1
PORT_STREAM, TAG_STREAM, DROP_STREAM, TAG_EXPONENT = 1 << 16, 1 << 17, 1 << 18, -2
ERROR_FRACTION_BITS = 8
ACCUMULATOR_MIN, ACCUMULATOR_MAX = -(2**15) - 1, 2**15 - 1
MASK32, MASK64 = 2**32 - 1, 2**64 - 1

# What a file may state.  Of a process with its inputs: bytes; of a group: names; of a text: characters.
HEAP = b"GCOL\x01\0\0\0"
"""What a collection of texts begins with in HDF5: its signature, its version, and what is reserved."""
MOST_BYTES, MOST_NAMES, MOST_TEXT, MOST_STEPS = 2**29, 1024, 2**16, 2**18
SMALL, WORD, SEED = range(-64, 65), range(-(2**31), 2**31), range(2**64)
ADAPTATION = dict.fromkeys(("interval", "low", "high", "ceiling", "highest_step"), WORD)
LAYER = range(1, 65)
SCHEDULE = {
    "kind": ("std-ed", "mpd-ed", "mpd-ed-aggregated"),
    "readout": ("membrane", "first-spike"),
    "steps": range(1, 128),
    "layers": LAYER,
    **dict.fromkeys(("error_phase", "learning_phase", "membrane_phase"), range(2**16)),
    "period": range(1, 2**16),
}
SENDING = dict.fromkeys(("dead_zone?", "grain?"), range(128))
PARAMETERS = {
    "Encoder": {"kind": ("ttfs", "rate", "current", "binary", "bins"), "seed": SEED},
    "AFTIF": {"layer": LAYER, "seed": SEED, "adaptation": ADAPTATION, "error_limit": WORD, **SENDING},
    "AFTLIF": {
        **dict.fromkeys(("dv", "dv_post"), range(4097)),
        "half_width": range(256),
        **SENDING,
        "layer": LAYER,
        "seed": SEED,
        "adaptation": ADAPTATION,
    },
    "PlasticDense": {
        **dict.fromkeys(("with_x1", "graded", "gather", "backward", "carry?"), bool),
        **dict.fromkeys(("weight_exp", "error_shift"), SMALL),
        "layer": LAYER,
        "seed": SEED,
    },
    "FeedbackDense": {"layer": LAYER, "error_shift": SMALL},
    "MembraneReadout": {"layer": LAYER},
    "FirstSpikeReadout": {"layer": LAYER, "seed": SEED, "adaptation": ADAPTATION},
    "SoftmaxError": {"shift": range(64), "dead_zone": WORD, "rounding?": ("floor", "nearest", "carry"), "seed": SEED},
}


# ------------------------------------------------------------------------------------ arithmetic of the chip


def wrap(x):
    """x modulo 2^24, signed."""
    return (x + 0x800000) % 0x1000000 - 0x800000


def shift(x, n):
    """sign(x)·(|x| » n), and « for negative n."""
    return np.sign(x) * (np.abs(x) >> n) if n >= 0 else x << -n


def decay(x, constant):
    """sign(x)·(|x|·(4096 − constant) » 12)."""
    return shift(x * (4096 - constant), 12)


def threshold(step):
    """(4 + q mod 4)·2^(q div 4)."""
    return (4 + step % 4) << (step // 4)


def mix64(x):
    """Finaliser of splitmix64."""
    z = (x + 0x9E3779B97F4A7C15) & MASK64
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK64
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK64
    return z ^ (z >> 31)


def stream_key(seed, *parts):
    """Key of one layer's random stream in one step of one presentation."""
    key = mix64(seed & MASK64)
    for part in parts:
        key = mix64(key ^ (part & MASK64))
    return key


def hashed(key, columns, bits):
    """The top `bits` bits of one hashed word for each column."""
    h = ((key >> 32) + np.arange(columns, dtype=np.uint64) * 0x9E3779B9) & MASK32
    h = ((h ^ (h >> 16)) * 0x7FEB352D) & MASK32
    h = ((h ^ (h >> 15)) * 0x846CA68B) & MASK32
    return (h >> (32 - bits)).astype(np.int64) if bits else np.zeros(columns, np.int64)


def product(value, mantissa, exponent, factor_bits):
    """sign·(|value·mantissa| » excess) « (exponent + 7), cut to the accumulator."""
    excess = max(0, factor_bits + 4 - 15)
    return np.clip(shift(value * mantissa, excess) << (exponent + 7), ACCUMULATOR_MIN, ACCUMULATOR_MAX)


# ---------------------------------------------------------------------------------------------- processes


class Process:
    """One process: parameters, a state of named int64 arrays, and one time step.

    Parameters
    ----------
    p : namespace
        Parameters of the process, as in the file.
    s : namespace
        The schedule: kind, readout, steps (T), layers (W), period, error_phase, learning_phase, membrane_phase.
    state : dict
        Name → array: the values before the first step.
    """

    def __init__(self, p, s, state):
        self.p, self.s, self.state = p, s, state
        self.replays = s.kind.startswith("mpd-ed")  # in reversed time; STD-ED has a window for each layer
        self.learns_once = s.kind != "mpd-ed"  # at the sample's end, from the sum of the errors where they are replayed
        self.gate = False

    def step(self, phase, inputs):
        """Advance by one step; `inputs` maps InPorts to messages, the result OutPorts."""
        raise NotImplementedError

    def begin(self, phase, *names):
        """At a sample's first phase: next presentation; the named states ← 0."""
        if phase == 0:
            self.gate = False
            self.state["presentation"] += 1
            for name in names:
                self.state[name][:] = 0

    def arrival(self, layer):
        """Phase in which a layer has its δ, or replays its last step."""
        return self.s.error_phase + self.s.layers - layer

    def fire_start(self):
        """First phase in which the layer may spike."""
        return self.window_of(self.p.layer)

    def window_of(self, layer):
        """First phase of a layer's window."""
        return layer if self.replays else layer * self.s.steps

    def learning(self, layer):
        """Phases in which a connection learns."""
        first = self.s.learning_phase if self.learns_once else self.arrival(layer)
        return range(first, first + (1 if self.learns_once else self.s.steps))

    def split(self, error, extra, stream, phase):
        """y1, y2 ← parts of the error, shifted right with stochastic rounding, cut to 7 bits."""
        grain = getattr(self.p, "grain", 0)
        n = extra + int(self.state["port_shift"][0]) + grain
        key = stream_key(self.p.seed, int(self.state["presentation"][0]), stream, phase)
        noise = hashed(mix64(key), error.size, n)
        magnitude = np.minimum((np.abs(error) + noise) >> n << grain, 127)
        self.state["y1"][:] = np.where(error > 0, magnitude, 0)
        self.state["y2"][:] = np.where(error < 0, magnitude, 0)

    def adapt(self, fired, saturated, neurons):
        """Count; every `interval` samples the threshold may move by one step."""
        s, a = self.state, SimpleNamespace(**self.p.adaptation)
        if not s["adapting"][0] or a.interval == 0:
            return
        s["fired"] += fired
        s["saturated"] += saturated
        s["samples_counted"] += 1
        if s["samples_counted"][0] < a.interval:
            return
        total = neurons * int(s["samples_counted"][0])
        if s["fired"][0] * 128 < a.low * total:
            s["threshold_step"] -= int(s["threshold_step"][0] > 0)
        elif s["fired"][0] * 128 > a.high * total or s["saturated"][0] * 128 > a.ceiling * total:
            s["threshold_step"] += int(s["threshold_step"][0] < a.highest_step)
        for name in ("fired", "saturated", "samples_counted"):
            s[name][:] = 0

    def fire(self, phase, start):
        """Spikes under the falling threshold κ·(T − s); u is cleared in the first step."""
        s, t = self.state, phase - start
        spikes = np.zeros_like(s["v"])
        if 0 <= t < self.s.steps:
            remaining = self.s.steps - t
            kappa = threshold(int(s["threshold_step"][0]))
            spikes[(s["v"] >= kappa * remaining) & (s["x"] == 0)] = 1
            s["x"][spikes == 1] = remaining
            if t == 0:
                s["u"][:] = 0
        return spikes


class Encoder(Process):
    """Pixels to spikes."""

    def step(self, phase, inputs):
        x, T = self.state["x"], self.s.steps
        if phase == 0:
            self.begin(phase)
            presentation = int(self.state["presentation"][0])
            x[:] = self.p.table[self.p.images[presentation % len(self.p.images)]]
            key = stream_key(self.p.seed, presentation, DROP_STREAM, 0)
            # Under bins the bytes of 8 steps lie in a plane of all inputs, one plane after the other.
            planes = x.reshape(-(-T // 8) if self.p.kind == "bins" else 1, -1)
            planes[:, hashed(mix64(~key & MASK64), planes.shape[1], 8) < self.state["drop"]] = 0
        if phase == self.s.error_phase:
            self.gate = bool(np.any(inputs.get("gate_in", 0)))
        replay = phase - self.arrival(1)
        t = phase if phase < T else -1
        if t < 0 and not self.learns_once and self.gate and 0 <= replay < T:
            t = T - 1 - replay
        if self.p.kind == "bins":
            return {"s_out": x.reshape(-(-T // 8), -1)[max(t, 0) // 8] >> max(t, 0) % 8 & (t >= 0)}
        if t < 0:
            return {"s_out": np.zeros_like(x)}
        if self.p.kind == "ttfs":
            return {"s_out": ((x > 0) & (x == T - t)).astype(np.int64)}
        if self.p.kind == "rate":
            return {"s_out": ((t + 1) * x // T > t * x // T).astype(np.int64)}
        return {"s_out": x.copy()}


class Labels(Process):
    """The label of the sample."""

    def step(self, phase, inputs):
        self.begin(phase)
        return {"label_out": self.p.labels[[int(self.state["presentation"][0]) % len(self.p.labels)]]}


class AFTIF(Process):
    """Integrate; fire once under a falling threshold; one graded error message back."""

    def step(self, phase, inputs):
        s, T = self.state, self.s.steps
        self.begin(phase, "u", "v", "x", "delta", "y1", "y2")
        first = (self.p.layer - 1) * T
        if first <= phase < first + T + 1:
            s["u"][:] = wrap(s["u"] + inputs["a_in"])
            s["v"][:] = wrap(s["v"] + s["u"])
        spikes = self.fire(phase, self.fire_start())
        errors = np.zeros_like(spikes)
        if phase == self.arrival(self.p.layer):
            # Files from before there was a choice have no entry: every error is sent.
            inside = (s["x"] > 0) & (s["x"] < T) & (np.abs(inputs["e_in"]) > getattr(self.p, "dead_zone", 0))
            s["delta"][:] = np.where(inside, np.clip(inputs["e_in"], -self.p.error_limit, self.p.error_limit), 0)
            errors = s["delta"].copy()
        if phase == self.s.learning_phase:
            self.split(s["delta"], 0, self.p.layer + PORT_STREAM, phase)
            self.adapt(int((s["x"] > 0).sum()), int((s["x"] >= T).sum()), spikes.size)
        return {"s_out": spikes, "e_out": errors, "s_out_y1": s["y1"].copy(), "s_out_y2": s["y2"].copy()}


class AFTLIF(Process):
    """Leak, fire and reset; keep the history; replay it in reversed time."""

    def step(self, phase, inputs):
        s, T = self.state, self.s.steps
        self.begin(phase, "v", "b", "d", "delta", "spike_word", "support_word", "y1", "y2")
        if phase == self.s.error_phase:
            self.gate = bool(inputs["gate_in"].any())
        spikes, errors = np.zeros_like(s["v"]), np.zeros_like(s["v"])
        t = phase - self.p.layer
        if 0 <= t < T:
            spikes = self.forward(inputs["a_in"], t)
        offset = phase - self.arrival(self.p.layer + 1)
        if self.gate and 0 <= offset < T and not self.learns_once:
            spikes = self.at("spike_word", T - 1 - offset) & 1
        if self.gate and 1 <= offset <= T:
            errors = self.replay(inputs["e_in"], T - offset)
            if self.learns_once:
                s["v"][:] = wrap(s["d"] + (0 if offset == 1 else s["v"]))
            if self.learns_once and offset == T:
                s["v"][:] = shift(s["v"], (T - 1).bit_length())
            if not self.learns_once or offset == T:
                error = s["v"] if self.learns_once else s["d"]
                self.split(error, ERROR_FRACTION_BITS, self.p.layer + PORT_STREAM, phase)
        if self.gate and offset == T + 1:
            for name in ("delta",) if self.learns_once else ("y1", "y2", "delta"):
                s[name][:] = 0
        if phase == self.s.learning_phase:
            bits = sum(self.at("spike_word", t) & 1 for t in range(T))
            self.adapt(int((bits > 0).sum()), int((2 * bits > T).sum()), bits.size)
        return {"s_out": spikes, "e_out": errors, "s_out_y1": s["y1"].copy(), "s_out_y2": s["y2"].copy()}

    def at(self, name, t):
        """The words that hold step t, its bit lowest: those of the next 32 steps lie behind those of all neurons."""
        return self.state[name].reshape(-1, self.state["v"].size)[t // 32] >> t % 32

    def forward(self, a_in, t):
        """v ← λ·v + a; a spike where v ≥ θ, and then v ← 0."""
        s, theta = self.state, threshold(int(self.state["threshold_step"][0]))
        s["v"][:] = wrap(decay(s["v"], self.p.dv) + a_in)
        spikes = (s["v"] >= theta).astype(np.int64)
        near = spikes * (s["v"] - theta < (theta * self.p.half_width >> 3))
        for name, bit in (("spike_word", spikes), ("support_word", near)):
            word = s[name].reshape(-1, bit.size)[t // 32]
            word[:] = (word | bit << t % 32).astype(np.int32)
        s["v"][spikes == 1] = 0
        return spikes

    def replay(self, e_in, t):
        """D ← λ·D, B ← λ_post·B + e; at a spike ε = h·B, and where Δ = ε − D passes z it is sent, and D ← ε."""
        s = self.state
        spiked, near = (self.at(name, t) & 1 for name in ("spike_word", "support_word"))
        d = decay(s["d"], self.p.dv)
        s["b"][:] = wrap(decay(s["b"], self.p.dv_post) + e_in)
        epsilon = near * s["b"]
        change = spiked * wrap(epsilon - d)
        sends = np.abs(change) > getattr(self.p, "dead_zone", 0) << ERROR_FRACTION_BITS
        s["delta"][:] = sends * change
        s["d"][:] = np.where(sends, epsilon, d)
        return s["delta"].copy()


class MembraneReadout(Process):
    """An output layer that never spikes."""

    def step(self, phase, inputs):
        s = self.state
        self.begin(phase, "u", "v")
        self.accumulate(phase, inputs["a_in"])
        if phase == self.s.membrane_phase:
            s["u"][:] = 0
        return {"v_out": s["v"].copy()}

    def accumulate(self, phase, a_in):
        """u ← u + a, v ← v + u in STD-ED, v ← v + a in MPD-ED, in the layer's window."""
        s, T = self.state, self.s.steps
        first = self.window_of(self.p.layer - 1)
        if not first + self.replays <= phase <= first + T:
            return
        if not self.replays:
            a_in = s["u"][:] = wrap(s["u"] + a_in)
        s["v"][:] = wrap(s["v"] + a_in)


class FirstSpikeReadout(MembraneReadout):
    """An output layer in which the first spike under a falling threshold decides."""

    def step(self, phase, inputs):
        s = self.state
        self.begin(phase, "u", "v", "x")
        self.accumulate(phase, inputs["a_in"])
        spikes = self.fire(phase, self.s.membrane_phase)
        if phase == self.s.learning_phase:
            self.adapt(int((s["x"] > 0).sum()), int((s["x"] >= self.s.steps).sum()), s["x"].size)
        return {"s_out": spikes, "v_out": s["x"].copy()}


class SoftmaxError(Process):
    """e_o = 127·[o = label] − 127·q_o/Σq (rounded), q_o = 2^(15 − n_o), n_o = (max V − V_o) » shift."""

    def step(self, phase, inputs):
        s = self.state
        self.begin(phase, "e", "y1", "y2", "gate")
        message, gate = np.zeros_like(s["e"]), np.zeros(1, np.int64)
        if phase == self.s.error_phase:
            self.decide(inputs["v_in"], int(inputs["label_in"][0]))
            message = s["e"] << (ERROR_FRACTION_BITS if self.replays else 0)
            gate = s["gate"].copy()
        if phase in self.learning(self.s.layers) and s["gate"][0]:
            self.split(s["e"], 0, self.s.layers + PORT_STREAM, phase)
        else:
            s["y1"][:] = s["y2"][:] = 0
        return {"e_out": message, "gate_out": gate, "s_out_y1": s["y1"].copy(), "s_out_y2": s["y2"].copy()}

    def decide(self, v, label):
        """Prediction, tallies, and where learning is on the error."""
        s = self.state
        s["prediction"][0], s["label"][0] = int(np.argmax(v)), label
        s["seen"] += 1
        s["correct"] += int(np.argmax(v)) == label
        if not s["learning"][0]:
            return
        n = (v.max() - v) >> self.p.shift
        q = np.where(n < 16, 1 << np.clip(15 - n, 0, 15), 0)
        # Files from before there was a choice have no entry: they round down.
        rounding = getattr(self.p, "rounding", "floor")
        half = 0 if rounding == "floor" else q.sum() // 2
        shares = (127 * (np.cumsum(q) if rounding == "carry" else q) + half) // q.sum()
        error = 127 * (np.arange(v.size) == label) - (np.diff(shares, prepend=0) if rounding == "carry" else shares)
        s["e"][:] = error if np.abs(error).max() > self.p.dead_zone else 0
        s["gate"][0] = int(s["e"].any())
        s["triggered"] += int(s["e"].any())


class PlasticDense(Process):
    """Synapses: sums forward and backward, one step later; and the learning engine."""

    def step(self, phase, inputs):
        s, T = self.state, self.s.steps
        sent = {"a_out": s["a_buff"].copy(), "e_out": s["e_buff"].copy()}
        self.begin(phase, "x0", "x1")
        spikes = inputs["s_in"]
        s["y1"][:], s["y2"][:] = inputs["s_in_y1"], inputs["s_in_y2"]
        s["a_buff"][:] = s["e_buff"][:] = 0
        t = phase - self.window_of(self.p.layer - 1)
        if 0 <= t < T:
            total = self.state["weights"] @ (spikes if self.p.graded else spikes != 0)
            s["a_buff"][:] = total << self.p.weight_exp if self.p.weight_exp > 0 else total >> -self.p.weight_exp
            if self.p.with_x1:
                new = (spikes != 0) & (s["x0"] == 0)
                if self.replays and not self.p.graded:
                    s["x1"] += spikes != 0
                else:
                    s["x1"][new] = spikes[new] if self.p.graded else T - t
                s["x0"][new] = 1
        sends = T if self.replays and self.p.layer < self.s.layers else 1
        if self.p.backward and 0 <= phase - self.arrival(self.p.layer) < sends:
            s["e_buff"][:] = wrap(shift(s["weights"].T @ inputs["e_in"], self.p.error_shift))
        self.learn(phase, spikes)
        return sent

    def learn(self, phase, spikes):
        """dw = m·2^a·x·y1 − m·2^a·x·y2 over the rows that spiked, at once or through the tag."""
        s = self.state
        y = s["y1"] - s["y2"]
        if y.any() and phase in self.learning(self.p.layer):
            for i in np.flatnonzero(s["x0"] if self.learns_once else spikes):
                factor = int(s["x1"][i]) if self.p.with_x1 else 1
                width = 14 if self.p.with_x1 else 7
                if self.p.gather:
                    noise = self.noise(self.p.layer + TAG_STREAM, phase, i, y.size, 7)
                    total = (s["tag_1"][:, i] << 7) + product(factor * y, 1, TAG_EXPONENT, width) + noise
                    s["tag_1"][:, i] = np.clip(total >> 7, -255, 255)
                else:
                    mantissa, exponent = self.rate()
                    self.write(phase, i, product(factor * y, mantissa, exponent, width))
        if self.p.gather and phase == self.s.learning_phase:
            mantissa, exponent = self.rate()
            for i in np.flatnonzero(s["tag_1"].any(axis=0)):
                self.write(phase, i, product(s["tag_1"][:, i], mantissa, exponent - TAG_EXPONENT, 9))
            s["tag_1"][:] = 0

    def rate(self):
        """Mantissa and exponent of the rate."""
        return int(self.state["rate_mantissa"][0]), int(self.state["rate_exponent"][0])

    def noise(self, stream, phase, row, n, bits):
        """Random bits of one row of synapses: (byte of the row + byte of each column) modulo 256."""
        key = stream_key(self.p.seed, int(self.state["presentation"][0]), stream, phase)
        byte = (mix64(key ^ int(row)) >> 56) + hashed(mix64(~key & MASK64), n, 8)
        return (byte & 255) >> (8 - bits)

    def write(self, phase, i, increment):
        """Add to the accumulators of a row, and bring them back to even weights."""
        s = self.state
        # Files from before there was a choice have no entry: they round at random.
        if getattr(self.p, "carry", False):
            total = increment + s["tag_1"][:, i]
            s["weights"][:, i] = np.clip((s["weights"][:, i] >> 1) + (total >> 8), -128, 127) << 1
            s["tag_1"][:, i] = total & 255
            return
        scalar = int(s["scalar"][0])
        noise = scalar if scalar >= 0 else self.noise(self.p.layer, phase, i, increment.size, 8)
        total = np.clip((s["weights"][:, i] >> 1 << 8) + increment, ACCUMULATOR_MIN, ACCUMULATOR_MAX)
        s["weights"][:, i] = np.clip((total + noise) >> 8, -128, 127) << 1


class FeedbackDense(Process):
    """Fixed synapses that bring the output error straight to a hidden layer."""

    def step(self, phase, inputs):
        s = self.state
        sent = {"e_out": s["e_buff"].copy()}
        self.begin(phase)
        s["e_buff"][:] = 0
        if phase == self.s.error_phase:
            self.held = inputs["e_in"].copy()
        if phase == self.arrival(self.p.layer) - 1:
            s["e_buff"][:] = wrap(shift(s["weights"].T @ self.held, self.p.error_shift))
        return sent


PROCESSES = {
    cls.__name__: cls
    for cls in (
        *(Encoder, Labels, AFTIF, AFTLIF, PlasticDense, FeedbackDense),
        *(MembraneReadout, FirstSpikeReadout, SoftmaxError),
    )
}


# ------------------------------------------------------------------------------------------------- replay


class Mismatch(AssertionError):
    """A value differs from the file: process, name, step, and the first place that differs."""


class BadFile(ValueError):
    """A file is damaged, is not one of golden vectors, or describes what cannot be replayed."""


def _check_heaps(path):
    """Every collection of texts leads to its own end: libhdf5 would walk in it for ever where a step is none."""
    with open(path, "rb") as file:
        content = file.read()
    start = content.find(HEAP)
    while start >= 0:
        place, (size,) = start + 16, struct.unpack_from("<Q", content.ljust(start + 16, b"\0"), start + 8)
        end = min(start + size, len(content))
        while place + 16 <= end:
            number, _, _, length = struct.unpack_from("<HHIQ", content, place)
            # Number 0 is what is free, its header included.
            step = 16 + -(-length // 8) * 8 if number else length
            if not 16 <= step <= end - place:
                raise BadFile(f"{path} is damaged: a text of {length:,} bytes at byte {place:,}")
            place += step
        start = content.find(HEAP, start + len(HEAP))


class _File:
    """Reads a file within bounds: nothing outside of it, and nothing that it states without storing it."""

    def __init__(self, path, file):
        self.path, self.file, self.size = path, file, os.path.getsize(path)
        self.room = MOST_BYTES

    def group(self, parent, name, needed=True):
        """A group in a group; {} where it is not needed and not there."""
        item = self.item(parent, name) if needed or name in parent else {}
        if isinstance(item, h5py.Dataset):
            raise BadFile(f"{name} is no group")
        if len(item) > MOST_NAMES:
            raise BadFile(f"{name} holds {len(item)} names, of at most {MOST_NAMES}")
        return item

    def item(self, parent, name):
        """What a group holds under a name, if it lies in this file."""
        if name not in parent:
            raise BadFile(f"{parent.name} has no {name}")
        if parent.get(name, getlink=True).__class__ is not h5py.HardLink:
            raise BadFile(f"{parent.name}/{name} leads to elsewhere, which is not followed")
        return parent[name]

    def text(self, group, name):
        """A text beside a group."""
        value = group.attrs.get(name)
        if not isinstance(value, str) or len(value) > MOST_TEXT:
            raise BadFile(f"{group.name} has no {name}, or one that is no text")
        return value

    def values(self, group, name, dimensions):
        """Integers of so many dimensions."""
        dataset = self.item(group, name)
        if not isinstance(dataset, h5py.Dataset) or dataset.dtype.kind not in "iu" or len(dataset.shape) != dimensions:
            raise BadFile(f"{group.name}/{name} holds no integers in {dimensions} dimensions")
        return self.checked(dataset)

    def checked(self, dataset):
        """Values of a dataset, after its sizes and the place of its bytes."""
        name, properties = dataset.name, dataset.id.get_create_plist()
        count = math.prod(max(int(n), 1) for n in dataset.shape)
        needed, stored = count * dataset.dtype.itemsize, dataset.id.get_storage_size()
        self.room -= needed
        if self.room < 0:
            raise BadFile(
                f"{name} states {needed:,} bytes: a process has {MOST_BYTES:,} at most.  Record fewer samples"
            )
        layout = properties.get_layout()
        if layout == h5py.h5d.VIRTUAL or properties.get_external_count():
            raise BadFile(f"{name} keeps its values in another file, which is not opened")
        if stored > self.size or (layout != h5py.h5d.CHUNKED and stored < needed):
            raise BadFile(f"{name} states {needed:,} bytes, and stores {stored:,}")
        if layout == h5py.h5d.CHUNKED:
            self.check_chunks(dataset, properties, needed)
        return dataset[()]

    def check_chunks(self, dataset, properties, needed):
        """Every chunk unpacks to its own size and no further."""
        filters = sorted(properties.get_filter(k)[0] for k in range(properties.get_nfilters()))
        chunk = math.prod(int(n) for n in properties.get_chunk()) * dataset.dtype.itemsize
        chunks = dataset.id.get_num_chunks()
        if filters != [h5py.h5z.FILTER_DEFLATE, h5py.h5z.FILTER_SHUFFLE] or not needed <= chunk * chunks <= MOST_BYTES:
            raise BadFile(f"{dataset.name} is not packed as golden vectors are, or lacks some of its values")
        for k in range(chunks):
            info = dataset.id.get_chunk_info(k)
            if info.size > self.size or info.filter_mask:
                raise BadFile(f"{dataset.name} states a chunk of {info.size:,} bytes")
            stream = zlib.decompressobj()
            found = len(stream.decompress(dataset.id.read_direct_chunk(info.chunk_offset)[1], chunk + 1))
            if found != chunk or not stream.eof:
                raise BadFile(f"{dataset.name} has a chunk that is not of {chunk:,} bytes")

    def root(self):
        """Schedule, names of the processes, and connections."""
        attributes = self.file.attrs
        if attributes.get("format") != FORMAT or attributes.get("version") != VERSION:
            raise BadFile(f"it is not a file of {FORMAT}, version {VERSION}")
        schedule = _object(self.text(self.file, "schedule"), "schedule")
        _check(schedule, SCHEDULE, "schedule")
        rows = self.item(self.file, "connections")
        if not isinstance(rows, h5py.Dataset) or rows.dtype.kind != "S" or rows.shape[1:] != (4,):
            raise BadFile("connections are no rows of four names")
        edges = [[text.decode("ascii") for text in row] for row in self.checked(rows)]
        return SimpleNamespace(**schedule), list(self.group(self.file, "processes")), edges

    def process(self, name, schedule, edges):
        """Class, parameters, states of every step, messages, values at the ends of samples, and what comes in."""
        processes = self.file["processes"]
        group, self.room = self.group(processes, name), MOST_BYTES
        kind = self.text(group, "class")
        p = _object(self.text(group, "parameters"), f"parameters of {name}")
        _check(p, PARAMETERS.get(kind, {}), f"parameters of {name}")
        tables = self.group(group, "tables", needed=False)
        for key in tables:
            p[key] = self.values(tables, key, 2 if key == "images" else 1).astype(np.int64)
        parts = [self.group(group, part, needed=part != "samples") for part in ("states", "messages", "samples")]
        states, messages = ({key: self.values(part, key, 2) for key in part} for part in parts[:2])
        samples = {key: self.values(parts[2], key, 3) for key in parts[2]}
        feeds = []
        for source, out, target, port in edges:
            if target == name:
                sent = self.group(self.group(processes, source), "messages")
                feeds.append((port, self.values(sent, out, 2)))
        _check_rows(name, schedule, states, [*messages.values(), *(rows for _, rows in feeds)], samples)
        return kind, SimpleNamespace(**p), states, messages, samples, feeds


def _object(text, what):
    """A JSON object."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadFile(f"{what}: no JSON ({error})") from error
    if not isinstance(value, dict):
        raise BadFile(f"{what}: no JSON object")
    return value


def _check(found, expected, what):
    """Entries of a JSON object: texts out of a few, truth values, integers within a range, or objects of these."""
    for name, allowed in expected.items():
        name, optional = name.rstrip("?"), name.endswith("?")
        if name not in found:
            if optional:
                continue
            raise BadFile(f"{what}: no {name}")
        value = found[name]
        if isinstance(allowed, dict):
            fits = isinstance(value, dict)
            if fits:
                _check(value, allowed, f"{what}, {name}")
        elif allowed is bool:
            fits = isinstance(value, bool)
        elif isinstance(allowed, range):
            fits = type(value) is int and value in allowed
        else:
            fits = isinstance(value, str) and value in allowed
        if not fits:
            raise BadFile(f"{what}: {name} is {str(value)[:40]!a}, expected {allowed}")


def _check_rows(name, schedule, states, messages, samples):
    """As many rows as there are steps and samples."""
    steps = len(next(iter(states.values()), ())) - 1
    if not 1 <= steps <= MOST_STEPS or steps % schedule.period:
        raise BadFile(f"{name} has {steps} steps: 1 … {MOST_STEPS:,}, a multiple of {schedule.period}, are expected")
    rows = [(v, steps + 1) for v in states.values()] + [(v, steps) for v in messages]
    rows += [(v, steps // schedule.period + 1) for v in samples.values()]
    if any(len(values) != count or 0 in values.shape for values, count in rows):
        raise BadFile(f"{name} has states or messages of other lengths than {steps} steps")
    if "threshold_step" in states and not np.all(np.isin(states["threshold_step"], range(96))):
        raise BadFile(f"{name} has a threshold_step outside 0 … 95")


def _compare(found, expected, where):
    found = np.asarray(found)
    if found.shape != expected.shape:
        raise Mismatch(f"{where}: shape {found.shape} where the file has {expected.shape}")
    if not np.array_equal(found, expected):
        at = tuple(int(k) for k in np.argwhere(found != expected)[0])
        raise Mismatch(f"{where}{list(at)}: {found[at]} where the file has {expected[at]}")


def replay(path, implementations=None, processes=None):
    """Replay a file; raises `Mismatch` at the first difference.

    Parameters
    ----------
    path : str
    implementations : dict, optional
        Class name in the file → class to use in place of the one here.
    processes : sequence of str, optional
        Names of the processes to replay; default: all.

    Returns
    -------
    dict
        Process → number of values that were compared.

    Raises
    ------
    Mismatch
        If a value differs.
    BadFile
        If the file is damaged, is none of golden vectors, or has no such process.
    """
    classes = {**PROCESSES, **(implementations or {})}
    if not os.path.isfile(path):
        raise BadFile(f"{path} is no file")
    _check_heaps(path)
    with _told(path), h5py.File(path, "r") as file:
        reader = _File(path, file)
        schedule, names, edges = reader.root()
    unknown = sorted(set(processes or ()) - set(names))
    if unknown:
        raise BadFile(f"{path} has no process {', '.join(unknown)}; it has {', '.join(names)}")
    compared = {}
    for name in names:
        if not processes or name in processes:
            with _told(path), h5py.File(path, "r") as file:
                loaded = _File(path, file).process(name, schedule, edges)
            if loaded[0] not in classes:
                raise BadFile(f"{path}: {name} is of class {loaded[0][:40]!a}, which is unknown")
            compared[name] = _replay_one(path, name, loaded, schedule, classes[loaded[0]])
    return compared


@contextmanager
def _told(path):
    """Whatever h5py meets in a damaged file, as one error that names the file."""
    try:
        yield
    except BadFile as error:
        raise BadFile(f"{path}: {error}") from error
    except Exception as error:
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        raise BadFile(f"{path} is damaged, or is no HDF5 file ({reason})") from error


def _replay_one(path, name, loaded, schedule, cls):
    kind, p, states, messages, samples, feeds = loaded
    state = {key: values[0].astype(np.int64) for key, values in {**states, **samples}.items()}
    ours = PROCESSES.get(kind) is cls
    compared = 0
    with _explained(path, name, ours):
        process = cls(p, schedule, state)
    for t in range(len(next(iter(states.values()))) - 1):
        phase = t % schedule.period
        with _explained(path, f"{name}, step {t + 1}", ours):
            sent = process.step(phase, {port: message[t].astype(np.int64) for port, message in feeds})
            outcomes = [
                (f"{name}.{key}, step {t + 1} (phase {phase})", sent[key], messages[key][t]) for key in messages
            ]
            after = f"after step {t + 1}"
            outcomes += [
                (f"{name}.{key} {after} (phase {phase})", process.state[key], states[key][t + 1]) for key in states
            ]
            if phase == schedule.period - 1:
                row = (t + 1) // schedule.period
                outcomes += [(f"{name}.{key} {after}", process.state[key], samples[key][row]) for key in samples]
        for where, found, expected in outcomes:
            _compare(found, expected, where)
            compared += expected.size
    return compared


@contextmanager
def _explained(path, where, ours):
    """A process of this module fails where the file describes none that could be; one's own fails as it likes."""
    try:
        with np.errstate(all="ignore"):
            yield
    except Exception as error:
        if not ours:
            raise
        reason = f"{type(error).__name__}: {error}"[:200]
        raise BadFile(f"{path}: {where} cannot be replayed with what the file states ({reason})") from error


def main(argv=None):
    """Command line: replay a file and tell what was compared; 1 where a value differs, 2 where the file is at fault."""
    parser = argparse.ArgumentParser(description="Replay golden vectors of lava-ed in plain numpy.")
    parser.add_argument("file")
    parser.add_argument("--process", action="append", help="replay this process only (may be given again)")
    arguments = parser.parse_args(argv)
    try:
        compared = replay(arguments.file, processes=arguments.process)
    except (Mismatch, BadFile) as error:
        print(f"replay: {str(error).encode('ascii', 'backslashreplace').decode()}", file=sys.stderr)
        return 1 if isinstance(error, Mismatch) else 2
    for name, count in compared.items():
        print(f"{name}: {count:,} values equal")
    return 0


if __name__ == "__main__":
    sys.exit(main())
