"""The Python API: what a newcomer types works, and what does not fit is one sentence."""

import inspect
import subprocess
import sys

import numpy as np
import pytest
import timm
import torch

import vit2rtl
from vit2rtl import cli, origin
from vit2rtl.models import embedded

FUNCTIONS = [name for name in vit2rtl.__all__ if name[0].islower()]


@pytest.fixture(scope="module")
def images():
    return vit2rtl.embedded_images("held_out").sample(4, seed=0)


@pytest.fixture(scope="module")
def quantized(images):
    return vit2rtl.quantize("mnist_vit", images)


@pytest.fixture(scope="module")
def program(quantized):
    return vit2rtl.lower(quantized)


def test_import_loads_no_framework():
    script = (
        "import sys, vit2rtl\n"
        "print(sorted({'torch', 'timm', 'amaranth', 'cocotb', 'numpy', 'click', 'PIL'}"
        " & set(sys.modules)))\n"
        "print(set(vit2rtl.__all__) <= set(dir(vit2rtl)), vit2rtl.Scores.__name__)"
    )
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert (run.stdout, run.stderr) == ("[]\nTrue Scores\n", "")


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_have_an_example_and_annotations(name):
    function = getattr(vit2rtl, name)
    example = function.__doc__.partition(">>> ")[2]
    assert f"vit2rtl.{name}(" in example
    signature = inspect.signature(function)
    assert signature.return_annotation is not inspect.Signature.empty
    assert all(p.annotation is not p.empty for p in signature.parameters.values())


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'vit2rtl' has no attribute 'quantise'"):
        print(vit2rtl.quantise)


def test_quantize_takes_a_module_and_leaves_it_alone(images):
    model = embedded.create()
    batch = images.batch(range(4))
    before = model(batch)
    quantized = vit2rtl.quantize(model, batch.numpy(), "w8a8")
    assert torch.equal(model(batch), before)
    assert quantized.recipe == vit2rtl.Recipe(8, 8)
    assert quantized.origin.calibration["images"] == [f"image/{n:04d}" for n in range(4)]
    scores = vit2rtl.evaluate(quantized, batch, labels=before.argmax(1), baseline=model)
    assert (scores.images, scores.top1) == (4, 100.0) and scores.sqnr > 20


def test_a_module_that_timm_makes_by_name_is_saved_and_loaded(tmp_path):
    torch.manual_seed(0)
    arguments = {"img_size": 32, "depth": 2, "num_classes": 5}
    model = timm.create_model("vit_tiny_patch16_224", **arguments).eval()
    batch = torch.randn(3, 3, 32, 32)
    quantized = vit2rtl.quantize(model, batch, arguments=arguments)
    vit2rtl.save(quantized, tmp_path / "model")
    assert torch.equal(vit2rtl.load(tmp_path / "model")(batch), quantized(batch))
    with pytest.raises(ValueError, match="were those of a module and are not recorded"):
        vit2rtl.evaluate(quantized, batch, labels=[0, 1, 2], baseline=True)
    nameless = vit2rtl.quantize(model, batch)
    with pytest.raises(ValueError, match=r"give the arguments it was made with"):
        vit2rtl.save(nameless, tmp_path / "other")
    assert not (tmp_path / "other").exists()


def test_save_writes_what_the_command_writes(tmp_path, capsys):
    quantized = vit2rtl.quantize("mnist_vit")
    vit2rtl.save(quantized, tmp_path / "api")
    vit2rtl.save(vit2rtl.lower(quantized, "integer"), tmp_path / "api.program")
    for words in (["quantize", "mnist_vit", "--out", f"{tmp_path / 'cli'}"],
                  ["lower", f"{tmp_path / 'cli'}", "--variant", "integer",
                   "--out", f"{tmp_path / 'cli.program'}"]):
        with pytest.raises(SystemExit) as stopped:
            cli.main(words)
        assert stopped.value.code == 0, capsys.readouterr().err
    for suffix in ("", ".program"):
        for path in (tmp_path / f"cli{suffix}").iterdir():
            assert (tmp_path / f"api{suffix}" / path.name).read_bytes() == path.read_bytes()


def test_run_takes_pixels_arrays_tensors_and_images(program, quantized, images):
    batch = images.batch(range(4))
    want = vit2rtl.run(program, images)
    np.testing.assert_allclose(want, quantized(batch).numpy(), atol=1e-5)
    pixels = embedded.pixels_of(batch).numpy()[:, np.newaxis]
    for same in (batch, batch.numpy(), pixels):
        assert np.array_equal(vit2rtl.run(program, same), want)
    place = [vit2rtl.embedded_images().names.index(name) for name in images.names]
    assert np.array_equal(vit2rtl.run(program)[place], want)


def test_vectors_of_a_saved_and_an_unsaved_model_are_the_same(quantized, images, tmp_path):
    vit2rtl.save(quantized, tmp_path / "model")
    one = images.subset([0])
    for n, model in enumerate((quantized, vit2rtl.load(tmp_path / "model"))):
        assert vit2rtl.record_vectors(model, one, tmp_path / f"{n}") == tmp_path / f"{n}"
    manifest = (tmp_path / "0" / "manifest.json").read_bytes()
    assert manifest == (tmp_path / "1" / "manifest.json").read_bytes()
    assert vit2rtl.load(tmp_path / "0").entries


def test_verilog_is_returned_and_written(tmp_path):
    files = vit2rtl.verilog("log2_dequantizer", tmp_path, lanes=2)
    assert list(files) == ["log2_dequantizer_l2.v", "log2_dequantizer_l2_axis.v"]
    assert all((tmp_path / name).read_text() == text for name, text in files.items())


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda q, p: vit2rtl.quantize(3), TypeError,
         "Model must be a timm name or a module, not int"),
        (lambda q, p: vit2rtl.quantize("mnist_vit", 5), TypeError,
         "Images must be a folder, Images or float32[n, channels, height, width], not int"),
        (lambda q, p: vit2rtl.quantize("mnist_vit", np.zeros((2, 28, 28), np.float32)), ValueError,
         "Images must have the shape (n, 1, 28, 28), not (2, 28, 28)"),
        (lambda q, p: vit2rtl.quantize("mnist_vit", np.zeros((2, 1, 28, 28), np.uint8)), TypeError,
         "Images must be a folder, Images or float32[n, channels, height, width], "
         "not uint8 pixels"),
        (lambda q, p: vit2rtl.evaluate(p), TypeError,
         "Model must be a QuantizedViT (vit2rtl.quantize), not IntegerProgram"),
        (lambda q, p: vit2rtl.evaluate(q, torch.zeros(2, 1, 28, 28), labels=[1]), ValueError,
         "There are 1 labels for 2 images"),
        (lambda q, p: vit2rtl.lower(q, images="x"), ValueError, "Images are for variant integer"),
        (lambda q, p: vit2rtl.run(q, None), TypeError,
         "Program must be an IntegerProgram (vit2rtl.lower), not QuantizedViT"),
        (lambda q, p: vit2rtl.run(p, np.full((1, 1, 28, 28), 0.5)), ValueError,
         "Images for an integer program must be 8-bit pixels, normalized by its mean and "
         "standard deviation, or the pixels themselves as uint8"),
        (lambda q, p: vit2rtl.run(p, np.zeros((1, 1, 8, 8))), ValueError,
         "Images must have the shape (n, 1, 28, 28), not (1, 1, 8, 8)"),
        (lambda q, p: vit2rtl.save(3, "x"), TypeError,
         "What can be saved is a QuantizedViT or an IntegerProgram, not int"),
        (lambda q, p: vit2rtl.load("nowhere"), ValueError,
         "nowhere holds none of these: a checkpoint, an integer program, golden vectors of units, "
         "golden vectors of a program"),
        (lambda q, p: vit2rtl.record_vectors(p, None, "x", formats=["coe"]), ValueError,
         "Formats are for vectors of hardware units"),
    ],
)
def test_what_does_not_fit_is_one_sentence(call, error, message, quantized, program):
    with pytest.raises(error) as raised:
        call(quantized, program)
    assert str(raised.value) == message


def test_the_embedded_model_is_called_alike_without_torch():
    assert origin.EMBEDDED == embedded.MODEL_NAME
