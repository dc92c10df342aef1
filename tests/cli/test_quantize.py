"""``vit2rtl quantize``: what it writes and says, and its errors in one line."""

import json

import pytest
import safetensors.torch
import torch
from PIL import Image

from vit2rtl.models import zoo
from vit2rtl.models.zoo import timm

VIT = "vit_tiny_patch16_224"
SMALL = ("--model-arg", "img_size=32", "--model-arg", "depth=1", "--model-arg", "embed_dim=24")

LIKE = "Bits must look like w4a4 (weights 4, activations 4), w4a4+ or w4a4++"

pytestmark = pytest.mark.usefixtures("single_thread")


@pytest.fixture
def refused(quantize, tmp_path):
    """Runs the command, checks that it says one line and leaves nothing, returns the line."""

    def run(*arguments):
        code, out, err = quantize(*arguments)
        lines = [line for line in err.splitlines() if not line.startswith(("Calib", "Usage"))]
        assert (code, out, len(lines)) == (2, "", 1), err
        assert not (tmp_path / "out").exists()
        assert not [p for p in tmp_path.iterdir() if p.name.startswith(".")]
        return lines[0].removeprefix("vit2rtl: ")

    return run


def describe(tmp_path):
    return json.loads((tmp_path / "out" / "model.json").read_text())


def test_the_embedded_model_needs_nothing(quantize, tmp_path):
    code, out, err = quantize("mnist_vit", "--count", 4, "--bits", "w3a5")
    assert code == 0
    assert err == "Calibrating mnist_vit w3a5 closed-form on 4 images ...\n"
    first, means, second, third = out.splitlines()
    assert first.startswith("18 linear layers (198,272 weights) and 4 attentions quantized to w3a5,"
                            " method closed-form, profile hardware, in ")
    assert means == "mean bits: 4.12 by MACs, 3.00 by weights"
    assert second.startswith("widest accumulator: ")
    assert second.endswith(" (bound from its weights)")
    assert third == f"checkpoint: {tmp_path / 'out'}"
    description = describe(tmp_path)
    assert description["recipe"] == {
        "weight_bits": 3, "activation_bits": 5, "method": "closed-form", "without": "",
        "mirrors": False, "symmetric_weights": False, "bits_of": [],
    }
    assert description["model"] == {
        "name": "mnist_vit", "arguments": {}, "weights": {"source": "embedded"}
    }
    assert len(description["calibration"]["images"]) == 4
    assert all(n.startswith("mnist5k/train/") for n in description["calibration"]["images"])


def test_options_reach_the_recipe_and_reruns_give_the_same_bytes(quantize, tmp_path):
    arguments = ("mnist_vit", "--count", 3, "--profile", "official", "--layernorm", "channel-wise",
                 "--softmax", "log2", "--bits-of", "head.*=8",
                 "--bits-of", "*.q=W3A5", "--seed", 7)
    assert quantize(*arguments)[0] == 0
    first = {p.name: p.read_bytes() for p in (tmp_path / "out").iterdir()}
    assert describe(tmp_path)["recipe"] == {
        "weight_bits": 4, "activation_bits": 4, "profile": "official",
        "layernorm": "channel-wise", "softmax": "log2", "symmetric_weights": False,
        "bits_of": ["head.*=8", "*.q=w3a5"], "method": "repq",
    }
    assert quantize(*arguments)[0] == 0
    assert {p.name: p.read_bytes() for p in (tmp_path / "out").iterdir()} == first
    assert quantize(*arguments[:-1], 8)[0] == 0
    assert (tmp_path / "out" / "model.safetensors").read_bytes() != first["model.safetensors"]


def test_what_has_no_integers_says_that_it_is_simulated_in_float(quantize):
    _, out, _ = quantize("mnist_vit", "--count", 2, "--layernorm", "channel-wise")
    assert out.splitlines()[2] == (
        "simulated in float: programs, ONNX and vectors need profile hardware, layernorm reparam "
        "or layer-wise, softmax log-sqrt2; this checkpoint has profile hardware, layernorm "
        "channel-wise, softmax log-sqrt2")


def test_a_model_of_timm_with_a_weights_file(tiny, tiny_weights):
    description = json.loads((tiny / "model.json").read_text())
    assert description["model"]["arguments"] == {
        "num_classes": 3, "img_size": 32, "depth": 1, "embed_dim": 24
    }
    assert description["model"]["weights"]["source"] == "file"
    assert description["model"]["weights"]["file"] == str(tiny_weights)
    assert description["calibration"] == {"images": ["4.png", "1.png", "3.png"], "seed": None}
    assert description["preprocessing"]["input_size"] == [3, 32, 32]


def test_class_sub_folders_serve_as_images(quantize, tiny_weights, photos, tmp_path):
    for n in range(4):
        folder = tmp_path / "images" / "ab"[n % 2]
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{n}.png").write_bytes((photos / f"{n}.png").read_bytes())
    code, _, _ = quantize(VIT, "--weights", tiny_weights, "--images", tmp_path / "images",
                          "--count", 3, *SMALL)
    assert code == 0
    assert set(describe(tmp_path)["calibration"]["images"]) < {
        "a/0.png", "a/2.png", "b/1.png", "b/3.png"
    }


@pytest.mark.parametrize("colour", [(0, 0, 0), (255, 255, 255), (128, 127, 126), (124, 116, 104)])
def test_images_of_one_colour(colour, quantize, command, tiny_weights, tmp_path):
    folder = tmp_path / "images"
    folder.mkdir()
    for n in range(3):
        Image.new("RGB", (32, 32), colour).save(folder / f"{n}.png")
    code, _, err = quantize(VIT, "--weights", tiny_weights, "--images", folder, "--count", 3,
                            *SMALL)
    assert code == 0, err


@pytest.mark.parametrize(
    ("bits", "said"),
    [
        ("4", f"{LIKE}, not '4'"),
        ("w4", f"{LIKE}, not 'w4'"),
        ("", f"{LIKE}, not ''"),
        ("int4", f"{LIKE}, not 'int4'"),
        ("w1a4", "Weight bits must be an integer between 2 and 8, not 1"),
        ("w4a16", "Activation bits must be an integer between 2 and 8, not 16"),
    ],
)
def test_odd_bits(bits, said, refused):
    assert refused("mnist_vit", "--bits", bits) == said


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["mnist_vit", "--profile", "integer"],
         "Invalid value for '--profile': 'integer' is not one of 'official', 'paper', 'hardware'."),
        (["mnist_vit", "--count", "1"],
         "Invalid value for '--count': 1 is not in the range x>=2."),
        (["mnist_vit", "--count", "4001"],
         "4001 images are asked for, but there are only 4000"),
        (["mnist_vit", "--model-arg", "img_size"],
         "Model argument must look like img_size=384, not 'img_size'"),
        (["mnist_vit", "--model-arg", "img size=3"],
         "Model argument must look like img_size=384, not 'img size=3'"),
        (["mnist_vit", "--model-arg", "img_size=32"],
         "mnist_vit takes no model arguments, not even img_size"),
        (["vit_tinny"], None),
        ([], "Missing argument 'MODEL'."),
    ],
)
def test_odd_arguments(arguments, said, refused):
    line = refused(*arguments)
    assert line == said or (said is None and line.startswith("timm has no model 'vit_tinny'; "))


@pytest.mark.parametrize("seed", ["-1", "99999999999999999999", "one"])
def test_odd_seeds(seed, refused):
    assert refused("mnist_vit", "--seed", seed).startswith("Invalid value for '--seed': ")


def test_model_arguments_in_json_or_python(refused, photos, monkeypatch):
    given = {}

    def check(name, arguments, pretrained):
        given.update(arguments)
        raise ValueError("seen")

    monkeypatch.setattr(zoo, "check", check)
    pairs = ["a=false", "b=False", "c=[1,2]", "d=(1,2)", "e=None", "f=1e-6", "g=silu", "h=a b"]
    assert refused(VIT, "--images", photos,
                   *(text for pair in pairs for text in ("--model-arg", pair))) == "seen"
    assert given == {
        "a": False, "b": False, "c": [1, 2], "d": [1, 2], "e": None, "f": 1e-6, "g": "silu",
        "h": "a b",
    }


def test_images_are_asked_for(refused, tiny_weights):
    line = refused(VIT, "--weights", tiny_weights, *SMALL)
    assert line == "Missing option '--images': a folder of images"


def test_images_that_do_not_serve(refused, tiny_weights, tmp_path, photos):
    def run(folder, *more):
        return refused(VIT, "--weights", tiny_weights, *SMALL, "--images", folder, *more)

    assert run(tmp_path / "absent") == f"Image folder {tmp_path / 'absent'} does not exist"
    empty = tmp_path / "empty"
    empty.mkdir()
    assert run(empty).startswith(f"Image folder {empty} holds no images (.bmp, ")
    assert run(photos) == "32 images are asked for, but there are only 6"
    names = tmp_path / "list.txt"
    names.write_text("1.png\n7.png\n")
    assert run(photos, "--list", names) == (
        "The list names '7.png', which is not among the images"
    )
    names.write_text("1.png\n")
    assert run(photos, "--list", names) == "Calibration needs at least 2 images, not 1"
    names.write_text("\n")
    assert run(photos, "--list", names) == "No images are left to use"
    assert run(photos, "--list", empty / "x") == f"No such file or directory: {empty / 'x'}"
    (empty / "bad.png").write_text("text")
    (empty / "bad2.png").write_text("text")
    assert run(empty, "--count", 2).startswith(f"Image {empty / 'bad'}")


def test_weights_that_do_not_serve(refused, photos, tmp_path, tiny_weights):
    def run(path, *more):
        return refused(VIT, "--weights", path, "--images", photos, "--count", 2, *(more or SMALL))

    path = tmp_path / "w.safetensors"
    state = safetensors.torch.load_file(tiny_weights)
    state["norm.weight"][3] = float("nan")
    safetensors.torch.save_file(state, path)
    assert run(path) == f"Weights file {path}: norm.weight holds NaN or infinity"
    state["norm.weight"] = torch.ones(23)
    safetensors.torch.save_file(state, path)
    assert run(path) == (
        f"Weights file {path}: norm.weight has shape (23,), the model wants (24,)"
    )
    del state["norm.weight"]
    safetensors.torch.save_file(state, path)
    assert run(path) == f"Weights file {path} lacks 'norm.weight'"
    path.write_bytes(b"")
    assert run(path) == f"Weights file {path} is neither safetensors nor a file of torch.save"
    assert run(tmp_path / "no") == f"Weights file {tmp_path / 'no'} does not exist"
    assert run(tiny_weights, "--model-arg", "embed_dim=25") == (
        f"timm cannot make {VIT} with embed_dim=25 "
        "(dim should be divisible by num_heads)"
    )
    assert refused("mnist_vit", "--weights", tiny_weights) == (
        "mnist_vit is embedded with its weights; it takes no weights file"
    )


def test_what_is_not_supported_is_named(refused, photos, tmp_path):
    other = timm.create_model("convnext_atto", num_classes=2)
    path = tmp_path / "w.safetensors"
    safetensors.torch.save_file(other.state_dict(), path)
    assert refused("convnext_atto", "--weights", path, "--images", photos, "--count", 2) == (
        "Model type ConvNeXt is not supported; supported are VisionTransformer, "
        "VisionTransformerDistilled, SwinTransformer"
    )
    model = timm.create_model(VIT, img_size=32, depth=1, embed_dim=24, qk_norm=True)
    safetensors.torch.save_file(model.state_dict(), path)
    assert refused(VIT, "--weights", path, "--images", photos, "--count", 2, *SMALL,
                   "--model-arg", "qk_norm=true") == (
        "Module 'blocks.0.attn.q_norm' (LayerNorm) is not supported"
    )


def test_without_a_network_one_line_says_what_to_do(refused, photos, monkeypatch):
    made = timm.create_model

    def create_model(name, pretrained=False, **arguments):
        if pretrained:
            raise OSError("no route to host\nsecond line")
        return made(name, **arguments)

    monkeypatch.setattr(timm, "create_model", create_model)
    assert refused(VIT, "--images", photos) == (
        f"Could not download pretrained weights of {VIT} (no route to host); "
        "give them with --weights FILE (safetensors)"
    )


def test_other_folders_are_left_alone(command, tmp_path, monkeypatch):
    out = tmp_path / "thesis"
    out.mkdir()
    (out / "chapter.tex").write_text("years of work")
    code, _, err = command("quantize", "mnist_vit", "--count", 2, "--out", out)
    assert code == 2
    # Said before the minutes that calibration may take.
    assert err == f"vit2rtl: {out} is not empty and not a checkpoint: not overwriting it\n"
    code, _, err = command("quantize", "mnist_vit", "--count", 2, "--out", out / "chapter.tex")
    assert code == 2 and err.splitlines()[-1] == (
        f"vit2rtl: Invalid value for '--out': Directory '{out / 'chapter.tex'}' is a file."
    )
    assert [p.name for p in out.iterdir()] == ["chapter.tex"]
