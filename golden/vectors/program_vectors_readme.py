"""The README of a program's vectors: their layout, where an element is, and one worked by hand."""

from collections import Counter

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
  code zero), for `scale · q` (`accumulator`), or for itself (`float64`).

## Ops

In the formulas q is an input code, z the output's `zero_point`, clip saturates to the output's
bits, >> is arithmetic. `acc` stays within `accumulator_bound`, a signed number of
`accumulator_bits`. Where an op has `heads`, columns h·D to (h+1)·D - 1 of q, k, v and of what
attention × V gives are those of head h, D = columns / heads; logits and codes of softmax are
[..., heads, queries, keys], a bias [heads, queries, keys], a mask [windows, queries, keys].
"""


def readme(root, manifest):
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


def _by_hand(files):
    """One output of the first op that a page has room for."""
    op = next((op for kind in _WORKED for op in files.ops
               if op["kind"] == kind and "mask" not in files.constants(op)), None)
    if op is not None:
        yield "\n## An element by hand\n"
        yield from _WORKED[op["kind"]](files, op)


def _linear(files, op):
    source, target = (files.tensors[name] for name in (op["inputs"][0], op["output"]))
    row, channel = target["layout"]["rows"] - 1, target["layout"]["columns"] - 1
    constants = files.constants(op)
    x = files.row(source, row)
    weight = files.row(constants["weight"], channel)
    zero, bias, multiplier, shift = (
        files.row(constants[role], 0)[channel]
        for role in ("weight_zero_point", "bias", "multiplier", "shift")
    )
    pairs = list(zip(x, weight, strict=True))
    products = sum(q * (w - zero) for q, w in pairs)
    acc = products + bias
    yield (f"Op `{op['name']}`, row {row}, channel {channel}: row {row} of `{source['file']}`, "
           f"row {channel} of `{constants['weight']['file']}`, element {channel} of the other "
           "constants.\n")
    first = " + ".join(f"{q}·({w} - {_term(zero)})" for q, w in pairs[:4])
    yield f"    acc = {first} + ... ({len(pairs)} products) = {products}"
    yield f"    {products} + {_term(bias)}, the bias, = {acc}"
    yield from _requantized(files, target, row, channel, acc, multiplier, shift)


def _query_key(files, op):
    q, k, target = (files.tensors[name] for name in (*op["inputs"], op["output"]))
    a, constants = op["attributes"], files.constants(op)
    row, channels = q["shape"][-2] - 1, q["shape"][-1] // a["heads"]
    left, right = (files.row(tensor, row)[:channels] for tensor in (q, k))
    acc = sum((x - a["q_zero_point"]) * (y - a["k_zero_point"])
              for x, y in zip(left, right, strict=True))
    yield (f"Op `{op['name']}`, first head, the last token with itself: the first {channels} "
           f"columns of row {row} of `{q['file']}` and of `{k['file']}`.\n")
    yield (f"    acc = ({left[0]} - {_term(a['q_zero_point'])})·({right[0]} - "
           f"{_term(a['k_zero_point'])}) + ... ({channels} products) = {acc}")
    if "bias" in constants:
        bias = files.row(constants["bias"], row)[row]
        yield f"    {acc} + {_term(bias)}, row {row} of the bias, = {acc + bias}"
        acc += bias
    if "multiplier" in a:
        # The smallest number is a masked logit's alone.
        yield from _requantized(files, target, row, row, acc, a["multiplier"], a["shift"],
                                above=1)
    else:
        yield from _expected(files, target, row, row, acc)


def _table(files, op):
    source, target = (files.tensors[name] for name in (op["inputs"][0], op["output"]))
    table = files.constants(op)["table"]
    row, column = source["layout"]["rows"] - 1, source["layout"]["columns"] - 1
    code = files.row(source, row)[column]
    yield (f"Op `{op['name']}`, row {row}, column {column}: `{source['file']}` has {code}, and "
           f"element {code} of `{table['file']}` is\n")
    yield from _expected(files, target, row, column, files.row(table, 0)[code])


def _add(files, op):
    stream, branch, target = (files.tensors[name] for name in (*op["inputs"], op["output"]))
    row, column = target["layout"]["rows"] - 1, target["layout"]["columns"] - 1
    a, b = (files.row(tensor, row)[column] for tensor in (stream, branch))
    yield (f"Op `{op['name']}`, row {row}, column {column} of `{stream['file']}` and "
           f"`{branch['file']}`: {a} + {_term(b)}, saturated to {target['bits']} bits, is\n")
    low, high = _limits(target)
    yield from _expected(files, target, row, column, min(max(a + b, low), high))


def _requantized(files, target, row, column, acc, multiplier, shift, *, above=0):
    """The lines of R1 on one accumulator."""
    low, high = _limits(target, above)
    scaled = acc * multiplier + (1 << (shift - 1)) >> shift
    zero_point = target["zero_point"]
    code = min(max(scaled + zero_point, low), high)
    yield f"    ({_term(acc)}·{multiplier} + 2^{shift - 1}) >> {shift} = {scaled}"
    yield f"    {scaled} + {_term(zero_point)}, at least {low} and at most {high}, is {code}"
    yield from _expected(files, target, row, column, code)


def _limits(tensor, above=0):
    half = 1 << (tensor["bits"] - 1)
    return (above - half, half - 1) if tensor["signed"] else (above, 2 * half - 1)


def _expected(files, target, row, column, value):
    found = files.row(target, row)[column]
    if found != value:
        raise ValueError(f"{target['file']}, row {row}, column {column} is {found}, not {value}")
    yield f"    {value}, as row {row}, column {column} of {target['file']} has it"


def _term(value):
    return f"({value})" if value < 0 else f"{value}"


_WORKED = {"linear": _linear, "query_key": _query_key, "table": _table, "add": _add}
