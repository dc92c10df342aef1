"""What the logits need: tokens of every tensor, from the last op back to the first."""

from collections import defaultdict

from vit2rtl.golden.program.program import IntegerProgram, Op

NOTHING = range(0)


def needed_rows(program: IntegerProgram) -> dict[str, range]:
    """{tensor: rows that something needs, from the first to the last of them}.

    After attention in the last block a class token needs no other one.
    """
    shapes = {name: tensor.shape for name, tensor in program.tensors().items()}
    needs: dict[str, range] = defaultdict(lambda: NOTHING)
    needs[program.logits.name] = range(1)
    for op in reversed(program.ops):
        rows = needs[op.output.name]
        if len(rows):
            for place, name in enumerate(op.inputs):
                needs[name] = _joined(needs[name], _taken(op, place, rows, shapes[name]))
    return dict(needs)


def _taken(op: Op, place: int, rows: range, shape: tuple[int, ...]) -> range:
    """Rows of an input that some rows of the output take."""
    match op.kind:
        case "linear" | "layernorm" | "table" | "add":
            return rows
        case "embed":
            prefix = op.output.shape[0] - shape[0]
            return range(max(rows.start - prefix, 0), max(rows.stop - prefix, 0))
        case "select":
            tokens = [op.attributes["tokens"][row] for row in rows]
            return range(min(tokens), max(tokens) + 1)
        # Rows of logits and of their codes are queries; they take all keys, and all of v.
        case "query_key" | "attention_value":
            return rows if place == 0 else range(shape[0])
        case "softmax":
            return rows
        case "average" | "patches":
            return range(shape[0])
    raise ValueError(f"op {op.name!r}: the engine has no {op.kind}")


def _joined(a: range, b: range) -> range:
    """The shortest range that has both."""
    if not len(a) or not len(b):
        return a if len(a) else b
    return range(min(a.start, b.start), max(a.stop, b.stop))
