"""``vit2rtl vectors --format``: of a checkpoint, of a bundle, and where it is wrong."""

import json
import re

import pytest

from vit2rtl.golden import BundleWriter, Instance, directed_records, read_bundle

INSTANCE = Instance.of("log2_dequantizer", lanes=2)


@pytest.fixture
def bundle(tmp_path):
    with BundleWriter(tmp_path / "bundle", {}) as writer:
        for record in directed_records(INSTANCE):
            writer.add(INSTANCE, **record)
    return tmp_path / "bundle"


def test_a_bundle_is_written_again(command, bundle, tmp_path):
    out = tmp_path / "more"
    code, said, err = command("vectors", bundle, "--format", "c", "--format", "coe", "--out", out)
    assert (code, err) == (0, "")
    assert said == f"{bundle} again, further formats coe, c: {out}\n"
    assert read_bundle(out).manifest["formats"] == ["coe", "c"]
    assert (out / INSTANCE.name / "vectors.h").is_file()
    code, said, _ = command("vectors", out, "--out", out, "--json")
    assert code == 0
    assert json.loads(said) == {"formats": [], "out": str(out)}
    assert not (out / INSTANCE.name / "vectors.h").exists()
    assert "formats" not in read_bundle(out).manifest


@pytest.mark.usefixtures("single_thread")
def test_a_checkpoint(command, mnist, tmp_path):
    out = tmp_path / "bundle"
    code, _, err = command("vectors", mnist, "--lanes", 64, "--format", "mif", "--out", out)
    assert code == 0 and re.fullmatch(r"1 image: about [\d.]+ MB\n", err)
    bundle = read_bundle(out)
    assert bundle.manifest["formats"] == ["mif"]
    for entry in bundle.entries:
        for record in entry.records:
            assert f"DEPTH = {record.beats};" in record.stimulus.with_suffix(".mif").read_text()


def test_nothing_can_be_recorded_in_a_bundle(command, bundle, tmp_path):
    code, _, err = command("vectors", bundle, "--images", tmp_path, "--out", tmp_path / "more")
    assert code == 2
    assert err.endswith("vit2rtl: FOLDER is a bundle: its vectors are there, no --images\n")
    code, _, err = command("vectors", bundle, "--check", "--format", "c")
    assert code == 2
    assert err.endswith("vit2rtl: --check takes a bundle and no --format\n")
    assert not (tmp_path / "more").exists()
