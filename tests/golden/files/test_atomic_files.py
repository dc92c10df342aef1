"""Several files in a folder that is there already: all of them, or none."""

import pytest

from vit2rtl.golden.files import atomic


def test_files_appear_beside_what_is_there(tmp_path):
    (tmp_path / "own").write_text("mine")
    (tmp_path / "a").write_text("old")
    atomic.files(tmp_path, {"a": b"new", "b": b"\x00"})
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {
        "own": b"mine", "a": b"new", "b": b"\x00"}


def test_nothing_is_changed_where_one_cannot_be_written(tmp_path):
    (tmp_path / "a").write_text("old")
    with pytest.raises(FileNotFoundError):
        atomic.files(tmp_path, {"a": b"new", "nowhere/b": b""})
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"a": b"old"}


def test_a_file_is_no_folder(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(NotADirectoryError, match=r"Output must be a folder, and .*file is a file"):
        atomic.files(tmp_path / "file", {})
