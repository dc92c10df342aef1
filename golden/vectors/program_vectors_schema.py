"""What vectors of a program consist of: a layout for each array, and what follows from an op."""

from collections.abc import Iterable
from difflib import get_close_matches
from fnmatch import fnmatchcase
from pathlib import Path

import numpy as np

from vit2rtl.golden.arithmetic.matmul import width
from vit2rtl.golden.files import documents
from vit2rtl.golden.program.kind import element_bits
from vit2rtl.golden.program.kinds import KINDS
from vit2rtl.golden.program.program import IntegerProgram, Op, Tensor
from vit2rtl.golden.vectors.bundle_schema import MANIFEST
from vit2rtl.golden.vectors.mem_matrix import Layout

SCHEMA_NAME = "vit2rtl.program_vectors"
SCHEMA = f"{SCHEMA_NAME}/1"
TENSORS, CONSTANTS = "tensors", "constants"


def is_bundle(folder: Path) -> bool:
    """Whether a folder says that it holds a program's vectors, of whatever version."""
    schema = documents.schema_of(folder / MANIFEST) or ""
    return schema.partition("/")[0] == SCHEMA_NAME


def select(program: IntegerProgram, patterns: Iterable[str]) -> list[Op]:
    """The ops whose names match a pattern (``*``, ``?``, ``[...]``), in the program's order.

    raises   ValueError for a pattern that matches none, with names near it
    """
    names = [op.name for op in program.ops]
    chosen = set()
    for pattern in patterns:
        matches = [name for name in names if fnmatchcase(name, pattern)]
        if not matches:
            raise ValueError(f"No op matches {pattern!r}: {_near(pattern, names)}")
        chosen.update(matches)
    return [op for op in program.ops if op.name in chosen]


def _near(pattern: str, names: list[str]) -> str:
    bare = pattern.strip("*.")
    near = [name for name in names if bare and bare in name][:3]
    near = near or get_close_matches(bare, names, 3)
    if not near:
        return f"there are {len(names)} ops, from {names[0]} to {names[-1]}"
    return f"near it are {', '.join(near)}"


def tensor_layout(tensor: Tensor, images: int, lanes: int) -> Layout:
    """How a tensor of so many images is written."""
    shape, bits = (images, *tensor.shape), tensor.bits
    if tensor.encoding == "float64":
        return Layout.of(shape, lanes, bits=64, signed=True, number="binary64")
    if tensor.encoding == "accumulator":
        bits = width(-tensor.bound, tensor.bound)
    return Layout.of(shape, lanes, bits=bits, signed=tensor.signed)


def constant_layout(op: Op, role: str, array: np.ndarray, lanes: int) -> Layout:
    """How a constant is written: in the bits that its kind fixes, else in the fewest that do."""
    if array.dtype.kind == "f":
        return Layout.of(array.shape, lanes, bits=64, signed=True, number="binary64")
    constant = KINDS[op.kind].constants.get(role)
    if constant and constant.format:
        bits, signed = constant.format(op)
    else:
        signed = constant is not None and constant.signed
        bits = element_bits(array, signed=signed)
    return Layout.of(array.shape, lanes, bits=bits, signed=signed)


def derived_numbers(op: Op) -> dict[str, int]:
    """What an implementation needs besides the op's attributes, and follows from them."""
    numbers = {}
    if "accumulator_bound" in op.attributes:
        bound = op.attributes["accumulator_bound"]
        numbers["accumulator_bits"] = width(-bound, bound)
    return numbers | {name: number(op) for name, number in KINDS[op.kind].numbers.items()}


def derived_tables(op: Op) -> dict[str, np.ndarray]:
    """{role: array} of the look-up tables that a kind has besides the op's constants; unsigned."""
    return {role: table(op) for role, table in KINDS[op.kind].tables.items()}
