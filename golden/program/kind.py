"""What a kind of op is: its faces, each stated once, in the kind's own file.

Checking, running, inspecting and writing vectors ask a :class:`Kind` and know none by name.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np

from vit2rtl.golden.arithmetic.matmul import width
from vit2rtl.golden.program.by_hand import Page
from vit2rtl.golden.program.program import Op, Tensor
from vit2rtl.golden.registry import file_of

INTEGER, NUMBER, TEXT, LIST = (int,), (int, float), (str,), (list,)
FLOAT_BITS = 32
# How formulas spell what many kinds do: q stands for codes, z for the output's zero point.
REQUANTIZE = "clip(((acc·multiplier + 2^(shift-1)) >> shift) + z)"
HALF_UP, EXACT, DOUBLE = "half up, once", "none", "binary64"
DOUBLE_TO_CODES = "binary64, codes half to even"

Face = TypeVar("Face")


@dataclass(frozen=True)
class Attribute:
    """A JSON value that an op of the kind has.

    types     what it may be: INTEGER, NUMBER (finite, read as a float), TEXT or LIST
    range     smallest and largest, of an integer
    choices   of a text
    optional  may be left out
    repeats   what it must be, where it says again what the op's input tensors say
    width     of weights: one of the widths that the program's recipe states
    """

    types: tuple[type, ...]
    range: tuple[int, int] | None = None
    choices: tuple[str, ...] = ()
    optional: bool = False
    repeats: Callable[[Sequence[Tensor]], Any] | None = None
    width: bool = False

    def accepts(self, value: Any) -> bool:
        """Whether its type is right."""
        return isinstance(value, self.types) and not isinstance(value, bool)


def integers(*names: str, **options: Any) -> dict[str, Attribute]:
    """Attributes of integers that share their options."""
    return {name: Attribute(INTEGER, **options) for name in names}


def fewest(op: Op, array: np.ndarray) -> int:
    """Bits of an array in all: each element in as many as the widest needs, reals as float32."""
    if array.dtype.kind == "f":
        return array.size * FLOAT_BITS
    return array.size * element_bits(array, signed=int(array.min()) < 0)


def element_bits(array: np.ndarray, *, signed: bool) -> int:
    """Bits that hold every integer of an array."""
    low, high = int(array.min()), int(array.max())
    return width(low, high) if signed else max(high.bit_length(), 1)


@dataclass(frozen=True)
class Constant:
    """A constant tensor of an op of the kind.

    range      smallest and largest element
    optional   may be left out
    signed     in vectors, where its elements take the fewest bits that hold them all
    format     (op) -> bits and sign of an element in vectors, where the kind fixes them
    cost       (op, array) -> bits of all elements in the program, for the inspection
    table      a look-up table, counted apart from parameters
    parameter  the float model has one for each element, see ``float32_bits`` of the inspection
    """

    range: tuple[int, int] | None = None
    optional: bool = False
    signed: bool = True
    format: Callable[[Op], tuple[int, bool]] | None = None
    cost: Callable[[Op, np.ndarray], int] = fewest
    table: bool = False
    parameter: bool = False


@dataclass(frozen=True, kw_only=True)
class Kind:
    """All that is said of one kind of op.

    module      ``__name__`` of the file that says it; its last part is the kind's name
    title       what people call it where the name alone is too little
    inputs      what it takes, in order: ``("codes", "v")``
    repeated    the last input may be there any number of times
    attributes  {name: Attribute}
    constants   {role: Constant}
    floats      computes in float64 and may have constants of reals: variant ``hardware`` only
    layer       has weights: counted in ``float32_over_weights`` of the inspection
    check       (op, *tensors) -> what is wrong with shapes, codes and bounds, or None
    run         (op, *arrays) -> array, all with the images as their first axis
    formula     what it computes; q is an input code, z the output's zero point
    rounding    how it rounds
    macs        (op, tensors) -> multiply-accumulates of one image
    counted_as  the kind whose multiply-accumulates totals add them to, where not its own
    numbers     {name: (op) -> int}, what an implementation needs besides attributes, and follows
                from them
    tables      {role: (op) -> array}, look-up tables besides the constants, unsigned
    by_hand     (page, op) -> lines that work one element for a README, see
                :mod:`vit2rtl.golden.program.by_hand`; no lines where the op has no room on a page
    unnamed     only moves or prepares elements: the simulation may have no name for its output
    cause       why its codes may differ from those of a simulation in float
    rescaled    ... which counts only where the simulation's codes have another scale
    """

    module: str
    inputs: tuple[str, ...]
    title: str = ""
    repeated: bool = False
    attributes: Mapping[str, Attribute] = field(default_factory=dict)
    constants: Mapping[str, Constant] = field(default_factory=dict)
    floats: bool = False
    layer: bool = False
    check: Callable[..., str | None] | None = None
    run: Callable[..., np.ndarray] | None = None
    formula: str | None = None
    rounding: str | None = None
    macs: Callable[[Op, Sequence[Tensor]], int] | None = None
    counted_as: str = ""
    numbers: Mapping[str, Callable[[Op], int]] = field(default_factory=dict)
    tables: Mapping[str, Callable[[Op], np.ndarray]] = field(default_factory=dict)
    by_hand: Callable[[Page, Mapping[str, Any]], Iterable[str]] | None = None
    unnamed: bool = False
    cause: str = "unknown"
    rescaled: bool = False

    @property
    def name(self) -> str:
        return self.module.rpartition(".")[2]

    def problem(self, op: Op, tensors: Sequence[Tensor]) -> str | None:
        """What is wrong with an op of known attributes and constants, or None."""
        return self._face(self.check, "check")(op, *tensors)

    def compute(self, op: Op, arrays: Sequence[np.ndarray]) -> np.ndarray:
        """The output, its first axis the images."""
        return self._face(self.run, "run")(op, *arrays)

    def texts(self) -> tuple[str, str]:
        """Formula and rounding."""
        return self._face(self.formula, "formula"), self._face(self.rounding, "rounding")

    def _face(self, face: Face | None, name: str) -> Face:
        """A face that is asked for must be there."""
        if face is None:
            raise ValueError(f"Kind {self.name} has no {name}: add it in {file_of(self.module)}")
        return face
