"""The README of a bundle: its layout, and its first beat worked by hand."""

from vit2rtl.golden import packing
from vit2rtl.golden.units import Instance

_HEAD = """\
# Golden vectors

Schema `{schema}`. Stimulus and expected output of hardware units, bit for bit. Nothing here needs
Python: `.mem` files are for `$readmemh`, `replay.sv` is a plain self-checking bench.

    <unit instance>/replay.sv                  bench of `<unit instance>_axis`
    <unit instance>/<record>/i.mem  o.mem      stimulus, expected output: one beat a line
    <unit instance>/<record>/tensors.npz       the same integers in their natural shapes (numpy)
    manifest.json                              every tensor: role, shape, bits, scale, file, SHA-256
    SHA256SUMS                                 check with `sha256sum -c SHA256SUMS`

## Layout

- One beat a line, hexadecimal, most significant digit first, ceil(bits / 4) digits.
- A beat is its lanes side by side without gaps, lane 0 in the least significant bits.
- A lane is its fields side by side, the first one listed in the least significant bits.
- Signed fields are two's complement.
- Element e of a tensor (row-major) is in lane e mod lanes of beat e div lanes. The last beat is
  filled up by repeating the last element.
- AXI4-Stream TDATA is the beat with zeros on top up to whole bytes; TLAST marks a record's last.
- Configuration inputs are constant during a record; the manifest and `replay.sv` have them.

## Replay

    iverilog -g2012 -o replay.vvp <instance>/replay.sv <the unit's Verilog> && vvp replay.vvp
    verilator --binary --timing -Wno-fatal --top-module <instance>_replay \\
              <instance>/replay.sv <the unit's Verilog>

Run in this folder, or say where it is: `+bundle=DIR`. `+stall=N` adds N percent of idle cycles
and of back pressure (`+seed=S` picks which). The verdict is one line, `PASS` or `FAIL`, and the
exit status.
"""


def readme(root, manifest):
    """Text of README.md; the worked beat is read back from the files just written."""
    entry = manifest["entries"][0]
    record = entry["records"][0]
    instance = Instance.of(entry["unit"], **entry["parameters"])
    stimulus, expected = (record["files"][role] for role in ("stimulus", "expected"))
    return "\n".join(
        [
            _HEAD.format(schema=manifest["schema"]),
            "## Contents\n",
            *_contents(manifest),
            "\n## One beat by hand\n",
            f"Beat 0 of record `{record['record']}` of `{entry['name']}`.",
            *_worked(root, "Stimulus", instance.inputs, instance.lanes, stimulus),
            *_worked(root, "Expected", instance.outputs, instance.lanes, expected),
            *_settings(record["configuration"]),
        ]
    )


def _contents(manifest):
    yield "| instance | records | elements | beats |"
    yield "|---|---|---|---|"
    for entry in manifest["entries"]:
        elements, beats = (sum(r[key] for r in entry["records"]) for key in ("elements", "beats"))
        yield f"| `{entry['name']}` | {len(entry['records'])} | {elements} | {beats} |"


def _worked(root, title, fields, lanes, file):
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
