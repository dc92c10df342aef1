"""``--device`` of the commands that compute in torch: the CPU's files from another device, and one
line for a device that is none."""

import json

import pytest
import torch

from tests.python.simulated_device import simulated_device
from vit2rtl import checkpoint
from vit2rtl.models import zoo
from vit2rtl.quantized_vit import QuantizedViT

from .conftest import SMALL

pytestmark = pytest.mark.usefixtures("single_thread")
TINY = [text for pair in SMALL for text in ("--model-arg", pair)]


@pytest.fixture
def device():
    with simulated_device() as name:
        yield name


@pytest.fixture
def devices_of(monkeypatch):
    """The devices of all models that have computed logits."""
    seen, forward = set(), QuantizedViT.forward

    def watched(self, images):
        seen.update({images.device.type, *(p.device.type for p in self.parameters())})
        return forward(self, images)

    monkeypatch.setattr(QuantizedViT, "forward", watched)
    return seen


def contents(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes()
            for path in folder.rglob("*") if path.is_file()}


def test_quantize_writes_the_same_checkpoint_and_plots(
        tiny, tiny_weights, photos, quantize, device, tmp_path, single_thread):
    code, _, err = quantize(
        "vit_tiny_patch16_224", "--weights", tiny_weights, "--images", photos, "--list",
        photos / "list.txt", *TINY, "--plots", tmp_path / "ranges.png", "--device", device)
    assert code == 0, err
    assert contents(tmp_path / "out") == contents(tiny)
    assert (tmp_path / "ranges.png").is_file()


def test_evaluate_has_the_same_figures(mnist, command, device, devices_of):
    figures = []
    for options in ((), ("--device", device)):
        devices_of.clear()
        code, out, err = command("evaluate", mnist, "--json", "--baseline", *options)
        assert code == 0, err
        assert devices_of == {device if options else "cpu"}
        figures.append(json.loads(out)["quantized"])
    ours, theirs = figures
    assert ours.pop("standard_errors").keys() == theirs.pop("standard_errors").keys()
    # Attention of the float model is another kernel's there.
    assert theirs == pytest.approx(ours, rel=1e-4)
    assert (theirs["top1"], theirs["agreement"]) == (ours["top1"], ours["agreement"])


def test_images_from_noise_are_the_same(command, device, tmp_path):
    made = []
    for name in ("cpu", device):
        code, _, err = command("generate", "mnist_vit", "--count", 2, "--iterations", 4,
                               "--device", name, "--out", tmp_path / name)
        assert code == 0, err
        made.append(contents(tmp_path / name))
    assert made[0] == made[1]


def test_cells_are_measured_there_and_shared(command, device, devices_of, tmp_path):
    """Cells of one device serve another: they are what is computed, not by what."""
    request = ("reproduce", "table1", "--models", "mnist_vit", "--count", 40, "--methods",
               "repq,psaq", "--psaq-iterations", 2, "--jobs", 1, "--out", tmp_path / "there")
    code, said, err = command(*request, "--device", device)
    assert code == 0, err
    assert devices_of == {device}
    cells = [json.loads(path.read_text())["result"]
             for path in (tmp_path / "there" / "trials").rglob("*.json")]
    quantized = [cell for cell in cells if "sqnr" in cell]
    assert [cell["device"] for cell in quantized] == [device] * 3
    assert not any("calibration_cpu_seconds" in cell for cell in quantized)
    devices_of.clear()
    assert command(*request)[:2] == (0, said) and not devices_of
    code, here, _ = command(*request[:-1], tmp_path / "here")
    assert code == 0 and devices_of == {"cpu"}
    assert said.splitlines()[:-1] == here.splitlines()[:-1]


@pytest.mark.parametrize("arguments", [
    ("quantize", "mnist_vit", "--out", "out"), ("evaluate", "{mnist}"),
    ("generate", "mnist_vit", "--out", "out"),
    ("reproduce", "table1", "--models", "mnist_vit", "--out", "out")])
@pytest.mark.parametrize("name", ["cuda:97", "gpu"])
def test_another_device_is_refused_before_anything_is_loaded(
        command, mnist, tmp_path, monkeypatch, arguments, name):
    monkeypatch.chdir(tmp_path)
    for module, function in ((zoo, "create"), (zoo, "check"), (checkpoint, "load")):
        monkeypatch.setattr(module, function, None)
    code, out, err = command(*(text.format(mnist=mnist) for text in arguments), "--device", name)
    assert (code, out) == (2, "") and len(err.splitlines()) == 1
    assert err.startswith("vit2rtl: Device must be one that torch has here, as it has cpu, "
                          f"not {name!r} (")
    assert not [*tmp_path.iterdir()]


@pytest.mark.skipif(not torch.cuda.is_available(), reason="torch sees no CUDA device here")
def test_the_commands_on_a_gpu(command, mnist, tmp_path):
    code, _, err = command("quantize", "mnist_vit", "--count", 8, "--device", "cuda", "--out",
                           tmp_path / "out")
    assert code == 0, err
    assert contents(tmp_path / "out").keys() == contents(mnist).keys()
    figures = {}
    for name, folder in (("cpu", mnist), ("cuda", tmp_path / "out")):
        for place in ("cpu", "cuda"):
            code, out, err = command("evaluate", folder, "--json", "--device", place)
            assert code == 0, err
            figures[name, place] = json.loads(out)["quantized"]
    for made in ("cpu", "cuda"):
        assert figures[made, "cuda"]["sqnr"] == pytest.approx(figures[made, "cpu"]["sqnr"], abs=.1)
    assert figures["cuda", "cuda"]["top1"] == pytest.approx(figures["cpu", "cpu"]["top1"], abs=1)
