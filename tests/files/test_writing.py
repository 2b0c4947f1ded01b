"""Files are written whole, by one writer or two, and onto nothing but plain files."""

from __future__ import annotations

import os
import subprocess
import sys
import threading

import pytest

import lava_ed.files.writing as writing
from lava_ed.errors import ConfigError, RunFolderError
from lava_ed.files.writing import check_target, make_empty_folder, remove_leftovers, write_atomically


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_only_a_new_or_an_empty_folder_is_taken(tmp_path):
    folder = make_empty_folder(tmp_path / "a" / "b")
    assert make_empty_folder(folder) == folder
    assert names(folder) == []
    (folder / "file").write_bytes(b"old")
    (tmp_path / "broken").symlink_to(tmp_path / "nothing")
    for taken in (folder, folder / "file", tmp_path / "broken"):
        with pytest.raises(RunFolderError, match="not an empty folder"):
            make_empty_folder(taken)
    with pytest.raises(RunFolderError, match="cannot be written"):
        make_empty_folder(folder / "file" / "below")
    assert (folder / "file").read_bytes() == b"old"


def test_a_failed_write_leaves_the_old_content_and_nothing_else(tmp_path, monkeypatch):
    path = tmp_path / "file"
    write_atomically(path, b"old")

    def full(handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(RunFolderError, match="No space left"):
        write_atomically(path, b"new")
    assert path.read_bytes() == b"old"
    assert names(tmp_path) == ["file"]


def test_an_interrupted_write_leaves_nothing(tmp_path, monkeypatch):
    def pressed(handle):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", pressed)
    with pytest.raises(KeyboardInterrupt):
        write_atomically(tmp_path / "file", b"new")
    assert names(tmp_path) == []


WRITER = """
import sys
from lava_ed.files.writing import write_atomically
for _ in range(60):
    write_atomically(sys.argv[1], sys.argv[2].encode() * 20_000)
"""


def test_two_writers_never_tear(tmp_path):
    path = tmp_path / "file"
    write_atomically(path, b"a" * 20_000)
    writers = [subprocess.Popen([sys.executable, "-c", WRITER, str(path), letter]) for letter in "ab"]
    torn = 0
    while any(writer.poll() is None for writer in writers):
        content = path.read_bytes()
        torn += content not in (b"a" * 20_000, b"b" * 20_000)
    assert torn == 0
    assert [writer.returncode for writer in writers] == [0, 0]
    assert names(tmp_path) == ["file"]


def test_a_planted_link_of_a_temporary_name_is_not_followed(tmp_path, monkeypatch):
    (tmp_path / "precious").write_bytes(b"precious")
    drawn = iter(["guessed", "other"])
    monkeypatch.setattr(writing.secrets, "token_hex", lambda n: next(drawn))
    (tmp_path / f".lava-ed-{writing._machine()}-{os.getpid()}-guessed.tmp").symlink_to(tmp_path / "precious")
    write_atomically(tmp_path / "file", b"new")
    assert (tmp_path / "precious").read_bytes() == b"precious"
    assert (tmp_path / "file").read_bytes() == b"new"


def make_link(path):
    path.symlink_to(path.with_name("elsewhere"))


def make_socket(path):
    import socket

    with socket.socket(socket.AF_UNIX) as made:
        made.bind(str(path))


@pytest.mark.parametrize(
    ("make", "words"),
    [(os.mkdir, "a folder"), (make_link, "a symbolic link"), (os.mkfifo, "a pipe"), (make_socket, "a socket")],
)
def test_what_is_no_plain_file_stays(tmp_path, make, words):
    path = tmp_path / "target"
    make(path)
    before = path.lstat()
    for write in (lambda: write_atomically(path, b"new"), lambda: check_target(path)):
        with pytest.raises(RunFolderError, match=words):
            write()
    assert path.lstat() == before


def test_a_device_stays():
    before = os.lstat("/dev/null")
    with pytest.raises(RunFolderError, match="/dev/null is a device"):
        write_atomically("/dev/null", b"new")
    assert os.lstat("/dev/null").st_mode == before.st_mode


@pytest.mark.parametrize("name", ["a\0b", "/", "", ".", "x" * 300, "no/folder"])
def test_names_that_no_file_can_have(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(RunFolderError, match=r"^[^\0\n]+$"):
        write_atomically(name, b"new")
    assert names(tmp_path) == []


def test_the_longest_name_of_a_file(tmp_path):
    path = tmp_path / ("x" * 255)
    write_atomically(path, b"new")
    assert path.read_bytes() == b"new"


def test_permissions(tmp_path):
    old = os.umask(0o027)
    try:
        write_atomically(tmp_path / "new", b"")
        write_atomically(tmp_path / "kept", b"")
        (tmp_path / "kept").chmod(0o600)
        write_atomically(tmp_path / "kept", b"again")
    finally:
        os.umask(old)
    assert (tmp_path / "new").stat().st_mode & 0o7777 == 0o640
    assert (tmp_path / "kept").stat().st_mode & 0o7777 == 0o600


def test_leftovers_of_the_dead_are_removed(tmp_path):
    here, mine = writing._machine(), os.getpid()
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    gone = [f".lava-ed-{here}-{ended.pid}-00.tmp", ".lava-ed-elsewhere-1-old.tmp", f".lava-ed-{here}-{mine}-old.tmp"]
    kept = [f".lava-ed-{here}-{mine}-00.tmp", ".lava-ed-elsewhere-1-00.tmp", ".lava-ed-x.tmp", "mine-old.tmp", ".old"]
    for name in (*gone, *kept):
        (tmp_path / name).write_bytes(b"")
        if "old" in name:
            os.utime(tmp_path / name, (0, 0))
    remove_leftovers(tmp_path)
    assert names(tmp_path) == sorted(kept)


def test_threads_do_not_share_a_temporary_file(tmp_path):
    path = tmp_path / "file"
    threads = [
        threading.Thread(target=lambda k=k: [write_atomically(path, bytes([k]) * 5000) for _ in range(20)])
        for k in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(path.read_bytes())) == 1


class TestPicture:
    def test_the_name_says_the_kind(self, tmp_path):
        from lava_ed.viz.style import figure, save

        drawn, _ = figure(1, 1)
        save(drawn, tmp_path / "a.png")
        save(drawn, tmp_path / "a.SVG")
        assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")
        assert b"<svg" in (tmp_path / "a.SVG").read_bytes()
        for name in ("a", "a.xyz"):
            with pytest.raises(ConfigError, match=r"end it in \.png"):
                save(drawn, tmp_path / name)

    def test_a_link_is_not_followed(self, tmp_path):
        from lava_ed.viz.style import figure, save

        (tmp_path / "a.png").symlink_to(tmp_path / "other.png")
        with pytest.raises(RunFolderError, match="symbolic link"):
            save(figure(1, 1)[0], tmp_path / "a.png")
