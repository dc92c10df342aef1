"""Vectors of a program that are wrong: each way has its sentence."""

import shutil
import zipfile

import numpy as np
import pytest

from vit2rtl.golden.vectors.program_vectors_reader import read_vectors


def refusal(folder):
    with pytest.raises(ValueError) as caught:
        read_vectors(folder)
    return str(caught.value)


def line(file, number, text):
    def change(folder):
        lines = (folder / file).read_text().splitlines()
        lines[number] = text
        (folder / file).write_text("\n".join(lines) + "\n")
    return change


@pytest.mark.parametrize(("change", "said"), [
    (line("tensors/token.mem", 1, "00gg"),
     "tensors/token.mem: Line 2 must be hexadecimal digits only"),
    (line("tensors/token.mem", 1, "0102"),
     "tensors/token.mem: Row 0 must be filled up with its last element"),
    (line("tensors/token.mem", 1, "0000"), "tensors.npz, token differs from the .mem file"),
    (line("constants/proj/bias.mem", 1, "000"),
     "constants.npz, proj/bias differs from the .mem file"),
    (line("tensors/token.mem", 1, "000"),
     "tensors/token.mem has 29 bytes, not 30: 3 rows of 2 lines of 4 digits"),
    (lambda folder: (folder / "tensors.npz").write_text("PK"),
     "tensors.npz is not a plain .npz file: File is not a zip file"),
    (lambda folder: np.savez(folder / "tensors.npz", a=np.zeros(2)),
     "tensors.npz must have the arrays that manifest.json names, not a.npy"),
])
def test_files_that_are_wrong_are_refused(change, said, copy):
    change(copy.folder)
    if "bytes" not in said:
        copy.rehash()
    assert refusal(copy.folder) == said


def test_pickles_are_not_loaded(copy):
    with np.load(copy.folder / "tensors.npz") as arrays:
        kept = dict(arrays)
    kept["token"] = np.array([{"a": 1}], object)
    np.savez(copy.folder / "tensors.npz", **kept)
    copy.rehash()
    assert refusal(copy.folder) == (
        "tensors.npz, token: its elements are Python objects, which only a pickle holds")


def test_a_member_that_is_no_array_is_refused(copy):
    with zipfile.ZipFile(copy.folder / "tensors.npz") as archive:
        kept = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(copy.folder / "tensors.npz", "w") as archive:
        for name, data in kept.items():
            archive.writestr(name, b"nothing" if name == "token.npy" else data)
    copy.rehash()
    assert refusal(copy.folder).startswith("tensors.npz, token: ")


def test_values_out_of_range_are_refused(copy):
    """The bits of an accumulator hold more than its bound allows."""
    def bounded(manifest):
        of_tensor("token", "encoding", "accumulator")(manifest)
        of_tensor("token", "bound", 100)(manifest)
        of_tensor("token", "zero_point", 0)(manifest)
        of_tensor("token", "signed", True)(manifest)
        next(t for t in manifest["tensors"] if t["name"] == "token")["layout"]["signed"] = True

    copy.edit(bounded)
    (copy.folder / "tensors/token.mem").write_text("0000\n" * 4 + "0065\n0000\n")
    with np.load(copy.folder / "tensors.npz") as arrays:
        kept = dict(arrays)
    kept["token"] = np.array([[[0, 0, 0]], [[0, 0, 0]], [[101, 0, 0]]], np.int8)
    np.savez(copy.folder / "tensors.npz", **kept)
    copy.rehash()
    assert refusal(copy.folder) == (
        "tensors/token.mem: elements must be between -100 and 100, not 101")


def of_op(name, key, value):
    def change(manifest):
        next(op for op in manifest["ops"] if op["name"] == name)[key] = value
    return change


def of_tensor(name, key, value):
    def change(manifest):
        next(t for t in manifest["tensors"] if t["name"] == name)[key] = value
    return change


@pytest.mark.parametrize(("change", "said"), [
    (lambda m: m.update(schema="vit2rtl.program_vectors/2"),
     "manifest.json has schema 'vit2rtl.program_vectors/2'; this version reads "
     "'vit2rtl.program_vectors/1'"),
    (lambda m: m.update(images=0), "manifest.json: 0 images in 2 lanes are not possible"),
    (lambda m: m.update(lanes=True), "manifest.json: 'lanes' must be of type int, not True"),
    (lambda m: m.update(variant="float"),
     "manifest.json: variant must be one of hardware, integer, not 'float'"),
    (lambda m: m.update(variant="integer"),
     "manifest.json: op 'logits' computes in float, in a program of variant integer"),
    (lambda m: m.update(ops=[]), "manifest.json: 'ops' must not be empty"),
    (lambda m: m["ops"].append(m["ops"][0]), "manifest.json has two ops 'patches'"),
    (lambda m: m["tensors"].append(m["tensors"][0]), "manifest.json has two tensors 'image'"),
    (of_op("proj", "kind", "conv"), "manifest.json: op 'proj' is of unknown kind 'conv'"),
    (of_op("proj", "inputs", ["x"]), "manifest.json, proj: its tensor 'x' is not there"),
    (of_op("proj", "inputs", [["x"]]), "manifest.json, proj: its tensor ['x'] is not there"),
    (of_op("select", "attributes", {"tokens": [4]}),
     "manifest.json: op 'select': tokens [4] do not fit (4, 3) and (1, 3)"),
    (of_op("proj", "derived", {"accumulator_bits": 3}),
     "manifest.json, proj: derived must be {'accumulator_bits': 9, 'weight_low': -2, "
     "'weight_high': 3}"),
    (of_op("proj", "constants", []),
     "constants.npz must have the arrays that manifest.json names, not proj/bias.npy"),
    (of_tensor("proj", "file", "../proj.mem"),
     "manifest.json, proj: '../proj.mem' is outside the bundle"),
    (of_tensor("proj", "file", "/proj.mem"),
     "manifest.json, proj: '/proj.mem' is outside the bundle"),
    (of_tensor("proj", "file", "tensors/none.mem"), "tensors/none.mem is missing"),
    (of_tensor("proj", "sha256", "0" * 64),
     "tensors/proj.mem has one SHA-256 in manifest.json and another in SHA256SUMS"),
    (of_tensor("proj", "bits", 0), "manifest.json, proj: bits must be between 1 and 16, not 0"),
    (of_tensor("proj", "name", "a b"),
     "manifest.json, a b: Record name must be at most 120 letters, digits, dots, dashes and "
     "underscores, not 'a b'"),
    (of_tensor("proj", "layout", {}),
     "manifest.json, proj: its layout must be {'number': 'integer', 'bits': 8, 'signed': False, "
     "'lanes': 2, 'rows': 12, 'columns': 3, 'row_beats': 2, 'beats': 24, 'beat_bits': 16, "
     "'digits': 4}"),
])
def test_manifests_that_are_wrong_are_refused(change, said, copy):
    copy.edit(change)
    if "SHA256" not in said:
        copy.rehash()
    assert refusal(copy.folder) == said


def test_constants_are_as_wide_as_they_must_be(copy):
    """Wider bits, all else consistent: not the layout that the same values give again."""
    def widen(manifest):
        op = next(op for op in manifest["ops"] if op["name"] == "proj")
        shift = next(c for c in op["constants"] if c["role"] == "shift")
        shift["layout"] |= {"bits": 6, "beat_bits": 12, "digits": 3}

    copy.edit(widen)
    (copy.folder / "constants/proj/shift.mem").write_text("410\n410\n")
    copy.rehash()
    assert refusal(copy.folder).startswith("manifest.json, proj, shift: its layout must be ")


def test_missing_and_changed_files_are_refused(copy):
    mem = copy.folder / "tensors/proj.mem"
    text = mem.read_text()
    mem.write_text(text.replace(text[:5], "ffff\n"))
    said = refusal(copy.folder)
    assert said.startswith("tensors/proj.mem has SHA-256 ") and said.endswith("SHA256SUMS says")
    mem.unlink()
    assert refusal(copy.folder) == "tensors/proj.mem is missing"
    (copy.folder / "SHA256SUMS").unlink()
    assert refusal(copy.folder) == "SHA256SUMS is missing"
    shutil.rmtree(copy.folder)
    assert refusal(copy.folder) == (
        f"{copy.folder} is not a bundle of a program's vectors: it has no manifest.json")


def test_a_link_that_leaves_the_bundle_is_refused(copy, tmp_path):
    mem = copy.folder / "tensors/proj.mem"
    mem.rename(tmp_path / "elsewhere.mem")
    mem.symlink_to(tmp_path / "elsewhere.mem")
    assert refusal(copy.folder) == (
        "SHA256SUMS: 'tensors/proj.mem' is a link that leaves the bundle")
