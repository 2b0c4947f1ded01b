"""Trials of every rule in the same convolutional net on CIFAR-100: the same draws of settings for all, no test sample.

    python results/search/cifar100.py FOLDER OUT RULE SAMPLES EPOCHS FIRST LAST [ARCH]
    python results/search/cifar100.py FOLDER RUN RULE SAMPLES EPOCHS TRIAL seed=S [ARCH]

A line of JSON for each trial FIRST … LAST − 1 that is not there yet goes to OUT; or a run with the settings of a trial,
judged on the test set, to the folder RUN.  Trials 0 … 19 are drawn; 20, 21 and 22 are the best of them at its rate, at
half of it and at twice it, with MPD-ED's spikes counted as 8 at its readout (and 8·2^-k in place of 7·2^-k); 23 is the
best of these with shares that hand on what they leave over.  Thresholds and shifts are measured once for each width of
the first weights (--calibrate); what is drawn moves them.
"""

from __future__ import annotations

import json
import sys
import time
from functools import cache
from pathlib import Path

import numpy as np

from lava_ed.backends.backend import make_backend
from lava_ed.data import split_validation
from lava_ed.errors import FixedPointOverflowError
from lava_ed.evaluation.evaluate import judged_by
from lava_ed.train import TrainConfig, train
from lava_ed.train.calibration import calibrated
from lava_ed.train.lesson import Lesson

ARCH = "32c3p1-p2-64c3p1-p2-64c3p1-p2-100"
HELD_OUT = 2000
DRAWN = 20
RATES = 1, 0.5, 2
TRIALS = Path(__file__).with_name("cifar100-convolutions.jsonl")


def chosen(number, rule, arch):
    """Settings of a trial: drawn, or those of the best trial before the round, changed."""
    if number < DRAWN:
        return drawn(number)
    last = DRAWN + len(RATES)
    if number > last:
        raise SystemExit(f"trial {number}: there are 0 … {last}")
    rows = map(json.loads, TRIALS.read_text().splitlines())
    before = [row for row in rows if (row["rule"], row["arch"]) == (rule, arch)]
    before = [row for row in before if (row["trial"] < DRAWN if number < last else DRAWN <= row["trial"] < last)]
    best = max(before, key=lambda row: row["held_out"])["trial"]
    if number == last:
        return chosen(best, rule, arch) | {"rounding": "carry"}
    pick = drawn(best) | {"learning_rate": drawn(best)["learning_rate"] * RATES[number - DRAWN]}
    return pick | ({"learning_rate": pick["learning_rate"] * 8 / 7, "count_shift": 3} if rule == "mpd-ed" else {})


def drawn(trial):
    """Settings of a trial, the same for every rule: those of the presets first, then random ones."""
    draw = np.random.default_rng(trial)
    pick = {
        "learning_rate": 7 * 2.0 ** -int(draw.integers(9, 15)),
        "dead_zone": int(draw.choice([4, 12])),
        "init_limit": int(draw.choice([16, 32, 64])),
        "threshold": int(draw.choice([-4, -2, 0, 2])),
        "error": int(draw.choice([-1, 0, 1])),
        "softmax": int(draw.choice([-1, 0, 1])),
        "half_width": int(draw.choice([4, 8, 16])),
    }
    usual = {"dead_zone": 12, "init_limit": 32, "threshold": 0, "error": 0, "softmax": 0, "half_width": 8}
    return pick | usual | {"learning_rate": 7 * 2.0 ** -(11 + 2 * trial)} if trial < 2 else pick


def settings_of(rule, folder, arch, limit, epochs, pick):
    """A configuration with the measured settings, moved."""
    common = {"data_dir": folder, "arch": arch, "limit": limit, "epochs": epochs, "flip": True}
    found = measured(rule, folder, arch, pick["init_limit"])
    return common | {
        "calibrate": False, "init_limits": (pick["init_limit"],), "dead_zone": pick["dead_zone"],
        "learning_rate": pick["learning_rate"], "rate_shifts": found.rate_shifts,
        "threshold_steps": tuple(max(step + pick["threshold"], 0) for step in found.threshold_steps),
        "error_shifts": (0, *(max(shift + pick["error"], 0) for shift in found.error_shifts[1:])),
        "softmax_shift": found.softmax_shift + pick["softmax"], "softmax_rounding": pick.get("rounding", "nearest"),
        "count_shift": pick.get("count_shift", 0),
        **({"half_width": pick["half_width"]} if found.rule.timing.replays else {}),
        "decay": falling(found.rule, pick["learning_rate"]),
    }  # fmt: skip


def falling(rule, start):
    """The usual schedule, which stops at the lowest rate that a chip has for a rule without x1."""
    least = 2.0**-14 / start if rule.timing.replays else 0
    return tuple((progress, max(factor, least)) for progress, factor in rule.decay)


@cache
def measured(rule, folder, arch, init_limit):
    """The net with the thresholds and shifts that fit its first samples."""
    config = TrainConfig.create(rule, "cifar100+on-off", data_dir=folder, arch=arch, init_limits=(init_limit,))
    data = loaded(folder)
    spec = config.spec(data.train_images.shape[1], data.n_classes, data.image_shape)
    shown = split_validation(data, config.validation, config.seed)[0]
    return calibrated(spec, np.ascontiguousarray(data.train_images), data.train_labels, shown)


@cache
def loaded(folder):
    """The data set."""
    return TrainConfig.create("std-ed", "cifar100+on-off", data_dir=folder, arch=ARCH).load()


def trial_of(rule, folder, arch, limit, epochs, number):
    """Train, and judge on samples held out."""
    pick, started = chosen(number, rule, arch), time.process_time()
    lesson = Lesson(TrainConfig.create(rule, "cifar100+on-off", **settings_of(rule, folder, arch, limit, epochs, pick)),
                    loaded(folder))  # fmt: skip
    result = {"rule": rule, "trial": number, "arch": arch, "samples": limit, "epochs": epochs, **pick}
    try:
        right = 0
        for epoch in range(epochs):
            lesson.bind(epoch)
            order, right, done = lesson.order(epoch), 0, 0
            while done < lesson.samples:
                n, correct, _ = lesson.present(epoch * lesson.samples + done, order, (1000,))
                done, right = done + n, right + correct
        rows = lesson.validation_indices[:HELD_OUT]
        judge = make_backend("engine", lesson.spec)
        held_out = judged_by(judge, lesson.model(), lesson.images, lesson.data.train_labels, rows).accuracy
        result |= {"held_out": round(100 * held_out, 2), "train": round(100 * right / lesson.samples, 2)}
    except FixedPointOverflowError as error:
        result |= {"held_out": 0.0, "error": str(error)}
    return result | {"cpu_seconds": round(time.process_time() - started, 1)}


def main(folder, out, rule, samples, epochs, first, last, arch=ARCH):
    """All trials of a rule, or the run of one."""
    if last.startswith("seed="):
        settings = settings_of(rule, folder, arch, int(samples), int(epochs), chosen(int(first), rule, arch))
        settings["seed"] = int(last.removeprefix("seed="))
        print(train(TrainConfig.create(rule, "cifar100+on-off", **settings), out, dataset=loaded(folder)))
        return
    for number in range(int(first), int(last)):
        there = Path(out).read_text().splitlines() if Path(out).exists() else []
        this = {"rule": rule, "trial": number, "arch": arch, "samples": int(samples), "epochs": int(epochs)}
        if any(this.items() <= row.items() for row in map(json.loads, there)):
            continue
        result = trial_of(rule, folder, arch, int(samples), int(epochs), number)
        print(result, flush=True)
        with Path(out).open("a") as file:
            file.write(json.dumps(result) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
