"""Trains the embedded model: ``python -m tools.train_mnist_vit --out FILE``."""

import json
import math
import sys
import time
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import click
import safetensors.torch
import torch
from torch import nn
from torch.nn import functional
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from tqdm import tqdm

from vit2rtl.golden.files import atomic
from vit2rtl.golden.files.documents import sha256
from vit2rtl.models.digits import FILE, SPLIT_SEED
from vit2rtl.models.embedded.model import MODEL_NAME, architecture, images

LEARNING_RATE = 2e-3
WEIGHT_DECAY = 0.05
LABEL_SMOOTHING = 0.1
DROP_PATH = 0.05
WARMUP = 0.1
EMA_DECAY = 0.998


def augment(batch: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Warp float32[n, 1, h, w] images: rotation, scale, shear, shift, and a smooth elastic field.

    What comes in from outside is background: the value of the image's own corner.
    """
    n = len(batch)

    def uniform(limit):
        return (torch.rand(n, generator=generator) * 2 - 1) * limit

    angle, shear = uniform(math.radians(12)), uniform(0.15)
    width, height = 1 + uniform(0.12), 1 + uniform(0.12)
    cos, sin = angle.cos(), angle.sin()
    affine = torch.stack(
        [
            torch.stack([width * cos, shear - sin, uniform(0.08)], dim=1),
            torch.stack([sin, height * cos, uniform(0.08)], dim=1),
        ],
        dim=1,
    )
    grid = functional.affine_grid(affine, batch.shape, align_corners=False)
    coarse = torch.randn(n, 2, 5, 5, generator=generator) * 0.05
    field = functional.interpolate(coarse, batch.shape[-2:], mode="bicubic", align_corners=True)
    background = batch[:, :, :1, :1]
    warped = functional.grid_sample(
        batch - background, grid + field.permute(0, 2, 3, 1), align_corners=False
    )
    return warped + background


def learning_rate_factor(step: int, steps: int) -> float:
    """Linear warm-up over the first tenth of the steps, then a cosine to zero."""
    warmup = max(1, round(steps * WARMUP))
    if step < warmup:
        return (step + 1) / warmup
    return 0.5 * (1 + math.cos(math.pi * (step - warmup) / max(1, steps - warmup)))


def train(
    pixels: torch.Tensor, labels: torch.Tensor, *, epochs: int, batch: int, seed: int,
    progress: bool = True, create: Callable[..., nn.Module] = architecture,
) -> nn.Module:
    """Train from scratch and return the exponential moving average of the weights, in eval mode.

    pixels  float32[n, 1, 28, 28]
    labels  int64[n]
    create  (drop_path_rate=...) -> the model with random weights

    The result depends on the arguments alone (and on how the machine's torch sums floats).
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = create(drop_path_rate=DROP_PATH).train()
        average = AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(EMA_DECAY))
        generator = torch.Generator().manual_seed(seed)
        optimizer = torch.optim.AdamW(parameter_groups(model), lr=LEARNING_RATE)
        steps = epochs * math.ceil(len(pixels) / batch)
        schedule = torch.optim.lr_scheduler.LambdaLR(
            optimizer, lambda step: learning_rate_factor(step, steps)
        )
        with tqdm(total=steps, unit="step", disable=not progress) as bar:
            for _ in range(epochs):
                for chosen in torch.randperm(len(pixels), generator=generator).split(batch):
                    logits = model(augment(pixels[chosen], generator))
                    loss = functional.cross_entropy(
                        logits, labels[chosen], label_smoothing=LABEL_SMOOTHING
                    )
                    optimizer.zero_grad()
                    loss.backward()
                    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
                    optimizer.step()
                    schedule.step()
                    average.update_parameters(model)
                    bar.set_postfix(loss=f"{loss.item():.3f}", refresh=False)
                    bar.update()
    return average.module.eval()


def parameter_groups(model: nn.Module) -> list[dict[str, Any]]:
    """Of an optimizer: weight decay for matrices only, not for biases, LayerNorm, the class token
    or positions."""
    decayed: list[torch.nn.Parameter] = []
    other: list[torch.nn.Parameter] = []
    for parameter in model.parameters():
        matrix = parameter.ndim >= 2 and parameter.shape[0] > 1
        (decayed if matrix else other).append(parameter)
    return [
        {"params": decayed, "weight_decay": WEIGHT_DECAY},
        {"params": other, "weight_decay": 0.0},
    ]


@torch.inference_mode()
def accuracy(model: nn.Module, pixels: torch.Tensor, labels: torch.Tensor) -> float:
    """Fraction of the images whose largest logit is the label's."""
    hits = [
        (model(part).argmax(1) == label).sum().item()
        for part, label in zip(pixels.split(250), labels.split(250), strict=True)
    ]
    return sum(hits) / len(labels)


def save(model: nn.Module, path: Path, record: dict[str, Any]) -> None:
    """Write the weights, and the record of their training as JSON beside them."""
    notes = json.dumps(record, indent=2, sort_keys=True) + "\n"
    weights = safetensors.torch.save(model.state_dict())
    atomic.files(path.parent, {
        path.name: weights, path.with_suffix(".json").name: notes.encode(),
    })


def _check_output(path):
    if path.suffix != ".safetensors":
        raise click.UsageError(f"Output must end in .safetensors, not {path.name!r}")
    if not path.parent.is_dir():
        raise click.UsageError(f"Folder does not exist: {path.parent}")


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), required=True)
@click.option("--epochs", type=click.IntRange(1, 1000), default=70, show_default=True)
@click.option("--batch", type=click.IntRange(2, 4000), default=64, show_default=True)
@click.option("--seed", type=click.IntRange(0, 2**31 - 1), default=0, show_default=True)
@click.option("--threads", type=click.IntRange(1, 64), default=1, show_default=True)
@click.option(
    "--subset",
    type=click.IntRange(10, 4000),
    default=4000,
    show_default=True,
    help="Train on the first N images only.",
)
def command(out: Path, epochs: int, batch: int, seed: int, threads: int, subset: int) -> None:
    """Train the embedded model on 4,000 MNIST images; measure it on the other 1,000, once."""
    _check_output(out)
    torch.set_num_threads(threads)
    pixels, labels = (part[:subset] for part in images("train"))
    start = time.perf_counter()
    model = train(pixels, labels, epochs=epochs, batch=batch, seed=seed)
    seconds = time.perf_counter() - start
    held_out = images("held_out")
    record = {
        "model": MODEL_NAME,
        "images": len(pixels),
        "held_out_images": len(held_out[0]),
        "held_out_accuracy": accuracy(model, *held_out),
        "epochs": epochs,
        "batch": batch,
        "seed": seed,
        "split_seed": SPLIT_SEED,
        "threads": threads,
        "digits": sha256(FILE),
        "versions": {name: version(name) for name in ("torch", "timm")},
    }
    save(model, out, record)
    click.echo(
        f"{record['held_out_accuracy']:.2%} on {record['held_out_images']} held-out images; "
        f"{seconds:.0f} s of training; wrote {out} ({out.stat().st_size:,} bytes)"
    )


def run(command: click.Command, arguments: Sequence[str] | None) -> None:
    """A training script: what is wrong is said in one line, exit code 2."""
    try:
        command.main(arguments, prog_name="train", standalone_mode=False)
    except click.ClickException as error:
        _fail(error.format_message(), 2)
    except (OSError, ValueError) as error:
        _fail(str(error), 2)
    except (click.Abort, KeyboardInterrupt):
        _fail("interrupted", 130)


def _fail(message, code):
    click.echo(f"train: {message}", err=True)
    sys.exit(code)


def main(arguments: Sequence[str] | None = None) -> None:
    """Entry point."""
    run(command, arguments)


if __name__ == "__main__":
    main()
