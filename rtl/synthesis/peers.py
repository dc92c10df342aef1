"""Blocks of other projects, measured once from their sources on ECP5; no part of our table's runs.
"""

from typing import NamedTuple


class Peer(NamedTuple):
    """One block: what it computes, where it comes from, its cells and clock on ECP5."""

    name: str
    what: str
    source: str
    lut4: int
    ccu2c: int
    ff: int
    mult18: int
    mhz: float
    latency: str
    dpr16x4: int = 0

    @property
    def comb(self):
        return self.lut4 + 2 * self.ccu2c + 6 * self.dpr16x4


_ITA = "pulp-platform/ITA ba96519, `src/ita_requantizer.sv`"
_CFU = "google/CFU-Playground 7f8ec41, `hps_accel` gen2 `post_process.py`"
_MNV2 = "google/CFU-Playground 7f8ec41, `mnv2_first` `post_process.py`"
_FINN = "Xilinx/finn 39f0c9a, `finn-rtllib/thresholding`"
PEERS = (
    Peer("ITA requantizer", "26 bits × u8, run-time shift, int8", _ITA,
         707, 46, 50, 2, 45.9, "2"),
    Peer("CFU-Playground post process", "bias, 32 × 32 bits, run-time shift, int8", _CFU,
         240, 175, 250, 4, 83.6, "7"),
    Peer("CFU-Playground, first version", "the same task", _MNV2,
         551, 200, 177, 4, 69.1, "4"),
    Peer("FINN thresholding", "24 bits to u4 by thresholds set at run time, one channel, with FIFO",
         _FINN, 277, 45, 257, 0, 155.9, "6", 18),
)
