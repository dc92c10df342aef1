"""Every method on another device: the same checkpoint, byte for byte, where its operators give the
same numbers; and on a GPU, where there is one, the same accuracy."""

import pytest
import torch

from tests.every import sampled
from tests.python.quantization.methods.families import FAMILIES, MODEL, VIT
from tests.python.simulated_device import simulated_device
from vit2rtl import checkpoint
from vit2rtl.evaluation import sqnr
from vit2rtl.models import embedded
from vit2rtl.models.images import preprocessing
from vit2rtl.models.library import timm
from vit2rtl.quantization.exact_matmul import Products, Weights
from vit2rtl.quantization.recipe import Recipe
from vit2rtl.quantization.settings import METHODS
from vit2rtl.quantized_vit import QuantizedViT

SEARCH = {"candidates": 8, "rounds": 2}
RECIPES = {
    "repq": Recipe(4, 4, method="repq"),
    "repq official": Recipe(4, 4, method="repq", profile="official"),
    "repq log2": Recipe(4, 4, method="repq", profile="paper", softmax="log2"),
    "repq uniform": Recipe(4, 4, method="repq", layernorm="layer-wise", softmax="uniform"),
    "closed-form": Recipe(3, 3, method="closed-form"),
    "fq": Recipe(4, 8, method="fq"),
    "fq official": Recipe(4, 8, method="fq", profile="official"),
    "ptq4vit": Recipe(6, 6, method="ptq4vit", **SEARCH),
    "ptq4vit official": Recipe(6, 6, method="ptq4vit", profile="official", **SEARCH),
    "ptq4vit paper": Recipe(6, 6, method="ptq4vit", profile="paper", **SEARCH),
    "apq": Recipe(4, 4, method="apq", **SEARCH),
    "psaq": Recipe(8, 8, method="psaq"),
    "ranking": Recipe(6, 6, method="ranking", **SEARCH),
}
ONE_OF_EACH = [name for name in RECIPES if " " not in name]
SWIN = FAMILIES[-1]
OTHERS = [
    ("vit_tiny_patch16_224", VIT | {"num_classes": 0}),
    ("vit_base_patch16_siglip_224", VIT | {"init_values": 0.1}),
    ("deit_tiny_distilled_patch16_224", VIT),
]


def made(name, arguments):
    """A network with random weights, in float, and images."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        network = timm.create_model(name, **arguments).eval()
        for parameter in network.parameters():
            parameter.data += 0.1 * torch.randn(parameter.shape)
        return network, torch.randn(4, 3, *network.patch_embed.img_size)


def quantized(network, recipe, images, device="cpu"):
    """(what a checkpoint would hold, the logits of the images) by a device."""
    model = QuantizedViT(network.to(device), recipe).calibrate(images.to(device))
    contents = checkpoint.contents(model, model=MODEL, preprocessing=preprocessing(network),
                                   calibration={"images": []})
    return contents, model(images.to(device)).cpu()


def check_the_same(create, recipe, images):
    """The CPU's checkpoint and logits on the simulated device."""
    contents, logits = quantized(create(), recipe, images)
    with simulated_device() as device:
        theirs, their_logits = quantized(create(), recipe, images, device)
    assert theirs == contents and their_logits.equal(logits)


def test_every_method_is_here():
    assert {*ONE_OF_EACH} == {*METHODS}


@pytest.mark.parametrize("name", sampled(RECIPES, ONE_OF_EACH.__contains__))
def test_the_embedded_model(name, digits):
    check_the_same(embedded.create, RECIPES[name], digits[:4])


@pytest.mark.parametrize("name", sampled(RECIPES, ["repq", "closed-form"].__contains__))
def test_windows(name):
    check_the_same(lambda: made(*SWIN)[0], RECIPES[name], made(*SWIN)[1])


@pytest.mark.parametrize("family", OTHERS)
@pytest.mark.parametrize("name", sampled(RECIPES, ["fq"].__contains__))
def test_other_families(family, name):
    check_the_same(lambda: made(*family)[0], RECIPES[name], made(*family)[1])


@pytest.mark.parametrize("name", ONE_OF_EACH)
def test_a_checkpoint_is_loaded_there(name, digits, tmp_path):
    network = embedded.create()
    config = preprocessing(network)
    model = QuantizedViT(network, RECIPES[name]).calibrate(digits[:4])
    checkpoint.save(tmp_path / "model", model, model=MODEL, preprocessing=config,
                    calibration={"images": []})
    with simulated_device() as device:
        loaded, _ = checkpoint.load(tmp_path / "model", device)
        assert {tensor.device.type for tensor in loaded.state_dict().values()} == {device}
        logits = loaded(digits.to(device)).cpu()
    assert logits.equal(model(digits))


@pytest.mark.parametrize(("factory", "name"), [("eye", "closed-form"), ("arange", "ptq4vit")])
def test_a_tensor_that_is_made_on_the_cpu_is_found(factory, name, digits, monkeypatch):
    """As where ``device=`` has been forgotten."""
    make = getattr(torch, factory)
    monkeypatch.setattr(torch, factory, lambda *sizes, **options: make(
        *sizes, **{key: value for key, value in options.items() if key != "device"}))
    with simulated_device() as device:
        with pytest.raises(RuntimeError, match="least two devices, simulated:0 and cpu"):
            quantized(embedded.create(), RECIPES[name], digits[:4], device)


gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="torch sees no CUDA device here")


@gpu
@pytest.mark.parametrize("name", ONE_OF_EACH)
def test_on_a_gpu_accuracy_is_the_same(name, digits):
    """Sums in another order may change last bits, and what is chosen where two are as good."""
    (_, _), logits = quantized(embedded.create(), RECIPES[name], digits)
    _, theirs = quantized(embedded.create(), RECIPES[name], digits, "cuda")
    with torch.inference_mode():
        due = embedded.create()(digits)
    assert sqnr(due, theirs) > sqnr(due, logits) - 1.5


@gpu
def test_on_a_gpu_integers_are_exact():
    draw = torch.Generator().manual_seed(3)
    weights = torch.randint(-255, 256, (96, 768), generator=draw).double()
    x = torch.randint(-255, 256, (200, 768), generator=draw).double()
    there = Weights(weights.to("cuda"), -255, 255, 768 * 255 * 255)
    sums = there.accumulate(x.to("cuda")) + there.missing
    assert sums.cpu().equal((x.long() @ weights.long().T).double())
    left, right = (torch.randint(-8, 8, (2, 3, 197, 64), generator=draw) for _ in range(2))
    products = Products((-8, 7), (-8, 7), 64 * 64, torch.device("cuda"))
    assert products(left.to("cuda"), right.to("cuda")).cpu().long().equal(left @ right.mT)
