import pytest
import torch
from torch import nn

from vit2rtl.models.zoo import timm
from vit2rtl.quantization.quantizers import Log2Quantizer, LogSqrt2Quantizer, UniformQuantizer
from vit2rtl.quantization.recipe import Recipe
from vit2rtl.quantized_vit import QuantizedViT

VIT = {"img_size": 48, "depth": 2, "num_classes": 11}
SWIN = {"img_size": 112, "depths": (2, 1, 2, 1), "embed_dim": 24, "num_classes": 11}
# name -> (arguments that make it small, blocks, stages, heads of the classifier)
MODELS = {
    "vit_tiny_patch16_224": (VIT | {"embed_dim": 48}, 2, 1, 1),
    "vit_small_patch16_224": (VIT | {"embed_dim": 48}, 2, 1, 1),
    "vit_base_patch16_224": (VIT | {"embed_dim": 96}, 2, 1, 1),
    "deit_tiny_patch16_224": (VIT | {"embed_dim": 48}, 2, 1, 1),
    "deit_small_patch16_224": (VIT | {"embed_dim": 48}, 2, 1, 1),
    "deit_base_patch16_224": (VIT | {"embed_dim": 96}, 2, 1, 1),
    "deit_tiny_distilled_patch16_224": (VIT | {"embed_dim": 48}, 2, 1, 2),
    "swin_tiny_patch4_window7_224": (SWIN, 6, 4, 1),
    "swin_small_patch4_window7_224": (SWIN, 6, 4, 1),
    "swin_base_patch4_window7_224": (SWIN | {"embed_dim": 32}, 6, 4, 1),
}


def network(name, **arguments):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(7)
        model = timm.create_model(name, **arguments).eval()
        for module in model.modules():
            # At its initial values a LayerNorm has nothing to reparameterize.
            if isinstance(module, nn.LayerNorm):
                nn.init.uniform_(module.weight, 0.3, 3)
                nn.init.normal_(module.bias)
        return model


def sqnr(reference, got):
    return float(10 * ((reference**2).sum() / ((got - reference) ** 2).sum()).log10())


@pytest.mark.parametrize("name", MODELS)
def test_every_family_is_quantized_and_runs(name, generator):
    arguments, blocks, stages, heads = MODELS[name]
    model = network(name, **arguments)
    names = {name for name, _ in model.named_modules()}
    side = arguments["img_size"]
    images = torch.randn(4, 3, side, side, generator=generator)
    with torch.no_grad():
        float_logits = model(images)
    matmuls = [n for n, m in model.named_modules() if isinstance(m, (nn.Linear, nn.Conv2d))]
    quantized = QuantizedViT(model, Recipe(8, 8)).calibrate(images)
    layers, pairs = dict(quantized.layers()), quantized.normed_linears
    assert list(layers) == matmuls and set(layers) < names
    assert len(layers) == 4 * blocks + (stages - 1) + 1 + heads
    assert len(quantized.attentions()) == blocks
    assert [pair.name for pair in pairs] == [
        n for n in matmuls if n.rpartition(".")[2] in ("qkv", "fc1", "reduction")
    ]
    assert len(pairs) == 2 * blocks + (stages - 1)
    for pair in pairs:
        assert layers[pair.name] is pair.linear and pair.linear.input_quantizer.scale.ndim == 0
        stem, norm = pair.name.rpartition(".")[0], {"qkv": "norm1", "fc1": "norm2"}
        role = pair.name.rpartition(".")[2]
        where = f"{stem}.norm" if role == "reduction" else f"{stem.rpartition('.')[0]}.{norm[role]}"
        assert pair.norm is quantized.network.get_submodule(where)
    assert not any(isinstance(m, (nn.Linear, nn.Conv2d)) for m in quantized.modules())
    logits = quantized(images)
    assert logits.shape == float_logits.shape == (4, 11)
    assert sqnr(float_logits, logits) > 15


@pytest.mark.parametrize("name", ["vit_tiny_patch16_224", "swin_tiny_patch4_window7_224"])
@pytest.mark.parametrize(
    "recipe",
    [
        Recipe(4, 4, "official"), Recipe(4, 4, "paper"), Recipe(4, 4, layernorm="channel-wise"),
        Recipe(4, 4, layernorm="layer-wise", softmax="uniform"), Recipe(4, 4, softmax="log2"),
        Recipe(3, 8, "hardware"), Recipe(8, 3, "hardware"),
        Recipe(2, 2, "hardware", bits_of={"patch_embed.*,head*": 8}),
    ],
    ids=lambda r: f"{r.bits}-{r.profile}-{r.layernorm}-{r.softmax}",
)
def test_every_setting_reaches_every_quantizer(name, recipe, generator):
    arguments = MODELS[name][0]
    model = network(name, **arguments)
    images = torch.randn(3, 3, arguments["img_size"], arguments["img_size"], generator=generator)
    quantized = QuantizedViT(model, recipe).calibrate(images)
    assert torch.isfinite(quantized(images)).all()
    layers = quantized.layers()
    w_bits, a_bits = recipe.weight_bits, recipe.activation_bits
    edge = 8 if recipe.bits_of else None
    normed = {pair.name for pair in quantized.normed_linears}
    for layer_name, layer in layers:
        first, last = layer_name.startswith("patch_embed"), layer_name.startswith("head")
        assert layer.weight_quantizer.bits == (edge or w_bits if first or last else w_bits)
        inputs = 8 if first else (edge or a_bits if last else a_bits)
        assert layer.input_quantizer.bits == inputs
        wise = recipe.layernorm == "channel-wise" and layer_name in normed
        assert layer.input_quantizer.scale.ndim == wise
        assert (layer.integer is not None) == recipe.integer
        assert int(layer.weight_codes.max()) < 1 << layer.weight_quantizer.bits
        fractional = layer.input_quantizer.zero_point % 1
        assert not fractional.any() or (recipe.profile == "official" and layer_name in normed)
    kinds = {"uniform": UniformQuantizer, "log2": Log2Quantizer, "log-sqrt2": LogSqrt2Quantizer}
    for _, attention in quantized.attentions():
        assert type(attention.softmax_quantizer) is kinds[recipe.softmax]
        assert attention.softmax_quantizer.bits == a_bits
        assert [q.bits for q in attention.qkv.outputs] == [a_bits] * 3
    if recipe.profile == "official":
        zero_points = [pair.linear.input_quantizer.zero_point % 1 for pair in
                       quantized.normed_linears]
        assert any(zero_points)


SUPPORTED = "supported are VisionTransformer, VisionTransformerDistilled, SwinTransformer"
TINY = "vit_tiny_patch16_224"
UNSUPPORTED = {
    "query and key norm": (TINY, {"qk_norm": True},
                           "Module 'blocks.0.attn.q_norm' (LayerNorm) is not supported"),
    "attention pooling of attention pooled": (
        TINY, {"global_pool": "prr"}, "Pooling 'prr' is not supported; token, avg, map are"),
    "attention pooling without norm": (
        TINY, {"global_pool": "map", "final_norm": False},
        "Module 'norm' (Identity) must be a LayerNorm with weight and bias"),
    "dynamic image size": (TINY, {"dynamic_img_size": True},
                           "Models with a dynamic image size are not supported: give img_size and "
                           "dynamic_img_size=False"),
    "another pooling": (TINY, {"global_pool": "max"},
                        "Pooling 'max' is not supported; token, avg, map are"),
    "no blocks": (TINY, {"depth": 0}, "A model without blocks is not supported"),
    "padded images": (
        TINY, {"img_size": 70, "dynamic_img_pad": True},
        "Padding images of (70, 70) pixels to patches of (16, 16) is not supported: choose another "
        "img_size, or dynamic_img_pad=False, which leaves the rest out"),
    "images smaller than a patch": (
        TINY, {"img_size": 8}, "Images of (8, 8) pixels are smaller than patches of (16, 16): "
                               "choose another img_size"),
    "attention over too much": (
        TINY, {"img_size": 2048},
        "Attention over 16384 patches is not supported; 8192 are the most"),
    "another pooling of Swin's": ("swin_tiny_patch4_window7_224", {"global_pool": "max"},
                                  "Pooling 'max' is not supported; avg is"),
    "norm in attention": (TINY, {"scale_attn_norm": True},
                          "Module 'blocks.0.attn.norm' (LayerNorm) is not supported"),
    "norm in mlp": (TINY, {"scale_mlp_norm": True},
                    "Module 'blocks.0.mlp.norm' (LayerNorm) is not supported"),
    "dropped patches": (TINY, {"patch_drop_rate": 0.5},
                        "Module 'patch_drop' (PatchDropout) is not supported"),
    "another activation": (TINY, {"act_layer": nn.Softplus},
                           "Module 'blocks.0.mlp.act' (Softplus) is not supported"),
    "another mlp": (TINY, {"mlp_layer": timm.layers.SwiGLU},
                    "Module 'blocks.0.mlp' (SwiGLU) is not supported"),
    "another norm": (TINY, {"norm_layer": "rmsnorm"},
                     "Module 'blocks.0.norm1' (RmsNorm) must be a LayerNorm with weight and bias"),
    "parallel blocks": (TINY, {"block_fn": timm.models.vision_transformer.ParallelThingsBlock},
                        "Module 'blocks.0' (ParallelThingsBlock) is not supported"),
    "convnext": ("convnext_atto", {}, f"Model type ConvNeXt is not supported; {SUPPORTED}"),
    "swin v2": ("swinv2_tiny_window8_256", {},
                f"Model type SwinTransformerV2 is not supported; {SUPPORTED}"),
    "windows that pad": (
        "swin_tiny_patch4_window7_224", {"img_size": 96, "depths": (1, 1)},
        "Module 'layers.0.blocks.0.attn' (WindowAttention) would pad: its 24 tokens a side are no "
        "multiple of the window of 7; choose another img_size",
    ),
}


@pytest.mark.parametrize("case", UNSUPPORTED)
def test_what_is_not_supported_is_named(case):
    name, arguments, text = UNSUPPORTED[case]
    small = {"depth": 1} if name == TINY else {}
    model = timm.create_model(name, **(small | arguments))
    with pytest.raises(ValueError) as error:
        QuantizedViT(model, Recipe())
    assert str(error.value) == text


def test_a_strange_patch_embedding_is_refused():
    model = timm.create_model(TINY, depth=1)
    model.patch_embed.proj = nn.Conv2d(3, 192, 16, stride=8)
    with pytest.raises(ValueError) as error:
        QuantizedViT(model, Recipe())
    assert str(error.value) == (
        "Module 'patch_embed.proj' (Conv2d) must be a convolution whose stride is its kernel size"
    )


def test_a_norm_without_gain_is_refused():
    model = timm.create_model(TINY, depth=1)
    model.blocks[0].norm2 = nn.LayerNorm(192, elementwise_affine=False)
    with pytest.raises(ValueError) as error:
        QuantizedViT(model, Recipe())
    assert str(error.value) == (
        "Module 'blocks.0.norm2' (LayerNorm) must be a LayerNorm with weight and bias"
    )


def test_a_module_nobody_knows_is_refused():
    model = timm.create_model(TINY, depth=1)
    model.adapter = nn.Linear(192, 192)
    with pytest.raises(ValueError) as error:
        QuantizedViT(model, Recipe())
    assert str(error.value) == "Module 'adapter' (Linear) is not supported"


@pytest.mark.parametrize(
    "arguments",
    [{"global_pool": "avg"}, {"class_token": False, "global_pool": "avg"}, {"qkv_bias": False},
     {"num_classes": 0}, {"pre_norm": True}, {"drop_path_rate": 0.1, "proj_drop_rate": 0.1}],
    ids=str,
)
def test_variants_of_vit_run(arguments, generator):
    model = network(TINY, **(VIT | {"embed_dim": 48} | arguments))
    images = torch.randn(3, 3, 48, 48, generator=generator)
    with torch.no_grad():
        want = model(images)
    got = QuantizedViT(model, Recipe(8, 8)).calibrate(images)(images)
    assert sqnr(want, got) > 15


def test_layer_scale_is_folded_before_anything_is_quantized():
    plain, scaled = (network(TINY, **(VIT | {"embed_dim": 48} | more))
                     for more in ({}, {"init_values": 1.0}))
    scaled.load_state_dict(plain.state_dict(), strict=False)
    factors = {1: torch.full((48,), 0.25), 2: torch.linspace(-1, 2, 48)}
    for block in scaled.blocks:
        block.ls1.gamma.data, block.ls2.gamma.data = factors[1], factors[2]
    layers = dict(QuantizedViT(scaled, Recipe()).layers())
    for n, block in enumerate(plain.blocks):
        for name, linear, factor in (("attn.proj", block.attn.proj, factors[1]),
                                     ("mlp.fc2", block.mlp.fc2, factors[2])):
            layer = layers[f"blocks.{n}.{name}"]
            # float32 products of two floats, rounded once.
            assert layer.weight.equal(linear.weight.data * factor[:, None])
            assert layer.bias.equal(linear.bias.data * factor)
    assert not any("gamma" in key for key in scaled.state_dict())
