"""Trains the embedded detector: ``python -m tools.train_detector --out FOLDER``."""

import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence

import click
import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from tqdm import tqdm

from tools.train_mnist_vit import learning_rate_factor, parameter_groups, run
from vit2rtl.detection import canvas_folder, folder
from vit2rtl.detection.canvases import CATEGORY_IDS, CLASSES, canvases
from vit2rtl.detection.coco import open_coco
from vit2rtl.detection.config import DetectorConfig, SwinConfig
from vit2rtl.detection.detector import Detector, build
from vit2rtl.detection.scores import Scores, as_input, detect, scores

CONFIG = DetectorConfig(
    classes=CLASSES, category_ids=CATEGORY_IDS,
    swin=SwinConfig(embed_dim=32, depths=(2, 2, 2), heads=(2, 4, 8)), fpn_channels=32,
    anchor_sizes=(24, 32, 48, 64), resize=(112, 112), size_divisible=1,
    mean=(0.5, 0.5, 0.5), std=(0.25, 0.25, 0.25), box_channels=128, mask_channels=32,
    mask_convs=2, rpn_candidates=200, rpn_proposals=100, rpn_samples=128, box_samples=32,
)
STEPS = 3500
LEARNING_RATE = 2e-3
EMA_DECAY = 0.995
LARGEST_GRADIENT = 5.0
REPORTED = 50  # steps
# Of the canvases that are measured; the benchmark and the documents have others.
MEASURED_SEED = 1


def batches(
    steps: int, batch: int, seed: int
) -> Iterator[tuple[list[torch.Tensor], list[dict[str, torch.Tensor]]]]:
    """(images, what torchvision's detectors learn from) of canvases that are all different."""
    for step in range(steps):
        drawn = list(canvases("train", batch, seed=seed, first=step * batch))
        yield [as_input(canvas.image) for canvas in drawn], [
            {"boxes": torch.from_numpy(canvas.boxes), "labels": torch.from_numpy(canvas.labels),
             "masks": torch.from_numpy(canvas.masks).to(torch.uint8)} for canvas in drawn]


def train(
    config: DetectorConfig, *, steps: int, batch: int, seed: int, progress: bool = True
) -> Detector:
    """Train from scratch and return the exponential moving average of the weights, in eval mode.

    The result depends on the arguments alone (and on how the machine's torch sums floats).
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = _initialized(build(config)).train()
        average = AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(EMA_DECAY))
        optimizer = torch.optim.AdamW(parameter_groups(model), lr=LEARNING_RATE)
        schedule = torch.optim.lr_scheduler.LambdaLR(
            optimizer, lambda step: learning_rate_factor(step, steps))
        sums: Counter[str] = Counter()
        with tqdm(total=steps, unit="step", disable=not progress) as bar:
            for step, (images, targets) in enumerate(batches(steps, batch, seed), 1):
                losses = model(images, targets)
                optimizer.zero_grad()
                sum(losses.values()).backward()
                nn.utils.clip_grad_norm_(model.parameters(), LARGEST_GRADIENT)
                optimizer.step()
                schedule.step()
                average.update_parameters(model)
                sums.update({name: loss.item() / REPORTED for name, loss in losses.items()})
                if step % REPORTED == 0:
                    bar.set_postfix({name.removeprefix("loss_"): f"{value:.2f}"
                                     for name, value in sums.items()}, refresh=False)
                    sums.clear()
                bar.update()
    return average.module.eval()


def _initialized(model: Detector) -> Detector:
    """Xavier's weights in Swin: timm's, of standard deviation 0.02, start slowly at 32 channels."""
    for module in model.backbone.swin.modules():
        if isinstance(module, nn.Linear):
            nn.init.xavier_uniform_(module.weight)
    return model


def measure(detector: Detector, count: int, seed: int) -> Scores:
    """Average precision on canvases of digits that are not trained on."""
    with tempfile.TemporaryDirectory() as place:
        canvas_folder.write(f"{place}/canvases", count, seed=seed)
        coco = open_coco(f"{place}/canvases")
        return scores(detect(detector, coco), coco, detector.config.category_ids)


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--out", required=True, type=click.Path(file_okay=False),
              help="Folder for detector.json and detector.safetensors.")
@click.option("--steps", type=click.IntRange(1, 100_000), default=STEPS, show_default=True)
@click.option("--batch", type=click.IntRange(1, 64), default=8, show_default=True,
              help="Canvases of a step.")
@click.option("--seed", type=click.IntRange(0, 2**31 - 1), default=0, show_default=True)
@click.option("--threads", type=click.IntRange(1, 64), default=1, show_default=True)
@click.option("--measure", "count", type=click.IntRange(1, 10_000), default=100,
              show_default=True, help="Canvases that it is measured on, once.")
def command(out: str, steps: int, batch: int, seed: int, threads: int, count: int) -> None:
    """Train the embedded detector on canvases of 4,000 MNIST digits; measure it on others'."""
    folder.check_place(out)
    torch.set_num_threads(threads)
    started = time.process_time()
    detector = train(CONFIG, steps=steps, batch=batch, seed=seed)
    seconds = time.process_time() - started
    folder.save(detector, out, half=True)
    measured = measure(folder.load(out), count, MEASURED_SEED)
    click.echo(f"box AP {measured.box['ap']:.1f} %, mask AP {measured.mask['ap']:.1f} % on {count} "
               f"canvases; {seconds:.0f} CPU s of training; wrote {out}")


def main(arguments: Sequence[str] | None = None) -> None:
    """Entry point."""
    run(command, arguments)


if __name__ == "__main__":
    main()
