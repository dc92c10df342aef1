import math

import numpy as np
import pytest
import torch

from vit2rtl import evaluation
from vit2rtl.models.images import Images


def test_scores_against_counts_by_hand():
    # Ranks of the label among 7 classes: 1, 2, 5, 6, 1.
    logits = torch.tensor([
        [9.0, 8, 7, 6, 5, 4, 3],
        [9.0, 8, 7, 6, 5, 4, 3],
        [9.0, 8, 7, 6, 5, 4, 3],
        [9.0, 8, 7, 6, 5, 4, 3],
        [1.0, 2, 3, 4, 5, 6, 7],
    ])
    labels = torch.tensor([0, 1, 4, 5, 6])
    scores = evaluation.scores(logits, labels)
    assert scores == evaluation.Scores(5, 40.0, 80.0, None, None)
    reference = logits.clone()
    reference[0] = torch.tensor([0.0, 1, 0, 0, 0, 0, 0])
    compared = evaluation.scores(logits, labels, reference)
    assert (compared.top1, compared.top5, compared.agreement) == (40.0, 80.0, 80.0)
    assert compared.sqnr == evaluation.sqnr(reference, logits)
    # The float model has labels 0 and 6 wrong and right, the other one both right.
    assert compared.loss == 20.0 - 40.0
    assert compared.noise == evaluation.loss_noise(0, 1, 5)


def test_noise_of_a_loss_is_that_of_paired_draws_of_images():
    """Against the definition: the spread of the loss over every sample of images, drawn again."""
    outcomes = np.repeat([1, -1, 0], [30, 12, 458])  # lost, won, no difference
    draws = np.random.default_rng(0).choice(outcomes, (4000, 500)).mean(1)
    assert evaluation.loss_noise(30, 12, 500) == pytest.approx(100 * 1.96 * draws.std(), rel=0.05)


def test_noise_of_a_loss_by_hand():
    # Four cells with half an image more: 1.5 lost, 0.5 won, of 12.
    want = 1.96 * math.sqrt((2 - 1 / 12) / 144)
    assert evaluation.loss_noise(1, 0, 10) == pytest.approx(100 * want)
    assert 0 < evaluation.loss_noise(0, 0, 1000) < 0.2


def test_top5_of_fewer_than_five_classes():
    logits = torch.tensor([[1.0, 2, 3], [3.0, 2, 1]])
    assert evaluation.scores(logits, torch.tensor([0, 0])) == evaluation.Scores(2, 50.0, 100.0)


def test_sqnr_by_hand():
    reference = torch.tensor([[3.0, -4.0]])
    assert evaluation.sqnr(reference, reference + 0.5) == pytest.approx(10 * math.log10(25 / 0.5))
    assert evaluation.sqnr(reference, reference * 0) == 0
    assert evaluation.sqnr(reference, reference) == math.inf
    assert evaluation.sqnr(reference * 0, reference) == -math.inf


def test_sqnr_is_summed_in_double():
    reference = torch.full((1, 1 << 20), 1.0)
    reference[0, 0] = 4096.0
    got = evaluation.sqnr(reference, reference + 2.0**-8)
    want = 10 * math.log10((4096**2 + (1 << 20) - 1) / ((1 << 20) * 2.0**-16))
    assert got == pytest.approx(want, rel=1e-12)


@pytest.mark.parametrize("count", [1, 31, 32, 33, 65])
def test_logits_are_those_of_all_images_in_order(count):
    images = Images(
        [str(n) for n in range(count)], None, lambda n: torch.full((1, 2, 2), float(n))
    )
    sizes = []

    def model(batch):
        sizes.append(len(batch))
        return batch.flatten(1)[:, :3]

    logits = evaluation.logits(model, images)
    assert logits.equal(torch.arange(count).float()[:, None].expand(-1, 3))
    assert max(sizes) <= 32 and sum(sizes) == count
