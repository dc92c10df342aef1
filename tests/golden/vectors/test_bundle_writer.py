"""Writing bundles: their files, their bytes, and what the writer refuses."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from vit2rtl.golden import BundleWriter, read_bundle
from vit2rtl.golden.vectors.bundle import SCHEMA

from .conftest import DEQUANTIZER, REQUANTIZER, qkv, write


def files_of(folder):
    """Every file but SHA256SUMS, and its bytes."""
    files = (p for p in folder.rglob("*.*") if p.is_file())
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in files}


def test_files_of_a_bundle(pristine):
    assert sorted(files_of(pristine)) == [
        "README.md",
        "log2_dequantizer_l3_zcextra/again/i.mem",
        "log2_dequantizer_l3_zcextra/again/o.mem",
        "log2_dequantizer_l3_zcextra/again/tensors.npz",
        "log2_dequantizer_l3_zcextra/directed.every_code/i.mem",
        "log2_dequantizer_l3_zcextra/directed.every_code/o.mem",
        "log2_dequantizer_l3_zcextra/directed.every_code/tensors.npz",
        "log2_dequantizer_l3_zcextra/replay.sv",
        "manifest.json",
        "requantizer_l4_aw18/blocks.0.attn.qkv/i.mem",
        "requantizer_l4_aw18/blocks.0.attn.qkv/o.mem",
        "requantizer_l4_aw18/blocks.0.attn.qkv/tensors.npz",
        "requantizer_l4_aw18/replay.sv",
    ]


def test_a_rerun_gives_identical_bytes(pristine, tmp_path):
    program = (
        "import sys; from pathlib import Path; from tests.golden.vectors.conftest import write; "
        "write(Path(sys.argv[1]))"
    )
    environment = os.environ | {"PYTHONHASHSEED": "7", "TZ": "Pacific/Auckland"}
    command = [sys.executable, "-c", program, tmp_path / "again"]
    subprocess.run(command, env=environment, cwd=Path(__file__).parents[3], check=True)
    assert files_of(tmp_path / "again") == files_of(pristine)
    sums = (pristine / "SHA256SUMS").read_bytes()
    assert (tmp_path / "again" / "SHA256SUMS").read_bytes() == sums


def test_sha256sum_accepts_the_sums(pristine):
    subprocess.run(
        ["sha256sum", "--quiet", "--strict", "-c", "SHA256SUMS"], cwd=pristine, check=True
    )
    listed = [line[66:] for line in (pristine / "SHA256SUMS").read_text().splitlines()]
    assert listed == sorted(files_of(pristine))


def test_manifest_describes_every_tensor(pristine):
    text = (pristine / "manifest.json").read_text()
    manifest = json.loads(text)
    assert text.endswith("}\n")
    assert manifest["schema"] == SCHEMA == "vit2rtl.vectors/2"
    assert manifest["provenance"] == {"model": "none", "seed": 0}
    (record,) = manifest["entries"][0]["records"]
    assert (record["elements"], record["beats"]) == (30, 8)
    assert record["files"]["stimulus"]["digits"] == 37
    acc, multiplier, shift, code = record["tensors"]
    assert [t["shape"] for t in (acc, multiplier, shift, code)] == [[5, 6], [6], [6], [5, 6]]
    assert [t["packing"]["offset"] for t in (acc, multiplier, shift, code)] == [0, 18, 34, 0]
    assert acc["signed"] and not multiplier["signed"]
    folder = "requantizer_l4_aw18/blocks.0.attn.qkv"
    assert code == {
        "name": "code",
        "role": "expected",
        "shape": [5, 6],
        "bits": 4,
        "signed": False,
        "lanes": 4,
        "packing": {"lane_bits": 4, "offset": 0},
        "scale": 0.5,
        "zero_point": 7,
        "multiplier": "tensor multiplier",
        "shift": "tensor shift",
        "rounding": "half up, once",
        "description": "queries, keys, values",
        "file": f"{folder}/o.mem",
        "sha256": record["files"]["expected"]["sha256"],
    }


def test_arrays_keep_their_natural_shapes(pristine):
    path = pristine / "requantizer_l4_aw18/blocks.0.attn.qkv/tensors.npz"
    with np.load(path, allow_pickle=False) as arrays:
        kinds = {name: (array.shape, array.dtype.str) for name, array in arrays.items()}
        np.testing.assert_array_equal(arrays["acc"], qkv()["inputs"]["acc"])
    assert kinds == {
        "acc": ((5, 6), "<i4"),
        "multiplier": ((6,), "<u2"),
        "shift": ((6,), "|u1"),
        "expected_code": ((5, 6), "|u1"),
    }


def test_readme_works_the_first_beat(pristine):
    text = (pristine / "README.md").read_text()
    folder = pristine / "requantizer_l4_aw18/blocks.0.attn.qkv"
    for file in ("i.mem", "o.mem"):
        with open(folder / file) as lines:
            assert f"`{next(lines).strip()}`" in text
    assert "| 1 | acc | -56014 | `110010010100110010` | 37 | 0x32532 << 37 |" in text
    assert "`shift_base` = 28, `zero_point` = 7" in text
    assert "| `requantizer_l4_aw18` | 1 | 30 | 8 |" in text


def test_an_existing_bundle_is_replaced(tmp_path):
    write(tmp_path / "bundle")
    (tmp_path / "bundle" / REQUANTIZER.name / "stale").mkdir()
    with BundleWriter(tmp_path / "bundle", {}) as writer:
        writer.add(REQUANTIZER, **qkv())
    assert [entry.instance.name for entry in read_bundle(tmp_path / "bundle").entries] == [
        "requantizer_l4_aw18"
    ]
    assert not (tmp_path / "bundle" / REQUANTIZER.name / "stale").exists()
    assert os.listdir(tmp_path) == ["bundle"]


def test_an_empty_folder_may_become_a_bundle(tmp_path):
    (tmp_path / "bundle").mkdir()
    write(tmp_path / "bundle")
    assert read_bundle(tmp_path / "bundle").entries


@pytest.mark.parametrize("content", [None, "{}", '{"schema": "other/1"}', "[]", "{"])
def test_a_folder_that_is_no_bundle_is_left_alone(tmp_path, content):
    folder = tmp_path / "precious"
    folder.mkdir()
    (folder / ("notes.txt" if content is None else "manifest.json")).write_text(content or "")
    with pytest.raises(ValueError) as caught:
        write(folder)
    assert str(caught.value) == (
        f"{folder} is not empty and not a bundle of units: not overwriting it")
    assert len(os.listdir(folder)) == 1 and os.listdir(tmp_path) == ["precious"]


def test_what_was_put_into_a_bundle_is_not_lost(tmp_path):
    folder = tmp_path / "bundle"
    write(folder)
    (folder / "replay.vvp").write_text("")
    with pytest.raises(ValueError) as caught:
        write(folder)
    assert str(caught.value) == (
        f"{folder} holds 'replay.vvp', which is no part of the bundle of units: not overwriting it"
    )
    assert (folder / "replay.vvp").exists()


def test_an_interrupt_between_the_renames_keeps_the_old_bundle(tmp_path, monkeypatch):
    write(tmp_path / "bundle")
    before = files_of(tmp_path / "bundle")
    rename = os.rename

    def interrupted(source, target):
        if source.name == "new":
            raise KeyboardInterrupt
        rename(source, target)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(os, "rename", interrupted)
        write(tmp_path / "bundle")
    assert files_of(tmp_path / "bundle") == before
    assert os.listdir(tmp_path) == ["bundle"]


def test_a_file_in_the_way(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ValueError) as caught:
        write(tmp_path / "file")
    assert str(caught.value) == f"{tmp_path / 'file'} is a file, not a folder for a bundle of units"


def test_failure_leaves_the_old_bundle_and_nothing_else(tmp_path):
    write(tmp_path / "bundle")
    before = files_of(tmp_path / "bundle")
    with pytest.raises(KeyboardInterrupt), BundleWriter(tmp_path / "bundle", {}) as writer:
        writer.add(REQUANTIZER, **qkv())
        raise KeyboardInterrupt
    assert files_of(tmp_path / "bundle") == before
    assert os.listdir(tmp_path) == ["bundle"]


def test_an_empty_bundle_is_an_error(tmp_path):
    with pytest.raises(ValueError) as caught, BundleWriter(tmp_path / "bundle", {}):
        pass
    assert str(caught.value) == "A bundle needs at least one record"
    assert os.listdir(tmp_path) == []


def test_provenance_must_be_json(tmp_path):
    with pytest.raises(TypeError) as caught:
        BundleWriter(tmp_path, {"model": {1, 2}})
    assert str(caught.value) == "{1, 2} has no JSON form"


def test_two_instances_may_share_record_names(pristine):
    entries = read_bundle(pristine).entries
    assert [entry.instance.name for entry in entries] == [REQUANTIZER.name, DEQUANTIZER.name]
