"""vit2rtl reproduce: a table on the embedded model, resumed, repeated, and asked wrongly."""

import json
import shutil

import pytest

from tests.every import long
from vit2rtl.farm.store import TRIALS
from vit2rtl.quantization.psaq.images import Maker
from vit2rtl.quantized_vit import QuantizedViT
from vit2rtl.reproduction.measure import Bench


@pytest.fixture
def reproduce(command, tmp_path):
    """``reproduce(*arguments) -> (exit code, stdout, stderr)`` into ``tmp_path/out``."""
    def run(*arguments):
        return command("reproduce", *arguments, "--out", tmp_path / "out")
    return run


TABLE3 = ("table3", "--models", "mnist_vit", "--count", "40", "--jobs", "1")


def test_a_table_is_measured_once(reproduce, tmp_path, monkeypatch):
    code, out, _ = reproduce(*TABLE3)
    assert code == 0
    assert out.startswith("# Table 3: quantizers behind LayerNorm, on a subset of 40 images\n")
    assert "| scale reparameterization | W4/A4 | " in out
    folder = tmp_path / "out"
    first = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    assert sorted(first) == ["table3.json", "table3.md", "table3.png"]
    assert first["table3.md"].decode() in out
    assert len([*(folder / TRIALS).rglob("*.json")]) == 4
    assert [cell["measured"]["images"] for cell in json.loads(first["table3.json"])["cells"]] == (
        [40] * 4)

    def never(*_, **__):
        raise AssertionError("measured again")

    monkeypatch.setattr(QuantizedViT, "calibrate", never)
    assert reproduce(*TABLE3)[0] == 0
    again = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    assert again == first


def test_what_is_measured_before_an_interrupt_is_kept(reproduce, tmp_path, monkeypatch):
    measured, measure = [], Bench.measure

    def interrupted(self, line):
        if len(measured) == 2:
            raise KeyboardInterrupt
        measured.append(line.title)
        return measure(self, line)

    with monkeypatch.context() as patch:
        patch.setattr(Bench, "measure", interrupted)
        code, _, err = reproduce(*TABLE3)
    assert (code, err.splitlines()[-1]) == (
        130, f"vit2rtl: interrupted: {tmp_path / 'out'} has 2 of 4 results; the same command "
             "goes on")
    assert len([*(tmp_path / "out" / TRIALS).rglob("*.json")]) == 2
    assert not (tmp_path / "out" / "table3.md").exists()
    rest = []
    monkeypatch.setattr(Bench, "measure", lambda self, line: rest.append(line.title) or measure(
        self, line))
    assert reproduce(*TABLE3)[0] == 0
    assert measured + rest == [
        "Full precision", "layer-wise", "channel-wise", "scale reparameterization"]


def test_tables_share_what_they_have_in_common(reproduce, monkeypatch):
    assert reproduce(*TABLE3)[0] == 0
    titles, measure = [], Bench.measure
    monkeypatch.setattr(Bench, "measure", lambda self, line: titles.append(line.title) or measure(
        self, line))
    code, out, _ = reproduce("table4", *TABLE3[1:])
    assert code == 0 and titles == ["log2"]
    assert "| log√2 | W4/A4 | " in out


def test_images_from_noise_are_made_once(reproduce, tmp_path, monkeypatch):
    request = ("table1", "--models", "mnist_vit", "--count", "40", "--methods", "psaq",
               "--jobs", "1")
    code, out, _ = reproduce(*request)
    assert code == 0
    assert "| PSAQ-ViT | W6/A6 | not reproduced (its images need --psaq-iterations) |" in out
    assert reproduce(*request, "--psaq-iterations", "2")[0] == 0
    (made,) = (tmp_path / "out" / "generated").iterdir()
    assert made.name.startswith("mnist_vit-")
    assert len([*(made / "images").iterdir()]) == 32
    assert reproduce(*request, "--psaq-iterations", "2", "--seed", "1")[0] == 0
    assert len([*(tmp_path / "out" / "generated").iterdir()]) == 2

    def never(*_, **__):
        raise AssertionError("made again")

    monkeypatch.setattr(Maker, "steps", never)
    shutil.rmtree(tmp_path / "out" / TRIALS)
    code, out, _ = reproduce(*request, "--psaq-iterations", "2")
    assert code == 0 and "| PSAQ-ViT | W6/A6 | not" not in out and "| PSAQ-ViT | W6/A6 | " in out


TABLE2 = ("table2", "--models", "digit_detector", "--count", "3", "--jobs", "1", "--bits", "w4a4")


def test_detectors_are_measured_once(reproduce, tmp_path, monkeypatch):
    from vit2rtl.detection.quantized import QuantizedDetector

    code, out, _ = reproduce(*TABLE2)
    assert code == 0
    assert out.startswith("# Table 2: object detection and instance segmentation, on 3 images\n")
    assert "| RepQ-ViT | W6/A6 | not run | not run |" in out
    cells = json.loads((tmp_path / "out" / "table2.json").read_text())["cells"]
    measured = {(cell["method"], cell["bits"]): cell["measured"] for cell in cells
                if cell["measured"]}
    assert {*measured} == {("Full precision", None), ("RepQ-ViT", "w4a4")}
    assert all(0 < result[kind]["ap"] <= 100 for result in measured.values()
               for kind in ("box", "mask"))
    assert f"| RepQ-ViT | W4/A4 | {measured['RepQ-ViT', 'w4a4']['box']['ap']:.1f} | " in out

    def never(*_, **__):
        raise AssertionError("measured again")

    monkeypatch.setattr(QuantizedDetector, "calibrate", never)
    assert reproduce(*TABLE2)[:2] == (0, out)
    code, _, err = reproduce(*TABLE2[:-1], "w6a6")
    assert code == 1 and "AssertionError: measured again" in err


def test_a_converted_detector_on_a_coco_folder(reproduce, tmp_path):
    from vit2rtl.detection import canvas_folder, folder

    canvas_folder.write(tmp_path / "coco", 2, seed=0)
    folder.save(folder.load("digit_detector"), tmp_path / "detectors" / "mask_rcnn_swin_tiny")
    code, out, _ = reproduce(
        "table2", "--models", "mask_rcnn_swin_tiny", "--coco", tmp_path / "coco", "--images",
        tmp_path / "coco" / "val2017", "--weights-dir", tmp_path / "detectors", "--bits", "w6a6",
        "--jobs", "1")
    assert code == 0
    assert "| Full precision | 32/32 | " in out and "; 46.0; " in out and "; 41.6; " in out
    assert "| PTQ4ViT | W4/A4 | not reproduced; 6.9 | not reproduced; 7.0 |" in out


def test_cells_are_listed_and_none_is_run(command):
    code, out, _ = command("reproduce", "table1", "--list-only", "--models", "deit_tiny",
                           "--bits", "W4A4")
    assert code == 0
    assert out.splitlines() == [
        "deit_tiny_patch16_224.fb_in1k  float  Full precision",
        "deit_tiny_patch16_224.fb_in1k  w4a4  FQ-ViT",
        "deit_tiny_patch16_224.fb_in1k  w4a4  RepQ-ViT",
        "deit_tiny_patch16_224.fb_in1k  w4a4  PTQ4ViT",
        "deit_tiny_patch16_224.fb_in1k  w4a4  APQ-ViT (re-implementation)"]


@pytest.mark.parametrize(("arguments", "said"), [
    (("table6",), "'table6' is not one of"),
    (("table1", "--models", "resnet50"), "Models must be of vit_small,"),
    (("table1", "--methods", "gptq"),
     "Methods must be of repq, closed-form, fq, ptq4vit, apq, psaq, ranking, not 'gptq'"),
    (("table1", "--bits", "4"), "Bits must look like"),
    (("table1",), "Missing option '--images': a folder of labelled images"),
    (("table1", "--coco", "c"), "--coco is for table2"),
    (("table2", "--methods", "repq"), "--methods is not for table2"),
    (("table2", "--models", "mnist_vit"), "Models of table2 must be of mask_rcnn_swin_tiny,"),
    (("table2", "--images", "i", "--weights-dir", "w"), "Missing option '--coco': a COCO folder"),
    (("table2", "--coco", "c", "--weights-dir", "w"), "Missing option '--images': a folder whose"),
    (("table2", "--coco", "c", "--images", "i", "--weights-dir", "w"),
     "Image folder i does not exist"),
    (("table3", "--models", "mnist_vit", "--count", "4000"),
     "4000 images are asked for, but there are only 1000"),
])
def test_odd_requests_are_one_line_and_leave_nothing(arguments, said, reproduce, tmp_path):
    code, out, err = reproduce(*arguments)
    assert (code, out) == (2, "") and said in err.splitlines()[-1]
    assert not (tmp_path / "out").exists()


def test_a_file_in_the_folder_s_place(reproduce, tmp_path):
    (tmp_path / "out").write_text("")
    code, _, err = reproduce(*TABLE3)
    assert code == 2 and "is a file" in err


@long
def test_two_processes_measure_what_one_does(command, tmp_path):
    tables = []
    for jobs in ("1", "2"):
        code, _, _ = command("reproduce", *TABLE3[:-1], jobs, "--out", tmp_path / jobs)
        assert code == 0
        tables.append((tmp_path / jobs / "table3.md").read_text())
    assert tables[0] == tables[1]


def test_a_job_s_script_needs_a_queue(command):
    code, _, err = command("reproduce", "table3", "--print-job")
    assert code == 2 and err.splitlines()[-1] == (
        "vit2rtl: --print-job shows the script of a queue's job: give --cluster slurm or lsf")
