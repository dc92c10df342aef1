"""``vit2rtl vectors`` of an integer program, and its ``--check``."""

import json
import shutil
from collections import namedtuple

import numpy as np
import pytest

from vit2rtl import checkpoint
from vit2rtl.golden.files.documents import sha256
from vit2rtl.golden.program.execute import execute
from vit2rtl.golden.program.reader import read_program
from vit2rtl.golden.vectors.program_vectors_reader import read_vectors
from vit2rtl.lowering.tracing import trace
from vit2rtl.models import embedded

from .test_programs import without_torch

pytestmark = pytest.mark.usefixtures("single_thread")


@pytest.fixture(scope="module")
def programs(tiny, mnist, photos, tmp_path_factory):
    """Folder of programs: the tiny ViT's, hardware, and the embedded model's, integer."""
    from vit2rtl.cli import main

    folder = tmp_path_factory.mktemp("programs")
    for name, arguments in (("tiny", [tiny]), ("mnist", [mnist, "--variant", "integer"])):
        with pytest.raises(SystemExit) as stopped:
            main(["lower", *map(str, arguments), "--out", str(folder / name)])
        assert stopped.value.code == 0
    return folder


def test_without_torch(programs, photos, tmp_path):
    out = tmp_path / "bundle"
    done = without_torch("vectors", programs / "tiny", "--images", photos, "--list",
                         photos / "list.txt", "--out", out)
    assert done.returncode == 0
    size = sum(p.stat().st_size for p in out.rglob("*") if p.is_file()) / 1e6
    assert done.stderr == f"21 ops on 3 images: about {size:.1f} MB\n"
    assert done.stdout == f"21 ops, 22 tensors, {size:.1f} MB: {out}\n"
    vectors = read_vectors(out)
    assert vectors.manifest["provenance"]["images"] == ["4.png", "1.png", "3.png"]
    assert vectors.manifest["provenance"]["program_sha256"] == sha256(
        programs / "tiny" / "program.json")
    assert str(photos) not in (out / "manifest.json").read_text()
    done = without_torch("vectors", out, "--check")
    elements = sum(layout.rows * layout.columns for name, (_, layout, _) in vectors.tensors.items()
                   if name != "image")
    assert (done.returncode, done.stdout, done.stderr) == (
        0, f"21 ops, {elements:,} elements of output computed again: all equal\n", "")


def test_images_are_those_of_the_embedded_model_without_torch(programs, mnist, tmp_path):
    out = tmp_path / "bundle"
    done = without_torch("vectors", programs / "mnist", "--count", 2, "--out", out)
    assert done.returncode == 0, done.stderr
    vectors, program = read_vectors(out), read_program(programs / "mnist")
    names = vectors.manifest["provenance"]["images"]
    batch = embedded.images("held_out")[0][[int(name[-4:]) for name in names]]
    codes = trace(checkpoint.load(mnist)[0], batch)["image"].encode(program.image)
    assert all(np.array_equal(vectors.tensor("image", n), codes[n]) for n in range(2))
    logits = execute(program, codes.astype(np.uint8))
    assert all(np.array_equal(vectors.tensor("logits", n), logits[n]) for n in range(2))


def test_run_measures_the_embedded_model_without_torch(programs, tmp_path):
    from vit2rtl.models.digits import digits, split_indices

    done = without_torch("run", programs / "mnist")
    assert (done.returncode, done.stderr) == (0, "")
    *lines, summary = done.stdout.splitlines()
    labels = digits()[1]
    labels = labels[split_indices(labels, "held_out")]
    names = [f"mnist5k/held_out/{n:04d}" for n in range(1000)]
    classes = [int(line.split()[2]) for line in lines]
    assert [line.split()[0] for line in lines] == names
    top1 = 100 * np.mean(classes == labels)
    assert top1 > 95 and summary.startswith(f"top-1 {top1:.1f} %, top-5 ")
    (tmp_path / "list.txt").write_text(f"{names[7]}\n{names[2]}\n")
    done = without_torch("run", programs / "mnist", "--list", tmp_path / "list.txt", "--json")
    rows = json.loads(done.stdout)["images"]
    assert [(row["file"], row["class_index"]) for row in rows] == [
        (names[n], classes[n]) for n in (7, 2)]


@pytest.mark.parametrize("asked", [["vectors", "--out", "b"], ["run"]])
def test_a_program_of_another_model_has_no_images_of_its_own(command, programs, asked):
    code, _, err = command(asked[0], programs / "tiny", *asked[1:])
    assert code == 2
    assert err.endswith("vit2rtl: Missing option '--images': a folder of images\n")


def test_two_workers_record_what_this_process_does(programs, photos, tmp_path):
    given = ("vectors", programs / "tiny", "--images", photos, "--count", 3, "--out")
    serial = without_torch(*given, tmp_path / "serial")
    farm = without_torch(*given, tmp_path / "farm", "--jobs", 2)
    assert (farm.returncode, farm.stderr) == (0, serial.stderr)
    assert farm.stdout == serial.stdout.replace("serial", "farm")
    names = {path.relative_to(tmp_path / "serial") for path in (tmp_path / "serial").rglob("*")}
    assert {path.relative_to(tmp_path / "farm") for path in (tmp_path / "farm").rglob("*")} == names
    assert (tmp_path / "farm" / "SHA256SUMS").read_text() == (
        tmp_path / "serial" / "SHA256SUMS").read_text()
    assert {path.name for path in tmp_path.iterdir()} == {"serial", "farm"}


def test_a_bundle_is_of_no_farm(command, programs, tmp_path):
    out = tmp_path / "b"
    assert command("vectors", programs / "mnist", "--ops", "head", "--out", out)[0] == 0
    code, _, err = command("vectors", out, "--check", "--jobs", 2)
    assert (code, err.splitlines()[-1]) == (2, "vit2rtl: --check takes a bundle and no --jobs")


def test_the_same_seed_gives_the_same_bytes(command, programs, photos, tmp_path):
    given = ("vectors", programs / "tiny", "--images", photos, "--count", 2, "--ops", "*.mlp.*",
             "--ops", "head")
    sums = []
    for n, seed in enumerate((0, 0, 1)):
        assert command(*given, "--seed", seed, "--out", tmp_path / f"{n}")[0] == 0
        sums.append((tmp_path / f"{n}" / "SHA256SUMS").read_text())
    assert sums[0] == sums[1] != sums[2]
    assert [op.name for op in read_vectors(tmp_path / "0").ops] == [
        "blocks.0.mlp.fc1", "blocks.0.mlp.act", "blocks.0.mlp.fc2", "blocks.0.mlp.add", "head"]


def test_figures_as_json(command, programs, tmp_path):
    code, out, _ = command("vectors", programs / "mnist", "--ops", "*.fc1", "--json",
                           "--out", tmp_path / "b")
    size = sum(p.stat().st_size for p in (tmp_path / "b").rglob("*") if p.is_file())
    assert (code, json.loads(out)) == (0, {
        "ops": 4, "tensors": 8, "images": 1, "bytes": size, "out": str(tmp_path / "b")})
    code, out, _ = command("vectors", tmp_path / "b", "--check", "--json")
    assert code == 0
    assert json.loads(out)["ops"][0] == {
        "op": "blocks.0.mlp.fc1", "kind": "linear", "elements": 50 * 256, "mismatches": 0,
        "first": None}


def test_check_finds_a_wrong_code(command, programs, tmp_path):
    """All files agree with each other, and none is out of range."""
    out = tmp_path / "b"
    assert command("vectors", programs / "mnist", "--ops", "blocks.1.mlp.act", "--lanes", 1,
                   "--out", out)[0] == 0
    table = np.load(out / "constants.npz")["blocks.1.mlp.act/table"]
    code = read_vectors(out).tensor("blocks.1.mlp.fc1", 0)[0, 0]
    table[code] ^= 1
    member = "blocks.1.mlp.act/table"
    np.savez(out / "constants.npz", **{member: table})
    mem = out / "constants" / f"{member}.mem"
    mem.write_text("".join(f"{x:x}\n" for x in table))
    manifest = json.loads((out / "manifest.json").read_text())
    manifest["ops"][0]["constants"][0]["sha256"] = sha256(mem)
    manifest["arrays"][1]["sha256"] = sha256(out / "constants.npz")
    (out / "manifest.json").write_text(json.dumps(manifest))
    sums = (out / "SHA256SUMS").read_text().split("\n")[:-1]
    (out / "SHA256SUMS").write_text("".join(
        f"{sha256(out / line[66:])}  {line[66:]}\n" for line in sums))
    code, said, err = command("vectors", out, "--check")
    assert (code, said) == (1, "")
    assert err.startswith("vit2rtl: 1 of 1 ops differ, first blocks.1.mlp.act: ")
    assert ", image 0, element [0, 0]: got " in err


def test_check_takes_bundles_of_units_too(command, mnist, tmp_path):
    assert command("vectors", mnist, "--out", tmp_path / "b", "--json")[0] == 0
    code, out, _ = command("vectors", tmp_path / "b", "--check")
    assert code == 0
    assert out.endswith(" elements of output computed again: all equal\n")
    code, out, _ = command("vectors", tmp_path / "b", "--check", "--json")
    assert {result["mismatches"] for result in json.loads(out)["records"]} == {0}


@pytest.mark.parametrize(("options", "said"), [
    (["--ops", "blocks.0"], "No op matches 'blocks.0': near it are blocks.0.norm1, "
                            "blocks.0.attn.qkv.q, blocks.0.attn.qkv.k"),
    (["--count", "1001"], "1001 images are asked for, but there are only 1000"),
    (["--check"], "--check takes a bundle and no --out"),
])
def test_what_is_refused(command, programs, tmp_path, options, said):
    code, out, err = command("vectors", programs / "mnist", *options, "--out", tmp_path / "b")
    assert (code, out) == (2, "")
    assert err.splitlines()[-1] == f"vit2rtl: {said}"
    assert not (tmp_path / "b").exists()


def test_more_images_than_there_are(command, programs, photos, tmp_path):
    code, _, err = command("vectors", programs / "tiny", "--images", photos, "--count", 7,
                           "--out", tmp_path / "b")
    assert (code, err) == (2, "vit2rtl: 7 images are asked for, but there are only 6\n")


def test_where_it_goes_is_asked_for(command, programs):
    code, _, err = command("vectors", programs / "mnist")
    assert (code, err.splitlines()[-1]) == (2, "vit2rtl: Missing option '--out'.")


def test_ops_are_those_of_a_program(command, mnist, tmp_path):
    code, _, err = command("vectors", mnist, "--ops", "*", "--out", tmp_path / "b")
    assert code == 2
    assert err.endswith("vit2rtl: --ops is for integer programs, see vit2rtl lower\n")


@pytest.mark.parametrize("name", ["photos", "nothing", "bundle of a program"])
def test_a_folder_that_is_neither_checkpoint_nor_program(command, programs, photos, tmp_path, name):
    source = photos if name == "photos" else tmp_path / name
    if name == "bundle of a program":
        assert command("vectors", programs / "mnist", "--ops", "head", "--out", source)[0] == 0
    for options in ([], ["--ops", "head"]):
        code, out, err = command("vectors", source, *options, "--out", tmp_path / "b")
        assert (code, out, err) == (
            2, "", f"vit2rtl: {source} is neither a checkpoint (vit2rtl quantize) nor an integer "
                   "program (vit2rtl lower)\n")
    assert not (tmp_path / "b").exists()


def test_other_folders_are_left_alone(command, programs, photos):
    code, _, err = command("vectors", programs / "mnist", "--out", photos)
    assert (code, err) == (
        2, f"vit2rtl: {photos} is not empty and not a bundle of a program: not overwriting it\n")


def test_no_room_is_said_before_anything_is_written(command, programs, tmp_path, monkeypatch):
    free = namedtuple("Usage", "total used free")(10**9, 10**9, 2 * 10**6)
    monkeypatch.setattr(shutil, "disk_usage", lambda place: free)
    code, _, err = command("vectors", programs / "mnist", "--out", tmp_path / "sub" / "b")
    assert code == 2
    about = float(err.splitlines()[0].removeprefix("63 ops on 1 image: about ").split()[0])
    assert err.splitlines()[1].startswith("vit2rtl: Writing needs ")
    assert float(err.splitlines()[1].split()[3]) == pytest.approx(2 * about, abs=0.11)
    assert err.endswith(f" MB, and {tmp_path} has 2.0 MB free: choose fewer images, or ops by "
                        "--ops\n")
    assert list(tmp_path.iterdir()) == []


def test_a_program_is_no_bundle(command, programs):
    code, _, err = command("vectors", programs / "mnist", "--check")
    assert (code, err) == (
        2, f"vit2rtl: {programs / 'mnist'} is not a bundle: it has no manifest.json\n")
