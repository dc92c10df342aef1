"""Reads vectors of a program and trusts nothing in them; each way to be wrong has its sentence."""

import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from vit2rtl.golden.program.checks import check_op, check_tensor, check_use
from vit2rtl.golden.program.program import VARIANTS, Op, Tensor
from vit2rtl.golden.vectors.bundle_files import (
    check_hash,
    duplicate_of,
    get,
    listed_file,
    located,
    opened_array,
    read_header,
    read_manifest,
    read_sums,
    some,
)
from vit2rtl.golden.vectors.bundle_schema import MANIFEST, check_record_name
from vit2rtl.golden.vectors.mem_matrix import Layout
from vit2rtl.golden.vectors.program_vectors_schema import (
    CONSTANTS,
    SCHEMA,
    TENSORS,
    constant_layout,
    derived_numbers,
    derived_tables,
    tensor_layout,
)


@dataclass(frozen=True)
class ProgramVectors:
    """A validated bundle.

    ops      list[Op], with their constants from the files
    tensors  {name: (Tensor, Layout, Path)}
    images   how many
    """

    path: Path
    manifest: dict
    ops: list
    tensors: dict
    images: int

    def tensor(self, name: str, image: int) -> np.ndarray:
        """Elements of one image, [*shape], from the ``.mem`` file: integers, or float64."""
        tensor, layout, file = self.tensors[name]
        rows = layout.rows // self.images
        pieces = _pieces(layout, file, self.path, rows=rows, skip=image * rows)
        return np.concatenate(list(pieces)).reshape(tensor.shape)


def read_vectors(path: str | Path) -> ProgramVectors:
    """Read and validate vectors of a program; a ValueError names the file and what is wrong.

    Manifest, hashes and lengths first, then every line and value, ``.npz`` against ``.mem``, and
    what :func:`vit2rtl.golden.program.reader.read_program` asks of each op.
    """
    root = Path(path)
    manifest = read_manifest(root, SCHEMA, kind="bundle of a program's vectors")
    sums = read_sums(root)
    images, lanes = (get(manifest, key, int, MANIFEST) for key in ("images", "lanes"))
    if images < 1 or not 1 <= lanes <= 64:
        raise ValueError(f"{MANIFEST}: {images} images in {lanes} lanes are not possible")
    tensors = {}
    for described in some(manifest, "tensors", MANIFEST):
        tensor, layout, file = _tensor(root, sums, described, images, lanes)
        if tensor.name in tensors:
            raise ValueError(f"{MANIFEST} has two tensors {tensor.name!r}")
        tensors[tensor.name] = tensor, layout, file
    described = some(manifest, "ops", MANIFEST)
    names = [get(op, "name", str, f"{MANIFEST}, ops") for op in described]
    if duplicate := duplicate_of(names):
        raise ValueError(f"{MANIFEST} has two ops {duplicate!r}")
    constants = [_constants(root, sums, op, lanes) for op in described]
    archives = [listed_file(root, sums, item, MANIFEST)
                for item in some(manifest, "arrays", MANIFEST)]
    if [file.name for file in archives] != [f"{TENSORS}.npz", f"{CONSTANTS}.npz"]:
        raise ValueError(f"{MANIFEST}: arrays must be {TENSORS}.npz and {CONSTANTS}.npz")
    for file, digest in sums.items():
        check_hash(root, file, digest)
    _check_tensors(root, tensors, images, archives[0])
    arrays = _read_constants(root, constants, archives[1])
    variant = get(manifest, "variant", str, MANIFEST)
    if variant not in VARIANTS:
        raise ValueError(f"{MANIFEST}: variant must be one of {', '.join(VARIANTS)}, "
                         f"not {variant!r}")
    ops = [_op(item, arrays[item["name"]], tensors, variant, lanes) for item in described]
    return ProgramVectors(root, manifest, ops, tensors, images)


def _tensor(root, sums, described, images, lanes):
    name = get(described, "name", str, f"{MANIFEST}, tensors")
    where = f"{MANIFEST}, {name}"
    located(where, check_record_name, name)
    fields = {key: get(described, key, object, where) for key in Tensor.__dataclass_fields__
              if key != "low_scale" or key in described}
    fields["shape"] = tuple(get(described, "shape", list, where))
    tensor = Tensor(**fields)
    located(where, check_tensor, tensor)
    layout = tensor_layout(tensor, images, lanes)
    return tensor, layout, _mem_file(root, sums, described, layout, where)


def _mem_file(root, sums, described, layout, where):
    """The path of a ``.mem`` file whose layout is as it must be, and its length too."""
    if get(described, "layout", dict, where) != layout.as_dict():
        raise ValueError(f"{where}: its layout must be {layout.as_dict()}")
    path = listed_file(root, sums, described, where)
    size, due = path.stat().st_size, layout.rows * layout.row_bytes
    if size != due:
        raise ValueError(f"{described['file']} has {size} bytes, not {due}: {layout.rows} rows of "
                         f"{layout.row_beats} lines of {layout.digits} digits")
    return path


def _constants(
    root: Path, sums: dict[str, str], described: dict[str, Any], lanes: int
) -> tuple[str, dict[str, tuple]]:
    """(op's name, {role: (shape, Layout, Path, derived)})"""
    name = described["name"]
    where = f"{MANIFEST}, {name}"
    located(where, check_record_name, name)
    constants: dict[str, tuple] = {}
    for item in get(described, "constants", list, where):
        role = get(item, "role", str, f"{where}, constants")
        at = f"{where}, {role}"
        located(at, check_record_name, role)
        shape = tuple(get(item, "shape", list, at))
        if not shape or not all(type(n) is int and n > 0 for n in shape):
            raise ValueError(f"{at}: shape must be positive integers, not {list(shape)}")
        layout = _stated_layout(get(item, "layout", dict, at), shape, lanes, at)
        if role in constants:
            raise ValueError(f"{where} has two constants {role!r}")
        path = _mem_file(root, sums, item, layout, at)
        constants[role] = shape, layout, path, get(item, "derived", bool, at)
    return name, constants


def _stated_layout(stated, shape, lanes, where):
    """A constant's width follows from its values: take the stated one until they are read."""
    bits, signed = get(stated, "bits", int, where), get(stated, "signed", bool, where)
    number = get(stated, "number", str, where)
    if number not in ("integer", "binary64") or not 1 <= bits <= 64 or (
            number == "binary64" and (bits, signed) != (64, True)):
        raise ValueError(f"{where}: no number is {number!r} of {bits} bits")
    return Layout.of(shape, lanes, bits=bits, signed=signed, number=number)


def _pieces(layout, file, root, *, rows=None, skip=0):
    """Yield the rows of a ``.mem`` file, a bounded number at a time."""
    name = file.relative_to(root).as_posix()
    with open(file, "rb") as text:
        text.seek(skip * layout.row_bytes)
        for piece in layout.pieces(rows):
            lines = text.read((piece.stop - piece.start) * layout.row_bytes)
            start = (skip + piece.start) * layout.row_beats
            where = f"{name}, after line {start}" if start else name
            yield located(where, layout.matrix, lines)


def _check_tensors(root, tensors, images, archive):
    """Syntax and range of every value, and the arrays against them."""
    where = archive.relative_to(root).as_posix()
    with _opened(archive, where, list(tensors)) as arrays:
        for name, (tensor, layout, file) in tensors.items():
            low, high = tensor.limits()
            shape = (images, *tensor.shape)
            for matrix in _agreed(arrays, f"{where}, {name}", name, shape, layout, file, root):
                if layout.number == "integer" and not (
                        low <= int(matrix.min()) <= int(matrix.max()) <= high):
                    bad = matrix.min() if matrix.min() < low else matrix.max()
                    raise ValueError(f"{TENSORS}/{name}.mem: elements must be between {low} and "
                                     f"{high}, not {bad}")


def _read_constants(root, constants, archive):
    """{op's name: {role: (array, Layout, derived)}}, equal in both files."""
    where = archive.relative_to(root).as_posix()
    arrays_of: dict[str, dict[str, tuple]] = {}
    names = [f"{name}/{role}" for name, roles in constants for role in roles]
    with _opened(archive, where, names) as arrays:
        for name, roles in constants:
            arrays_of[name] = {}
            for role, (shape, layout, file, derived) in roles.items():
                member = f"{name}/{role}"
                pieces = _agreed(arrays, f"{where}, {member}", member, shape, layout, file, root)
                array = np.concatenate(list(pieces)).reshape(shape)
                arrays_of[name][role] = array, layout, derived
    return arrays_of


def _opened(archive, where, names):
    """The ``.npz`` file, which has the arrays of these names and no others."""
    try:
        arrays = zipfile.ZipFile(archive)
    except zipfile.BadZipFile as error:
        raise ValueError(f"{where} is not a plain .npz file: {error}") from error
    odd = {f"{name}.npy" for name in names} ^ set(arrays.namelist())
    if odd or len(arrays.namelist()) != len(names):
        arrays.close()
        what = f"not {min(odd)}" if odd else "each once"
        raise ValueError(f"{where} must have the arrays that {MANIFEST} names, {what}")
    return arrays


def _agreed(arrays, where, name, shape, layout, file, root):
    """Yield the rows, some at a time, that the ``.npz`` and the ``.mem`` file agree on."""
    with _unzip(where, opened_array, arrays, name) as stream:
        header = _unzip(where, read_header, stream)
        if header != (shape, False, layout.dtype):
            raise ValueError(f"{where} must be {layout.dtype}{list(shape)}, row by row, "
                             f"not {header[2]}{list(header[0])}")
        for matrix in _pieces(layout, file, root):
            raw = _unzip(where, stream.read, matrix.nbytes)
            if raw != matrix.astype(layout.dtype).tobytes():
                raise ValueError(f"{where} differs from the .mem file")
            yield matrix


def _unzip(where, function, *arguments):
    """Call, and have every way in which a zip file can be broken end in one sentence."""
    try:
        return function(*arguments)
    except (ValueError, EOFError, zipfile.BadZipFile) as error:
        raise ValueError(f"{where}: {error}") from error


def _op(described, constants, tensors, variant, lanes):
    """The op again, of what the program's reader accepts; derived figures as they must be."""
    name = described["name"]
    where = f"{MANIFEST}, {name}"
    inputs, output = get(described, "inputs", list, where), get(described, "output", str, where)
    for source in (*inputs, output):
        if not isinstance(source, str) or source not in tensors:
            raise ValueError(f"{where}: its tensor {source!r} is not there")
    op = Op(
        name, get(described, "kind", str, where), tuple(inputs), tensors[output][0],
        get(described, "attributes", dict, where),
        {role: array for role, (array, _, derived) in constants.items() if not derived},
    )
    located(MANIFEST, check_op, op)
    located(MANIFEST, check_use, op, [tensors[source][0] for source in inputs], variant)
    tables = derived_tables(op)
    if get(described, "derived", dict, where) != derived_numbers(op):
        raise ValueError(f"{where}: derived must be {derived_numbers(op)}")
    for role, (array, layout, derived) in constants.items():
        if derived and not (role in tables and np.array_equal(array, tables[role])):
            raise ValueError(f"{CONSTANTS}/{name}/{role}.mem is not what the op's attributes say")
        if layout != constant_layout(op, role, array, lanes):
            raise ValueError(f"{where}, {role}: its layout must be "
                             f"{constant_layout(op, role, array, lanes).as_dict()}")
    if missing := sorted(set(tables) - set(constants)):
        raise ValueError(f"{where} lacks the constant {missing[0]!r}")
    return op
