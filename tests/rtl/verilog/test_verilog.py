# amaranth: UnusedElaboratable=no
"""The Verilog is the same everywhere, clean for tools, and says what a user has to know."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from vit2rtl import rtl
from vit2rtl.golden.units import UNITS, Instance
from vit2rtl.rtl.verilog.describe import describe
from vit2rtl.rtl.verilog.exporter import convert, write

from .declarations import used_too_early

INSTANCES = {
    instance.name: instance
    for instance in (
        *(Instance.of(name) for name in UNITS),
        Instance.of("requantizer", lanes=1, bits=8, shift_base=20, acc_width=18, shift_width=0),
        # Its lanes come out of the backend in two orders.
        Instance.of("log_sqrt2_quantizer", lanes=2),
        Instance.of("log_sqrt2_quantizer", lanes=3, bits=8, width=12, zero_code="extra"),
        Instance.of("log2_dequantizer", lanes=64, bits=2, width=2, zero_code="none"),
    )
}

WRITER = """
import sys
from vit2rtl.golden.units import UNITS, Instance
from vit2rtl.rtl.verilog import write
write([Instance.of(name) for name in UNITS], sys.argv[1])
"""


@pytest.fixture(scope="module")
def texts():
    return {name: convert(instance) for name, instance in INSTANCES.items()}


@pytest.mark.parametrize("name", INSTANCES)
def test_files_and_modules(texts, name):
    assert list(texts[name]) == [f"{name}.v", f"{name}_axis.v"]
    bare, top = texts[name].values()
    modules = [re.findall(r"^module (\S+?)\(", text, re.MULTILINE) for text in (bare, top)]
    assert (modules[0][0], modules[1]) == (name, [f"{name}_axis"])
    assert re.findall(rf"^  {name} unit \($", top, re.MULTILINE)
    if INSTANCES[name].lane_wise:
        assert modules[0] == [name, f"{name}_control", f"{name}_lane"]
        assert len(re.findall(rf"^  {name}_lane lane_\d+ \($", bare, re.MULTILINE)) == (
            INSTANCES[name].lanes
        )


@pytest.mark.parametrize("name", INSTANCES)
def test_text_holds_no_paths_no_src_and_plain_ascii(texts, name):
    for text in texts[name].values():
        assert text.isascii()
        assert "src =" not in text and "$auto" not in text and "(* src" not in text
        assert not re.search(r"/(home|usr|tmp|work|root)/|\.py\b", text)
        assert text.endswith("endmodule\n")


@pytest.mark.parametrize("name", INSTANCES)
def test_ports_of_the_axi_top(texts, name):
    instance, text = INSTANCES[name], texts[name][f"{name}_axis.v"]
    declared = re.findall(r"^  (input|output) (?:\[(\d+):0\] )?(\w+);$", text, re.MULTILINE)
    ports = {port: (direction, int(high or 0) + 1) for direction, high, port in declared}
    expected = {p["name"]: (p["direction"], p["width"]) for p in describe(instance)["ports"]}
    assert ports == expected


@pytest.mark.parametrize("name", INSTANCES)
def test_icarus_has_nothing_to_say(texts, name, tmp_path):
    for file, text in texts[name].items():
        (tmp_path / file).write_text(text)
    result = subprocess.run(
        ["iverilog", "-g2012", "-Wall", "-s", f"{name}_axis", "-o", "top", *texts[name]],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")


NARROW = [
    # A memory's port is read into a register of the block for everything else.
    Instance.of("layernorm_quantizer", lanes=2, width=4, channels=2),
    Instance.of("softmax_quantizer", lanes=1, width=4, rom_bits=2, exp_bits=11, tokens=2),
    Instance.of("matmul_array", lanes=3, rows=5, depth=5, lane="packed"),
]


@pytest.mark.parametrize("instance", [*INSTANCES.values(), *NARROW], ids=lambda one: one.name)
def test_names_are_declared_before_they_are_used(instance):
    for text in convert(instance).values():
        assert [*used_too_early(text)] == []


def test_a_name_that_is_used_too_early_is_found():
    text = convert(NARROW[0])[f"{NARROW[0].name}.v"]
    line = re.search(r"^  reg .*;\n", text, re.MULTILINE)[0]
    early = text.replace(line, "", 1).replace("endmodule", f"{line}endmodule", 1)
    assert [*used_too_early(early)]


def test_header_states_the_contract(texts):
    header = texts["requantizer_l4"]["requantizer_l4_axis.v"].partition("module ")[0]
    for line in (
        "// Parameters: lanes=4, bits=4, acc_width=27, multiplier_width=16, shift_base=0, "
        "shift_width=3, zero_point_width=0\n",
        "// Latency 6 cycles, one beat a cycle, any back pressure.\n",
        "//   input  zero_point     [4:0]     configuration: zero point of the codes, "
        "two's complement\n",
        "//   [46*n + 27 +: 16]      multiplier, unsigned\n",
    ):
        assert line in header


def test_two_processes_write_the_same_bytes(tmp_path):
    written = []
    for seed in ("1", "2"):
        folder = tmp_path / f"run{seed}"
        folder.mkdir()
        subprocess.run(
            [sys.executable, "-c", WRITER, "out"],
            cwd=folder,
            env={**os.environ, "PYTHONHASHSEED": seed},
            check=True,
        )
        written.append({p.name: p.read_bytes() for p in (folder / "out").iterdir()})
    assert written[0] == written[1]
    assert len(written[0]) == 5 * len(UNITS)


def test_write_lists_files_and_describes_ports(tmp_path):
    instance = Instance.of("requantizer", lanes=2, bits=8)
    paths = write([instance], tmp_path / "new" / "folder")
    name = instance.name
    assert [path.name for path in paths] == [
        f"{name}.f",
        f"{name}.json",
        f"{name}.md",
        f"{name}.v",
        f"{name}_axis.v",
    ]
    texts = {path.name: path.read_text() for path in paths}
    assert texts[f"{name}.f"] == f"{name}.v\n{name}_axis.v\n"
    table = json.loads(texts[f"{name}.json"])
    assert table == describe(instance)
    assert table["latency_cycles"] == rtl.latency(instance) == 6
    assert table["lanes"]["s_axis_tdata"] == {
        "lanes": 2,
        "lane_bits": 46,
        "padding_bits": 4,
        "fields": [
            {"name": "acc", "lsb": 0, "width": 27, "signed": True},
            {"name": "multiplier", "lsb": 27, "width": 16, "signed": False},
            {"name": "shift", "lsb": 43, "width": 3, "signed": False},
        ],
    }
    assert "| `zero_point`    | input     | 9, signed | " in texts[f"{name}.md"]
    assert "| `shift`      | 45:43                | unsigned         |" in texts[f"{name}.md"]


def test_write_leaves_other_files_alone(tmp_path):
    (tmp_path / "mine.v").write_text("module mine; endmodule\n")
    write([Instance.of("log2_dequantizer", lanes=1)], tmp_path)
    assert (tmp_path / "mine.v").read_text() == "module mine; endmodule\n"
    assert len(list(tmp_path.iterdir())) == 6


def test_a_failed_write_leaves_nothing_behind(tmp_path, monkeypatch):
    calls = []

    write_bytes = Path.write_bytes

    def full(self, data):
        calls.append(self)
        if len(calls) == 3:
            raise OSError(28, "No space left on device", str(self))
        write_bytes(self, data)

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OSError, match="No space left on device"):
        write([Instance.of("log2_dequantizer", lanes=1)], tmp_path)
    assert len(calls) == 3
    assert list(tmp_path.iterdir()) == []


def test_write_rejects_a_file_for_a_folder(tmp_path):
    (tmp_path / "out").write_text("")
    with pytest.raises(NotADirectoryError) as caught:
        write([Instance.of("requantizer")], tmp_path / "out")
    assert str(caught.value) == f"Output must be a folder, and {tmp_path / 'out'} is a file"


def test_a_constant_shift_leaves_no_wire_without_bits():
    instance = Instance.of("requantizer", shift_base=20, shift_width=0)
    assert not [text for text in convert(instance).values() if "[-1:0]" in text]
