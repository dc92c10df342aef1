"""vit2rtl lower, inspect, run and compare."""

import json
import os
import subprocess
import sys

import pytest
from PIL import Image

from vit2rtl import comparison
from vit2rtl.commands import slices

WITHOUT_TORCH = """
import sys
for name in ("torch", "timm", "torchvision", "amaranth", "cocotb"):
    sys.modules[name] = None
from vit2rtl.cli import main
main(sys.argv[1:])
"""


@pytest.fixture(scope="session")
def program(tiny, tmp_path_factory):
    """Folder of the tiny ViT's program."""
    from vit2rtl.cli import main

    out = tmp_path_factory.mktemp("programs") / "tiny"
    with pytest.raises(SystemExit) as stopped:
        main(["lower", str(tiny), "--out", str(out)])
    assert stopped.value.code == 0
    return out


def without_torch(*arguments):
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", WITHOUT_TORCH, *map(str, arguments)],
        capture_output=True, text=True, env=environment,
    )


def test_lower_says_what_it_made(command, tiny, tmp_path):
    code, out, _ = command("lower", tiny, "--out", tmp_path / "program")
    assert code == 0
    assert out.startswith("21 ops, variant hardware, parameters ")
    assert sorted(p.name for p in (tmp_path / "program").iterdir()) == [
        "program.json", "program.safetensors"]


def test_the_same_checkpoint_gives_the_same_bytes(command, tiny, program, tmp_path):
    command("lower", tiny, "--out", tmp_path / "again")
    for path in program.iterdir():
        assert path.read_bytes() == (tmp_path / "again" / path.name).read_bytes()


def test_lower_overwrites_programs_only(command, tiny, photos):
    code, _, err = command("lower", tiny, "--out", photos)
    assert (code, err) == (
        2, f"vit2rtl: {photos} is not empty and not a program: not overwriting it\n")


def test_inspect_without_torch(program):
    done = without_torch("inspect", program)
    assert (done.returncode, done.stderr) == (0, "")
    assert "widest accumulator" in done.stdout
    found = json.loads(without_torch("inspect", program, "--json").stdout)
    assert found["totals"]["ops"] == len(found["ops"]) == 21
    # 4 patches of 768, and 5 tokens of 24 in 3 heads.
    assert found["ops"][1]["macs"] == 4 * 768 * 24
    assert found["totals"]["macs"]["attention_value"] == 5 * 5 * 24


def test_inspect_says_whether_a_program_fits_an_engine(command, tiny, program, tmp_path, photos):
    code, _, err = command("inspect", program, "--engine", "small")
    assert (code, err) == (
        2, "vit2rtl: The engine runs programs of variant integer, not hardware: "
           "vit2rtl lower CHECKPOINT --variant integer makes one\n")
    integer = tmp_path / "integer"
    command("lower", tiny, "--variant", "integer", "--images", photos, "--out", integer)
    code, out, _ = command("inspect", integer, "--engine", "deit-tiny")
    assert (code, out.splitlines()[-1]) == (0, "fits the engine deit-tiny")
    command("quantize", "mnist_vit", "--bits", "w4a5", "--out", tmp_path / "five")
    command("lower", tmp_path / "five", "--variant", "integer", "--out", integer)
    code, out, err = command("inspect", integer, "--engine", "small", "--json")
    assert (code, out) == (2, "")
    assert err == (
        "vit2rtl: op 'blocks.0.norm1' does not fit the engine small: the number of digits of "
        "'blocks.0.attn.qkv.input' is 6400, and the buffer normalized has 3200\n")


def test_run_without_torch_gives_what_compare_counts(command, tiny, program, photos):
    done = without_torch("run", program, "--images", photos, "--json")
    assert (done.returncode, done.stderr) == (0, "")
    ran = json.loads(done.stdout)
    assert ran["count"] == 6
    code, out, _ = command("compare", tiny, program, "--images", photos, "--json")
    assert code == 0
    found = json.loads(out)
    assert ran["top1"] == pytest.approx(found["top1"]["program"])
    assert found["largest_mismatch"] == 0


def test_run_prints_one_line_an_image(command, program, photos):
    code, out, _ = command("run", program, "--images", photos, "--list", photos / "list.txt",
                           "--count", 2)
    lines = out.splitlines()
    assert code == 0
    assert [line.split()[0] for line in lines[:2]] == ["4.png", "1.png"]
    assert lines[2].endswith("2 images")


def test_compare_prints_a_table(command, tiny, program, photos):
    code, out, _ = command("compare", tiny, program, "--images", photos, "--count", 2,
                           "--baseline")
    assert code == 0
    assert "first op that differs, given the simulation's codes: " in out
    assert "SQNR against float: program " in out


def test_compare_by_slices_has_the_bytes_of_the_whole(
    command, tiny, program, photos, tmp_path, monkeypatch, single_thread
):
    request = ("compare", tiny, program, "--images", photos, "--json")
    whole = command(*request)
    monkeypatch.setattr(slices, "TOGETHER", comparison.TOGETHER)
    assert command(*request, "--store", tmp_path / "store") == whole
    monkeypatch.setattr(comparison, "compared", None)
    assert command(*request, "--store", tmp_path / "store", "--jobs", 2) == whole


def test_compare_refuses_the_program_of_another_checkpoint(command, tiny, mnist, program, tmp_path):
    said = f"vit2rtl: {program} was lowered from another checkpoint: its "
    model = json.loads((tiny / "model.json").read_text())["model"]["name"]
    code, _, err = command("compare", mnist, program)
    assert (code, err) == (2, f"{said}model is {model}, not mnist_vit\n")
    graph = json.loads((program / "program.json").read_text())
    changed = tmp_path / "program"
    changed.mkdir()
    for path in program.iterdir():
        (changed / path.name).write_bytes(path.read_bytes())
    recipe = graph["recipe"] | {"weight_bits": 7}
    (changed / "program.json").write_text(json.dumps(graph | {"recipe": recipe}))
    code, _, err = command("compare", tiny, changed)
    assert (code, err) == (2, f"vit2rtl: {changed} was lowered from another checkpoint: its "
                              "weight_bits is 7, not 4\n")


@pytest.mark.parametrize(("arguments", "text"), [
    (["--list", "missing.txt"], "No such file or directory: missing.txt"),
    (["--exclude", "all.txt"], "No images are left to use"),
])
def test_run_refuses_in_one_line(command, program, photos, tmp_path, monkeypatch, arguments, text):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "all.txt").write_text("\n".join(f"{n}.png" for n in range(6)))
    code, _, err = command("run", program, "--images", photos, *arguments)
    assert (code, err) == (2, f"vit2rtl: {text}\n")


def test_labels_beyond_the_classes_are_refused(command, program, photos, tmp_path):
    for n in range(2):
        (tmp_path / f"{n}.png").write_bytes((photos / f"{n}.png").read_bytes())
    (tmp_path / "labels.csv").write_text("file,class_index\n0.png,0\n1.png,7\n")
    code, _, err = command("run", program, "--images", tmp_path)
    assert (code, err) == (2, "vit2rtl: Class index 7 does not fit a program of 3 classes\n")


def test_a_folder_that_is_no_program_is_refused(command, photos):
    code, _, err = command("inspect", photos)
    assert (code, err) == (
        2, f"vit2rtl: {photos} is not a program: it has no program.json\n")


def test_lower_integer_measures_on_the_images_of_calibration(command, tiny, photos, tmp_path):
    made = {}
    for name, extra in (("given", []), ("listed", ["--list", photos / "list.txt"])):
        out = tmp_path / name
        code, text, _ = command("lower", tiny, "--variant", "integer", "--images", photos, *extra,
                                "--out", out)
        assert code == 0
        assert text.startswith("21 ops, variant integer, parameters ")
        made[name] = (out / "program.json").read_bytes()
    assert made["given"] == made["listed"]
    done = without_torch("run", tmp_path / "given", "--images", photos)
    assert (done.returncode, done.stderr) == (0, "")


def test_lower_integer_needs_images(command, tiny, tmp_path):
    code, _, err = command("lower", tiny, "--variant", "integer", "--out", tmp_path / "program")
    assert code == 2
    assert err.endswith("vit2rtl: Missing option '--images': a folder of images\n")


def test_lower_integer_of_the_embedded_model_has_images(command, mnist, tmp_path):
    out = tmp_path / "program"
    assert command("lower", mnist, "--variant", "integer", "--out", out)[0] == 0
    code, text, _ = command("compare", mnist, out, "--count", 4)
    assert code == 0
    assert "16-bit residual stream" in text


def test_lower_hardware_takes_no_images(command, tiny, photos, tmp_path):
    code, _, err = command("lower", tiny, "--images", photos, "--out", tmp_path / "program")
    assert code == 2
    assert err.endswith("vit2rtl: --images and --list are for --variant integer\n")


def test_programs_replace_programs_only(command, tiny, program, tmp_path):
    out = tmp_path / "program"
    assert command("lower", tiny, "--out", out)[0] == 0
    assert command("lower", tiny, "--out", out)[0] == 0
    (out / "notes.txt").write_text("mine")
    code, _, err = command("lower", tiny, "--out", out)
    assert (code, err) == (
        2, f"vit2rtl: {out} holds 'notes.txt', which is no part of the program: "
           "not overwriting it\n")


def test_symmetric_weights_from_quantize_to_compare(command, tmp_path):
    made, program = tmp_path / "model", tmp_path / "program"
    assert command("quantize", "mnist_vit", "--count", "8", "--symmetric-weights",
                   "--out", made)[0] == 0
    assert json.loads((made / "model.json").read_text())["recipe"]["symmetric_weights"] is True
    assert command("lower", made, "--out", program)[0] == 0
    code, out, _ = command("compare", made, program, "--count", "4", "--json")
    assert code == 0
    assert all(row["mismatch"] == 0 for row in json.loads(out)["ops"] if row["kind"] == "linear")


def test_class_folders_that_are_not_the_programs_are_said(command, mnist, tmp_path):
    assert command("lower", mnist, "--out", tmp_path / "program")[0] == 0
    for digit in "25":
        (tmp_path / "images" / digit).mkdir(parents=True)
        Image.new("L", (28, 28)).save(tmp_path / "images" / digit / "a.png")
    code, _, err = command("run", tmp_path / "program", "--images", tmp_path / "images")
    assert (code, err) == (0, (
        "Warning: 2 class sub-folders for 10 classes; they count as classes 0, 1, ... in "
        "alphabetical order (labels.csv names any)\n"
    ))
