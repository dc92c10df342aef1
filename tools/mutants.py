"""Mutants of Python files: one operator, number, condition or statement changed at a time.

A mutant replaces bytes of the source, so that it can be shown as a line before and after. Strings,
annotations, decorators and the text of errors stay as they are.
"""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

Change = tuple[int, int, str]  # bytes from, to, and what comes there

OPERATORS: dict[type[ast.AST], tuple[str, tuple[str, ...]]] = {
    ast.Add: ("+", ("-",)),
    ast.Sub: ("-", ("+",)),
    ast.Mult: ("*", ("+",)),
    ast.Div: ("/", ("*",)),
    ast.FloorDiv: ("//", ("*",)),
    ast.Mod: ("%", ("*",)),
    ast.Pow: ("**", ("*",)),
    ast.MatMult: ("@", ("*",)),
    ast.LShift: ("<<", (">>",)),
    ast.RShift: (">>", ("<<",)),
    ast.BitAnd: ("&", ("|",)),
    ast.BitOr: ("|", ("&",)),
    ast.BitXor: ("^", ("&",)),
    ast.Lt: ("<", ("<=", ">=")),
    ast.LtE: ("<=", ("<", ">")),
    ast.Gt: (">", (">=", "<=")),
    ast.GtE: (">=", (">", "<")),
    ast.Eq: ("==", ("!=",)),
    ast.NotEq: ("!=", ("==",)),
    ast.Is: ("is", ("is not",)),
    ast.IsNot: ("is not", ("is",)),
    ast.In: ("in", ("not in",)),
    ast.NotIn: ("not in", ("in",)),
    ast.And: ("and", ("or",)),
    ast.Or: ("or", ("and",)),
}
NAMES = {
    "min": "max", "max": "min", "any": "all", "all": "any", "minimum": "maximum",
    "maximum": "minimum", "amin": "amax", "amax": "amin", "floor": "ceil", "ceil": "floor",
    "round": "floor", "rint": "floor",
}
_LEFT_ALONE = ("annotation", "returns", "decorator_list", "type_params", "type_comment")


@dataclass(frozen=True)
class Mutant:
    """One change of a file: its path in the project, the line, and that line before and after."""

    file: str
    line: int
    before: str
    after: str
    change: Change

    def __str__(self) -> str:
        return f"{self.file}: {self.before} -> {self.after}"

    def text(self, source: bytes) -> bytes:
        start, end, new = self.change
        return source[:start] + new.encode() + source[end:]


def mutants_of(path: Path, name: str) -> list[Mutant]:
    """All mutants of a file, by where they are; ``name`` is its path in the project."""
    source = path.read_bytes()
    places = _Places(source)
    found = []
    for start, end, new in sorted(set(_changes(ast.parse(source), places))):
        line = source.count(b"\n", 0, start)
        first = source.rfind(b"\n", 0, start) + 1
        last = source.find(b"\n", end)
        before = source[first:last].decode()
        after = (source[first:start] + new.encode() + source[end:last]).decode()
        found.append(Mutant(name, line + 1, _flat(before), _flat(after), (start, end, new)))
    return found


def _flat(text: str) -> str:
    return " ".join(text.split())


class _Places:
    """Bytes of a source by the line and column that nodes have."""

    def __init__(self, source: bytes) -> None:
        self.source = source
        self.starts = [0, *(match.end() for match in re.finditer(b"\n", source))]

    def of(self, node: ast.AST) -> tuple[int, int]:
        start = self.starts[node.lineno - 1] + node.col_offset
        return start, self.starts[node.end_lineno - 1] + node.end_col_offset

    def operator(self, left: ast.AST, symbol: str, right: ast.AST) -> tuple[int, int]:
        """Where an operator is between two operands."""
        start, end = self.of(left)[1], self.of(right)[0]
        words = rb"\s+".join(map(re.escape, symbol.encode().split()))
        match = re.search(words, self.source[start:end])
        assert match is not None, (symbol, self.source[start:end])
        return start + match.start(), start + match.end()


def _changes(node: ast.AST, places: _Places) -> Iterator[Change]:
    if isinstance(node, ast.JoinedStr) or _is_type_checking(node):
        return
    yield from _of_statement(node, places)
    yield from _of_expression(node, places)
    if isinstance(node, ast.Raise | ast.MatchValue):
        return
    for field, value in ast.iter_fields(node):
        if field in _LEFT_ALONE:
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.UnaryOp) and _is_reshape(node):
                yield from _of_expression(child, places)
            elif isinstance(child, ast.AST):
                yield from _changes(child, places)


def _is_type_checking(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"


def _is_reshape(node: ast.AST) -> bool:
    """numpy's, to which any negative number is the size that follows from the others."""
    return isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "reshape"


def _of_statement(node: ast.AST, places: _Places) -> Iterator[Change]:
    if isinstance(node, ast.Raise | ast.Continue | ast.Break):
        yield *places.of(node), "pass"
    elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        yield *places.of(node), "pass"
    elif isinstance(node, ast.Return) and node.value and ast.unparse(node.value) != "None":
        yield *places.of(node), "return None"
    elif isinstance(node, ast.AugAssign):
        symbol, others = OPERATORS[type(node.op)]
        start, end = places.operator(node.target, f"{symbol}=", node.value)
        yield from ((start, end, f"{other}=") for other in others)
    tests = [node.test] if isinstance(node, ast.If | ast.While | ast.IfExp) else []
    if isinstance(node, ast.comprehension):
        tests = node.ifs
    for test in tests:
        start, end = places.of(test)
        yield start, end, f"(not ({places.source[start:end].decode()}))"


def _of_expression(node: ast.AST, places: _Places) -> Iterator[Change]:
    if isinstance(node, ast.BinOp):
        yield from _operators(places, [node.left, node.right], [node.op])
    elif isinstance(node, ast.BoolOp):
        yield from _operators(places, node.values, [node.op] * (len(node.values) - 1))
    elif isinstance(node, ast.Compare):
        yield from _operators(places, [node.left, *node.comparators], node.ops)
    elif isinstance(node, ast.UnaryOp):
        start = places.of(node)[0]
        yield start, start + (3 if isinstance(node.op, ast.Not) else 1), ""
    elif isinstance(node, ast.Constant) and isinstance(node.value, bool):
        yield *places.of(node), str(not node.value)
    elif isinstance(node, ast.Constant) and isinstance(node.value, int | float):
        start, end = places.of(node)
        yield start, end, f"({places.source[start:end].decode()} + 1)"
    elif isinstance(node, ast.MatchValue) and isinstance(node.value, ast.Constant):
        if isinstance(node.value.value, int | float):
            yield *places.of(node), str(node.value.value + 1)  # a pattern takes no sum
    elif isinstance(node, ast.Call):
        yield from _called(node.func, places)


def _operators(
    places: _Places, operands: list[ast.expr], operators: list[ast.AST]
) -> Iterator[Change]:
    for n, operator in enumerate(operators):
        symbol, others = OPERATORS[type(operator)]
        start, end = places.operator(operands[n], symbol, operands[n + 1])
        yield from ((start, end, other) for other in others)


def _called(function: ast.expr, places: _Places) -> Iterator[Change]:
    name = getattr(function, "attr", getattr(function, "id", ""))
    if name in NAMES:
        end = places.of(function)[1]
        yield end - len(name), end, NAMES[name]
