"""timm's names on the meta device: at least 150 are taken, and docs/models.md says which."""

from pathlib import Path

import pytest

from vit2rtl.models import catalog
from vit2rtl.models.library import timm

PAGE = Path(__file__).resolve().parents[3] / "docs" / "models.md"
TAKEN = (
    "mnist_vit", "deit_tiny_patch16_224", "deit_base_distilled_patch16_384", "test_vit",
    "deit3_base_patch16_224", "swin_base_patch4_window7_224", "vit_small_patch14_dinov2",
    "vit_large_patch14_reg4_dinov2", "vit_so400m_patch14_siglip_384", "flexivit_large",
    "vit_base_patch32_clip_224", "vit_large_patch14_clip_quickgelu_336",
    "vit_huge_patch16_radio_v4", "vit_intern300m_patch14_448", "eva_large_patch14_196",
    "vit_base_patch16_siglip_gap_512",
)
REFUSED = {
    "resnet50": "timm's resnet models are not supported",
    "vit_base_patch16_dinov3": "timm's eva models are not supported",
    "vit_giant_patch14_dinov2": "Module 'blocks.0.mlp' (GluMlp) is not supported",
    "test_vit4": "Module 'blocks.0.norm1' (RmsNorm) must be a LayerNorm with weight and bias",
}


@pytest.fixture(scope="module")
def known():
    return list(catalog.entries())


def test_at_least_150_are_taken(known):
    of = {entry.name: entry for entry in known}
    assert sum(entry.supported for entry in known) >= 150
    assert all(entry.supported == (entry.reason is None) for entry in known)
    assert [name for name in TAKEN if not of[name].supported] == []
    assert {name: of[name].reason for name in REFUSED} == REFUSED
    assert all(len(entry.reason.splitlines()) == 1 for entry in known if entry.reason)


def test_the_page_is_a_run(known):
    text = PAGE.read_text(encoding="utf-8")
    if f"timm {timm.__version__} " not in text:
        pytest.skip(f"docs/models.md is of another timm than {timm.__version__}")
    assert catalog.page(known) == text, "vit2rtl models --markdown > docs/models.md"


@pytest.mark.parametrize(("pattern", "names"), [
    ("deit_tiny*", ["deit_tiny_distilled_patch16_224", "deit_tiny_patch16_224"]),
    ("mnist", ["mnist_vit"]), ("deit3_?uge*", ["deit3_huge_patch14_224"]), ("zzz", []),
])
def test_patterns(pattern, names):
    assert [entry.name for entry in catalog.entries(pattern)] == names
