"""``vit2rtl models``: text, JSON, the page's option, errors."""

import json


def test_models_are_listed(command):
    assert command("models", "deit_tiny_?atch*") == (
        0, "deit_tiny_patch16_224  supported\n1 of 1 supported\n", "")
    code, out, _ = command("models", "dinov3_qkvb", "--json")
    models = json.loads(out)
    assert code == 0 and models["supported"] == 0
    assert all(model["reason"] == "timm's eva models are not supported"
               and model.keys() == {"name", "supported", "reason"} for model in models["models"])


def test_what_is_wrong_is_one_line(command):
    assert command("models", "zzz") == (
        2, "", "vit2rtl: timm has no model with a name like 'zzz'\n")
    code, _, err = command("models", "deit", "--markdown")
    assert code == 2 and "--markdown is the page of all models" in err
