"""Which rows of each tensor the logits need, by hand: 14 tokens, two of them in front."""

from tests.golden.engine.compiler.random_programs import random_program
from vit2rtl.golden.engine.compiler.needs import needed_rows

ALL, FIRST = range(14), range(1)


def needs(**shape):
    return needed_rows(random_program(1, prefix=2, **shape))


def test_the_last_block_is_needed_for_the_first_token_alone():
    rows = needs(depth=2)
    for name in ("x", "0.attn.normed", "0.attn.q", "0.attn.k", "0.attn.v", "0.attn.softmax",
                 "0.attn.mixed", "0.attn.add.out", "0.mlp.active", "0.mlp.add.out",
                 "1.attn.normed", "1.attn.k", "1.attn.v"):
        assert rows[name] == ALL, name
    for name in ("1.attn.q", "1.attn.mixed", "1.attn.branch", "1.attn.add.out", "1.mlp.normed",
                 "1.mlp.fc1", "1.mlp.branch", "1.mlp.add.out", "token0", "head0", "logits"):
        assert rows[name] == FIRST, name
    # Of patches there are twelve: tokens in front have none.
    assert rows["embedded"] == rows["patches"] == range(12)


def test_two_heads_need_two_tokens():
    rows = needs(depth=1, ends=2)
    assert rows["0.attn.q"] == range(2)
    assert rows["0.mlp.add.out"] == range(2)


def test_a_token_needs_its_patch_and_one_in_front_none():
    program = random_program(1, prefix=2, depth=0)
    select = next(op for op in program.ops if op.kind == "select")
    for token, patches in ((0, range(0)), (1, range(0)), (2, range(1)), (5, range(3, 4)),
                           (13, range(11, 12))):
        select.attributes["tokens"] = [token]
        needed = needed_rows(program)
        assert needed["x"] == range(token, token + 1)
        assert needed["embedded"] == patches
