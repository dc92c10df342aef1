"""Bundles of a unit with two streams in and two out: files, README, header, and what a replay sees.
"""

import json
import re
import shutil
import subprocess

import numpy as np
import pytest

from vit2rtl.golden import UNITS, BundleWriter, Instance, directed_records, read_bundle
from vit2rtl.golden.vectors.bundle import SCHEMA, convert

from .conftest import DEQUANTIZER, every_code, refusal
from .pair_peaks import DUT
from .test_replay import compile_bench, replay

NAME = "pair_peaks_l2"
needs_icarus = pytest.mark.skipif(not shutil.which("iverilog"), reason="iverilog is not installed")


@pytest.fixture(autouse=True)
def registered():
    with UNITS.extended("tests.golden.vectors.pair_peaks"):
        yield


@pytest.fixture
def bundle(tmp_path):
    instance = Instance.of("pair_peaks")
    with BundleWriter(tmp_path / "bundle", {}, formats=["c"]) as writer:
        for record in directed_records(instance):
            writer.add(instance, **record)
    return tmp_path / "bundle"


def test_a_stream_is_a_file_with_rows_of_its_own(bundle):
    record = read_bundle(bundle).entries[0].records[1]
    shapes = {name: (s.rows, s.columns, s.row_beats) for name, s in record.streams.items()}
    assert shapes == {"i": (3, 5, 3), "i_gain": (3, 1, 1), "o": (3, 5, 3), "o_peaks": (3, 1, 1)}
    assert record.beats == 9 + 3
    assert record.streams["i_gain"].path.read_text() == "3\n1\n3\n"
    assert record.outputs()["peak"].tolist() == [[45], [4], [12]]


def test_all_axes_but_the_last_are_rows(tmp_path):
    instance = Instance.of("pair_peaks")
    inputs = {"value": np.arange(24).reshape(2, 3, 4) % 16, "gain": np.full((2, 3, 1), 2)}
    with BundleWriter(tmp_path / "b", {}) as writer:
        writer.add(instance, record="r", layer="r", kind="model", inputs=inputs,
                   outputs=instance.evaluate(inputs, {}))
    record = read_bundle(tmp_path / "b").entries[0].records[0]
    assert {name: (s.rows, s.columns) for name, s in record.streams.items()} == {
        "i": (6, 4), "i_gain": (6, 1), "o": (6, 4), "o_peaks": (6, 1)}
    assert record.inputs()["value"].tolist() == inputs["value"].reshape(6, 4).tolist()


def test_rows_have_an_axis(tmp_path):
    with BundleWriter(tmp_path / "b", {}) as writer:
        with pytest.raises(ValueError, match=r"Stream i needs rows: arrays of at least one axis$"):
            writer.add(Instance.of("pair_peaks"), record="r", layer="r", kind="model",
                       inputs={"value": 3, "gain": 2}, outputs={"product": 6, "peak": 6})
        writer.add(DEQUANTIZER, **every_code())


def test_each_stream_has_a_generator_of_its_own(bundle):
    """Multiples of 2**32 over the golden ratio, and every other seed with its halves swapped."""
    bench = (bundle / NAME / "replay.sv").read_text()
    for number, stream in enumerate(("i", "i_gain", "o", "o_peaks")):
        start = (number + 1) * 0x9E3779B9 % 2**32
        seed = "{seed[15:0], seed[31:16]}" if number % 2 else "seed"
        assert f"state_{stream} <= 32'h{start:08x} ^ {seed};\n" in bench
    assert "if (mismatches < 10)" in bench
    assert "finished <= quiet >= (outstanding ? 20000 : 64);" in bench


@needs_icarus
@pytest.mark.parametrize("macros", [[], ["FILLER"]])
@pytest.mark.parametrize("stall", [0, 40])
def test_beats_of_two_sinks_in_one_cycle_are_two(bundle, tmp_path, macros, stall):
    program = compile_bench(bundle, tmp_path, {"dut.v": DUT}, name=NAME, macros=macros)
    status, log = replay(program, f"+bundle={bundle}", f"+stall={stall}")
    assert (status, log) == (0, f"PASS {NAME} beats={9 + 12} mismatches=0 records=2\n")


@needs_icarus
@pytest.mark.parametrize(("bug", "pattern", "reason"), [
    # The last beat's other lane is taken for the first element of row 1, whose peak is 4.
    ("RUN_ON", "record=directed.three stream=o_peaks beat=1 got=1b want=04 got_last=1 want_last=1",
     "mismatches"),
    ("LATE_LAST", "record=directed.three stream=o beat=1 got=.* got_last=0 want_last=1",
     "mismatches"),
    ("LOST_ROW", "record=directed.three stream=o_peaks beat=1 got=06 want=04 got_last=1 "
                 "want_last=1", "watchdog: beats missing in directed.three"),
])
def test_a_bug_is_seen_on_its_stream(bundle, tmp_path, bug, pattern, reason):
    program = compile_bench(bundle, tmp_path, {"dut.v": DUT}, name=NAME, macros=[bug])
    status, log = replay(program, f"+bundle={bundle}")
    assert status != 0
    assert re.fullmatch(f"MISMATCH {NAME} {pattern}", log.splitlines()[0]), log
    assert f"reason: {reason}\n" in log


def test_roms_are_files_that_must_stay_as_they_are(bundle):
    file = bundle / NAME / "roms/steps.mem"
    assert file.read_text() == "05\n00\n1f\n"
    assert (bundle / NAME / "roms/signed.mem").read_text() == "5\n2\n"
    steps, signed = json.loads((bundle / "manifest.json").read_text())["entries"][0]["roms"]
    assert {k: v for k, v in steps.items() if k != "sha256"} == {
        "name": "steps", "file": f"{NAME}/roms/steps.mem", "entries": 3, "bits": 5,
        "signed": False}
    assert (signed["bits"], signed["signed"]) == (3, True)
    assert "<unit instance>/roms/<rom>.mem" in (bundle / "README.md").read_text()
    convert(bundle, bundle, [])
    assert file.read_text() == "05\n00\n1f\n"
    file.unlink()
    assert refusal(bundle) == f"{NAME}/roms/steps.mem is missing"


def test_the_readme_works_a_row(bundle):
    text = (bundle / "README.md").read_text()
    assert "## One row by hand\n" in text
    first, last, follows = (bundle / NAME / "directed.three/i.mem").read_text().split()[:3]
    assert (first, last, follows) == ("ff", "99", "14")
    assert f"file's first line: `{first}`." in text
    assert ("The row has 3 elements in 2 beats. The last of them, with TLAST, begins with element "
            "2 and repeats element 2 from lane 1 on:") in text
    assert f"The sum is line 1, counted from 0: `{last}`; row 1 begins with line 2." in text


SUM = """
#include "vectors.h"

int main(void) {
    for (int r = 0; r < PAIR_PEAKS_L2_RECORDS; r++) {
        const struct pair_peaks_l2_record *record = &pair_peaks_l2_records[r];
        for (uint32_t row = 0; row < record->i_rows; row++) {
            int peak = 0;
            for (uint32_t c = 0; c < record->i_columns; c++) {
                int product = record->value[row * record->i_columns + c] * record->gain[row];
                if (product > peak) peak = product;
            }
            if (peak != record->expected_peak[row]) return 1;
        }
        if (record->o_peaks_rows != 3 || record->o_peaks_columns != 1) return 2;
    }
    return 0;
}
"""


@pytest.mark.skipif(not shutil.which("gcc"), reason="gcc is not installed")
def test_a_c_program_walks_the_rows(bundle, tmp_path):
    (tmp_path / "main.c").write_text(SUM)
    flags = ["-std=c99", "-pedantic", "-Wall", "-Wextra", "-Werror", "-I", bundle / NAME]
    subprocess.run(["gcc", *flags, tmp_path / "main.c", "-o", tmp_path / "main"], check=True)
    assert subprocess.run([tmp_path / "main"], timeout=60).returncode == 0


def test_a_bundle_of_an_older_version_is_to_be_recorded_again(bundle):
    path, name = bundle / "manifest.json", SCHEMA.partition("/")[0]
    path.write_text(path.read_text().replace(SCHEMA, f"{name}/0"))
    assert refusal(bundle) == (
        f"manifest.json has schema {name}/0, of an older version: record the vectors again with "
        "`vit2rtl vectors`")
