"""``vit2rtl quantize --bits-of``: any width for any quantity, and what it is refused for."""

import json

import pytest

from vit2rtl import checkpoint
from vit2rtl.models import zoo

VIT = ("vit_tiny_patch16_224", "--model-arg", "img_size=32", "--model-arg", "depth=1",
       "--model-arg", "embed_dim=24")

pytestmark = pytest.mark.usefixtures("single_thread")


def test_rules_of_options_and_a_file_one_after_the_other(quantize, tmp_path):
    file = tmp_path / "bits.txt"
    file.write_text("blocks.0.*=w5a6  # the first block\n*.fc2.input=7\n")
    code, out, err = quantize("mnist_vit", "--count", 4, "--bits", "w4a4+", "--bits-of",
                              "head.*=8", "--bits-of", f"@{file}", "--bits-of", "*.softmax=3")
    assert code == 0 and "Calibrating mnist_vit w4a4+ (4 rules) closed-form on 4 images" in err
    assert out.splitlines()[1] == "mean bits: 4.72 by MACs, 4.26 by weights"
    recipe = json.loads((tmp_path / "out" / "model.json").read_text())["recipe"]
    assert recipe["bits_of"] == [
        "*.fc2.input=5", "blocks.0.*,layers.0.blocks.0.*=5", "head.*=8", "blocks.0.*=w5a6",
        "*.fc2.input=7", "*.softmax=3"]
    loaded, _ = checkpoint.load(tmp_path / "out")
    bits = {name: q.bits for name, q in loaded.structure.quantities().items()}
    assert [bits[name] for name in (
        "blocks.0.mlp.fc1.weight", "blocks.0.mlp.fc1.input", "blocks.0.mlp.fc2.input",
        "blocks.1.mlp.fc2.input", "blocks.0.attn.softmax", "blocks.1.attn.qkv.v", "head.weight",
    )] == [5, 6, 7, 7, 3, 4, 8]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--bits-of", "head.*=9"], "Bits of head.* must be an integer between 2 and 8, not 9"),
        (["--bits-of", "head.*"],
         "Bits of quantities must look like blocks.0.*=w5a5 or *.fc2.input=5, not 'head.*'"),
        (["--bits-of", "blocks.0.mlp.fc2=5"],
         "No quantity of this network is called 'blocks.0.mlp.fc2'; near names are "
         "blocks.0.mlp.fc2.input, blocks.0.mlp.fc2.weight, blocks.3.mlp.fc2.input"),
        (["--bits", "w8a8+"], "Bits of *.fc2.input must be an integer between 2 and 8, not 9"),
        (["--bits-of", "@absent.txt"], "No such file or directory: absent.txt"),
        (["--first-last-bits", "8"],
         "No such option '--first-last-bits'. Did you mean '--softmax-bits'?"),
    ],
)
def test_odd_rules(arguments, said, quantize, tmp_path):
    code, out, err = quantize("mnist_vit", *arguments)
    assert (code, out, err.splitlines()[-1]) == (2, "", f"vit2rtl: {said}")
    assert not (tmp_path / "out").exists()


def test_names_are_checked_before_weights_are_read(quantize, photos, tiny_weights, monkeypatch):
    monkeypatch.setattr(zoo, "create", lambda *_, **__: pytest.fail("read"))
    code, _, err = quantize(*VIT, "--weights", tiny_weights, "--images", photos,
                            "--bits-of", "blocks.1.*=5")
    assert code == 2
    assert err.startswith("vit2rtl: No quantity of this network is called 'blocks.1.*'; near")


def test_programs_of_mixed_weights_are_read_again(command, tmp_path):
    bits = ["--bits", "w4a4+", "--bits-of", "head.*=w3a6"]
    code, _, err = command("quantize", "mnist_vit", *bits, "--out", tmp_path / "model")
    assert code == 0, err
    for variant in ("hardware", "integer"):
        program = tmp_path / variant
        assert command("lower", tmp_path / "model", "--variant", variant, "--out", program)[0] == 0
        code, _, err = command("inspect", program)
        assert code == 0, err
