"""Accuracy of a quantized model, its distance from the float model, and how much chance is in both.
"""

from vit2rtl.evaluation.divergence import fit_temperature, kl_divergence
from vit2rtl.evaluation.figures import (
    FIGURES,
    FeatureScores,
    Scores,
    feature_scores,
    logits,
    scores,
    shown,
)
from vit2rtl.evaluation.noise import loss_noise
from vit2rtl.evaluation.ratios import image_sqnr, sqnr

__all__ = ["FIGURES", "FeatureScores", "Scores", "feature_scores", "fit_temperature", "image_sqnr",
           "kl_divergence", "logits", "loss_noise", "scores", "shown", "sqnr"]
