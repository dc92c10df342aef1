"""Figures of a recipe, counted by hand."""

from types import SimpleNamespace

import pytest
import torch

from vit2rtl.explore import accuracy

SPEC = {"model": {"model": "mnist_vit"},
        "recipe": {"weight_bits": 4, "activation_bits": 4, "method": "repq"}}


def logits(*classes):
    return 4 * torch.nn.functional.one_hot(torch.tensor(classes), 10).float()


@pytest.fixture
def measured(monkeypatch):
    """``measured(labels, float's answers, quantized answers)``: the task's figures."""
    def of(labels, answers, quantized):
        bench = SimpleNamespace(images=SimpleNamespace(labels=torch.tensor(labels)),
                                reference=logits(*answers), logits=lambda recipe: noisy)
        noisy = logits(*quantized) + 0.1
        monkeypatch.setattr(accuracy, "_bench", lambda spec, files: bench)
        return accuracy.accuracy(SPEC)

    return of


def test_top1_agreement_and_the_float_model_s(measured):
    found = measured([0, 1, 1, 1, 2], [0, 1, 0, 1, 2], [0, 0, 0, 1, 3])
    assert (found["top1"], found["float_top1"], found["agreement"], found["images"]) == (
        40, 80, 60, 5)
    assert found["top1_low"] < 40 < found["top1_high"]
    assert found["top1_high"] - 40 == pytest.approx(40 - found["top1_low"])


def test_intervals_end_at_none_and_all(measured):
    assert measured([0, 1], [0, 1], [0, 1])["top1_high"] == 100
    assert measured([0, 1], [0, 1], [1, 0])["top1_low"] == 0


def test_sqnr_is_the_mean_of_images_and_null_where_infinite(measured):
    """Every image's SQNR is 10 lg(16 / 0.1) dB: noise of 0.1 in each of ten logits."""
    found = measured([0, 1], [0, 1], [0, 1])
    assert found["sqnr_db"] == pytest.approx(22.041, abs=1e-3)
    assert accuracy._rounded(float("inf")) is accuracy._rounded(None) is None
