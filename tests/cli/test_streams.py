"""Standard streams that are closed, of an old encoding, or whose reader has left."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

COMMAND = [sys.executable, "-m", "lava_ed.cli"]
ESTIMATE = [*COMMAND, "estimate", "64-32-10", "--spikes", "60,5", "--steps", "8"]


def run(command, **options):
    environment = {**os.environ, **options.pop("env", {})}
    return subprocess.run(command, capture_output=options.pop("capture", True), env=environment, **options)


@pytest.mark.parametrize("encoding", ["ascii", "gbk", "cp932", "cp1251", "latin-1"])
def test_every_encoding_can_print_a_price(encoding):
    done = run(ESTIMATE, env={"PYTHONIOENCODING": encoding})
    assert (done.returncode, done.stderr) == (0, b"")
    text = done.stdout.decode(encoding)
    assert "visited" in text
    # gbk and ascii lack the sign of micro; what stands for it is read as one.
    assert "µJ" in text or "uJ" in text or "μJ" in text


@pytest.mark.parametrize("encoding", ["ascii", "gbk", "utf-8"])
def test_json_is_the_same_object_in_every_encoding(encoding):
    done = run([*ESTIMATE, "--json"], env={"PYTHONIOENCODING": encoding})
    plain = run([*ESTIMATE, "--json"], env={"PYTHONIOENCODING": "utf-8"})
    assert json.loads(done.stdout.decode(encoding)) == json.loads(plain.stdout.decode())


def test_a_name_that_no_encoding_holds_is_printed_by_its_code(tmp_path):
    name = os.fsencode(tmp_path) + b"/no-\xff-run"
    done = run([*COMMAND, "eval", name], env={"PYTHONIOENCODING": "utf-8"})
    assert done.returncode == 2
    assert rb"no-\udcff-run" in done.stderr
    assert b"Traceback" not in done.stderr


@pytest.mark.parametrize("closed", ["0<&-", "1>&-", "2>&-", "0<&- 1>&- 2>&-"])
def test_closed_streams_are_no_place_for_the_next_file(tmp_path, closed):
    """What is opened next would get the number of the closed stream, and what is printed would go into it."""
    out = tmp_path / "found.json"
    probe = (
        "import sys, warnings; from lava_ed.cli.streams import lasting_streams\n"
        f"with lasting_streams(), open({str(out)!r}, 'w') as file:\n"
        "    print('printed'); print('told', file=sys.stderr); sys.stdout.flush(); sys.stderr.flush()\n"
        "    file.write(str(file.fileno()))\n"
    )
    done = run(["sh", "-c", f'exec "$0" -c "$1" {closed}', sys.executable, probe])
    assert done.returncode == 0
    assert int(out.read_text()) > 2


def test_a_closed_standard_error_keeps_json_clean():
    done = run(["sh", "-c", 'exec "$@" 2>&-', "sh", *ESTIMATE, "--json"])
    assert done.returncode == 0
    assert isinstance(json.loads(done.stdout), dict)


def test_a_reader_that_leaves_is_no_traceback():
    reader, writer = os.pipe()
    os.close(reader)
    done = run(ESTIMATE, capture=False, stdout=writer, stderr=subprocess.PIPE)
    os.close(writer)
    assert (done.returncode, done.stderr) == (141, b"")


def test_a_full_disk_behind_standard_output_is_said():
    with open("/dev/full", "w") as full:
        done = run(ESTIMATE, capture=False, stdout=full, stderr=subprocess.PIPE)
    assert done.returncode == 2
    assert done.stderr.startswith(b"lava-ed: No space left on device")
    assert b"Traceback" not in done.stderr
