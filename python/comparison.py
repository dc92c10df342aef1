"""A program against the simulation it was lowered from: op by op, and from image to logits."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch

from vit2rtl.evaluation import sqnr
from vit2rtl.golden.program.execute import execute, run_op
from vit2rtl.golden.program.kinds import KINDS
from vit2rtl.golden.program.program import FEATURES, IntegerProgram
from vit2rtl.lowering.tracing import Traced, trace
from vit2rtl.models.family import Quantized
from vit2rtl.models.images import Images

TOGETHER = 4
# Reals of double precision, from sums in another order.
_FLOAT_TOLERANCE = 1e-9
_DOUBLE = "a tie within double precision's error"


@dataclass
class OpResult:
    """One op's output against the simulation's, elements summed over images.

    forced      elements that differ when the op is fed the simulation's own inputs
    largest     by how much at most, in codes (reals: in their own unit)
    end_to_end  elements that differ when the program ran from the image on
    rescaled    the simulation's codes, of an input or the output, have another scale
    """

    name: str
    kind: str
    elements: int = 0
    forced: int = 0
    largest: float = 0.0
    end_to_end: int = 0
    rescaled: bool = False

    def cause(self) -> str:
        """Why codes differ, where the kind of op tells."""
        kind = KINDS[self.kind]
        if kind.floats:
            return _DOUBLE
        return kind.cause if self.rescaled or not kind.rescaled else "unknown"

    def as_dict(self) -> dict[str, Any]:
        share = self.forced / self.elements
        return {
            "op": self.name, "kind": self.kind, "elements": self.elements,
            "mismatch": share, "largest": self.largest,
            "cause": self.cause() if self.forced else None,
            "agreement": 1 - self.end_to_end / self.elements,
        }


@dataclass
class Compared:
    """What is known of some images.

    ops          by name, in program order
    ours         logits or features of the program, float64[images, classes]
    simulated    of the simulation
    floats       of the float model, where there is one
    """

    ops: dict[str, OpResult]
    ours: torch.Tensor
    simulated: torch.Tensor
    floats: torch.Tensor | None = None


def compare(
    quantized: Quantized, program: IntegerProgram, images: Images, *,
    float_model: torch.nn.Module | None = None,
    progress: Callable[[int], object] = lambda count: None,
) -> dict[str, Any]:
    """The :func:`summary` of images that are :func:`compared`."""
    parts = [compared(quantized, program, images, float_model=float_model, progress=progress)]
    return summary(program, parts, images.labels)


def compared(
    quantized: Quantized, program: IntegerProgram, images: Images, *,
    float_model: torch.nn.Module | None = None,
    progress: Callable[[int], object] = lambda count: None,
) -> Compared:
    """Images through both, :data:`TOGETHER` at a time.

    raises   ValueError where program and model are not of one kind
    """
    results: dict[str, OpResult] = {}
    logits: list[torch.Tensor] = []
    simulations: list[torch.Tensor] = []
    floats: list[torch.Tensor] = []
    for start in range(0, len(images), TOGETHER):
        batch = images.batch(range(start, min(start + TOGETHER, len(images))))
        seen = trace(quantized, batch)
        logits.append(torch.from_numpy(_compare_batch(program, seen, results)))
        simulations.append(torch.from_numpy(seen["logits"].array).view(logits[-1].shape))
        if float_model is not None:
            with torch.inference_mode():
                floats.append(float_model(batch))
        progress(len(batch))
    return Compared(results, torch.cat(logits), torch.cat(simulations),
                    torch.cat(floats) if floats else None)


def summary(
    program: IntegerProgram, parts: Sequence[Compared], labels: torch.Tensor | None
) -> dict[str, Any]:
    """A dict, ready for JSON: ``ops`` in program order, and the logits, or features, of which no
    top-1 is known.

    parts   images in their order
    labels  of all of them
    """
    ours, simulated = (torch.cat([getattr(part, name) for part in parts])
                       for name in ("ours", "simulated"))
    floats = [part.floats for part in parts if part.floats is not None]
    rows = [_joined([part.ops[name] for part in parts]).as_dict() for name in parts[0].ops]
    first = next((row["op"] for row in rows if row["mismatch"]), None)
    features = program.output == FEATURES
    comparison = {
        "images": len(ours),
        "ops": rows,
        "largest_mismatch": max(row["mismatch"] for row in rows),
        "first_differing_op": first,
        "first_differing_end_to_end": next(
            (row["op"] for row in rows if row["agreement"] < 1), None),
        "top1_agreement": None if features else
        100 * (ours.argmax(1) == simulated.argmax(1)).double().mean().item(),
        "sqnr": _finite(sqnr(simulated, ours)),
    }
    if floats:
        reference = torch.cat(floats)
        comparison["sqnr_to_float"] = {"program": sqnr(reference, ours),
                                       "simulation": sqnr(reference, simulated)}
    if labels is not None and not features:
        comparison["top1"] = {
            name: 100 * (predicted.argmax(1) == labels).double().mean().item()
            for name, predicted in (("program", ours), ("simulation", simulated))
        }
    return comparison


def _joined(parts: Sequence[OpResult]) -> OpResult:
    """An op's result on all images."""
    sums = {name: sum(getattr(part, name) for part in parts)
            for name in ("elements", "forced", "end_to_end")}
    return replace(parts[-1], **sums, largest=max(part.largest for part in parts))


def _finite(value: float) -> float | None:
    return value if np.isfinite(value) else None


def _compare_batch(
    program: IntegerProgram, seen: dict[str, Traced], results: dict[str, OpResult]
) -> np.ndarray:
    """Add one batch to the results; returns the program's logits, as reals."""
    tensors = program.tensors()
    if "image" not in seen or seen["image"].array[0].size != np.prod(program.image.shape):
        raise ValueError(f"The program's image has the shape {program.image.shape}, "
                         "the checkpoint's another one")

    def encoded(name: str) -> np.ndarray:
        try:
            return seen[name].encode(tensors[name]).astype(tensors[name].dtype)
        except ValueError as error:
            raise ValueError(f"Program and checkpoint differ in the shape of {name}") from error

    ran = execute(program, encoded(program.image.name), record=list(tensors))[1]
    for op in program.ops:
        name = op.output.name
        missing = [source for source in op.inputs if source not in seen]
        if missing:
            raise ValueError(f"The checkpoint has no {missing[0]!r}, which op {op.name!r} takes: "
                             "the program was made from another one")
        forced = run_op(op, [encoded(source) for source in op.inputs])
        if KINDS[op.kind].unnamed and name not in seen:
            seen[name] = Traced(forced, op.output.scale, op.output.zero_point)
        if name not in seen:
            raise ValueError(f"The checkpoint has no {name!r}: the program was made from another")
        want = encoded(name)
        result = results.setdefault(op.name, OpResult(op.name, op.kind))
        result.elements += want.size
        result.rescaled = any(seen[n].scale != tensors[n].scale for n in (*op.inputs, name))
        difference = np.abs(forced.astype(np.float64) - want)
        tolerance = _FLOAT_TOLERANCE if op.output.encoding == "float64" else 0
        result.forced += int((difference > tolerance).sum())
        result.largest = max(result.largest, float(difference.max()))
        result.end_to_end += int((np.abs(ran[name] - want.astype(np.float64)) > tolerance).sum())
    return program.logits.real(ran[program.logits.name])
