"""``vit2rtl vectors``: the bundle is valid, reruns give the same bytes, errors take one line."""

import json
import shutil
from types import SimpleNamespace

import numpy as np
import pytest

from vit2rtl import __version__, checkpoint
from vit2rtl.golden import read_bundle
from vit2rtl.models import embedded
from vit2rtl.recording import Recording

pytestmark = pytest.mark.usefixtures("single_thread")


def contents(folder):
    return {
        p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()
    }


@pytest.fixture(scope="module")
def one(tmp_path_factory):
    """A list of one held-out image."""
    path = tmp_path_factory.mktemp("lists") / "one.txt"
    path.write_text("mnist5k/held_out/0042\n")
    return path


def test_the_bundle_is_valid_and_holds_the_models_values(
    command, mnist, one, tmp_path, tmp_path_factory
):
    out = tmp_path / "bundle"
    code, said, err = command("vectors", mnist, "--list", one, "--out", out)
    assert code == 0
    size = sum(path.stat().st_size for path in out.rglob("*") if path.is_file()) / 1e6
    about = float(err.removeprefix("1 image: about ").removesuffix(" MB\n"))
    assert 0.5 * size < about < size  # directed records and texts are not counted
    bundle = read_bundle(out)
    records = [record for entry in bundle.entries for record in entry.records]
    beats = sum(record.beats for record in records)
    assert said == (
        f"{len(records)} records of {len(bundle.entries)} unit instances, {beats:,} beats: {out}\n"
    )
    assert {e.instance.unit.name for e in bundle.entries} == {
        "log2_dequantizer", "log_sqrt2_quantizer", "requantizer"
    }
    assert sum(record.kind == "model" for record in records) == 4 * 8
    model, description = checkpoint.load(mnist)
    want = Recording(model, tmp_path_factory.mktemp("spool"))
    want.run(embedded.images("held_out")[0][42:43])
    for record in records:
        if record.name == "blocks.3.mlp.fc2":
            assert np.array_equal(record.outputs()["code"], np.ravel(want.outputs[record.name]))
            assert np.array_equal(record.inputs()["acc"], np.ravel(want.accumulators[record.name]))
        if record.name == "blocks.0.attn.softmax":
            assert np.array_equal(record.outputs()["code"], np.ravel(want.codes["blocks.0.attn"]))
    text = json.dumps(bundle.manifest)
    for expected in (f"vit2rtl {__version__}", "mnist5k/held_out/0042",
                     description["tensors"]["sha256"], "mnist_vit"):
        assert expected in text


def test_reruns_give_the_same_bytes_and_other_images_others(command, mnist, one, tmp_path):
    for name in ("first", "second"):
        assert command("vectors", mnist, "--list", one, "--out", tmp_path / name)[0] == 0
    first = contents(tmp_path / "first")
    assert contents(tmp_path / "second") == first and len(first) > 100
    assert command("vectors", mnist, "--seed", 5, "--lanes", 8, "--out", tmp_path / "first")[0] == 0
    again = contents(tmp_path / "first")
    assert again != first and not any("_l4" in name for name in again)
    read_bundle(tmp_path / "first")


def test_two_workers_record_what_this_process_does(command, mnist, tmp_path):
    given = ("vectors", mnist, "--count", 6, "--lanes", 64, "--out")
    serial = command(*given, tmp_path / "serial")
    code, out, err = command(*given, tmp_path / "farm", "--jobs", 2)
    assert (code, out, err) == (0, serial[1].replace("serial", "farm"), serial[2])
    assert contents(tmp_path / "farm") == contents(tmp_path / "serial")
    assert {path.name for path in tmp_path.iterdir()} == {"serial", "farm"}


def test_count_draws_images_by_the_seed(command, mnist, tmp_path):
    assert command("vectors", mnist, "--count", 2, "--lanes", 64, "--out", tmp_path / "b")[0] == 0
    manifest = json.dumps(read_bundle(tmp_path / "b").manifest)
    assert manifest.count("mnist5k/held_out/") == 2


def test_a_model_of_timm(command, tiny, photos, tmp_path):
    code, _, err = command("vectors", tiny, "--images", photos, "--out", tmp_path / "b")
    assert (code, err) == (0, "1 image: about 0.0 MB\n")
    read_bundle(tmp_path / "b")
    assert str(photos) not in (tmp_path / "b" / "manifest.json").read_text()


@pytest.fixture
def refused(command, tmp_path):
    def run(*arguments):
        code, out, err = command("vectors", *arguments, "--out", tmp_path / "bundle")
        lines = [line for line in err.splitlines() if not line.startswith("Usage")]
        assert (code, out, len(lines)) == (2, "", 1), err
        assert not (tmp_path / "bundle").exists()
        return lines[0].removeprefix("vit2rtl: ")

    return run


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--profile", "official"], "profile official, layernorm reparam, softmax log-sqrt2"),
        (["--profile", "paper"], "profile paper, layernorm reparam, softmax log-sqrt2"),
        (["--layernorm", "channel-wise"],
         "profile hardware, layernorm channel-wise, softmax log-sqrt2"),
        (["--softmax", "log2"], "profile hardware, layernorm reparam, softmax log2"),
        (["--softmax", "uniform"], "profile hardware, layernorm reparam, softmax uniform"),
    ],
)
def test_models_without_integers_are_refused(options, said, command, refused, tmp_path):
    model = tmp_path / "model"
    assert command("quantize", "mnist_vit", "--count", 2, *options, "--out", model)[0] == 0
    assert refused(model) == (
        "Vectors need integer arithmetic: profile hardware, layernorm reparam or layer-wise, "
        f"softmax log-sqrt2; this checkpoint has {said}"
    )


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--lanes", "0"], "Invalid value for '--lanes': 0 is not in the range 1<=x<=64."),
        (["--count", "0"], "Invalid value for '--count': 0 is not in the range x>=1."),
        (["--count", "1001"], "1001 images are asked for, but there are only 1000"),
        (["--seed", "-1"], "Invalid value for '--seed': -1 is not in the range 0<=x<=4294967295."),
    ],
)
def test_odd_arguments(arguments, said, mnist, refused):
    assert refused(mnist, *arguments) == said


def test_a_full_disk_is_seen_before_it_is_full(mnist, one, command, tmp_path, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda place: SimpleNamespace(free=2 * 10**6))
    code, out, err = command("vectors", mnist, "--list", one, "--out", tmp_path / "bundle")
    about, line = err.splitlines()
    assert (code, out, about.startswith("1 image: about 2.")) == (2, "", True)
    assert line.endswith(f" MB, and {tmp_path} has 2.0 MB free: choose fewer images")
    assert list(tmp_path.iterdir()) == []


def test_images_are_asked_for(tiny, refused):
    assert refused(tiny) == "Missing option '--images': a folder of images"


def test_other_folders_are_left_alone(command, mnist, one, tmp_path):
    (tmp_path / "chapter.tex").write_text("years of work")
    code, _, err = command("vectors", mnist, "--list", one, "--out", tmp_path)
    assert (code, err) == (
        2, f"vit2rtl: {tmp_path} is not empty and not a bundle of units: not overwriting it\n"
    )
    assert [p.name for p in tmp_path.iterdir()] == ["chapter.tex"]
