"""Bundles of units on trial: rows that begin a beat, tables, and benches that see what is wrong."""

import subprocess

import numpy as np
import pytest

from vit2rtl.golden import BundleWriter, Instance, directed_records, read_bundle
from vit2rtl.rtl.verilog import convert


def write(instance, folder):
    with BundleWriter(folder, {}, formats=["coe", "c"]) as writer:
        for record in directed_records(instance):
            writer.add(instance, **record)
    return read_bundle(folder)


@pytest.fixture
def rows(tmp_path):
    return write(Instance.of("row_maximum", lanes=2, width=4), tmp_path / "rows")


@pytest.fixture
def table(tmp_path):
    return write(Instance.of("table_lookup", lanes=2, bits=2, width=4), tmp_path / "table")


def replay(bundle, folder, change=lambda text: text):
    """What the bench of the bundle's only entry prints, and its exit status."""
    (entry,) = bundle.entries
    folder.mkdir()
    files = [entry.bench]
    for name, text in convert(entry.instance).items():
        (folder / name).write_text(change(text))
        files.append(folder / name)
    program = folder / "replay.vvp"
    top = f"{entry.instance.name}_replay"
    subprocess.run(["iverilog", "-g2012", "-Wall", "-Wno-timescale", "-s", top, "-o", program,
                    *files], check=True)
    done = subprocess.run(["vvp", "-n", program, f"+bundle={bundle.path}", "+stall=30"],
                          capture_output=True, text=True)
    return done.stdout, done.returncode


def test_each_row_begins_a_beat(rows):
    record = rows.entries[0].records[0]
    i, o = (record.streams[name] for name in ("i", "o"))
    assert (i.columns, i.row_beats, o.columns, o.row_beats) == (5, 3, 1, 1)
    assert record.beats == o.beats == i.rows == o.rows
    lines = i.path.read_text().split()
    assert len(lines) == 3 * i.rows
    # Elements -8, -8, ... fill three beats of two, the last one by repetition.
    assert lines[:3] == ["88", "88", "88"]
    value, maximum = record.inputs()["value"], record.outputs()["maximum"]
    assert value.shape == (i.rows, 5)
    assert maximum.tolist() == [[max(row)] for row in value.tolist()]


def test_a_table_is_a_file_of_its_own(table):
    for record in table.entries[0].records:
        entries = record.tables()["entry"]
        codes, values = record.inputs()["code"], record.outputs()["value"]
        np.testing.assert_array_equal(values, entries[codes])
        assert record.configuration == {}
        assert record.streams["i_table"].path.read_text().split() == [f"{n:x}" for n in entries]


@pytest.mark.parametrize("bundle", ["rows", "table"])
def test_the_verilog_passes(bundle, request, tmp_path):
    out, status = replay(request.getfixturevalue(bundle), tmp_path / "build")
    assert status == 0, out
    assert out.startswith("PASS ")


@pytest.mark.parametrize(("old", "new", "reason"), [
    # What the row before has left is part of the next row's maximum.
    ("first <= i__payload[8]", "first <= 1'h0", "mismatches"),
    ("assign o__payload = { 1'h1", "assign o__payload = { 1'h0", "mismatches"),
    ("o__valid <= n5", "o__valid <= 1'h0", "watchdog: beats missing in directed.long"),
])
def test_bugs_in_rows_are_seen(rows, tmp_path, old, new, reason):
    seen = []

    def change(text):
        seen.append(old in text)
        return text.replace(old, new)

    out, status = replay(rows, tmp_path / "build", change)
    assert any(seen), convert(rows.entries[0].instance)
    assert status != 0
    assert f"reason: {reason}" in out


def test_a_wrong_entry_is_seen(table, tmp_path):
    record = table.entries[0].records[1]
    file = record.streams["i_table"].path
    lines = file.read_text().split()
    file.write_text("\n".join([*lines[:-1], f"{int(lines[-1], 16) ^ 1:x}"]) + "\n")
    out, status = replay(table, tmp_path / "build")
    assert status != 0
    assert f"record={record.name} " in out
    with pytest.raises(ValueError, match=r"i_table\.mem has SHA-256"):
        read_bundle(table.path)


def test_a_row_that_begins_in_the_row_before_is_refused(rows):
    """Five elements in beats of two: without filling, row 1 would begin beside row 0's last."""
    manifest = rows.path / "manifest.json"
    text = manifest.read_text()
    assert '"columns": 5' in text
    manifest.write_text(text.replace('"columns": 5', '"columns": 6'))
    with pytest.raises(ValueError, match=r"Row \d must|SHA-256|has \d+ beats"):
        read_bundle(rows.path)


@pytest.mark.parametrize(("name", "changes", "text"), [
    ("row_maximum", {"inputs": {"value": np.int64(3)}, "outputs": {"maximum": np.int64(3)}},
     "Stream i needs rows: arrays of at least one axis"),
    ("row_maximum", {"outputs": {"maximum": np.zeros((9, 2), int)}},
     "Field 'maximum' must have shape (9, 1), not (9, 2)"),
    ("table_lookup", {"configuration": {"entry": np.zeros(3, int)}},
     "Table i_table must have 4 entries, not (3,)"),
    ("table_lookup", {"configuration": {}}, "The configuration must be entry, not none"),
])
def test_what_does_not_fit_the_streams_is_refused(tmp_path, name, changes, text):
    bits = {"width": 4} if name == "row_maximum" else {"bits": 2, "width": 4}
    instance = Instance.of(name, lanes=2, **bits)
    record = directed_records(instance)[0]
    with pytest.raises(ValueError) as caught, BundleWriter(tmp_path / "bundle", {}) as writer:
        writer.add(instance, **record | changes)
    assert str(caught.value) == f"Record {record['record']!r} of {instance.name}: {text}"
    assert not (tmp_path / "bundle").exists()
