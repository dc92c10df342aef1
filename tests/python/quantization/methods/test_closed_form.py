"""Method closed-form: which quantizer where, its options, and what it calibrates with."""

import pytest
import torch

from vit2rtl.models import embedded
from vit2rtl.quantization.closed_form import walk
from vit2rtl.quantization.methods.closed_form import ClosedForm
from vit2rtl.quantization.quantizers import LogSqrt2Quantizer
from vit2rtl.quantization.recipe import Recipe
from vit2rtl.quantization.settings import STEPS
from vit2rtl.quantization.structure import Place, Role
from vit2rtl.quantized_vit import QuantizedViT


@pytest.mark.parametrize("symmetric", [False, True])
@pytest.mark.parametrize("role", Role)
def test_it_has_the_quantizers_of_repq_for_every_role(role, symmetric):
    chosen = ClosedForm(3, 5, symmetric_weights=symmetric).quantizers(Place("layer", role))
    assert (chosen.weight.bits, chosen.weight.axis, chosen.weight.symmetric) == (3, 0, symmetric)
    assert chosen.input.bits == (8 if role is Role.PATCH_EMBEDDING else 5)
    normed = role in (Role.QKV, Role.FC1, Role.REDUCTION)
    assert chosen.input.axis == (-1 if normed else None)
    assert [q.bits for q in chosen.outputs] == ([5] * 3 if role is Role.QKV else [16])


def test_it_computes_in_the_arithmetic_of_hardware():
    method = ClosedForm(3, 5)
    softmax = method.softmax_quantizer(Place("layer", Role.QKV))
    assert isinstance(softmax, LogSqrt2Quantizer)
    assert (softmax.bits, softmax.zero_code, softmax.fixed_point) == (5, "top", True)
    assert (method.integer, method.fractional_zero_points) == (True, False)
    assert method.lacks_integers() is None


@pytest.mark.parametrize("name", ["symmetric_weights", "mirrors"])
def test_options_that_are_true_or_false_are_checked(name):
    for value in (True, False):
        assert getattr(Recipe(method="closed-form", **{name: value}), name) is value
    with pytest.raises(ValueError) as error:
        Recipe(method="closed-form", **{name: 1})
    title = {"symmetric_weights": "Symmetric weights", "mirrors": "Mirrors"}[name]
    assert str(error.value) == f"{title} must be true or false, not 1"


class Seen(Exception):
    """Instead of a calibration: the walk's arguments."""


@pytest.fixture
def walked(monkeypatch, digits):
    """``walked(**options) -> (names of steps, images)`` that the walk would be started with."""
    def start(self, images):
        raise Seen(list(self.steps), images)

    monkeypatch.setattr(walk.Walk, "run", start)

    def walked(**options):
        with pytest.raises(Seen) as seen:
            QuantizedViT(embedded.create(), Recipe(method="closed-form", **options)).calibrate(
                digits[:3])
        return seen.value.args

    return walked


def test_all_steps_are_on_but_those_left_out(walked):
    assert walked()[0] == list(STEPS)
    assert walked(without="bias, gptq")[0] == [s for s in STEPS if s not in ("bias", "gptq")]


def test_mirror_images_are_moved_by_8_pixels(walked, digits):
    assert walked()[1].equal(digits[:3])
    images = walked(mirrors=True)[1]
    assert len(images) == 6 and images[:3].equal(digits[:3])
    for plain, mirrored in zip(digits[:3].tolist(), images[3:].tolist(), strict=True):
        for y in range(28):
            for x in range(28):
                assert mirrored[0][(y + 8) % 28][(x + 8) % 28] == plain[0][y][27 - x]


def test_it_says_when_it_is_calibrated(digits):
    quantized, seen = QuantizedViT(embedded.create(), Recipe(method="closed-form")), []
    quantized.calibrate(digits[:2], observe=seen.append)
    assert seen == [quantized] and torch.isfinite(quantized(digits[:2])).all()
