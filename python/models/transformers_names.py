"""Names of weights in transformers (ViT, DeiT, DINOv2, Swin) as timm's of the same model.

Its documentation and files: `vit.encoder.layer.0.attention.attention.query.weight` up to version 4
and in files of 5, `vit.layers.0.attention.q_proj.weight` in memory of version 5.
"""

import re
from collections.abc import Mapping

import torch

State = dict[str, torch.Tensor]

ANCHOR = "embeddings.patch_embeddings.projection.weight"
# Of the model inside a classifier, whose head has a name beside it.
MODELS = ("vit", "deit", "dinov2", "dinov2_with_registers", "swin")

_LEFT_OUT = re.compile(r"embeddings\.mask_token|pooler\..*|.*\.relative_position_index")
_PLACES = (
    (r"(?:encoder\.)?layers?\.(\d+)\.blocks\.(\d+)\.", r"layers.\1.blocks.\2."),
    (r"(?:encoder\.)?layers\.(\d+)\.downsample\.", lambda m: f"layers.{int(m[1]) + 1}.downsample."),
    (r"(?:encoder\.)?layers?\.(\d+)\.", r"blocks.\1."),
)
_OUTER = {
    "embeddings.cls_token": "cls_token",
    "embeddings.distillation_token": "dist_token",
    "embeddings.register_tokens": "reg_token",
    "embeddings.position_embeddings": "pos_embed",
    "embeddings.patch_embeddings.projection": "patch_embed.proj",
    "embeddings.norm": "patch_embed.norm",
    "layernorm": "norm",
    "classifier": "head",
    "cls_classifier": "head",
    "distillation_classifier": "head_dist",
}
_INNER = {
    "layernorm_before": "norm1",
    "layernorm_after": "norm2",
    "attention.output.dense": "attn.proj",
    "attention.o_proj": "attn.proj",
    "intermediate.dense": "mlp.fc1",
    "output.dense": "mlp.fc2",
    "layer_scale1.lambda1": "ls1.gamma",
    "layer_scale2.lambda1": "ls2.gamma",
    "attention.self.relative_position_bias_table": "attn.relative_position_bias_table",
    "attention.relative_position_bias.relative_position_bias_table":
        "attn.relative_position_bias_table",
}
_PART = re.compile(r"attention\.(?:attention\.|self\.)?(query|key|value|q_proj|k_proj|v_proj)")


def renamed(state: Mapping[str, torch.Tensor]) -> State:
    """Weights under timm's names, q, k and v joined; names that are not known stay as they are.

    state   without the prefix of the inner model, see :data:`MODELS`
    raises  ValueError where one of q, k and v is missing
    """
    new: State = {}
    parts: dict[str, State] = {}
    for name, tensor in state.items():
        if _LEFT_OUT.fullmatch(name):
            continue
        place, inner = _place(name)
        stem, dot, kind = inner.rpartition(".")
        if place and (match := _PART.fullmatch(stem)):
            parts.setdefault(f"{place}attn.qkv.{kind}", {})[match[1][0]] = tensor
            continue
        table = _INNER if place else _OUTER
        new[place + table.get(inner, table[stem] + dot + kind if stem in table else inner)] = tensor
    for name, joined in parts.items():
        if missing := [part for part in "qkv" if part not in joined]:
            raise ValueError(f"{missing[0]} of {name} is missing")
        new[name] = torch.cat([joined[part] for part in "qkv"])
    return _registers(_swin_head(new))


def _place(name: str) -> tuple[str, str]:
    """(``blocks.3.``, the rest) of a weight inside a block; (empty, the name) of others."""
    for pattern, replacement in _PLACES:
        if match := re.match(pattern, name):
            place = replacement(match) if callable(replacement) else match.expand(replacement)
            return place, name[match.end():]
    return "", name


def _swin_head(state: State) -> State:
    if not any(name.startswith("layers.") for name in state):
        return state
    return {re.sub(r"^head\.", "head.fc.", name): tensor for name, tensor in state.items()}


def _registers(state: State) -> State:
    """With registers, timm's class token has its position added and its positions are patches'."""
    if "reg_token" not in state or "pos_embed" not in state:
        return state
    first, rest = state["pos_embed"][:, :1], state["pos_embed"][:, 1:]
    return state | {"cls_token": state["cls_token"] + first, "pos_embed": rest}
