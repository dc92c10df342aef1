"""Vectors of a small program: written whole, the same bytes again, replayed."""

import json
import subprocess

import numpy as np
import pytest

from vit2rtl.golden import BundleWriter
from vit2rtl.golden.program.execute import execute
from vit2rtl.golden.program.kinds import KINDS
from vit2rtl.golden.vectors.program_vectors_reader import read_vectors
from vit2rtl.golden.vectors.program_vectors_replay import replay
from vit2rtl.golden.vectors.program_vectors_schema import select
from vit2rtl.golden.vectors.program_vectors_writer import Plan, write_vectors

from ..program.test_program import small_program
from .conftest import CODES, write


def contents(folder):
    return {p.relative_to(folder).as_posix(): p.read_bytes()
            for p in folder.rglob("*") if p.is_file()}


def test_every_kind_has_a_formula():
    assert all(all(kind.texts()) for kind in KINDS.values())


def test_the_files_hold_what_the_program_makes(small):
    _, want = execute(small_program(), CODES, record=["image", "patches", "proj", "logits"])
    vectors = read_vectors(small)
    with np.load(small / "tensors.npz", allow_pickle=False) as arrays:
        for name, array in want.items():
            assert np.array_equal(arrays[name], array)
            for image in range(3):
                assert np.array_equal(vectors.tensor(name, image), array[image])
        assert {name: arrays[name].dtype.str for name in arrays} == {
            "image": "|u1", "patches": "|u1", "proj": "|u1", "token": "|u1", "logits": "<f8"}
    with np.load(small / "constants.npz", allow_pickle=False) as arrays:
        weight = small_program().ops[1].tensors["weight"]
        assert np.array_equal(arrays["proj/weight"], weight)
    # 2 bits and 2 lanes a digit, two beats a row: the row 0, 0, 0, 3.
    assert (small / "constants/proj/weight.mem").read_text().split()[:2] == ["0", "c"]


def test_the_manifest_tells_what_an_op_is(small):
    manifest = json.loads((small / "manifest.json").read_text())
    assert (manifest["schema"], manifest["images"], manifest["lanes"], manifest["variant"]) == (
        "vit2rtl.program_vectors/1", 3, 2, "hardware")
    op = next(op for op in manifest["ops"] if op["name"] == "proj")
    assert op["rounding"] == "half up, once"
    assert (op["inputs"], op["output"]) == (["patches"], "proj")
    bound = op["attributes"]["accumulator_bound"]
    assert 1 << op["derived"]["accumulator_bits"] - 2 <= bound < 1 << op["derived"][
        "accumulator_bits"] - 1
    found = {c["role"]: (c["layout"]["bits"], c["layout"]["signed"], c["shape"])
             for c in op["constants"]}
    assert found == {
        "bias": (5, True, [3]), "multiplier": (16, False, [3]), "shift": (5, False, [3]),
        "weight": (2, False, [3, 4]), "weight_zero_point": (3, True, [3])}
    (proj,) = [t for t in manifest["tensors"] if t["name"] == "proj"]
    assert (proj["scale"], proj["zero_point"], proj["made_by"]) == (0.25, 100, "proj")
    assert proj["layout"] == {
        "number": "integer", "bits": 8, "signed": False, "lanes": 2, "rows": 12, "columns": 3,
        "row_beats": 2, "beats": 24, "beat_bits": 16, "digits": 4}


def test_sha256sum_agrees(small):
    done = subprocess.run(["sha256sum", "-c", "--strict", "SHA256SUMS"], cwd=small,
                          capture_output=True, text=True, check=True)
    assert done.stdout.count(": OK\n") == len(contents(small)) - 1


def test_the_same_program_gives_the_same_bytes_and_replaces_only_its_own(small, tmp_path):
    out = tmp_path / "bundle"
    write_vectors(out, small_program(), CODES[:1], lanes=5)
    write_vectors(out, small_program(), CODES, lanes=2, provenance={"images": ["a", "b", "c"]})
    assert contents(out) == contents(small)
    (out / "notes.txt").write_text("mine")
    with pytest.raises(ValueError, match=r"holds 'notes.txt', which is no part of the bundle"):
        write_vectors(out, small_program(), CODES)
    with pytest.raises(ValueError, match="is not empty and not a bundle of a program: not over"):
        write_vectors(write(tmp_path / "units"), small_program(), CODES)
    with pytest.raises(ValueError, match="is not empty and not a bundle of units: not over"):
        BundleWriter(small, {}).__enter__()


def test_nothing_is_left_of_what_fails(tmp_path):
    with pytest.raises(ValueError, match="Image code must be between 0 and 15, not 16"):
        write_vectors(tmp_path / "bundle", small_program(),
                      np.stack([*CODES, np.full((1, 4, 4), 16)]))
    assert list(tmp_path.iterdir()) == []


def test_some_ops_have_their_tensors_only(tmp_path):
    program = small_program()
    steps = []
    write_vectors(tmp_path / "b", program, CODES, ops=select(program, ["sel*", "patches"]),
                  progress=steps.append)
    vectors = read_vectors(tmp_path / "b")
    assert [op.name for op in vectors.ops] == ["patches", "select"]
    assert list(vectors.tensors) == ["image", "patches", "proj", "token"]
    assert sum(steps) == 3 * 4
    assert not [result for result in replay(vectors) if result.mismatches]


def test_what_no_chosen_op_needs_is_not_run(tmp_path):
    program = small_program()
    program.ops[3].attributes["scales"] = []
    with pytest.raises(ValueError, match="zip"):
        write_vectors(tmp_path / "b", program, CODES)
    write_vectors(tmp_path / "b", program, CODES, ops=select(program, ["patches", "select"]))


@pytest.mark.parametrize(("pattern", "said"), [
    ("pro", "No op matches 'pro': near it are proj"),
    ("e", "No op matches 'e': near it are patches, select"),
    ("slect", "No op matches 'slect': near it are select"),
    ("*.zzz", "No op matches '*.zzz': there are 4 ops, from patches to logits"),
    ("", "No op matches '': there are 4 ops, from patches to logits"),
])
def test_patterns_that_match_nothing(pattern, said):
    with pytest.raises(ValueError) as caught:
        select(small_program(), ["proj", pattern])
    assert str(caught.value) == said


def renamed(**names):
    program = small_program()
    for op in program.ops:
        op.name = names.get(op.name, op.name)
    return program


@pytest.mark.parametrize(("pattern", "near"), [("ab", "ab1, ab2, ab3"), ("ab9", "ab4, ab3, ab2")])
def test_three_names_are_near_enough(pattern, near):
    program = renamed(patches="ab1", proj="ab2", select="ab3", logits="ab4")
    with pytest.raises(ValueError, match=f"near it are {near}$"):
        select(program, [pattern])


@pytest.mark.parametrize(("program", "options", "said"), [
    (small_program(), {"ops": []}, "A bundle needs at least one op"),
    (small_program(), {"lanes": 65}, "Lanes must be between 1 and 64, not 65"),
    (renamed(proj="a/b"), {}, "Record name must be at most 120 letters, digits, dots, dashes and "
                              "underscores, not 'a/b'"),
    (renamed(proj="A", select="a"), {}, "'A' and 'a' would be one file on some systems"),
])
def test_what_cannot_be_written(program, options, said, tmp_path):
    with pytest.raises(ValueError) as caught:
        write_vectors(tmp_path / "bundle", program, CODES, **options)
    assert str(caught.value) == said
    assert list(tmp_path.iterdir()) == []


def test_the_size_is_known_beforehand(tmp_path):
    program = small_program()
    plan = Plan.of(program, program.ops, images=300, lanes=2)
    write_vectors(tmp_path / "b", program, np.tile(CODES, (100, 1, 1, 1)), lanes=2)
    size = sum(map(len, contents(tmp_path / "b").values()))
    assert size == pytest.approx(plan.bytes(), rel=0.15)


def test_the_readme_works_an_element(small):
    text = (small / "README.md").read_text()
    weight = small_program().ops[1].tensors["weight"].astype(int) - [[1], [2], [0]]
    tokens = execute(small_program(), CODES, record=["patches"])[1]["patches"]
    row = tokens[2, 3].astype(int)
    acc = int(weight[2] @ row) + 9
    code = (acc * 40000 + 32768 >> 16) + 100
    assert f"    {acc - 9} + 9, the bias, = {acc}\n" in text
    assert f"    ({acc}·40000 + 2^15) >> 16 = {code - 100}\n" in text
    assert f"    {code}, as row 11, column 2 of tensors/proj.mem has it\n" in text
    line = (small / "tensors/patches.mem").read_text().splitlines()[11 * 2 + 1]
    assert ("so line 11 · 2 + 3 div 2 = 23, counted from 0, lane 3 mod 2 = 1."
            f"\n\n    {line}\n") in text


def test_a_wrong_element_is_found(copy):
    """The hashes are right and the value in range: only replaying can tell."""
    mem = copy.folder / "tensors/proj.mem"
    lines = mem.read_text().split()
    lines[9] = f"{int(lines[9], 16) ^ 0x101:04x}"
    mem.write_text("\n".join(lines) + "\n")
    with np.load(copy.folder / "tensors.npz") as arrays:
        kept = dict(arrays)
    old = kept["proj"][1, 0, 2]
    kept["proj"][1, 0, 2] ^= 1
    np.savez(copy.folder / "tensors.npz", **kept)
    copy.rehash()
    steps = []
    results = replay(read_vectors(copy.folder), progress=steps.append)
    assert steps == [1] * 4 * 3
    found = {result.op: result for result in results}
    assert found["proj"].first == (
        f"image 1, element [0, 2]: got {old}, want {old ^ 1}")
    assert {op: result.mismatches for op, result in found.items()} == {
        "patches": 0, "proj": 1, "select": 0, "logits": 0}
    assert found["proj"].elements == 36


def test_the_first_of_several_is_told(small):
    vectors = read_vectors(small)
    vectors.ops[0].attributes["patch"] = [4, 1]  # other pixels in each place but the first
    (patches, *_) = replay(vectors)
    got = CODES[0, 0].T.reshape(-1)
    want = execute(small_program(), CODES, record=["patches"])[1]["patches"]
    first = next(n for n in range(16) if got[n] != want[0].flat[n])
    assert patches.first == (f"image 0, element {[first // 4, first % 4]}: got {got[first]}, "
                             f"want {want[0].flat[first]}")
    assert patches.mismatches == sum(
        int((CODES[n, 0].T.reshape(-1) != want[n].reshape(-1)).sum()) for n in range(3))


def test_reals_may_differ_by_rounding_only(copy):
    def shift(by):
        vectors = read_vectors(copy.folder)
        op = vectors.ops[-1]
        op.attributes["scales"] = [0.25 * (1 + by)]
        return replay(vectors)[-1].mismatches

    assert shift(2.0**-45) == 0
    assert shift(2.0**-35) > 0
