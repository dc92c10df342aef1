"""SPACE.toml: what it may say, and one line for all that it may not."""

import subprocess
import sys

import pytest

from vit2rtl.explore.choices import Hardware, Recipe
from vit2rtl.explore.space import Limits, Mixed, read
from vit2rtl.quantization.methods import METHODS
from vit2rtl.quantization.recipe import Recipe as QuantizationRecipe
from vit2rtl.quantization.settings import DEFAULTS, OPTIONS

WHOLE = """
model = "mnist_vit"
calibrate = 16
evaluate = 40
seed = 3
[recipe]
weights = [3, 4]
activations = 4
method = ["repq", "closed-form", "fq"]
softmax = ["uniform", "log-sqrt2"]
mirrors = true
[hardware]
array = ["8x8", "16x16"]
groups = [1, 2]
device = "LFE5U-25F"
mac = ["digit", "native"]
packed = 6
[mixed]
widths = [4, 8]
cost = "cycles"
budgets = [0.3]
search = 32
judge = 16
[limits]
top1_drop = 2.0
comb = 42000
"""


@pytest.fixture
def space(tmp_path):
    """``space(text)``: what a file of that text says."""
    def of(text):
        path = tmp_path / "space.toml"
        path.write_text(text)
        return read(path)

    return of


def test_all_that_a_space_may_say(space):
    found = space(WHOLE)
    assert (found.model, found.weights, found.images) == ("mnist_vit", None, None)
    assert (found.calibrate, found.evaluate, found.seed) == (16, 40, 3)
    names = [recipe.name for recipe in found.recipes]
    assert names == [
        "w3a4 repq softmax=uniform", "w3a4 repq", "w4a4 repq softmax=uniform", "w4a4 repq",
        "w3a4 closed-form mirrors=true", "w4a4 closed-form mirrors=true", "w3a4 fq", "w4a4 fq"]
    assert len(found.hardware) == 8
    assert found.hardware[:2] == (Hardware(8, 1, "LFE5U-25F", "digit", 6),
                                  Hardware(8, 1, "LFE5U-25F", "native", 0))
    assert found.mixed == Mixed((4, 8), "cycles", (0.3,), 32, 16)
    assert found.limits == Limits(top1_drop=2.0, comb=42000)


def test_least(space):
    found = space('model = "mnist_vit"')
    assert [recipe.name for recipe in found.recipes] == ["w4a4 closed-form"]
    assert (found.hardware, found.mixed, found.limits) == ((), None, Limits())


def test_no_hardware_stands_twice(space):
    """Of native columns none are packed."""
    found = space('model = "mnist_vit"\n[hardware]\nmac = ["digit", "native"]\npacked = [0, 6]')
    assert [(one.mac, one.packed) for one in found.hardware] == [
        ("digit", 0), ("digit", 6), ("native", 0)]


def test_a_search_needs_budgets_alone(space):
    found = space('model = "mnist_vit"\n[mixed]\nbudgets = 0.3')
    assert found.mixed == Mixed((3, 4, 6, 8), "bops", (0.3,), 64, 0)


def test_paths_are_beside_the_file(space, tmp_path):
    found = space('model = "deit_tiny_patch16_224"\nimages = "val"\nweights = "w.safetensors"')
    assert (found.images, found.weights) == (tmp_path / "val", tmp_path / "w.safetensors")


MODEL = 'model = "mnist_vit"\n'


@pytest.mark.parametrize(("text", "problem"), [
    ("", "model must be mnist_vit or a name of timm's in quotes, not None"),
    (MODEL + "bits = 4", "there is no key 'bits', only model, weights, images, calibrate, "
                         "evaluate, seed, recipe, hardware, mixed, limits"),
    (MODEL + 'images = "val"', "images must be left out: mnist_vit has its own"),
    ('model = "deit_tiny_patch16_224"', "images must be a folder of labelled images, and is "
                                        "missing"),
    (MODEL + "calibrate = 1", "calibrate must be an integer of at least 2, not 1"),
    (MODEL + "evaluate = 2.5", "evaluate must be an integer of at least 1, not 2.5"),
    (MODEL + "recipe = 4", "recipe must be a table, [recipe], not 4"),
    (MODEL + "[recipe]\nweights = [4, 9]",
     "[recipe] weights: Bits must be an integer between 2 and 8, not 9"),
    (MODEL + "[recipe]\nweights = []", "[recipe] weights must be a list of at least one value"),
    (MODEL + "[recipe]\nwidths = [4]",
     "[recipe] has no key 'widths', only weights, activations, method, profile, layernorm, "
     "softmax, without, mirrors, softmax_bits, hessian, candidates, rounds, symmetric_weights"),
    (MODEL + '[recipe]\nmethod = ["psaq"]',
     "[recipe] method: must be of repq, closed-form, fq, ptq4vit, apq, ranking, not 'psaq'"),
    (MODEL + '[recipe]\nmethod = ["fq"]\nsoftmax = "log2"', "[recipe] softmax is no option of fq"),
    (MODEL + '[recipe]\nmethod = ["repq"]\nsoftmax = "log3"',
     "[recipe] softmax: must be of uniform, log2, log-sqrt2, not 'log3'"),
    (MODEL + "[recipe]\nmirrors = 1", "[recipe] mirrors: must be of false, true, not 1"),
    (MODEL + '[hardware]\narray = "8x16"',
     '[hardware] array: must look like "8x8": as many rows as columns, a multiple of 4 up to 64, '
     "not '8x16'"),
    (MODEL + '[hardware]\narray = 8',
     '[hardware] array: must look like "8x8": as many rows as columns, a multiple of 4 up to 64, '
     "not 8"),
    (MODEL + "[hardware]\ngroups = 3", "[hardware] groups: must be of 1, 2, not 3"),
    (MODEL + "[hardware]\ngroups = true", "[hardware] groups: must be of 1, 2, not True"),
    (MODEL + '[hardware]\nmac = "dsp"', "[hardware] mac: must be of digit, native, not 'dsp'"),
    (MODEL + "[hardware]\npacked = 9",
     "[hardware] packed must be at most the columns of 8x8, not 9"),
    (MODEL + "[mixed]\nwidths = [4]",
     "[mixed] budgets must be a list such as [0.2, 0.25, 0.3], and is missing"),
    (MODEL + "[mixed]\nbudgets = [25]",
     "[mixed] budgets: must be shares of what 8 bits everywhere cost, above 0 and at most 1, "
     "not 25"),
    (MODEL + '[mixed]\nbudgets = [0.2]\ncost = "luts"',
     "[mixed] cost must be of cycles, bops, bytes, area, not 'luts'"),
    (MODEL + "[limits]\ncycles = inf", "[limits] cycles must be a number of at least 0, not inf"),
    (MODEL + '[mixed]\nbudgets = [0.2]\ncost = "cycles"',
     "[mixed] cost cycles needs [hardware] with mac digit"),
    (MODEL + '[mixed]\nbudgets = [0.2]\ncost = "area"\n[hardware]',
     "[mixed] cost area needs [hardware] with mac native"),
    (MODEL + "[recipe]\nweights = [" + "4, " * 1000 + "]\nactivations = [" + "4, " * 1000 + "]",
     "crosses 1000 weights × 1000 activations: up to 1,000,000 rows, and at most 20,000 can be "
     "explored; leave some out"),
    (MODEL + "[limits]\ncomb = -1", "[limits] comb must be a number of at least 0, not -1"),
    (MODEL + "[limits]\nbram = 1",
     "[limits] has no key 'bram', only top1_drop, cycles, comb, lut, multipliers, memories"),
])
def test_what_is_wrong_is_named(space, tmp_path, text, problem):
    with pytest.raises(ValueError) as refused:
        space(text)
    assert str(refused.value) == f"Space {tmp_path / 'space.toml'}: {problem}"


def test_files_that_are_none(space, tmp_path):
    with pytest.raises(ValueError, match=r"^Space .*space.toml is not TOML: "):
        space("model = ")
    with pytest.raises(ValueError, match=r"^Space .*none.toml does not exist$"):
        read(tmp_path / "none.toml")
    with pytest.raises(ValueError, match=r"is a folder, not a file \*.toml$"):
        read(tmp_path)


def test_defaults_are_those_of_every_method_that_has_the_option():
    for method, options in OPTIONS.items():
        setting = QuantizationRecipe(4, 4, method=method).setting
        assert {option: getattr(setting, option) for option in options} == {
            option: DEFAULTS[option] for option in options}
    assert set(OPTIONS) == set(METHODS)


def test_a_recipe_is_one_of_the_quantizer_():
    recipe = Recipe("repq", 3, 5, (("softmax", "uniform"), ("profile", "hardware")),
                    ("*.fc2.input=6",))
    data = recipe.as_dict()
    assert data == {"method": "repq", "weight_bits": 3, "activation_bits": 5,
                    "bits_of": ["*.fc2.input=6"], "softmax": "uniform"}
    settled = QuantizationRecipe(**data)
    assert (settled.softmax, settled.weight_bits, settled.bits_of) == (
        "uniform", 3, ("*.fc2.input=6",))


def test_no_torch_is_loaded():
    script = ("import sys; from vit2rtl.explore import plan, results, run, space; "
              "sys.exit('torch' in sys.modules)")
    assert subprocess.run([sys.executable, "-c", script]).returncode == 0
