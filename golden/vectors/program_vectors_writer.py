"""Writes vectors of an integer program: what every op takes, holds and gives, on some images."""

import shutil
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from vit2rtl.golden.files import atomic
from vit2rtl.golden.files.documents import sha256
from vit2rtl.golden.program.execute import stages
from vit2rtl.golden.program.kinds import KINDS
from vit2rtl.golden.program.program import IntegerProgram, Op, Tensor, described
from vit2rtl.golden.vectors.bundle_files import array_stream, write_texts
from vit2rtl.golden.vectors.bundle_schema import check_record_name, parts_of, plain
from vit2rtl.golden.vectors.mem_matrix import Layout
from vit2rtl.golden.vectors.program_vectors_readme import readme
from vit2rtl.golden.vectors.program_vectors_schema import (
    CONSTANTS,
    SCHEMA,
    SCHEMA_NAME,
    TENSORS,
    constant_layout,
    derived_numbers,
    derived_tables,
    tensor_layout,
)

# What each array adds to the manifest and to headers, about.
_HEADER = 1500
_ARRAYS = "arrays"


@dataclass(frozen=True)
class Plan:
    """What is to be written.

    ops      list[Op], in the program's order
    tensors  {name: (Tensor, Layout)} of all that they take and give, in the program's order
    tables   {op's name: {role: (array, Layout)}}
    """

    ops: list[Op]
    tensors: dict[str, tuple[Tensor, Layout]]
    tables: dict[str, dict[str, tuple[np.ndarray, Layout]]]
    images: int
    lanes: int

    @classmethod
    def of(
        cls, program: IntegerProgram, ops: Sequence[Op], *, images: int, lanes: int
    ) -> "Plan":
        """raises ValueError for names that cannot be files"""
        used = {name for op in ops for name in (*op.inputs, op.output.name)}
        tensors = {name: (tensor, tensor_layout(tensor, images, lanes))
                   for name, tensor in program.tensors().items() if name in used}
        tables = {op.name: {role: (array, constant_layout(op, role, array, lanes))
                            for role, array in (op.tensors | derived_tables(op)).items()}
                  for op in ops}
        _check_names([op.name for op in ops])
        _check_names(list(tensors))
        return cls(list(ops), tensors, tables, images, lanes)

    def bytes(self) -> int:
        """Of all files, texts and headers by estimate."""
        layouts = [layout for _, layout in self.tensors.values()]
        layouts += [layout for table in self.tables.values() for _, layout in table.values()]
        return sum(
            layout.rows * (layout.row_bytes + layout.columns * layout.dtype.itemsize) + _HEADER
            for layout in layouts
        )


def _check_names(names):
    known: dict[str, str] = {}
    for name in names:
        check_record_name(name)
        other = known.setdefault(name.lower(), name)
        if other != name:
            raise ValueError(f"{other!r} and {name!r} would be one file on some systems")


def check_place(path: str | Path) -> None:
    """A ValueError where :func:`write_vectors` would not write."""
    atomic.check(path, kind="bundle of a program", parts=_PARTS)


_PARTS = partial(parts_of, schema_name=SCHEMA_NAME)


def write_vectors(
    path: str | Path,
    program: IntegerProgram,
    image_codes: np.ndarray,
    *,
    ops: Sequence[Op] | None = None,
    lanes: int = 4,
    provenance: Any = None,
    progress: Callable[[int], object] = lambda count: None,
    parts: Sequence[Path] | None = None,
) -> Plan:
    """Run a program on images and write the chosen ops' vectors as a bundle.

    path         where the bundle is to be; an existing one is replaced, anything else left alone
    program      :class:`vit2rtl.golden.program.program.IntegerProgram`
    image_codes  int[images, channels, height, width], one image after the other in the files
    ops          list[Op] of the program, see :func:`..program_vectors_schema.select`; default all
    lanes        elements of a beat
    provenance   what the images are, as JSON; no times, so that a rerun gives equal bytes
    progress     called with the number of tensors written, images times tensors in all
    parts        folders that :func:`record` has filled elsewhere, for all of the images in their
                 order: they are not run here
    returns      Plan

    The same program and images give the same bytes. One image is in memory at a time.
    """
    image_codes = np.asarray(image_codes)
    chosen = program.ops if ops is None else ops
    if not chosen:
        raise ValueError("A bundle needs at least one op")
    if not 1 <= lanes <= 64:
        raise ValueError(f"Lanes must be between 1 and 64, not {lanes!r}")
    plan = Plan.of(program, chosen, images=len(image_codes), lanes=lanes)
    with atomic.folder(path, kind="bundle of a program", parts=_PARTS) as root:
        (root / CONSTANTS).mkdir()
        if parts is None:
            record(root, plan, program, image_codes, progress=progress)
        else:
            _join(root, plan, parts)
        _write_archive(root, plan)
        constants = _write_constants(root, plan)
        manifest = _manifest(root, plan, program, constants, plain(provenance or {}))
        write_texts(root, manifest, readme(root, manifest))
    return plan


def record(
    root: Path,
    plan: Plan,
    program: IntegerProgram,
    image_codes: np.ndarray,
    *,
    progress: Callable[[int], object] = lambda count: None,
) -> None:
    """Run images, and append their tensors to the files ``tensors/NAME.mem`` of a folder, and as
    plain bytes to ``arrays/NAME``, of which an archive is made in the end."""
    for folder in (TENSORS, _ARRAYS):
        (root / folder).mkdir()
    for n in range(len(image_codes)):
        left = set(plan.tensors)
        for name, array in stages(program, image_codes[n:n + 1], left):
            tensor, layout = plan.tensors[name]
            with open(root / _ARRAYS / name, "ab") as raw, \
                    open(root / _mem(TENSORS, name), "ab") as text:
                _append(tensor, layout, array, text, raw)
            progress(1)
            left.discard(name)
            if not left:
                break


def _join(root, plan, parts):
    """What was recorded elsewhere, one after the other."""
    for folder in (TENSORS, _ARRAYS):
        (root / folder).mkdir()
    for file in (file for name in plan.tensors for file in (_mem(TENSORS, name),
                                                            f"{_ARRAYS}/{name}")):
        with open(root / file, "wb") as whole:
            for part in parts:
                with open(part / file, "rb") as piece:
                    shutil.copyfileobj(piece, whole)


def _write_archive(root, plan):
    """The ``.npz`` of the tensors; the plain bytes have served."""
    with zipfile.ZipFile(root / f"{TENSORS}.npz", "w", zipfile.ZIP_STORED) as archive:
        for name, (tensor, layout) in plan.tensors.items():
            with array_stream(archive, name) as stream, open(root / _ARRAYS / name, "rb") as raw:
                _header(stream, layout.dtype, (plan.images, *tensor.shape))
                shutil.copyfileobj(raw, stream)
    shutil.rmtree(root / _ARRAYS)


def _append(tensor, layout, array, text, raw):
    matrix = np.ascontiguousarray(array).reshape(-1, layout.columns)
    low, high = tensor.limits()
    if layout.number == "integer" and not low <= int(matrix.min()) <= int(matrix.max()) <= high:
        raise ValueError(f"Tensor {tensor.name!r} leaves its range of {low} to {high}")
    for piece in layout.pieces(len(matrix)):
        text.write(layout.text(matrix[piece]))
        raw.write(matrix[piece].astype(layout.dtype).tobytes())


def _write_constants(root, plan):
    """{op's name: the manifest's descriptions}"""
    described: dict[str, list[dict[str, Any]]] = {}
    with zipfile.ZipFile(root / f"{CONSTANTS}.npz", "w", zipfile.ZIP_STORED) as archive:
        for op in plan.ops:
            described[op.name] = []
            own = set(op.tensors)
            for role, (array, layout) in sorted(plan.tables[op.name].items()):
                file = _mem(CONSTANTS, f"{op.name}/{role}")
                (root / file).parent.mkdir(exist_ok=True)
                matrix = array.reshape(-1, layout.columns)
                with open(root / file, "wb") as text:
                    for piece in layout.pieces():
                        text.write(layout.text(matrix[piece]))
                with array_stream(archive, f"{op.name}/{role}") as stream:
                    _header(stream, layout.dtype, array.shape)
                    stream.write(array.astype(layout.dtype).tobytes())
                described[op.name].append({
                    "role": role, "shape": list(array.shape), "derived": role not in own,
                    "layout": layout.as_dict(), "array": f"{op.name}/{role}",
                    "file": file, "sha256": sha256(root / file),
                })
    return described


def _header(stream, dtype, shape):
    np.lib.format.write_array_header_1_0(stream, {
        "descr": np.lib.format.dtype_to_descr(dtype), "fortran_order": False, "shape": shape})


def _mem(folder, name):
    return f"{folder}/{name}.mem"


def _manifest(root, plan, program, constants, provenance):
    made_by = {op.output.name: op.name for op in program.ops}
    tensors = [described(tensor) | {
        "shape": list(tensor.shape), "made_by": made_by.get(name), "layout": layout.as_dict(),
        "array": name, "file": _mem(TENSORS, name), "sha256": sha256(root / _mem(TENSORS, name)),
    } for name, (tensor, layout) in plan.tensors.items()]
    return {
        "schema": SCHEMA,
        "variant": program.variant,
        "model": program.model,
        "recipe": program.recipe,
        "provenance": provenance,
        "images": plan.images,
        "lanes": plan.lanes,
        "ops": [_described(op, constants[op.name]) for op in plan.ops],
        "tensors": tensors,
        "arrays": [{"file": f"{name}.npz", "sha256": sha256(root / f"{name}.npz")}
                   for name in (TENSORS, CONSTANTS)],
    }


def _described(op, constants):
    formula, rounding = KINDS[op.kind].texts()
    return {
        "name": op.name, "kind": op.kind, "formula": formula, "rounding": rounding,
        "inputs": list(op.inputs), "output": op.output.name, "attributes": op.attributes,
        "derived": derived_numbers(op), "constants": constants,
    }
