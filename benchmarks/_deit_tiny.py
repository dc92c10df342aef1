"""What the timed comparisons share: DeiT-Tiny, a batch of 32 images, CPU seconds of one thread."""

import argparse
import json
import os
import time

# Read when numpy and torch are loaded: one thread each, as spinning ones count as CPU seconds, and
# the kernels of this processor, whatever the environment says of OpenBLAS.
for _name in [name for name in os.environ if name.startswith("OPENBLAS_")]:
    del os.environ[_name]
os.environ |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}

import torch  # noqa: E402

from vit2rtl.models import zoo as timm_models  # noqa: E402
from vit2rtl.models.images import open_images, preprocessing  # noqa: E402

BATCH = 32


def parser(description):
    """What every comparison takes, torch set to one thread."""
    torch.set_num_threads(1)
    made = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("--weights", help="DeiT-Tiny's weights, safetensors (default: random ones)")
    made.add_argument("--images", help="folder of images (default: normal noise)")
    made.add_argument("--json", action="store_true", help="print one JSON object")
    return made


def timed(description):
    """The parser of a comparison of CPU seconds."""
    made = parser(description)
    made.add_argument("--repeats", type=int, default=3, help="the best of so many runs counts")
    return made


def model(options):
    """A fresh float DeiT-Tiny."""
    torch.manual_seed(0)
    if options.weights:
        return timm_models.create("deit_tiny_patch16_224", weights=options.weights)
    return timm_models.timm.create_model("deit_tiny_patch16_224").eval()


def images(options, network):
    """float32[32, 3, 224, 224]"""
    if not options.images:
        return torch.randn(BATCH, 3, 224, 224, generator=torch.Generator().manual_seed(0))
    found = open_images(options.images, preprocessing(network)).sample(BATCH, seed=0)
    return found.batch(range(BATCH))


def cpu_seconds(call, repeats):
    """Least CPU seconds of several calls: other programs only ever add to them."""
    best = float("inf")
    for _ in range(repeats):
        started = time.process_time()
        with torch.inference_mode():
            call()
        best = min(best, time.process_time() - started)
    return best


def float_forward(options):
    """(batch, CPU seconds of the float model's forward pass on it)."""
    network = model(options)
    batch = images(options, network)
    cpu_seconds(lambda: network(batch), 1)
    return batch, cpu_seconds(lambda: network(batch), options.repeats)


def report(options, figures):
    """Print figures as JSON or as lines."""
    if options.json:
        print(json.dumps(figures, indent=1, sort_keys=True))
    else:
        print("\n".join(f"{name:<34}{value:.3g}" for name, value in figures.items()))
