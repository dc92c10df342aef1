"""``quantize --recipe``: files that are refused."""

import json

import pytest

RECIPE = {"method": "repq", "weight_bits": 4, "activation_bits": 4}


@pytest.mark.parametrize(("recipe", "arguments", "problem"), [
    (RECIPE, ["--bits", "w4a4"],
     "Option --bits is what --recipe {file} says: leave one of them out"),
    (RECIPE, ["--softmax", "log2"],
     "Option --softmax is what --recipe {file} says: leave one of them out"),
    ({"method": "repq"}, [], "Recipe {file} lacks 'weight_bits'"),
    (RECIPE | {"widths": 4}, [],
     "Recipe {file} has no key 'widths', only weight_bits, activation_bits, bits_of, method, "
     "profile, layernorm, softmax, without, mirrors, softmax_bits, hessian, candidates, rounds, "
     "symmetric_weights"),
    (RECIPE | {"bits_of": "head.*=8"}, [],
     "Recipe {file}: bits_of must be a list of rules PATTERN=BITS, not 'head.*=8'"),
    ([RECIPE], [], "Recipe {file} must be a JSON object, as 'vit2rtl explore best' prints"),
    (RECIPE | {"weight_bits": 12}, [], "Weight bits must be an integer between 2 and 8, not 12"),
    (RECIPE | {"method": "gptq"}, [],
     "Invalid value for '--method': 'gptq' is not one of 'repq', 'closed-form', 'fq', 'ptq4vit', "
     "'apq', 'psaq', 'ranking'."),
    (RECIPE | {"mirrors": True}, [], "Method repq has no option --mirrors"),
])
def test_recipes_that_are_refused(command, tmp_path, recipe, arguments, problem):
    file = tmp_path / "recipe.json"
    file.write_text(json.dumps(recipe))
    code, out, err = command("quantize", "mnist_vit", "--recipe", file, *arguments, "--out",
                             tmp_path / "model")
    assert (code, out) == (2, "")
    assert err.splitlines()[-1] == f"vit2rtl: {problem.format(file=file)}"
    assert not (tmp_path / "model").exists()
