import math
import statistics

import pytest
import torch

from vit2rtl import evaluation
from vit2rtl.evaluation import noise
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
    errors = {"top1": noise.error_of_share(2, 5), "top5": noise.error_of_share(4, 5)}
    assert scores == evaluation.Scores(5, 40.0, 80.0, standard_errors=errors)
    reference = logits.clone()
    reference[0] = torch.tensor([0.0, 1, 0, 0, 0, 0, 0])
    compared = evaluation.scores(logits, labels, reference)
    assert (compared.top1, compared.top5, compared.agreement) == (40.0, 80.0, 80.0)
    assert compared.sqnr == evaluation.sqnr(reference, logits)
    # The float model has labels 0 and 6 wrong and right, the other one both right.
    assert compared.loss == 20.0 - 40.0
    assert compared.noise == evaluation.loss_noise(0, 1, 5)


def test_top5_of_fewer_than_five_classes():
    logits = torch.tensor([[1.0, 2, 3], [3.0, 2, 1]])
    scores = evaluation.scores(logits, torch.tensor([0, 0]))
    assert (scores.images, scores.top1, scores.top5) == (2, 50.0, 100.0)


def test_of_equal_logits_the_first_is_the_largest():
    """As argmax has it: codes tie, and what is measured is the same everywhere."""
    logits = torch.tensor([[1.0, 3, 3, 0, 3, 3, 3, 3]]).repeat(8, 1)
    scores = [evaluation.scores(logits[:1], torch.tensor([label])) for label in range(8)]
    assert [(one.top1, one.top5) for one in scores] == [
        (0, 0), (100, 100), (0, 100), (0, 0), (0, 100), (0, 100), (0, 100), (0, 0)]


def test_the_figures_beside_a_float_model_are_means_over_images():
    generator = torch.Generator().manual_seed(0)
    reference = torch.randn(50, 6, generator=generator)
    predicted = 2 * reference + torch.randn(50, 6, generator=generator)
    scores = evaluation.scores(predicted, reference.argmax(1), reference)
    each = {
        "mean_sqnr": [10 * math.log10((f * f).sum() / ((q - f) ** 2).sum())
                      for f, q in zip(reference, predicted, strict=True)],
        "kl": evaluation.kl_divergence(reference, predicted, scores.temperature).tolist(),
    }
    for name, values in each.items():
        assert getattr(scores, name) == pytest.approx(statistics.mean(values), rel=1e-5)
        error = statistics.stdev(values) / math.sqrt(50)
        assert scores.standard_errors[name] == pytest.approx(error, rel=1e-5)
    assert scores.temperature == evaluation.fit_temperature(reference, predicted)
    assert scores.standard_errors["loss"] == pytest.approx(scores.noise / 1.96)
    hits = round(scores.agreement / 2)
    assert scores.agreement == scores.top1 == 2 * hits
    assert scores.standard_errors["agreement"] == noise.error_of_share(hits, 50)
    assert set(scores.standard_errors) == {"top1", "top5", "loss", "agreement", "sqnr",
                                           "mean_sqnr", "kl"}


def test_features_have_a_cosine_with_its_error():
    reference = torch.tensor([[1.0, 0.0], [0.0, 2.0]])
    scores = evaluation.feature_scores(torch.tensor([[1.0, 1.0], [0.0, 1.0]]), reference)
    # Cosines 1/√2 and 1; signals 1 and 4, noises 1 and 1.
    cosines = [math.sqrt(0.5), 1]
    assert (scores.images, scores.features) == (2, 2)
    assert scores.cosine == pytest.approx(statistics.mean(cosines))
    assert scores.sqnr == pytest.approx(10 * math.log10(5 / 2))
    assert scores.mean_sqnr == pytest.approx(5 * math.log10(4))
    assert scores.standard_errors == pytest.approx({
        "cosine": (1 - math.sqrt(0.5)) / 2, "mean_sqnr": 5 * math.log10(4),
        # Shares of 2/5 and 1 less 8/5 and 1.
        "sqnr": 10 / math.log(10) * 0.6})


def test_one_image_has_no_error_of_a_mean_and_equal_logits_none_of_a_ratio():
    logits = torch.tensor([[3.0, 1.0], [0.0, 1.0]])
    one = evaluation.scores(logits[:1] + 0.25, torch.tensor([0]), logits[:1])
    assert set(one.standard_errors) == {"top1", "top5", "agreement", "loss"}
    equal = evaluation.scores(logits, torch.tensor([0, 1]), logits)
    assert equal.sqnr == equal.mean_sqnr == math.inf
    assert equal.kl < 1e-9 and equal.temperature == pytest.approx(1)
    assert set(equal.standard_errors) == {"top1", "top5", "agreement", "loss", "kl"}


def test_a_figure_as_text():
    scores = evaluation.Scores(9, 72.04, 90.0, mean_sqnr=-2.345, kl=0.25,
                               standard_errors={"top1": 3.04, "mean_sqnr": 0.1})
    texts = [evaluation.shown(scores, name) for name in ("top1", "top5", "mean_sqnr", "kl")]
    assert texts == ["72.0 ± 3.0 %", "90.0 %", "-2.35 ± 0.10 dB", "0.250 nats"]
    assert evaluation.shown(scores, "cosine") == evaluation.shown(scores, "loss") == ""


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
