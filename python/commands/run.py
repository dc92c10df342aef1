"""vit2rtl run: execute an integer program on image files, with numpy and Pillow alone."""

import json
from pathlib import Path

import click
import numpy as np
from tqdm import tqdm

from vit2rtl.golden.program import images
from vit2rtl.golden.program.execute import execute
from vit2rtl.golden.program.reader import read_program

_TOGETHER = 8
_FOLDER = click.Path(file_okay=False, path_type=str)


@click.command(epilog="""\b
Examples:
  vit2rtl run deit-w4a4.program --images val/
  vit2rtl run deit-w4a4.program --images val/ --count 10 --json
""")
@click.argument("program_folder", metavar="PROGRAM", type=_FOLDER)
@click.option("--images", "folder", required=True, type=_FOLDER,
              help="Image folder: class sub-folders, or flat with labels.csv (file,class_index).")
@click.option("--list", "listed", type=click.Path(dir_okay=False, path_type=str),
              help="Use only the images named in this file.")
@click.option("--exclude", type=click.Path(dir_okay=False, path_type=str),
              help="Leave out the images named in this file.")
@click.option("--count", type=click.IntRange(min=1), help="Use only the first images.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(program_folder, folder, listed, exclude, count, as_json):
    """Execute the integer program in the folder PROGRAM on images.

    Prints each image's class, and top-1 and top-5 where the images have labels. Needs no torch.
    """
    program = read_program(program_folder)
    images.check_preprocessing(program.preprocessing)
    names, labels = choose(folder, listed, exclude, count)
    classes = program.logits.shape[-1]
    for name in names:
        if labels and not 0 <= labels[name] < classes:
            raise ValueError(f"Class index {labels[name]} does not fit a program of "
                             f"{classes} classes")
    logits = []
    with tqdm(total=len(names), desc="run", unit="image", leave=False, disable=None) as bar:
        for start in range(0, len(names), _TOGETHER):
            part = names[start:start + _TOGETHER]
            codes = images.codes([Path(folder) / name for name in part], program)
            logits.append(program.logits.real(execute(program, codes)))
            bar.update(len(part))
    found = _results(names, labels, np.concatenate(logits))
    click.echo(json.dumps(found, indent=1, sort_keys=True) if as_json else _lines(found))


def choose(folder, listed, exclude, count):
    """(names, {name: label} or None) of the images asked for."""
    names, labels, _ = images.find(folder)
    labels = dict(zip(names, labels, strict=True)) if labels is not None else None
    present = set(names)
    if listed:
        names = _named(listed, present)
    if exclude:
        left_out = set(_named(exclude, present))
        names = [name for name in names if name not in left_out]
    names = names[:count]
    if not names:
        raise ValueError("No images are left to use")
    return names, labels


def _named(file, present):
    """The images that a list names; a name that is not there is an error."""
    names = images.read_list(file)
    unknown = [name for name in names if name not in present]
    if unknown:
        raise ValueError(f"The list names {unknown[0]!r}, which is not among the images")
    return names


def _results(names, labels, logits):
    best = np.argsort(-logits, axis=1, kind="stable")[:, :5]
    rows = [{"file": name, "class_index": int(order[0]), "logit": float(row[order[0]])}
            for name, order, row in zip(names, best, logits, strict=True)]
    found = {"images": rows, "count": len(rows)}
    if labels:
        truth = np.array([labels[name] for name in names])[:, np.newaxis]
        hits = best == truth
        found |= {"top1": 100 * hits[:, :1].any(1).mean(), "top5": 100 * hits.any(1).mean()}
    return found


def _lines(found):
    lines = [f"{row['file']}  class {row['class_index']}  logit {row['logit']:.3f}"
             for row in found["images"]]
    if "top1" in found:
        lines.append(f"top-1 {found['top1']:.1f} %, top-5 {found['top5']:.1f} %, "
                     f"{found['count']} images")
    return "\n".join(lines)
