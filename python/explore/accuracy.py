"""Accuracy of a recipe: the task whose trials take nearly all the time of an exploration."""

import math
from collections.abc import Mapping
from typing import Any

from vit2rtl import evaluation
from vit2rtl.evaluation.noise import error_of_share
from vit2rtl.explore.bench import Bench, bench_of, one_thread
from vit2rtl.quantization.recipe import Recipe

_INTERVAL = 1.96  # standard errors to either side: 95 of 100 draws of as many images


@one_thread()
def accuracy(spec: Mapping[str, Any], **files: str | None) -> dict[str, Any]:
    """The task: figures of ``spec["recipe"]`` on the images that measure, as JSON data.

    files     of the bench, see :func:`vit2rtl.explore.bench.bench_of`
    returns   ``sqnr_db``, mean of the images' SQNR of the logits; ``sqnr_summed_db``, of the sum;
              ``top1`` with its 95 % interval ``top1_low`` to ``top1_high``, ``float_top1`` and
              ``agreement``, all percent; ``kl`` in nats. Null where infinite
    raises    ValueError where the method refuses the widths on this network
    """
    bench, recipe = _bench(spec, files), Recipe(**spec["recipe"])
    labels = bench.images.labels
    assert labels is not None
    scores = evaluation.scores(bench.logits(recipe), labels, bench.reference)
    error = _INTERVAL * error_of_share(round(scores.top1 * len(labels) / 100), len(labels))
    assert scores.loss is not None
    figures = {
        "sqnr_db": scores.mean_sqnr, "sqnr_summed_db": scores.sqnr, "top1": scores.top1,
        "top1_low": max(scores.top1 - error, 0.0), "top1_high": min(scores.top1 + error, 100.0),
        "float_top1": scores.top1 + scores.loss, "agreement": scores.agreement, "kl": scores.kl,
    }
    return {key: _rounded(value) for key, value in figures.items()} | {"images": len(labels)}


@one_thread()
def ratios(spec: Mapping[str, Any], **files: str | None) -> dict[str, Any]:
    """The task of a search: ``sqnr_db``, that of each image's logits, in their order."""
    bench = _bench(spec, files)
    each = evaluation.image_sqnr(bench.reference, bench.reused(Recipe(**spec["recipe"])))
    return {"sqnr_db": [_rounded(value) for value in each.tolist()]}


def _bench(spec: Mapping[str, Any], files: Mapping[str, Any]) -> Bench:
    return bench_of(spec["model"]["model"], **files)


def _rounded(value: float | None) -> float | None:
    """Enough decimals for every difference that means something; no infinity, which JSON lacks."""
    return None if value is None or not math.isfinite(value) else round(value, 6)
