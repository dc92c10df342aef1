"""A component in a clock domain of its own, which a scenario can reset: for tests in Amaranth."""

from amaranth.hdl import ClockDomain, Module
from amaranth.sim import Simulator


def run(dut, scenario):
    """Simulate ``scenario(ctx, domain)`` with the component in a resettable clock domain."""
    m = Module()
    m.domains.sync = domain = ClockDomain()
    m.submodules.dut = dut

    async def testbench(ctx):
        await scenario(ctx, domain)

    simulator = Simulator(m)
    simulator.add_clock(1e-6)
    simulator.add_testbench(testbench)
    simulator.run()
