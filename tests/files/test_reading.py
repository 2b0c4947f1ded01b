"""What is read is bounded before it is held, and wrong content is one error with a way out."""

from __future__ import annotations

import json
import os

import numpy as np
import pytest
from safetensors.numpy import save

from lava_ed.errors import DataError
from lava_ed.files.reading import MOST_JSON, MOST_TOML, read_json, read_plain, read_toml
from lava_ed.files.schema import AtLeast, Count, Exact, Share, checked
from lava_ed.files.tensors import TensorInfo, open_tensors

AS = {"error": DataError, "hint": "restore the file"}


def written(tmp_path, content):
    path = tmp_path / "file"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


class TestPlain:
    def test_a_file_of_the_largest_size(self, tmp_path):
        assert read_plain(written(tmp_path, b"abc"), most=3, **AS) == b"abc"
        with pytest.raises(DataError, match=r"has 3 bytes, of at most 2: restore the file"):
            read_plain(tmp_path / "file", most=2, **AS)

    def test_what_has_no_end(self, tmp_path):
        os.mkfifo(tmp_path / "pipe")
        for path in (tmp_path / "pipe", "/dev/zero"):
            with pytest.raises(DataError, match="no plain file"):
                read_plain(path, most=1 << 40, **AS)

    @pytest.mark.parametrize(("name", "words"), [("none", "No such file"), (".", "a folder"), ("a\0b", "null byte")])
    def test_what_is_not_there(self, tmp_path, monkeypatch, name, words):
        monkeypatch.chdir(tmp_path)
        with pytest.raises(DataError, match=words):
            read_plain(name, most=1, **AS)

    def test_a_sparse_file_is_not_held(self, tmp_path):
        with open(tmp_path / "file", "wb") as file:
            file.truncate(1 << 40)
        for read in (read_json, read_toml):
            with pytest.raises(DataError, match=r"1,099,511,627,776 bytes"):
                read(tmp_path / "file", **AS)
        with pytest.raises(DataError, match="bytes"), open_tensors(tmp_path / "file", **AS):
            pass


class TestJson:
    def test_a_value(self, tmp_path):
        value = {"a": [1, -2.5, None, True, "é"], "b": {"c": 2**63 - 1}}
        assert read_json(written(tmp_path, json.dumps(value)), **AS) == value

    @pytest.mark.parametrize(
        ("content", "words"),
        [
            ("[" * 100_000, "nested deeper than 32 levels"),
            ('{"a":' * 100_000, "nested deeper than 32 levels"),
            ("[" * 34 + "]" * 34, "nested deeper than 32 levels"),
            ("NaN", "NaN is no number"),
            ('{"a": -Infinity}', "-Infinity is no number"),
            ("1e999", "1e999 is no finite number"),
            ("9" * 1_000_000, "does not fit 64 bits"),
            (str(2**64), "the integer 18446744073709551616 does not fit"),
            ('{"a": 1, "a": 2}', "'a' occurs twice"),
            ('"\\ud800"', "surrogate"),
            ('{"\\u0000": 1}', "NUL"),
            (json.dumps("x" * 65_537), "65,537 characters"),
            (b"\xff", "not JSON"),
            ("", "not JSON"),
            ("{", "not JSON"),
        ],
    )
    def test_refused(self, tmp_path, content, words):
        with pytest.raises(DataError, match=words) as caught:
            read_json(written(tmp_path, content), **AS)
        assert str(caught.value).startswith(str(tmp_path / "file"))
        assert str(caught.value).endswith("restore the file")

    def test_levels_that_are_allowed(self, tmp_path):
        assert read_json(written(tmp_path, "[" * 33 + "]" * 33), **AS)

    def test_many_keys_of_which_the_last_is_a_twin(self, tmp_path):
        content = "{" + "".join(f'"{k}":0,' for k in range(300_000)) + '"299999":0}'
        with pytest.raises(DataError, match="'299999' occurs twice"):
            read_json(written(tmp_path, content), **AS)

    def test_the_largest_file(self, tmp_path):
        with pytest.raises(DataError, match=r"of at most 16,777,216"):
            read_json(written(tmp_path, b" " * (MOST_JSON + 1)), **AS)


class TestToml:
    def test_a_table(self, tmp_path):
        assert read_toml(written(tmp_path, 'a = 1\n[b]\nc = [0.5, "x"]'), **AS) == {"a": 1, "b": {"c": [0.5, "x"]}}

    @pytest.mark.parametrize(
        ("content", "words"),
        [
            ("a = " + "[" * 20_000, "nested deeper than 32 levels"),
            ("a." * 30_000 + "a = 1", "nested deeper than 32 levels"),
            ("a = 1\na = 2", "not valid TOML"),
            (b"\xff", "not valid TOML"),
            (b"#" * (MOST_TOML + 1), "65,537 bytes"),
        ],
    )
    def test_refused(self, tmp_path, content, words):
        with pytest.raises(DataError, match=words):
            read_toml(written(tmp_path, content), **AS)


class Known(Exact):
    a: Count
    b: list[Share]


class Open(AtLeast):
    a: Count


class TestSchema:
    @pytest.mark.parametrize(
        ("value", "words"),
        [
            ({"a": 1}, r"^it lacks b: mend it$"),
            ({"a": True, "b": []}, r"^it: a is True \(input should be a valid integer\): mend it$"),
            ({"a": "1", "b": []}, "a is '1'"),
            ({"a": 1.0, "b": []}, r"a is 1\.0"),
            ({"a": -1, "b": []}, "a is -1"),
            ({"a": 2**63, "b": []}, "a is 9223372036854775808"),
            ({"a": 1, "b": [0.5, 1.5]}, r"b\.1 is 1\.5"),
            ({"a": 1, "b": [float("nan")]}, r"b\.0 is nan"),
            ({"a": 1, "b": [], "c": 1}, r"c is 1 \(extra inputs are not permitted\)"),
            ({"a": "x" * 10_000}, r"x….*and 1 more: mend it$"),
            ([], "it is \\[\\]"),
            (None, "it is None"),
        ],
    )
    def test_refused(self, value, words):
        with pytest.raises(DataError, match=words):
            checked(Known, value, "it", error=DataError, hint="mend it")

    def test_what_later_versions_add(self):
        assert checked(Open, {"a": 3, "z": "new"}, "it", error=DataError, hint="").a == 3


class TestTensors:
    @pytest.fixture
    def path(self, tmp_path):
        tensors = {"a": np.arange(6, dtype=np.int8).reshape(2, 3), "b": np.zeros(1, np.int64)}
        return written(tmp_path, save(tensors, metadata={"x": "y"}))

    def test_what_a_file_says_before_it_is_read(self, path):
        with open_tensors(path, **AS) as file:
            assert file.metadata == {"x": "y"}
            assert file.tensors == {"a": TensorInfo(np.dtype("i1"), (2, 3)), "b": TensorInfo(np.dtype("i8"), (1,))}
            assert file.read_all()["a"].tolist() == [[0, 1, 2], [3, 4, 5]]

    @pytest.mark.parametrize(
        ("change", "words"),
        [
            ({"c": TensorInfo(np.dtype("i1"), (1,))}, "lacks c and has the unknown tensors none"),
            ({"a": None}, "lacks nothing and has the unknown tensors a"),
            (
                {"a": TensorInfo(np.dtype("i1"), (3, 2))},
                r"a is int8 of .*2, 3\), expected is int8 of .*3, 2\)",
            ),
            ({"b": TensorInfo(np.dtype("u8"), (1,))}, "b is int64"),
        ],
    )
    def test_other_tensors(self, path, change, words):
        with open_tensors(path, **AS) as file:
            expected = {k: v for k, v in {**file.tensors, **change}.items() if v is not None}
            with pytest.raises(DataError, match=words):
                file.read_all(expected)

    @pytest.mark.parametrize(
        "content",
        [b"", b"\0" * 7, b"\xff" * 8, (2**25 + 1).to_bytes(8, "little") + b"{}", b"\x02" + b"\0" * 7 + b"[]"],
    )
    def test_damaged(self, tmp_path, content):
        with pytest.raises(DataError, match="restore the file"), open_tensors(written(tmp_path, content), **AS):
            pass

    def test_a_long_text_is_not_repeated(self, tmp_path):
        header = json.dumps({"a": "é" * 10_000}).encode()
        path = written(tmp_path, len(header).to_bytes(8, "little") + header)
        with pytest.raises(DataError) as caught, open_tensors(path, **AS):
            pass
        assert len(str(caught.value)) < 500

    def test_an_error_inside_is_not_the_files(self, path):
        with pytest.raises(ValueError, match="mine"), open_tensors(path, **AS):
            raise ValueError("mine")
