"""`vit2rtl quantize --method closed-form`, and which options are whose."""

import json

import pytest


def test_method_closed_form_comes_back_and_lowers(command, tmp_path):
    out = tmp_path / "model"
    assert command("quantize", "mnist_vit", "--bits", "w3a3", "--method", "closed-form",
                   "--without", "head,descent", "--count", 4, "--out", out)[0] == 0
    recipe = json.loads((out / "model.json").read_text())["recipe"]
    assert recipe["method"] == "closed-form" and recipe["without"] == "head,descent"
    assert command("lower", out, "--out", tmp_path / "program")[0] == 0
    code, text, _ = command("compare", out, tmp_path / "program", "--count", 4, "--json")
    assert code == 0 and json.loads(text)["sqnr"] is None


@pytest.mark.parametrize(("options", "line"), [
    (["--method", "closed-form", "--profile", "paper"],
     "Method closed-form has no option --profile"),
    (["--method", "repq", "--mirrors"], "Method repq has no option --mirrors"),
    (["--mirrors", "--softmax", "log2"], "Method repq has no option --mirrors"),
    (["--method", "closed-form", "--without", "rigde"],
     "Steps to leave out must be of transform, ranges, softmax, head, ridge, residual, "
     "gptq, descent, bias, not 'rigde'"),
])
def test_options_of_the_other_method_are_refused(command, tmp_path, options, line):
    code, _, err = command("quantize", "mnist_vit", *options, "--out", tmp_path / "model")
    assert (code, err.splitlines()[-1]) == (2, f"vit2rtl: {line}")


@pytest.mark.parametrize(("options", "method"), [
    ([], "closed-form"), (["--bits", "w8a8"], "repq"), (["--profile", "hardware"], "repq"),
    (["--bits", "w8a8", "--bits-of", "head.*=6"], "closed-form"), (["--method", "repq"], "repq"),
])
def test_a_checkpoint_says_which_method_it_is_of(command, tmp_path, options, method):
    out = tmp_path / "model"
    code, text, err = command("quantize", "mnist_vit", *options, "--count", 2, "--out", out)
    assert code == 0 and f"method {method}, profile hardware" in text and f" {method} on 2" in err
    assert json.loads((out / "model.json").read_text())["recipe"]["method"] == method
