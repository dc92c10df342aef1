"""The integer program: a quantized network as an ordered list of ops on integer tensors.

A folder of ``program.json`` (the graph) and ``program.safetensors`` (the constants), readable with
numpy and safetensors; see docs/integer-program.md. Reading is in
:mod:`vit2rtl.golden.program.reader`, running in :mod:`vit2rtl.golden.program.execute`.
"""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from vit2rtl.golden.arithmetic.integers import smallest
from vit2rtl.golden.arithmetic.matmul import code_reach
from vit2rtl.golden.files import atomic, documents

SCHEMA = "vit2rtl.program/2"
GRAPH = "program.json"
TENSORS = "program.safetensors"
VARIANTS = ("hardware", "integer")
# What the last op gives.
LOGITS, FEATURES = OUTPUTS = ("logits", "features")
# Of a tensor's codes.
MOST_BITS = 16
ENCODINGS = ("uniform", "log_sqrt2", "twin_softmax", "twin_activation", "power_of_two",
             "log2_softmax", "accumulator", "float64")


@dataclass(frozen=True)
class Tensor:
    """What passes between ops, of one image.

    encoding     what an element stands for:
        ``uniform``      ``scale * (code - zero_point)``, code of ``bits`` bits, signed or not
        ``log_sqrt2``    ``scale * 2**(-code/2)``, the top code zero
        ``twin_softmax`` ``scale * (code - half)`` from ``half = 2**(bits-1)`` up, below
                         ``low_scale * code``
        ``twin_activation``  ``scale * code`` from 0 up, below ``low_scale * code``
        ``power_of_two`` ``scale * 2**factor * (code - zero_point)``, a factor of 0 to 3 a channel,
                         a constant of the ops around it
        ``log2_softmax`` ``scale * 2**-code``, from ``2**(bits-1)`` up zero
        ``accumulator``  ``scale * element``, magnitude at most ``bound``
        ``float64``      itself (variant ``hardware`` only)
    """

    name: str
    shape: tuple[int, ...]
    bits: int
    signed: bool = False
    encoding: str = "uniform"
    scale: float = 1.0
    zero_point: int = 0
    bound: int = 0
    low_scale: float = 0.0

    def limits(self) -> tuple[int, int]:
        """Smallest and largest element."""
        if self.encoding == "accumulator":
            return -self.bound, self.bound
        half = 1 << (self.bits - 1)
        return (-half, half - 1) if self.signed else (0, 2 * half - 1)

    @property
    def reach(self) -> int:
        """Largest magnitude of an element less the zero point."""
        return code_reach(self.zero_point, *self.limits())

    @property
    def dtype(self) -> type[np.number]:
        """The machine type that it travels in."""
        return np.float64 if self.encoding == "float64" else smallest(*self.limits())

    def real(self, elements: np.ndarray) -> np.ndarray:
        """float64: what elements stand for, if they are uniform codes, accumulators or reals."""
        if self.encoding == "float64":
            return np.asarray(elements, np.float64)
        return (np.asarray(elements, np.float64) - self.zero_point) * self.scale


@dataclass
class Op:
    """One step.

    kind        a name in :data:`vit2rtl.golden.program.kinds.KINDS`
    inputs      names of tensors, in the order the kind takes them
    output      Tensor
    attributes  JSON values
    tensors     {role: constant array}
    cache       what the executor made of the constants
    """

    name: str
    kind: str
    inputs: tuple[str, ...]
    output: Tensor
    attributes: dict[str, Any] = field(default_factory=dict)
    tensors: dict[str, np.ndarray] = field(default_factory=dict)
    cache: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)


@dataclass
class IntegerProgram:
    """Ops in the order they run.

    image          Tensor of the codes of one image, uint8[channels, height, width]
    pixel_codes    uint8[channels, 256]: the code of every pixel value
    ops            the last one's output is the logits, or the features of a model without classes
    preprocessing  how pixels come from an image file, see :mod:`vit2rtl.golden.program.images`
    model, recipe  for the record
    output         ``logits`` or ``features``
    """

    variant: str
    image: Tensor
    pixel_codes: np.ndarray
    ops: list[Op]
    preprocessing: dict[str, Any]
    model: str
    recipe: dict[str, Any]
    output: str = LOGITS

    @property
    def logits(self) -> Tensor:
        return self.ops[-1].output

    def tensors(self) -> dict[str, Tensor]:
        """All that passes between ops by name, the image first."""
        return {self.image.name: self.image} | {op.output.name: op.output for op in self.ops}

    def files(self) -> dict[str, bytes]:
        """What :meth:`save` writes, by file name."""
        from safetensors.numpy import save

        arrays = {"pixel_codes": self.pixel_codes}
        for op in self.ops:
            arrays |= {f"{op.name}/{role}": array for role, array in op.tensors.items()}
        data = save({key: np.ascontiguousarray(array) for key, array in arrays.items()})
        graph = {
            "schema": SCHEMA,
            "variant": self.variant,
            "model": self.model,
            "recipe": self.recipe,
            "preprocessing": self.preprocessing,
            "output": self.output,
            "image": described(self.image),
            "ops": [_entry(op) for op in self.ops],
            "tensors": {"file": TENSORS, "sha256": documents.sha256_of(data)},
        }
        text = json.dumps(graph, indent=1, sort_keys=True) + "\n"
        return {TENSORS: data, GRAPH: text.encode()}

    def save(self, folder: str | Path) -> None:
        """Write the program's folder, whole or not at all; the same program, the same bytes."""
        with atomic.folder(folder, kind=_TITLE, parts=_parts) as new:
            for name, data in self.files().items():
                (new / name).write_bytes(data)


_TITLE = "program"


def _parts(folder: Path) -> set[str] | None:
    """Names of what belongs into a program's folder; None for another folder."""
    schema = documents.schema_of(folder / GRAPH) or ""
    return {GRAPH, TENSORS} if schema.startswith(SCHEMA.partition("/")[0]) else None


def check_place(folder: str | Path) -> None:
    """A ValueError now rather than after lowering, where a program would not be written."""
    atomic.check(folder, kind=_TITLE, parts=_parts)


def described(tensor: Tensor) -> dict[str, Any]:
    """A tensor for JSON: a second scale where it has one."""
    entry = asdict(tensor)
    if not tensor.low_scale:
        del entry["low_scale"]
    return entry


def _entry(op: Op) -> dict[str, Any]:
    return {
        "name": op.name,
        "kind": op.kind,
        "inputs": list(op.inputs),
        "output": described(op.output),
        "attributes": op.attributes,
        "tensors": sorted(op.tensors),
    }
