"""The benches of AXI4-Lite tops: every unit passes them, and every bin is reached."""

import pytest

from tests.every import sampled
from vit2rtl.golden.units import Instance
from vit2rtl.rtl.packaging.register_map import register_map
from vit2rtl.rtl.packaging.sources import sources
from vit2rtl.sim.axi.run import BENCHES, AxiBench
from vit2rtl.sim.tools.simulators import find

TOPS = {
    "requantizer": ({"lanes": 3}, 24),  # a lane and a word that a power of two leaves over
    "log_sqrt2_quantizer": ({"lanes": 2}, 0),
    "row_maximum": ({"lanes": 2, "width": 4}, 0),
    "table_lookup": ({"lanes": 2, "bits": 3, "width": 4}, 0),
}


def benched(unit, folder, change=lambda text: text):
    parameters, channels = TOPS[unit]
    instance = Instance.of(unit, **parameters)
    registers = register_map(instance, channels=channels)
    texts = sources(instance, registers)
    texts[f"{instance.name}_axi.v"] = change(texts[f"{instance.name}_axi.v"])
    return AxiBench(registers, texts, find("icarus"), folder, first=True).run()


@pytest.mark.parametrize("unit", sampled(TOPS, ("requantizer", "table_lookup").__contains__))
def test_every_top_passes_and_every_bin_is_reached(unit, tmp_path):
    results = benched(unit, tmp_path)
    assert [result.bench for result in results] == list(BENCHES)
    assert not [str(d) for result in results for d in result.details]
    assert all(result.passed and result.beats for result in results), results
    assert not [name for name, hits in results[0].coverage.items() if not hits]


def test_unknown_bits_are_named(tmp_path):
    def unknown(text):
        return text.replace("s_axi_wready = ", "s_axi_wready = 1'bx & ", 1)

    results = benched("log_sqrt2_quantizer", tmp_path, unknown)
    assert "s_axi_wready has unknown bits" in str(results[0].details[0])
