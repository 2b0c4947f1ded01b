"""`lava-ed data`: recordings of event cameras, and such as a camera might have made."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from lava_ed.cli.output import Report, Table
from lava_ed.cli.train import DataDir
from lava_ed.plain_text import percent

PathArgument = Annotated[str, typer.Argument(metavar="PATH", help="A recording, or a folder or archive of them.")]
Sensor = Annotated[
    str | None, typer.Option(metavar="WIDTHxHEIGHT", help="Pixels of the sensor, where the format does not state them.")
]
Picture = Annotated[str | None, typer.Option(metavar="FILE.png", help="Draw a recording over time.")]


def info(path: PathArgument, sensor: Sensor = None, picture: Picture = None) -> Report:
    """Show what recordings hold: sensor, duration, rate, polarities, hot pixels."""
    from lava_ed.data.events.code import EventCode
    from lava_ed.data.events.describe import describe_folder, describe_recording, pictures
    from lava_ed.data.events.formats import open_recording
    from lava_ed.data.events.sources import is_archive
    from lava_ed.errors import ConfigError

    where, size = Path(path), EventCode(sensor=sensor or "").sensor_size()
    if where.is_dir() or is_archive(where):
        if picture is not None:
            raise ConfigError(f"{path} holds many recordings: name one of them for --picture")
        value = describe_folder(where, size)
        return Report(value, [Table(path, ("what", "value"), [*map(_folder_row, value.items())])])
    recording = open_recording(where, size)
    value, _ = describe_recording(recording)
    if picture is not None:
        from lava_ed.files.writing import write_atomically
        from lava_ed.viz.recording import recording_plot

        write_atomically(picture, recording_plot(pictures(recording), value["seconds"], where.name).png())
        value["picture"] = picture
    return Report(value, [Table(path, ("what", "value"), _rows(value))])


def _rows(value: dict[str, Any]) -> list[tuple[str, object]]:
    hot = value["hot_pixels"]
    rate = value["events_per_second"]
    rows: list[tuple[str, object]] = [
        ("format", value["format"]),
        ("simulated", "yes" if value["simulated"] else "not marked so"),
        ("sensor", f"{value['sensor'][0]}×{value['sensor'][1]}"),
        ("events", value["events"]),
        ("seconds", f"{value['seconds']:.6f}"),
        ("events a second", "–" if rate is None else f"{rate:,.0f}"),
        ("ON events", percent(value["on_share"])),
        ("pixels with events", value["active_pixels"]),
        ("events of the busiest pixel", value["busiest_pixel_events"]),
        ("hot pixels (100 times the mean)", f"{len(hot)}: {hot[:5]}" if hot else 0),
    ]
    return rows + ([("picture", value["picture"])] if "picture" in value else [])


def _folder_row(item: tuple[str, Any]) -> tuple[str, object]:
    name, value = item
    if isinstance(value, dict):
        value = ", ".join(f"{key}: {count:,}" for key, count in value.items())
    if isinstance(value, list):
        value = ", ".join(f"{width}×{height}" for width, height in value)
    return name.replace("_", " "), value


def simulate(
    dataset: Annotated[str, typer.Argument(metavar="DATASET", help="Images, as lava-ed train --dataset takes them.")],
    out: Annotated[str, typer.Option(metavar="FOLDER", help="A new folder for the recordings, a class a folder.")],
    data_dir: DataDir = None,
    limit: Annotated[int | None, typer.Option(help="At most so many images of each part.")] = None,
    threshold: Annotated[float, typer.Option(help="Change of the log-intensity that is an event.")] = 0.5,
    spread: Annotated[float, typer.Option(help="Standard deviation of the pixels' thresholds.")] = 0.03,
    refractory: Annotated[int, typer.Option(help="µs for which a pixel is deaf after an event.")] = 1000,
    seed: Annotated[int, typer.Option(help="Of the thresholds.")] = 0,
) -> Report:
    """Make recordings out of images by N-MNIST's three saccades, each marked as simulated."""
    from dataclasses import replace

    from lava_ed.data import load_dataset
    from lava_ed.data.events.simulate import Camera, write_simulated
    from lava_ed.errors import ConfigError

    if limit is not None and limit < 1:
        raise ConfigError(f"--limit {limit}: at least one image of each part is needed")
    data = load_dataset(dataset, data_dir)
    few = replace(
        data,
        train_images=data.train_images[:limit], train_labels=data.train_labels[:limit],
        test_images=data.test_images[:limit], test_labels=data.test_labels[:limit],
    )  # fmt: skip
    value = write_simulated(few, Path(out), Camera(threshold, spread, refractory, seed))
    rows = [(name.replace("_", " "), item) for name, item in value.items()]
    return Report(value, [Table(f"{out}: simulated recordings", ("what", "value"), rows)])


DATA: Final[dict[str, Callable[..., Report]]] = {"info": info, "simulate": simulate}
"""Commands by name."""
