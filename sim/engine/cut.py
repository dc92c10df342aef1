"""Ops of a program's vectors as a bundle of units: what each unit does of each op and image."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from vit2rtl.golden.engine import CONFIGURATIONS, Configuration, check_ops
from vit2rtl.golden.engine.kinds import PLACEMENTS
from vit2rtl.golden.engine.placement import NOWHERE, UnitRecord, Use
from vit2rtl.golden.program.program import Op
from vit2rtl.golden.units.instance import Instance
from vit2rtl.golden.vectors.bundle_writer import BundleWriter
from vit2rtl.golden.vectors.program_vectors_reader import ProgramVectors

# What the axes of an op's output count, the last ones of these.
AXES = {1: ("channel",), 2: ("token", "channel"), 3: ("head", "token", "key")}


@dataclass(frozen=True)
class Origin:
    """Where the elements of a unit's record come from.

    part    what of the op, see :class:`vit2rtl.golden.engine.placement.UnitRecord`
    places  {field: int[elements]} of its outputs, in the order of the beats
    """

    op: Op
    image: int
    part: str
    places: Mapping[str, np.ndarray]

    def name(self, field: str, element: int) -> str:
        """``op head, image 0, token 3, channel 17``: for an element of a field."""
        where = f"op {self.op.name}, image {self.image}"
        place = int(self.places[field][element])
        if place == NOWHERE:
            return f"{where}, {self.part or field} beyond its elements"
        shape = self.op.output.shape
        axes = AXES.get(len(shape)) or tuple(f"axis {n}" for n in range(len(shape)))
        index = np.unravel_index(place, shape)
        axes_text = ", ".join(f"{axis} {n}" for axis, n in zip(axes, index, strict=True))
        return f"{where}, {axes_text}{f', {self.part}' if self.part else ''}"


@dataclass(frozen=True)
class Cut:
    """A bundle of units, made of ops.

    origins  {(instance, record): Origin}
    ops      that units compute
    moves    ops that are addresses and no arithmetic
    images   how many
    """

    path: Path
    configuration: Configuration
    origins: Mapping[tuple[str, str], Origin]
    ops: Sequence[Op]
    moves: Sequence[Op]
    images: int

    def whole(self, instances: Collection[str]) -> list[Op]:
        """Ops of which these units compute all."""
        partly = {origin.op.name for (instance, _), origin in self.origins.items()
                  if instance not in instances}
        return [op for op in self.ops if op.name not in partly]


def fitting(vectors: ProgramVectors, engine: str | None) -> Configuration:
    """The configuration of a name, or else the first that all ops fit; a ValueError names one that
    does not."""
    tensors = {name: tensor for name, (tensor, _, _) in vectors.tensors.items()}
    *others, last = [CONFIGURATIONS[engine]] if engine else CONFIGURATIONS.values()
    variant = vectors.manifest["variant"]
    for configuration in others:
        with suppress(ValueError):
            check_ops(variant, vectors.ops, tensors, configuration)
            return configuration
    check_ops(variant, vectors.ops, tensors, last)
    return last


def write_units(
    vectors: ProgramVectors, configuration: Configuration, path: Path, *,
    progress: Callable[[int], object] = lambda count: None,
) -> Cut:
    """Write the bundle of units; a ValueError where no op is computed by one.

    progress   called with the number of ops cut
    """
    computed = _computed(vectors)
    origins: dict[tuple[str, str], Origin] = {}
    provenance = {"engine": configuration.name, "vectors": vectors.manifest["provenance"]}
    with BundleWriter(path, provenance) as writer:
        for count, op in enumerate(computed, 1):
            for image in range(vectors.images):
                _add(writer, origins, _use(vectors, op, image), configuration, image)
            progress(count)
    moves = [op for op in vectors.ops if not PLACEMENTS[op.kind].records]
    return Cut(path, configuration, origins, computed, moves, vectors.images)


def instances(vectors: ProgramVectors, configuration: Configuration) -> list[Instance]:
    """Those that compute the ops, in the order of the bundle that :func:`write_units` writes."""
    pieces = (
        piece for op in _computed(vectors)
        for piece in _pieces(_use(vectors, op, 0), configuration))
    return list({piece.instance.name: piece.instance for piece in pieces}.values())


def _computed(vectors: ProgramVectors) -> list[Op]:
    computed = [op for op in vectors.ops if PLACEMENTS[op.kind].records]
    if not computed:
        raise ValueError("No op of these is computed by a unit")
    return computed


def _pieces(use: Use, configuration: Configuration) -> Iterable[UnitRecord]:
    records = PLACEMENTS[use.op.kind].records
    assert records is not None
    return records(use, configuration)


def _use(vectors: ProgramVectors, op: Op, image: int) -> Use:
    return Use(
        op, [vectors.tensors[name][0] for name in op.inputs],
        [vectors.tensor(name, image) for name in op.inputs],
        vectors.tensor(op.output.name, image))


def _add(
    writer: BundleWriter, origins: dict[tuple[str, str], Origin], use: Use,
    configuration: Configuration, image: int,
) -> None:
    for number, piece in enumerate(_pieces(use, configuration)):
        name = f"{use.op.name}.image{image}.{piece.part or 'output'}{number}"
        writer.add(
            piece.instance, record=name, layer=use.op.name, kind="model", inputs=piece.inputs,
            outputs=piece.outputs, configuration=piece.settings)
        origins[piece.instance.name, name] = Origin(
            use.op, image, piece.part,
            {field: np.asarray(places).reshape(-1) for field, places in piece.places.items()})
