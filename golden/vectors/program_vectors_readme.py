"""The README of a program's vectors: their layout, where an element is, and one worked by hand."""

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from vit2rtl.golden.program.kinds import KINDS
from vit2rtl.golden.vectors.bundle_files import located
from vit2rtl.golden.vectors.mem_matrix import Layout

_HEAD = """\
# Golden vectors of a network, op by op

Schema `{schema}`. {model}, variant {variant}: {ops} ops on {images}. Nothing here needs Python:
`.mem` files are for `$readmemh`.

    tensors/<tensor>.mem        what passes between ops, all images one after the other
    constants/<op>/<role>.mem   weights, biases, multipliers, shifts, tables
    tensors.npz constants.npz   the same arrays in their natural shapes (numpy), named
                                `<tensor>`, [images, ...], and `<op>/<role>`
    manifest.json               every op: formula, rounding, inputs, output, attributes, constants;
                                every array: shape, bits, sign, scale, zero point, layout, SHA-256
    SHA256SUMS                  check with `sha256sum -c SHA256SUMS`

An op takes the tensors that its `inputs` name and must give the one that `output` names; it can be
checked alone, whatever came before it.

## Layout

- One beat a line, hexadecimal, most significant digit first, ceil(bits / 4) digits.
- A beat is {lanes}, without gaps, lane 0 in the least significant bits.
- The last axis of an array has the columns; all others, images first, count the rows, the last of
  them fastest. **A row begins a beat.** Row r, column c is lane c mod lanes of line
  r · `row_beats` + c div lanes, both from 0. The last beat of a row repeats its last element.
- Integers are two's complement where `signed`, else unsigned. `bits` of an accumulator follow from
  its bound.
- `number` binary64 is an IEEE 754 double as its 64 bits, the sign bit on top: `$bitstoreal`.
- An element q stands for `scale · (q - zero_point)`, for `scale · 2^(-q/2)` (`log_sqrt2`, the top
  code zero), for `scale · q` (`accumulator`), or for itself (`float64`). Twin codes have two
  scales: of `twin_activation` q stands for `scale · q`, below 0 for `low_scale · q`; of
  `twin_softmax` for `low_scale · q`, from 2^(bits-1) up for `scale · (q - 2^(bits-1))`. An element
  of `power_of_two` stands for `scale · 2^f · (q - zero_point)`, f the factor of its channel, a
  constant of the ops around it; of `log2_softmax` for `2^-q`, from 2^(bits-1) up for zero.

## Ops

In the formulas q is an input code, z the output's `zero_point`, clip saturates to the output's
bits, >> is arithmetic. `acc` stays within `accumulator_bound`, a signed number of
`accumulator_bits`. Where an op has `heads`, columns h·D to (h+1)·D - 1 of q, k, v and of what
attention × V gives are those of head h, D = columns / heads; logits and codes of softmax are
[..., heads, queries, keys], a bias [heads, queries, keys], a mask [windows, queries, keys].
"""


def readme(root: Path, manifest: Mapping[str, Any]) -> str:
    """Text of README.md; what is worked is read back from the files just written."""
    images, lanes = manifest["images"], manifest["lanes"]
    head = _HEAD.format(
        schema=manifest["schema"], model=manifest["model"], variant=manifest["variant"],
        ops=len(manifest["ops"]), images="1 image" if images == 1 else f"{images} images",
        lanes="one lane" if lanes == 1 else f"{lanes} lanes side by side",
    )
    files = _Files(root, manifest)
    return "\n".join([head, *_kinds(manifest["ops"]), *_place(files), *_by_hand(files), ""])


def _kinds(ops):
    yield "| kind | ops | computes | rounds |"
    yield "|---|---|---|---|"
    count = Counter(op["kind"] for op in ops)
    for kind, op in {op["kind"]: op for op in ops}.items():
        yield (f"| `{kind}` | {count[kind]} | {op['formula']} "
               f"| {op['rounding']} |")


class _Files:
    """Elements of the arrays, from the files alone."""

    def __init__(self, root, manifest):
        self.root, self.ops = root, manifest["ops"]
        self.tensors = {tensor["name"]: tensor for tensor in manifest["tensors"]}

    def constants(self, op):
        return {constant["role"]: constant for constant in op["constants"]}

    def line(self, array, number):
        """The digits of a line."""
        size = array["layout"]["digits"] + 1
        with open(self.root / array["file"], "rb") as lines:
            lines.seek(number * size)
            return lines.read(size).decode()[:-1]

    def row(self, array, number):
        """A row as a list of Python numbers, from line ``number * row_beats`` on."""
        stated = array["layout"]
        layout = Layout(*(stated[key] for key in Layout.__dataclass_fields__))
        with open(self.root / array["file"], "rb") as text:
            text.seek(number * layout.row_bytes)
            return located(array["file"], layout.matrix, text.read(layout.row_bytes))[0].tolist()


def _place(files):
    """Where the last element of the first op's output is, digit by digit."""
    op = files.ops[0]
    tensor = files.tensors[op["output"]]
    layout = tensor["layout"]
    row, column = layout["rows"] - 1, layout["columns"] - 1
    number, lane = row * layout["row_beats"] + column // layout["lanes"], column % layout["lanes"]
    line = files.line(tensor, number)
    value = files.row(tensor, row)[column]
    pattern = int(line, 16) >> lane * layout["bits"] & (1 << layout["bits"]) - 1
    digits = -(-layout["bits"] // 4)
    yield "\n## An element in its file\n"
    yield (f"The last element that op `{op['name']}` gives, row {row}, column {column} of "
           f"`{tensor['file']}`: {layout['row_beats']} lines a row, so line "
           f"{row} · {layout['row_beats']} + {column} div {layout['lanes']} = {number}, counted "
           f"from 0, lane {column} mod {layout['lanes']} = {lane}.")
    yield f"\n    {line}\n"
    yield (f"Bits {lane * layout['bits']} to {(lane + 1) * layout['bits'] - 1} are "
           f"0x{pattern:0{digits}x}: {_what(layout)} {value}.")


def _what(layout):
    if layout["number"] == "binary64":
        return "the double"
    return f"{'signed' if layout['signed'] else 'unsigned'}, {layout['bits']} bits,"


def _by_hand(files: "_Files") -> Iterator[str]:
    """One output of the first op that a page has room for, of the kinds in their order."""
    for name, kind in KINDS.items():
        for op in files.ops:
            if op["kind"] == name and kind.by_hand:
                lines = list(kind.by_hand(files, op))
                if lines:
                    yield "\n## An element by hand\n"
                    yield from lines
                    return
