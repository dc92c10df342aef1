"""Keys and the store: what tells tasks apart, and what a damaged file does."""

import errno
import hashlib
import json
import os
import subprocess
from contextlib import suppress
from dataclasses import replace

import pytest

from tests.python.farm.work import squares, table
from vit2rtl.farm.store import DONE, FAILED, Store, Trial
from vit2rtl.farm.task import Task
from vit2rtl.golden.files import atomic

TASK = Task("module:name", 1, {"b": [1, 2], "a": None}, {"path": "/here"})


def test_a_key_is_of_all_that_a_result_depends_on_and_of_nothing_else():
    text = '{"function":"module:name","spec":{"a":null,"b":[1,2]},"version":1}'
    assert TASK.key == hashlib.sha256(text.encode()).hexdigest()
    assert replace(TASK, inputs={"path": "/there"}).key == TASK.key
    assert Task("module:name", 1, {"a": None, "b": [1, 2]}).key == TASK.key
    others = [replace(TASK, **change) for change in (
        {"function": "module:other"}, {"version": 2}, {"spec": {"b": [2, 1], "a": None}})]
    assert len({TASK.key, *(other.key for other in others)}) == 4


def test_a_spec_that_json_does_not_hold():
    with pytest.raises(ValueError, match="not JSON compliant"):
        assert Task("module:name", 1, {"scale": float("nan")}).key


def test_what_is_kept_is_found_again(tmp_path):
    store = Store(tmp_path)
    assert store.find(TASK) is None
    for trial in (Trial(TASK, DONE, {"x": 1}, provenance={"host": "here"}),
                  Trial(TASK, FAILED, error={"type": "ValueError", "message": "no"})):
        store.keep(trial)
        assert store.find(TASK) == trial
    path = tmp_path / "trials" / TASK.key[:2] / f"{TASK.key}.json"
    assert [entry for entry in tmp_path.rglob("*") if entry.is_file()] == [path]


@pytest.mark.parametrize("damage", [
    lambda text: b"", lambda text: text[:len(text) // 2], lambda text: b"\xff\x00", lambda text:
    b"[]", lambda text: text.replace(b'"version": 1', b'"version": 2'),
    lambda text: text.replace(b'"status": "done"', b'"status": "lost"')])
def test_a_damaged_file_is_run_again_and_replaced(damage, tmp_path):
    tasks = squares(3)
    undisturbed = table(tasks, tmp_path)
    path = Store(tmp_path).path(tasks[1])
    whole = json.loads(path.read_bytes())
    path.write_bytes(damage(path.read_bytes()))
    assert Store(tmp_path).find(tasks[1]) is None
    assert table(tasks, tmp_path) == undisturbed
    again = json.loads(path.read_bytes())
    assert again["result"] == whole["result"] and again["task"] == whole["task"]


@pytest.fixture
def full_disk(tmp_path, monkeypatch):
    """A folder on a disk of 64 KiB; where none can be mounted, writes fail as there."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(folder)]
    if os.getuid() == 0 and subprocess.run(mount, capture_output=True).returncode == 0:
        yield folder, lambda: (folder / "ballast").unlink(), lambda: _fill(folder)
        subprocess.run(["umount", str(folder)], check=True)
        return

    def refuse(path, content):
        raise OSError(errno.ENOSPC, "No space left on device", str(path))

    yield folder, monkeypatch.undo, lambda: monkeypatch.setattr(atomic, "data", refuse)


def _fill(folder):
    with suppress(OSError), open(folder / "ballast", "wb", buffering=0) as ballast:
        while True:
            ballast.write(b"x" * 4096)


def test_a_full_disk_keeps_what_is_done_and_goes_on_when_there_is_room(full_disk, tmp_path):
    folder, free, fill = full_disk
    tasks = squares(6)
    undisturbed = table(tasks, tmp_path / "elsewhere")
    table(tasks[:2], folder)
    fill()
    with pytest.raises(OSError, match="No space left on device"):
        table(tasks, folder)
    free()
    names = {path.name for path in folder.rglob("*") if path.is_file()}
    assert names == {f"{task.key}.json" for task in tasks[:2]}
    assert table(tasks, folder) == undisturbed
