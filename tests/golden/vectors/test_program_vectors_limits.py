"""Vectors of a program at their limits: lanes, bits, ranges, tables, pieces of a file."""

import shutil
import zipfile
from dataclasses import replace

import numpy as np
import pytest

from vit2rtl.golden.program.execute import execute
from vit2rtl.golden.program.program import Op, Tensor
from vit2rtl.golden.vectors import mem_matrix
from vit2rtl.golden.vectors.program_vectors_reader import read_vectors
from vit2rtl.golden.vectors.program_vectors_writer import Plan, check_place, write_vectors

from ..program.test_program import small_program
from .breaking import breakable
from .conftest import CODES


def refusal(folder):
    with pytest.raises(ValueError) as caught:
        read_vectors(folder)
    return str(caught.value)


def normed_program():
    """Patches, a layer of weights of one bit to a stream, a LayerNorm of integers, one of reals."""
    program = small_program()
    linear = program.ops[1]
    linear.output = replace(linear.output, signed=True, zero_point=0)
    linear.attributes["weight_bits"] = 1
    linear.tensors |= {"weight": np.eye(3, 4, dtype=np.uint8),
                       "weight_zero_point": np.zeros(3, int)}
    linear.attributes["accumulator_bound"] = 15 + 9
    codes = Tensor("norm", (4, 3), 4, scale=0.5, zero_point=8)
    constants = {"gain": np.array([900, -800, 700]), "offset": np.full(3, 8 << 16)}
    reals = {"gamma": np.array([0.5, 1.5, -2.0]), "beta": np.zeros(3)}
    program.ops[2:] = [
        Op("norm", "layernorm", ("proj",), codes, {"shift": 9, "epsilon": 1}, constants),
        Op("reals", "layernorm_float", ("proj",), replace(codes, name="reals"),
           {"epsilon": 1e-6}, reals),
    ]
    return program


@pytest.fixture(scope="session")
def normed(tmp_path_factory):
    out = tmp_path_factory.mktemp("normed") / "bundle"
    write_vectors(out, normed_program(), CODES, lanes=2)
    return out


@pytest.fixture
def copied(normed, tmp_path):
    return breakable(normed, tmp_path / "bundle")


@pytest.mark.parametrize(("lanes", "images"), [(1, 1), (64, 1), (2, 3)])
def test_what_was_written_is_read(lanes, images, tmp_path):
    program = normed_program()
    plan = write_vectors(tmp_path / "b", program, CODES[:images], lanes=lanes)
    assert (plan.images, plan.lanes, list(plan.tensors)) == (
        images, lanes, ["image", "patches", "proj", "norm", "reals"])
    _, want = execute(program, CODES[:images], record=["image", "patches", "proj", "norm"])
    vectors = read_vectors(tmp_path / "b")
    for name, array in want.items():
        for image in range(images):
            assert np.array_equal(vectors.tensor(name, image), array[image])
    for read, op in zip(vectors.ops, program.ops, strict=True):
        assert {role: array.tolist() for role, array in read.tensors.items()} == {
            role: array.tolist() for role, array in op.tensors.items()}
    assert vectors.manifest["provenance"] == {}


@pytest.mark.parametrize("lanes", [0, 65])
def test_lanes_that_are_not_possible(lanes, tmp_path, copied):
    with pytest.raises(ValueError, match=f"^Lanes must be between 1 and 64, not {lanes}$"):
        write_vectors(tmp_path / "b", small_program(), CODES, lanes=lanes)
    copied.edit(lambda m: m.update(lanes=lanes))
    assert refusal(copied.folder) == (
        f"manifest.json: 3 images in {lanes} lanes are not possible")


def test_bytes_are_those_of_the_files_but_for_headers(normed):
    plan = Plan.of(normed_program(), normed_program().ops, images=3, lanes=2)
    memories = list(normed.rglob("*.mem"))
    arrays = sum(array.nbytes for name in ("tensors", "constants")
                 for array in np.load(normed / f"{name}.npz").values())
    headers = 1500 * len(memories)
    assert plan.bytes() == sum(file.stat().st_size for file in memories) + arrays + headers


def test_tensors_need_names_of_files(tmp_path):
    program = small_program()
    program.ops[0].output = replace(program.ops[0].output, name="a b")
    program.ops[1].inputs = ("a b",)
    with pytest.raises(ValueError, match=r"Record name must be .*, not 'a b'"):
        write_vectors(tmp_path / "b", program, CODES)


def test_a_place_is_checked_before(normed, tmp_path):
    check_place(normed)
    check_place(tmp_path)
    (tmp_path / "notes").touch()
    with pytest.raises(ValueError, match="is not empty and not a bundle of a program"):
        check_place(tmp_path)


def constant(op, constant_role, layout=None, **change):
    def edit(manifest):
        constants = next(x for x in manifest["ops"] if x["name"] == op)["constants"]
        found = next(c for c in constants if c["role"] == constant_role)
        found["layout"].update(layout or {})
        found.update(change)
    return edit


NAME = "Record name must be at most 120 letters, digits, dots, dashes and underscores, not "
PROJ = "manifest.json, proj"


@pytest.mark.parametrize(("change", "said"), [
    (lambda m: m["arrays"].reverse(),
     "manifest.json: arrays must be tensors.npz and constants.npz"),
    (lambda m: m["ops"][1].update(name="a b"), f"manifest.json, a b: {NAME}'a b'"),
    (constant("proj", "bias", role="a/b"), f"{PROJ}, a/b: {NAME}'a/b'"),
    *((constant("proj", "bias", shape=shape),
       f"{PROJ}, bias: shape must be positive integers, not {shape}")
      for shape in ([], [0], [3, 0], [3, "1"], [True], [-3], [3.0])),
    (lambda m: m["ops"][1]["constants"].append(m["ops"][1]["constants"][0]),
     f"{PROJ} has two constants 'bias'"),
    *((constant("proj", "bias", layout=layout),
       f"{PROJ}, bias: no number is {layout.get('number', 'integer')!r} of "
       f"{layout.get('bits', 5)} bits")
      for layout in (
          {"number": "decimal"}, {"bits": 0}, {"bits": 65}, {"number": "binary64", "bits": 32},
          {"number": "binary64", "bits": 64, "signed": False})),
    (lambda m: m["ops"][2]["constants"].pop(-1),
     "constants.npz must have the arrays that manifest.json names, not norm/seeds.npy"),
])
def test_manifests_that_are_wrong(change, said, copied):
    copied.edit(change)
    copied.rehash()
    assert refusal(copied.folder) == said


def arrays_of(file):
    with np.load(file) as arrays:
        return dict(arrays)


def rewritten(copied, name, change):
    """A table of the LayerNorm in both of its files, and the manifest with another of them."""
    arrays = arrays_of(copied.folder / "constants.npz")
    change(arrays, copied.folder / "constants/norm")
    np.savez(copied.folder / "constants.npz", **arrays)
    copied.edit(name)
    copied.rehash()
    return refusal(copied.folder)


def test_a_table_that_the_attributes_do_not_give(copied):
    def change(arrays, folder):
        arrays["norm/seeds"][200] ^= 1
        lines = (folder / "seeds.mem").read_text().splitlines()
        lines[100] = f"{int(lines[100], 16) ^ 1:0{len(lines[100])}x}"
        (folder / "seeds.mem").write_text("\n".join(lines) + "\n")

    assert rewritten(copied, lambda m: None, change) == (
        "constants/norm/seeds.mem is not what the op's attributes say")


def test_a_table_that_the_kind_does_not_have(copied):
    def change(arrays, folder):
        arrays["norm/more"] = arrays["norm/seeds"]
        shutil.copy(folder / "seeds.mem", folder / "more.mem")

    def edit(manifest):
        constants = manifest["ops"][2]["constants"]
        constants.append(constants[-1] | {"role": "more", "file": "constants/norm/more.mem"})

    assert rewritten(copied, edit, change) == (
        "constants/norm/more.mem is not what the op's attributes say")


def test_a_table_that_is_missing(copied):
    def change(arrays, folder):
        del arrays["norm/seeds"]

    assert rewritten(copied, lambda m: m["ops"][2]["constants"].pop(-1), change) == (
        "manifest.json, norm lacks the constant 'seeds'")


def test_an_archive_has_each_array_once(copied):
    file = copied.folder / "tensors.npz"
    with zipfile.ZipFile(file, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("image.npy", b"")
    copied.rehash()
    assert refusal(copied.folder) == (
        "tensors.npz must have the arrays that manifest.json names, each once")


def test_an_archive_has_no_array_of_another_name(copied):
    arrays = arrays_of(copied.folder / "tensors.npz")
    arrays["Image"] = arrays.pop("image")
    np.savez(copied.folder / "tensors.npz", **arrays)
    copied.rehash()
    assert refusal(copied.folder) == (
        "tensors.npz must have the arrays that manifest.json names, not Image.npy")


@pytest.mark.parametrize(("values", "bad"), [
    ((0, 101), 101), ((-101, 0), -101), ((-101, 101), -101), ((-100, 101), 101),
    ((-101, -101), -101), ((100, 100), None), ((-100, 100), None), ((-100, -100), None),
])
def test_accumulators_keep_to_their_bound(values, bad, tmp_path):
    """Accumulators up to 100, of which 8 bits would hold more."""
    acc = np.resize(values, (1, 4, 3)).astype(np.int8)
    broken = _with_accumulators(tmp_path, acc)
    said = refusal(broken.folder)
    out = "tensors/acc.mem: elements must be between -100 and 100, not "
    assert said == f"{out}{bad}" if bad else not said.startswith(out)


def _with_accumulators(folder, acc):
    """A bundle whose only op makes accumulators, these ones."""
    program = small_program()
    output = Tensor("acc", (4, 3), 8, True, "accumulator", bound=100)
    program.image = replace(program.image, name="x", shape=(1, 4, 3))
    program.ops = [Op("acc", "gather", ("x",), output, {}, {"index": np.arange(4)})]
    write_vectors(folder / "b", program, np.zeros((1, 1, 4, 3), int), lanes=1)
    broken = breakable(folder / "b", folder / "c")
    lines = [f"{value & 255:02x}\n" for value in acc.reshape(-1).tolist()]
    (broken.folder / "tensors/acc.mem").write_text("".join(lines))
    arrays = arrays_of(broken.folder / "tensors.npz")
    np.savez(broken.folder / "tensors.npz", **(arrays | {"acc": acc}))
    broken.rehash()
    return broken


def test_files_are_read_in_pieces(copied, monkeypatch):
    monkeypatch.setattr(mem_matrix, "_BLOCK", 6)  # two rows of three
    vectors = read_vectors(copied.folder)
    _, want = execute(normed_program(), CODES, record=["proj"])
    for image in range(3):
        assert np.array_equal(vectors.tensor("proj", image), want["proj"][image])
    file = copied.folder / "tensors/proj.mem"
    lines = file.read_text().splitlines()
    lines[13] = "zzzz"
    file.write_text("\n".join(lines) + "\n")
    copied.rehash()
    assert refusal(copied.folder) == (
        "tensors/proj.mem, after line 12: Line 2 must be hexadecimal digits only")
