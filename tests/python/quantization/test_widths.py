"""Rules of widths by name: how they are read, which one counts, and what they are refused for."""

import re

import pytest

from vit2rtl.models import embedded
from vit2rtl.models.library import timm
from vit2rtl.models.surgery import quantize_modules
from vit2rtl.quantization.recipe import Recipe
from vit2rtl.quantization.widths import parse_bits, read_rules, rules_of, width

SWIN = {"img_size": 32, "patch_size": 4, "window_size": 4, "embed_dim": 24, "depths": (1, 1),
        "num_heads": (2, 4), "num_classes": 7}


@pytest.mark.parametrize(
    ("text", "bits"), [("w4a4", (4, 4)), ("w3a8", (3, 8)), ("W8A2", (8, 2))]
)
def test_bits_are_read(text, bits):
    assert parse_bits(text) == (*bits, ())


@pytest.mark.parametrize("text", [
    "", "4", "w4", "a4w4", "w4a4 ", " w4a4", "w-4a4", "w4.5a4", "w4a4x", "wfour", "4a4", "w4a4+++",
])
def test_odd_bits_are_refused(text):
    with pytest.raises(ValueError) as error:
        parse_bits(text)
    assert str(error.value) == ("Bits must look like w4a4 (weights 4, activations 4), w4a4+ or "
                                f"w4a4++, not {text!r}")


def test_widths_that_nothing_has_are_refused():
    with pytest.raises(ValueError, match=r"^Weight bits must be .*between 2 and 8, not 16$"):
        parse_bits("w16a4")


def widths_of(recipe, model=None):
    """{name: bits} of what a network's quantizers have."""
    structure = quantize_modules(model or embedded.create(), recipe)
    return {name: quantizer.bits for name, quantizer in structure.quantities().items()}


def test_presets_give_more_to_the_first_block_and_what_gelu_gives():
    names = ["w4a4", "w4a4+", "w3a5++"]
    assert [Recipe.of(name).bits for name in names] == names
    for name, more, first, query in (("w3a4+", 5, (4, 5), (5, 4)), ("w3a4++", 6, (5, 6), (5, 5))):
        bits = widths_of(Recipe.of(name))
        for n in range(4):
            block = f"blocks.{n}."
            assert bits[f"{block}mlp.fc2.input"] == more
            assert bits[f"{block}attn.qkv.weight"] == (first[0] if n == 0 else 3)
            assert bits[f"{block}attn.softmax"] == (first[1] if n == 0 else 4)
            assert bits[f"{block}attn.qkv.k"] == query[min(n, 1)]
        assert bits["head.weight"] == bits["patch_embed.proj.weight"] == 3


def test_presets_mean_the_first_block_of_a_swin():
    bits = widths_of(Recipe.of("w4a4+"),
                     timm.create_model("swin_tiny_patch4_window7_224", **SWIN))
    first = "layers.0.blocks.0."
    assert {name for name, n in bits.items() if n == 5} == {
        "layers.1.blocks.0.mlp.fc2.input", *(name for name in bits if name.startswith(first))}
    assert bits["layers.1.downsample.reduction.input"] == bits["head.fc.input"] == 4


def test_rules_come_behind_those_of_a_preset():
    recipe = Recipe.of("w4a4+", bits_of={"*.fc2.input": 3}, method="closed-form")
    assert recipe.bits == "w4a4+ (1 rule)" and recipe.method == "closed-form"
    assert recipe.bits_of == (*Recipe.of("w4a4+").bits_of, "*.fc2.input=3")
    assert widths_of(recipe)["blocks.0.mlp.fc2.input"] == 3


def test_every_quantity_has_a_name_and_a_width_of_its_own():
    """Each alone; the image, and what the float vector unit takes, have none."""
    names = [*widths_of(Recipe())]
    assert len(names) == 4 * (4 * 2 + 3 + 1) + 1 + 2 and len({*names}) == len(names)
    for name in names[::7]:
        bits = widths_of(Recipe(bits_of={name: 7}))
        assert {other for other, n in bits.items() if n != 4} == {name}


def test_the_last_rule_that_matches_counts():
    rules = rules_of(["*=5", "blocks.1.*=w2a3", "*.fc?.input,*.softmax=6", "blocks.1.attn.qkv.q=7"])
    found = {name: width(name, rules, weight=4, activation=4) for name in (
        "head.input", "blocks.1.mlp.fc1.weight", "blocks.1.mlp.fc1.input", "blocks.1.attn.softmax",
        "blocks.1.attn.qkv.q", "blocks.1.attn.qkv.v")}
    assert [*found.values()] == [5, 2, 6, 6, 7, 3]
    assert width("Head.input", rules_of(["head.*=5"]), weight=3, activation=4) == 4
    assert width("head.weight", (), weight=3, activation=4) == 3


def test_rules_that_mean_the_same_are_spelled_alike():
    same = [{"a.*": 5, "B": "w3a4"}, ["a.*=w5a5", " B=W3A4 "], ("a.*=05", "B=w3a4")]
    assert {rules_of(given) for given in same} == {("a.*=5", "B=w3a4")}
    assert Recipe(bits_of={"*.q": 5}) == Recipe(bits_of=["*.q=w5a5"]) != Recipe()
    assert hash(Recipe(bits_of={"*.q": 5})) == hash(Recipe(bits_of=["*.q=5"]))


@pytest.mark.parametrize("rule", ["", "=4", "a", "a=", "a=w4", "a=a4", "a=4.5", "a b=4", "a,=4",
                                  "a=-4", "a==4", 4, None])
def test_odd_rules_are_refused(rule):
    with pytest.raises(ValueError) as error:
        Recipe(bits_of=[rule])
    assert str(error.value) == ("Bits of quantities must look like blocks.0.*=w5a5 or "
                                f"*.fc2.input=5, not {rule!r}")


@pytest.mark.parametrize("rules", ["*.q=5", 5, None])
def test_what_is_no_list_of_rules_is_refused(rules):
    with pytest.raises(ValueError, match="must be a list of rules PATTERN=BITS, not "):
        Recipe(bits_of=rules)


@pytest.mark.parametrize("bits", ["1", "9", "w4a9", "w1a4"])
def test_widths_of_rules_are_checked(bits):
    with pytest.raises(ValueError, match=r"^Bits of \*\._q must be an integer between 2 and 8, no"):
        rules_of([f"*._q={bits}"])


@pytest.mark.parametrize(("pattern", "near"), [
    ("blocks.0.mlp.fc2", "blocks.0.mlp.fc2.input"), ("heads.*", "head.input"),
    ("patch_embed.proj.input", "patch_embed.proj.weight"),
    ("blocks.0.atn.softmax", "blocks.0.attn.softmax"),
])
def test_a_pattern_that_matches_nothing_is_an_error_that_names_near_ones(pattern, near):
    message = f"No quantity of this network is called {pattern!r}; near names are {near}, "
    with pytest.raises(ValueError, match=f"^{re.escape(message)}"):
        quantize_modules(embedded.create(), Recipe(bits_of={"*": 5, pattern: 5}))


def test_rules_in_a_file(tmp_path):
    path = tmp_path / "bits.txt"
    path.write_text("# first block\nblocks.0.*=w5a5  # all of it\n\n*.fc2.input=5\n")
    assert read_rules(path) == ["blocks.0.*=w5a5", "*.fc2.input=5"]
    path.write_bytes(b"\xff")
    with pytest.raises(ValueError, match=r"bits\.txt is not text in UTF-8 \(byte 0\)$"):
        read_rules(path)
