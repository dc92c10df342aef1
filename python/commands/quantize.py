"""vit2rtl quantize: from a timm model, or a detector, and some images to integers."""

import time
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from vit2rtl import checkpoint_schema
from vit2rtl.commands import completion, options, quantize_detector, recipe_option
from vit2rtl.commands.model_arguments import parse_arguments
from vit2rtl.detection.settings import SCOPES
from vit2rtl.models import hub_folder
from vit2rtl.quantization.settings import (
    EITHER_WEIGHTS,
    FEW_BITS,
    HESSIANS,
    LAYERNORMS,
    METHODS,
    OPTIONS,
    PROFILES,
    SOFTMAXES,
    STEPS,
    check_steps,
    default_method,
)
from vit2rtl.quantization.widths import fewest, parse_bits, read_rules, rules_of

# Of a classifier, by default and at least.
CALIBRATION_IMAGES, FEWEST_IMAGES = 32, 2

if TYPE_CHECKING:
    from vit2rtl.quantization.mean_bits import MeanBits
    from vit2rtl.quantized_vit import QuantizedViT


@click.command(epilog="""\b
Examples:
  vit2rtl quantize deit_tiny_patch16_224 --images train/ --bits w4a4 --out deit-w4a4
  vit2rtl quantize vit_small_patch16_224 --weights vit_s.safetensors --images train/ \\
      --list calibration.txt --bits w6a6 --out vit-w6a6
  vit2rtl quantize deit_base_patch16_224 --images train/ --device cuda --out deit-b-w4a4
  vit2rtl quantize dinov2-small/ --images train/ --out dinov2-w4a4
  vit2rtl quantize mnist_vit --out mnist-w4a4
  vit2rtl quantize mnist_vit --recipe recipe.json --out mnist-best
  vit2rtl quantize mnist_vit --bits w3a3 --method repq --out mnist-w3a3
  vit2rtl quantize swin-t-mask/ --images train2017/ --count 1 --bits w4a4 --out swin-t-w4a4
  vit2rtl quantize digit_detector --scope backbone --out digits-w4a4
""")
@click.argument("model", shell_complete=completion.models)
@options.images
@click.option("--weights", type=options.FILE,
              help="Float weights: safetensors, or .pth read without unpickling; names of timm or "
                   "transformers, prefixed or not. By default timm downloads its pretrained ones.")
@click.option("--bits", default="w4a4", show_default=True,
              help="Weight and activation bits, 2 to 8 each: w4a4, w8a4, ...; with + or ++ behind "
                   "them more where it gains most: fc2's input, the first block, q and k.")
@click.option("--bits-of", multiple=True, metavar="PATTERN=BITS|@FILE",
              help="Bits of single quantities: 'blocks.0.*=w5a5', '*.fc2.input=5', "
                   "'*.qkv.[qk]=6', '*.softmax=4', 'head.*=8'; of several that match the last one "
                   "counts. May be repeated; a file has one a line.")
@recipe_option.recipe
@click.option("--method", type=click.Choice(METHODS),
              help="RepQ-ViT as published; its grids with weights solved for: the same "
                   "hardware, more accurate at few bits; or, to compare, FQ-ViT, PTQ4ViT, APQ-ViT "
                   "(re-implemented), PSAQ-ViT or Ranking (a stand-in). By default closed-form "
                   "where any weight or activation has "
                   f"{FEW_BITS} bits or fewer, else repq; an option that one method alone has "
                   "chooses it.")
@click.option("--without", default="", metavar="STEP,...",
              help=f"Steps of method closed-form to leave out: {', '.join(STEPS)}.")
@click.option("--mirrors", is_flag=True,
              help="Method closed-form: calibrate on mirror images, too. Not for digits and text.")
@click.option("--profile", type=click.Choice(PROFILES), default="hardware", show_default=True,
              help="Methods repq, ptq4vit and fq: arithmetic of the simulated model: the authors' "
                   "code, the paper's text (not of fq), or what hardware computes.")
@click.option("--layernorm", type=click.Choice(LAYERNORMS), default="reparam", show_default=True,
              help="Method repq: quantizer of post-LayerNorm activations.")
@click.option("--softmax", type=click.Choice(SOFTMAXES), default="log-sqrt2", show_default=True,
              help="Method repq: quantizer of post-Softmax activations.")
@click.option("--hessian", type=click.Choice(HESSIANS), default="fisher", show_default=True,
              help="Methods ptq4vit and apq: whose squares weigh errors: gradients of a drawn "
                   "class's likelihood, or as in the authors' code, which are rounding noise.")
@click.option("--candidates", type=click.IntRange(1, 1000), default=100, show_default=True,
              help="Methods ptq4vit, apq and ranking: scales to try of each factor of a matmul.")
@click.option("--rounds", type=click.IntRange(1, 10), default=3, show_default=True,
              help="Methods ptq4vit, apq and ranking: how often each factor has its turn.")
@click.option("--softmax-bits", type=click.IntRange(2, 8), default=4, show_default=True,
              help="Method fq: of what Softmax gives, where no rule of --bits-of says otherwise.")
@click.option("--symmetric-weights", is_flag=True,
              help="Methods repq and closed-form: weights without zero points, all in the middle "
                   "of their codes. Of the others they have none.")
@click.option("--scope", type=click.Choice(SCOPES), default=SCOPES[0], show_default=True,
              help="Of a detector: all its layers, as the authors of RepQ-ViT, or its backbone.")
@options.only
@click.option("--count", type=click.IntRange(min=1),
              help="Calibration images to draw from the folder; --list takes all it names.  "
                   f"[default: {CALIBRATION_IMAGES}; of a detector 1, as in the paper]")
@click.option("--seed", type=options.SEED, default=0, show_default=True, help="Seed of that draw.")
@click.option("--model-arg", "model_arguments", multiple=True, metavar="NAME=VALUE",
              help="Argument of timm.create_model, e.g. img_size=384 or depths=[2,2,6,2]; may be "
                   "repeated.")
@options.device
@click.option("--plots", "plot_file", type=options.FILE,
              help="PNG to draw: channel ranges and Softmax histogram (the paper's Figs. 2, 3).")
@click.option("--out", required=True, type=options.FOLDER, help="Folder for the checkpoint.")
def command(
    model: str,
    folder: str | None,
    weights: str | None,
    bits: str,
    bits_of: tuple[str, ...],
    recipe: str | None,
    method: str | None,
    without: str,
    mirrors: bool,
    profile: str,
    layernorm: str,
    softmax: str,
    hessian: str,
    candidates: int,
    rounds: int,
    softmax_bits: int,
    symmetric_weights: bool,
    scope: str,
    listed: str | None,
    count: int | None,
    seed: int,
    model_arguments: tuple[str, ...],
    device: str,
    plot_file: str | None,
    out: str,
) -> None:
    """Quantize a timm MODEL after training and save it as a checkpoint.

    MODEL is the name of a timm ViT, DeiT or Swin; a folder as the Hugging Face hub has it, of one
    of these or of DINOv2; or mnist_vit: the embedded model, which needs neither weights nor images.

    Or it is the folder of a detector, by 'convert-detector'; or digit_detector, the embedded one.
    Detectors are quantized by method repq.
    """
    recipe_option.check_alone(recipe)
    weight_bits, activation_bits, more = parse_bits(bits)
    rules = rules_of(_listed(bits_of))
    if quantize_detector.is_detector(model):
        _check_parameters(of_detector=True)
        settings = _given({"profile": profile, "layernorm": layernorm, "softmax": softmax,
                           "symmetric_weights": symmetric_weights, "method": method})
        quantize_detector.quantize(quantize_detector.Request(
            model, folder, listed, count, seed, bits, settings | {"bits_of": rules}, scope, out))
        return
    _check_parameters(of_detector=False)
    count = CALIBRATION_IMAGES if count is None else count
    if count < FEWEST_IMAGES:
        raise click.UsageError(f"Invalid value for '--count': {count} is not in the range "
                               f"x>={FEWEST_IMAGES}.")
    check_steps(without)
    given = _given({"profile": profile, "layernorm": layernorm, "softmax": softmax,
                    "without": without, "mirrors": mirrors, "hessian": hessian,
                    "candidates": candidates, "rounds": rounds, "softmax_bits": softmax_bits})
    if method is None:
        method = default_method(fewest(weight_bits, activation_bits, (*more, *rules)), given)
    for name in given:
        if name not in OPTIONS[method]:
            raise ValueError(f"Method {method} has no option --{name.replace('_', '-')}")
    if method in EITHER_WEIGHTS:
        given["symmetric_weights"] = symmetric_weights
    elif symmetric_weights:
        raise ValueError(f"Method {method} has no option --symmetric-weights")
    hub = hub_folder.resolve(model, weights, parse_arguments(model_arguments))
    checkpoint_schema.check_place(out)
    if plot_file and method not in EITHER_WEIGHTS:
        raise ValueError(f"Plots show what methods {' and '.join(EITHER_WEIGHTS)} quantize, not "
                         f"method {method}")
    if plot_file and Path(plot_file).suffix != ".png":
        raise ValueError(f"Plots must be named *.png, not {plot_file!r}")
    if plot_file:
        options.check_file(plot_file, "Plots")
    if hub.weights and not Path(hub.weights).is_file():
        raise ValueError(f"Weights file {hub.weights} does not exist")
    if folder:
        options.check_images(folder, model_name=hub.name)
    # All that can be refused at once has been: torch takes seconds to load.
    from vit2rtl import checkpoint, origin
    from vit2rtl.models import devices
    from vit2rtl.models import zoo as timm_models
    from vit2rtl.models.images import preprocessing
    from vit2rtl.quantization.mean_bits import mean_bits
    from vit2rtl.quantization.recipe import Recipe
    from vit2rtl.quantized_vit import QuantizedViT

    place = devices.find(device)
    settled = Recipe.of(bits, bits_of=rules, method=method, **given)
    known = timm_models.check(hub.name, hub.arguments, pretrained=hub.weights is None)
    timm_models.check_recipe(*known, settled)
    options.check_images(folder, model_name=hub.name)
    network = timm_models.create(hub.name, weights=hub.weights, preprocessing=hub.preprocessing,
                                 say=partial(click.echo, err=True), **hub.arguments)
    config = preprocessing(network)
    available = options.find_images(folder, config, model_name=hub.name, split="train")
    calibration = options.choose(available, listed)
    if not listed:
        calibration = calibration.sample(count, seed)
    started = time.perf_counter()
    quantized = QuantizedViT(network.to(place), settled)
    click.echo(f"Calibrating {hub.name} {settled.title} on {len(calibration)} images ...", err=True)
    batch = calibration.batch(range(len(calibration))).to(place)
    figures = None
    if plot_file:
        from vit2rtl.observation import Observation

        figures = Observation(quantized, batch).figures()
    else:
        quantized.calibrate(batch)
    seconds = time.perf_counter() - started
    checkpoint.save(
        out, quantized,
        model=origin.named(hub.name, network, hub.arguments, hub.weights),
        preprocessing=config,
        calibration={"images": calibration.names, "seed": None if listed else seed},
    )
    click.echo(_summary(quantized, mean_bits(quantized.structure, batch[:1]), seconds, out))
    if figures and plot_file:
        from vit2rtl.report import plots

        plots.report(figures, plot_file)
        click.echo(f"plots: {plot_file}")


def _check_parameters(*, of_detector: bool) -> None:
    """A usage error for a parameter that the other kind of model has, if the command line has it.
    """
    context = click.get_current_context()
    for parameter in context.command.params:
        others = parameter.name not in quantize_detector.PARAMETERS if of_detector else (
            parameter.name == "scope")
        if others and _given({str(parameter.name): None}):
            raise click.UsageError(f"Option {parameter.opts[-1]} is for "
                                   f"{'classifiers' if of_detector else 'detectors'}")


def _given(values: Mapping[str, Any]) -> dict[str, Any]:
    """Those that the command line states."""
    source = click.get_current_context().get_parameter_source
    return {name: value for name, value in values.items()
            if source(name) is not click.core.ParameterSource.DEFAULT}


def _listed(rules: Iterable[str]) -> Iterator[str]:
    """Rules, those of a file where one begins with @."""
    for rule in rules:
        if rule.startswith("@"):
            yield from read_rules(rule[1:])
        else:
            yield rule


def _summary(
    quantized: "QuantizedViT", means: "MeanBits", seconds: float, out: str
) -> str:
    recipe, layers = quantized.recipe, quantized.layers()
    weights = sum(layer.weight_codes.numel() for _, layer in layers)
    lines = [
        f"{len(layers)} linear layers ({weights:,} weights) and {len(quantized.attentions())} "
        f"attentions quantized to {recipe.bits}, method {recipe.method}, profile "
        f"{recipe.profile}, in {seconds:.1f} s",
        f"mean bits: {means.by_macs:.2f} by MACs, {means.by_weights:.2f} by weights",
    ]
    if recipe.integer:
        bounds = {name: layer.integer.bound for name, layer in layers if layer.integer}
        widest = max(bounds, key=bounds.__getitem__)
        lines.append(f"widest accumulator: {bounds[widest].bit_length() + 1} bits, in {widest} "
                     "(bound from its weights)")
    else:
        lines.append("simulated in float: programs, ONNX and vectors need "
                     f"{recipe.setting.lacks_integers()}")
    lines.append(f"checkpoint: {out}")
    return "\n".join(lines)
