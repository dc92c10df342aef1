"""The paper's tables are whole, and say what the paper says of them."""

import pytest

from vit2rtl.quantization.recipe import Recipe
from vit2rtl.reproduction.published import EMBEDDED, MODELS, TABLES


@pytest.mark.parametrize("name", TABLES)
def test_every_line_is_a_recipe_or_says_why_it_is_none(name):
    table = TABLES[name]
    first, *others = table.lines
    assert (first.title, first.bits, first.settings) == ("Full precision", "", None)
    for line in others:
        if line.settings is None:
            assert line.missing and not line.method
        else:
            assert Recipe.of(line.bits, **line.settings).method == line.method
            assert set(line.top1) >= set(table.models) or line.beside_published
            # Of a method that needs more than a recipe, and of one that stands for another.
            assert bool(line.missing) == (line.method in ("psaq", "ranking"))
    assert set(table.models) <= set(MODELS) - {EMBEDDED}


def test_table_1_has_the_order_that_the_paper_speaks_of():
    rows = {(line.title, line.bits): line.top1 for line in TABLES["table1"].lines}
    for bits in ("w4a4", "w6a6"):
        for model in TABLES["table1"].models:
            published = [rows[title, bits][model]
                         for title in ("FQ-ViT", "PTQ4ViT",
                                       "APQ-ViT (re-implementation)", "RepQ-ViT")]
            assert published == sorted(published), (bits, model)
    # Gains over APQ-ViT that the text states: 27.07 and 25.48 points.
    gains = [rows["RepQ-ViT", "w4a4"][model] - rows["APQ-ViT (re-implementation)", "w4a4"][model]
             for model in ("vit_base", "deit_small")]
    assert gains == pytest.approx([27.07, 25.48])


def test_tables_3_to_5_end_in_table_1_s_figures():
    repq = next(line for line in TABLES["table1"].lines
                if (line.title, line.bits) == ("RepQ-ViT", "w4a4"))
    for name in ("table3", "table4", "table5"):
        last = TABLES[name].lines[-1]
        assert last.settings == repq.settings
        assert last.top1 == {model: repq.top1[model] for model in TABLES[name].models}
