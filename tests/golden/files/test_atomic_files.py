"""Several files in a folder that is there already: all of them, or none."""

import os
from pathlib import Path

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


def full(*_, **__):
    raise OSError(28, "No space left on device")


@pytest.mark.parametrize(("write", "named"), [
    (lambda place: atomic.text(place / "a.json", "{}"), "a.json"),
    (lambda place: atomic.data(place / "a.onnx", b""), "a.onnx"),
    (lambda place: atomic.files(place, {"a.v": b"", "b.v": b""}), "a.v"),
    (lambda place: made(place / "bundle"), "bundle"),
])
def test_a_full_disk_names_the_file(write, named, tmp_path, monkeypatch):
    monkeypatch.setattr(Path, "write_bytes", full)
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left on device") as error:
        write(tmp_path)
    assert error.value.filename == str((tmp_path / named).resolve())
    assert list(tmp_path.iterdir()) == []


def made(place):
    with atomic.folder(place, kind="bundle", parts=lambda folder: None) as new:
        (new / "a").write_bytes(b"")


def test_errors_that_name_a_file_keep_it(tmp_path):
    with pytest.raises(OSError) as error, atomic.naming(tmp_path):
        (tmp_path / "none").read_bytes()
    assert error.value.filename == str(tmp_path / "none")


def test_a_file_is_no_folder(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(NotADirectoryError, match=r"Output must be a folder, and .*file is a file"):
        atomic.files(tmp_path / "file", {})
