"""Models in a local folder as the Hugging Face hub has them: `config.json` beside the weights.

Of transformers ViT, DeiT, DINOv2 and Swin, each the timm architecture of the same arithmetic with
the config's sizes as arguments; and whatever timm itself saved there. Needs no torch.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from vit2rtl.golden.files import documents

CONFIG, PREPROCESSOR = "config.json", "preprocessor_config.json"
WEIGHTS = ("model.safetensors", "model.safetensors.index.json",
           "pytorch_model.bin", "pytorch_model.bin.index.json")
Config = Mapping[str, Any]

# Pillow's numbers.
_FILTERS = ("nearest", "lanczos", "bilinear", "bicubic", "box", "hamming")
_ACTIVATIONS = {"gelu": "gelu", "gelu_new": "gelu_tanh", "gelu_pytorch_tanh": "gelu_tanh",
                "gelu_fast": "gelu_tanh", "quick_gelu": "quick_gelu", "relu": "relu",
                "silu": "silu", "swish": "silu"}
_DISTILLED = "DeiTForImageClassificationWithTeacher"
_SIZES = {192: "tiny", 384: "small", 768: "base", 1024: "large"}
_TIMM_KEYS = ("mean", "std", "interpolation", "crop_pct", "crop_mode", "input_size")


@dataclass(frozen=True)
class HubModel:
    """What to make: a timm name with arguments, a weights file, and how images are prepared."""

    name: str
    arguments: dict[str, Any]
    weights: str | Path | None
    preprocessing: dict[str, Any] = field(default_factory=dict)


def resolve(model: str, weights: str | Path | None, arguments: Mapping[str, Any]) -> HubModel:
    """A name as it is; of a folder what it holds, arguments and weights given here first.

    raises   ValueError, one sentence, for a folder that holds no such model
    """
    if not Path(model).is_dir():
        return HubModel(model, dict(arguments), weights)
    hub = read_folder(model)
    return HubModel(hub.name, {**hub.arguments, **arguments}, weights or hub.weights,
                    hub.preprocessing)


def read_folder(folder: str | Path) -> HubModel:
    """The model in a folder; a ValueError says what it lacks or which kind is not read."""
    folder = Path(folder)
    config = _json(folder, CONFIG)
    weights = next((folder / name for name in WEIGHTS if (folder / name).is_file()), None)
    if weights is None:
        raise ValueError(f"{folder} has no weights: none of {', '.join(WEIGHTS)}")
    if isinstance(config.get("architecture"), str):
        return _of_timm(config, weights)
    kind = config.get("model_type")
    if kind not in _KINDS:
        raise ValueError(f"{folder / CONFIG} has model_type {kind!r}: read are "
                         f"{', '.join(_KINDS)}, and what timm saved")
    try:
        name, arguments = _KINDS[kind](config)
    except ValueError as error:
        raise ValueError(f"{folder / CONFIG}: {error}") from error
    preprocessing = _json(folder, PREPROCESSOR) if (folder / PREPROCESSOR).is_file() else {}
    return HubModel(name, arguments, weights, _prepared(preprocessing))


def _json(folder: Path, file: str) -> Config:
    path = folder / file
    if not path.is_file():
        raise ValueError(f"{folder} is no model in the hub's layout: it has no {file}")
    config = documents.parse(path.read_bytes(), str(path))
    if not isinstance(config, dict):
        raise ValueError(f"{path} must be a JSON object, not {type(config).__name__}")
    return config


def _of_timm(config: Config, weights: Path) -> HubModel:
    """What ``timm.models.save_for_hf`` writes; older files have all of it in one object."""
    stated, arguments = config.get("pretrained_cfg", config), config.get("model_args") or {}
    if not isinstance(stated, dict) or not isinstance(arguments, dict):
        raise ValueError(f"{weights.parent / CONFIG}: pretrained_cfg and model_args must be "
                         "JSON objects")
    preprocessing = {key: stated[key] for key in _TIMM_KEYS if key in stated}
    arguments = dict(arguments)
    size = preprocessing.get("input_size")
    if isinstance(size, list) and len(size) == 3:
        if stated.get("fixed_input_size"):
            arguments.setdefault("img_size", size[1] if size[1] == size[2] else size[1:])
        if size[0] != 3:
            arguments.setdefault("in_chans", size[0])
    return HubModel(config["architecture"], arguments, weights, preprocessing)


def _made(config: Config) -> str:
    """The class of transformers that was saved; empty where the config does not say."""
    names = config.get("architectures")
    return names[0] if isinstance(names, list) and names and isinstance(names[0], str) else ""


def _number(config: Config, key: str, default: Any = None) -> Any:
    value = config.get(key, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or not value > 0:
        raise ValueError(f"{key} must be a number above 0, not {value!r}")
    return value


def _side(config: Config, key: str, default: Any) -> Any:
    """A side, or height and width: an int, or a list of two."""
    value = config.get(key, default)
    sides = value if isinstance(value, list) else [value]
    if not sides or len(sides) > 2 or not all(type(n) is int and n > 0 for n in sides):
        raise ValueError(f"{key} must be an integer or two, not {value!r}")
    return value if len(sides) == 2 and sides[0] != sides[1] else sides[0]


def _common(config: Config, patch_size: int) -> dict[str, Any]:
    arguments = {
        "img_size": _side(config, "image_size", 224),
        "patch_size": _side(config, "patch_size", patch_size),
        "in_chans": _number(config, "num_channels", 3),
        "qkv_bias": bool(config.get("qkv_bias", True)),
    }
    act = config.get("hidden_act", "gelu")
    if act not in _ACTIVATIONS:
        raise ValueError(f"hidden_act must be one of {', '.join(_ACTIVATIONS)}, not {act!r}")
    return arguments if act == "gelu" else arguments | {"act_layer": _ACTIVATIONS[act]}


def _vit_sizes(config: Config) -> tuple[str, dict[str, Any]]:
    width = _number(config, "hidden_size", 768)
    return _SIZES.get(width, "base"), {
        "embed_dim": width,
        "depth": _number(config, "num_hidden_layers", 12),
        "num_heads": _number(config, "num_attention_heads", 12),
    }


def _vit(config: Config) -> tuple[str, dict[str, Any]]:
    size, arguments = _vit_sizes(config)
    hidden = _number(config, "intermediate_size", 4 * arguments["embed_dim"])
    arguments |= {"mlp_ratio": hidden / arguments["embed_dim"]}
    return f"vit_{size}_patch16_224", arguments | _common(config, 16)


def _deit(config: Config) -> tuple[str, dict[str, Any]]:
    made = _made(config)
    if made and made != _DISTILLED:
        raise ValueError(f"{made} has a distillation token and no head for it, which no model of "
                         f"timm has: read is {_DISTILLED}")
    name, arguments = _vit(config)
    size = name.split("_")[1]
    return f"deit_{'base' if size == 'large' else size}_distilled_patch16_224", arguments


def _dinov2(config: Config) -> tuple[str, dict[str, Any]]:
    if "Classification" in _made(config):
        raise ValueError("the classifier of DINOv2 takes the class token beside the mean of all "
                         "others, which no model of timm does: the model without it is read")
    if config.get("use_swiglu_ffn"):
        raise ValueError("use_swiglu_ffn: gated MLPs are not supported")
    size, arguments = _vit_sizes(config)
    arguments |= {"mlp_ratio": _number(config, "mlp_ratio", 4), "num_classes": 0}
    registers = ""
    if config["model_type"] == "dinov2_with_registers":
        registers = "reg4_"
        arguments |= {"reg_tokens": _number(config, "num_register_tokens", 4)}
    name = f"vit_{'small' if size == 'tiny' else size}_patch14_{registers}dinov2"
    return name, arguments | _common(config, 14)


def _swin(config: Config) -> tuple[str, dict[str, Any]]:
    if config.get("use_absolute_embeddings"):
        raise ValueError("use_absolute_embeddings: no Swin of timm has them")
    depths, heads = ([_number({key: n}, key) for n in config.get(key) or default]
                     for key, default in (("depths", (2, 2, 6, 2)), ("num_heads", (3, 6, 12, 24))))
    return "swin_tiny_patch4_window7_224", {
        "embed_dim": _number(config, "embed_dim", 96),
        "depths": depths,
        "num_heads": heads,
        "window_size": _number(config, "window_size", 7),
        "mlp_ratio": _number(config, "mlp_ratio", 4.0),
    } | _common(config, 4)


_KINDS: dict[str, Callable[[Config], tuple[str, dict[str, Any]]]] = {
    "vit": _vit, "deit": _deit, "dinov2": _dinov2, "dinov2_with_registers": _dinov2, "swin": _swin,
}


def _prepared(config: Config) -> dict[str, Any]:
    """timm's words for the preprocessing of transformers; what is cropped is cropped in the middle.
    """
    stated: dict[str, Any] = {}
    for key, ours in (("image_mean", "mean"), ("image_std", "std")):
        if isinstance(config.get(key), list):
            stated[ours] = config[key]
    resample = config.get("resample")
    if type(resample) is int and 0 <= resample < len(_FILTERS):
        stated["interpolation"] = _FILTERS[resample]
    resized, crop = (_shortest(config.get(key)) for key in ("size", "crop_size"))
    if resized:
        cropped = crop and config.get("do_center_crop", True) and crop <= resized
        stated["crop_pct"] = crop / resized if cropped and crop else 1.0
    return stated


def _shortest(size: Any) -> int | None:
    """The shorter side of ``size`` or ``crop_size``, an integer or an object."""
    sides = list(size.values()) if isinstance(size, dict) else [size]
    whole = [side for side in sides if type(side) is int and side > 0]
    return min(whole, default=None)
