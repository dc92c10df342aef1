"""Names as timm takes them, and suggestions."""

import pytest

from vit2rtl.models import architectures, names
from vit2rtl.models.zoo import timm

VIT = "vit_tiny_patch16_224"


@pytest.mark.parametrize(("given", "name"), [
    (VIT, VIT), (f"{VIT}.augreg_in21k", f"{VIT}.augreg_in21k"),
    (f"hf_hub:timm/{VIT}", VIT), (f"hf-hub:timm/{VIT}.augreg_in21k", f"{VIT}.augreg_in21k"),
])
def test_names_that_timm_takes(given, name, monkeypatch):
    monkeypatch.setattr(timm.models, "load_model_config_from_hf", lambda place: pytest.fail("asks"))
    assert names.resolved(given) == name


@pytest.mark.parametrize(("name", "text"), [
    ("deit_tiny", "; did you mean deit_tiny_patch16_224 or deit_tiny_distilled_patch16_224?"),
    ("dinov2", "; did you mean vit_base_patch14_dinov2 or vit_large_patch14_dinov2 or "
               "vit_small_patch14_dinov2?"),
    ("vit_tinny", "; did you mean vit_tiny_patch16_224 or vit_tiny_patch16_384?"),
    ("hf_hub:timm/deit_tiny",
     "; did you mean deit_tiny_patch16_224 or deit_tiny_distilled_patch16_224?"),
    ("swin_tiny", "; did you mean swin_tiny_patch4_window7_224?"),
("hf_hub:", ""), ("zzz", ""), ("", ""),
])
def test_supported_names_are_suggested(name, text):
    with pytest.raises(ValueError) as error:
        names.resolved(name)
    assert str(error.value) == f"timm has no model {name!r}{text}"


def test_of_other_hubs_the_configuration_is_asked_for(monkeypatch):
    asked = []

    def load(place):
        asked.append(place)
        if place == "a/b":
            return {}, VIT, {}
        if place == "a/c":
            return {}, "another", {}
        raise OSError("no route to host\nsecond line")

    monkeypatch.setattr(timm.models, "load_model_config_from_hf", load)
    assert names.resolved("hf-hub:a/b") == "hf-hub:a/b"
    with pytest.raises(ValueError) as error:
        names.resolved("hf_hub:a/c")
    assert str(error.value) == "hf_hub:a/c is a 'another', which timm does not have"
    with pytest.raises(ValueError) as error:
        names.resolved("hf_hub:a/d")
    assert str(error.value) == (
        "Could not download the configuration of hf_hub:a/d (no route to host)")
    assert asked == ["a/b", "a/c", "a/d"]


def test_candidates_are_of_the_families_files():
    known = names.candidates()
    assert {VIT, "deit3_small_patch16_224", "swin_tiny_patch4_window7_224"} < set(known)
    assert "resnet50" not in known and "swinv2_tiny_window8_256" not in known
    assert architectures.problem(VIT, known[VIT].one_block) is None
