"""The plain bench in Icarus, no Python in the loop: it passes, and it can fail."""

import re
import shutil
import subprocess

import pytest

from vit2rtl.golden import BundleWriter, Instance, directed_records

from .replay_units import DUT, MONITOR, NAME

pytestmark = pytest.mark.skipif(not shutil.which("iverilog"), reason="iverilog is not installed")

RECORD = "directed.every_code"


def compile_bench(bundle, folder, sources, name=NAME, macros=(), tops=()):
    files = []
    for file, text in sources.items():
        (folder / file).write_text(text)
        files.append(folder / file)
    program = folder / "replay.vvp"
    tops = [f"-s{top}" for top in (f"{name}_replay", *tops)]
    command = [
        "iverilog",
        "-g2012",
        "-Wall",
        "-Wno-timescale",
        "-o",
        program,
        *tops,
        *(f"-D{m}" for m in macros),
    ]
    done = subprocess.run(
        [*command, bundle / name / "replay.sv", *files], capture_output=True, text=True, check=True
    )
    assert done.stdout + done.stderr == ""
    return program


def replay(program, *plusargs, cwd=None):
    done = subprocess.run(
        ["vvp", "-n", program, *plusargs], capture_output=True, text=True, cwd=cwd, timeout=100
    )
    return done.returncode, done.stdout


@pytest.fixture(scope="session")
def bench(pristine, tmp_path_factory):
    folder = tmp_path_factory.mktemp("bench")
    return compile_bench(pristine, folder, {"dut.v": DUT, "monitor.v": MONITOR}, tops=("monitor",))


def test_a_good_unit_passes_at_one_beat_a_cycle(bench, pristine):
    status, log = replay(bench, cwd=pristine)
    assert status == 0
    assert log == (
        f"PASS {NAME} beats=24 mismatches=0 records=2\nMONITOR cycles=24 beats=24 mismatches=0\n"
    )


@pytest.mark.parametrize("stall", [1, 30, 70, 99, 100])
def test_a_good_unit_passes_under_stalls(bench, pristine, stall):
    logs = set()
    for seed in (1, 2):
        status, log = replay(bench, f"+bundle={pristine}", f"+stall={stall}", f"+seed={seed}")
        assert status == 0
        assert log.startswith(f"PASS {NAME} beats=24 mismatches=0 records=2\n")
        logs.add(log)
    if stall >= 70:
        assert len(logs) == 2
        assert all(int(re.search(r"cycles=(\d+)", log)[1]) > 48 for log in logs)


@pytest.mark.parametrize(
    ("bug", "lines"),
    [
        (
            "WRONG",
            [
                rf"MISMATCH {NAME} record={RECORD} beat=5 got=000000000123 want=[0-9a-f]{{12}} "
                "got_last=0 want_last=0",
                f"FAIL {NAME} beats=24 mismatches=1 reason: mismatches",
            ],
        ),
        (
            "UNKNOWN",
            [
                rf"MISMATCH {NAME} record={RECORD} beat=5 got=x{{12}} want=[0-9a-f]{{12}} .*",
                f"FAIL {NAME} beats=24 mismatches=1 reason: mismatches",
            ],
        ),
        (
            "DROPPED",
            [
                *[rf"MISMATCH {NAME} record={RECORD} beat=\d+ got=.*"] * 6,
                f"FAIL {NAME} beats=11 mismatches=6 reason: watchdog: beats missing in {RECORD}",
            ],
        ),
        (
            "NO_LAST",
            [
                rf"MISMATCH {NAME} record={RECORD} beat=11 .* got_last=0 want_last=1",
                rf"MISMATCH {NAME} record=again beat=11 .* got_last=0 want_last=1",
                f"FAIL {NAME} beats=24 mismatches=2 reason: mismatches",
            ],
        ),
        (
            "EARLY_LAST",
            [
                rf"MISMATCH {NAME} record={RECORD} beat=5 .* got_last=1 want_last=0",
                f"FAIL {NAME} beats=24 mismatches=1 reason: mismatches",
            ],
        ),
        (
            "REPEATED",
            [
                rf"MISMATCH {NAME} record={RECORD} beat=12 got=.* want=x{{12}} "
                r"got_last=\d want_last=x",
                f"FAIL {NAME} beats=25 mismatches=1 reason: mismatches",
            ],
        ),
        ("DEAD", [f"FAIL {NAME} beats=0 mismatches=0 reason: watchdog: beats missing in {RECORD}"]),
    ],
)
def test_a_bad_unit_fails(pristine, tmp_path, bug, lines):
    program = compile_bench(pristine, tmp_path, {"dut.v": DUT}, macros=[bug])
    status, log = replay(program, cwd=pristine)
    assert status != 0
    reported = [line for line in log.splitlines() if line.startswith(("MISMATCH", "FAIL"))]
    assert len(reported) == len(lines)
    for line, pattern in zip(reported, lines, strict=True):
        assert re.fullmatch(pattern, line), line


def test_a_stalled_beat_must_not_change(pristine, tmp_path):
    program = compile_bench(pristine, tmp_path, {"dut.v": DUT}, macros=["UNSTABLE"])
    assert replay(program, cwd=pristine)[0] == 0
    status, log = replay(program, "+stall=50", cwd=pristine)
    assert status != 0
    assert re.search(
        rf"^UNSTABLE {NAME} record={RECORD} beat=\d+: a stalled beat changed$", log, re.MULTILINE
    )


@pytest.mark.parametrize("file", ["i.mem", "o.mem"])
@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (None, "cannot open {}"),
        (lambda text: text[: len(text) // 2], "wrong length of {}"),
        (lambda text: text * 2, "wrong length of {}"),
        (lambda text: "", "wrong length of {}"),
    ],
    ids=["missing", "short", "long", "empty"],
)
def test_a_broken_bundle_fails(bench, broken, file, change, reason):
    path = broken.folder / NAME / RECORD / file
    if change is None:
        path.unlink()
    else:
        path.write_text(change(path.read_text()))
    status, log = replay(bench, f"+bundle={broken.folder}")
    assert status != 0
    assert f"FAIL {NAME} beats=0 mismatches=0 reason: {reason.format(path)}\n" in log


def test_a_wrong_expected_file_fails(bench, broken):
    path = broken.folder / NAME / "again" / "o.mem"
    lines = path.read_text().splitlines()
    right, lines[3] = lines[3], f"{int(lines[3], 16) ^ 1:012x}"
    path.write_text("\n".join(lines) + "\n")
    status, log = replay(bench, f"+bundle={broken.folder}")
    assert status != 0
    assert (
        f"MISMATCH {NAME} record=again beat=3 got={right} want={lines[3]} got_last=0 want_last=0\n"
        f"FAIL {NAME} beats=24 mismatches=1 reason: mismatches\n"
    ) in log


def test_only_the_first_ten_mismatches_are_shown(bench, broken):
    path = broken.folder / NAME / RECORD / "o.mem"
    path.write_text(re.sub("^.", "f", path.read_text(), flags=re.MULTILINE))
    status, log = replay(bench, f"+bundle={broken.folder}")
    assert status != 0
    assert log.count("MISMATCH") == 10
    assert f"FAIL {NAME} beats=24 mismatches=12 reason: mismatches\n" in log


@pytest.mark.parametrize(
    "instance",
    [
        Instance.of("log2_dequantizer", lanes=3, bits=6),
        Instance.of("log_sqrt2_quantizer", lanes=5, zero_code="extra"),
        Instance.of("requantizer"),
        Instance.of("requantizer", lanes=1, bits=8, acc_width=18, shift_base=18, shift_width=2),
    ],
    ids=lambda instance: instance.name,
)
def test_generated_verilog_passes_its_directed_records(instance, tmp_path):
    verilog = pytest.importorskip("vit2rtl.rtl.verilog", reason="amaranth is not installed")
    with BundleWriter(tmp_path / "bundle", {}) as writer:
        for record in directed_records(instance):
            writer.add(instance, **record)
    sources = verilog.convert(instance)
    program = compile_bench(tmp_path / "bundle", tmp_path, sources, name=instance.name)
    for plusargs in ((), ("+stall=40", "+seed=3")):
        status, log = replay(program, f"+bundle={tmp_path / 'bundle'}", *plusargs)
        assert status == 0, log
        assert log.startswith(f"PASS {instance.name} beats=")
