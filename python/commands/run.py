"""vit2rtl run: execute an integer program on images, with numpy and Pillow alone."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click
import numpy as np
from tqdm import tqdm

from vit2rtl.commands import options
from vit2rtl.golden.program.execute import execute
from vit2rtl.golden.program.images import LABELS
from vit2rtl.golden.program.program import FEATURES

_TOGETHER = 8


@click.command(epilog="""\b
Examples:
  vit2rtl run demo/program.integer
  vit2rtl run deit-w4a4.program --images val/
  vit2rtl run deit-w4a4.program --images val/ --count 10 --json
""")
@click.argument("program_folder", metavar="PROGRAM", type=options.FOLDER)
@options.images
@options.only
@click.option("--exclude", type=options.FILE,
              help="Leave out the images named in this file.")
@click.option("--count", type=click.IntRange(min=1), help="Use only the first images.")
@options.as_json
def command(
    program_folder: str,
    folder: str | None,
    listed: str | None,
    exclude: str | None,
    count: int | None,
    as_json: bool,
) -> None:
    """Execute the integer program in the folder PROGRAM on images.

    Prints each image's class, and top-1 and top-5 where the images have labels; of a model without
    classes how long the vector of features is, and with --json the features. Needs no torch.
    """
    program = options.read_program(program_folder)
    available = options.program_images(folder, program)
    names, labels = options.choose_names(available.names, listed, exclude)[:count], available.labels
    if program.output == FEATURES:
        labels = None
    _check_labels(names, labels, program.logits.shape[-1])
    if labels and folder and not Path(folder, LABELS).exists():
        options.warn_of_folders(len(set(labels.values())), program.logits.shape[-1])
    logits = []
    with tqdm(total=len(names), desc="run", unit="image", leave=False, disable=None) as bar:
        for start in range(0, len(names), _TOGETHER):
            part = names[start:start + _TOGETHER]
            logits.append(program.logits.real(execute(program, available.codes(part))))
            bar.update(len(part))
    output = np.concatenate(logits)
    results = (_features(names, output) if program.output == FEATURES
               else _results(names, labels, output))
    if as_json:
        options.show_json(results)
    else:
        click.echo(_lines(results))


def _check_labels(names: Sequence[str], labels: Mapping[str, int] | None, classes: int) -> None:
    for name in names:
        if labels and not 0 <= labels[name] < classes:
            raise ValueError(f"Class index {labels[name]} does not fit a program of "
                             f"{classes} classes")


def _results(
    names: Sequence[str], labels: Mapping[str, int] | None, logits: np.ndarray
) -> dict[str, Any]:
    best = np.argsort(-logits, axis=1, kind="stable")[:, :5]
    rows = [{"file": name, "class_index": int(order[0]), "logit": float(row[order[0]])}
            for name, order, row in zip(names, best, logits, strict=True)]
    results: dict[str, Any] = {"images": rows, "count": len(rows)}
    if labels:
        truth = np.array([labels[name] for name in names])[:, np.newaxis]
        hits = best == truth
        results |= {"top1": 100 * hits[:, :1].any(1).mean(), "top5": 100 * hits.any(1).mean()}
    return results


def _features(names: Sequence[str], vectors: np.ndarray) -> dict[str, Any]:
    rows = [{"file": name, "features": vector.tolist()}
            for name, vector in zip(names, vectors, strict=True)]
    return {"images": rows, "count": len(rows)}


def _lines(results: Mapping[str, Any]) -> str:
    if "features" in results["images"][0]:
        return "\n".join(f"{row['file']}  {_size(row['features'])} features, length "
                         f"{np.linalg.norm(row['features']):.3f}" for row in results["images"])
    lines = [f"{row['file']}  class {row['class_index']}  logit {row['logit']:.3f}"
             for row in results["images"]]
    if "top1" in results:
        lines.append(f"top-1 {results['top1']:.1f} %, top-5 {results['top5']:.1f} %, "
                     f"{results['count']} images")
    return "\n".join(lines)


def _size(features: Sequence[Any]) -> str:
    """How many numbers; of each token, where there are several, as a product."""
    return "×".join(map(str, np.shape(features)))
