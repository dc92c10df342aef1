"""The AXI top of a package in Amaranth's simulator: registers and streams, a cycle at a time."""

from amaranth.sim import Simulator

from vit2rtl.rtl.packaging.axi_top import AxiTop

PATIENCE = 60


class AxiDriver:
    """Drives one top within a testbench; every wait ends in an error after ``patience`` cycles."""

    def __init__(self, ctx, top):
        self.ctx = ctx
        self.top = top
        self.patience = PATIENCE

    def get(self, port):
        return int(self.ctx.get(getattr(self.top, port)))

    def set(self, **ports):
        for port, value in ports.items():
            self.ctx.set(getattr(self.top, port), value)

    async def tick(self):
        await self.ctx.delay(5e-9)
        self.set(aclk=1)
        await self.ctx.delay(5e-9)
        self.set(aclk=0)

    async def reset(self):
        self.set(aresetn=0)
        await self.tick()
        self.set(aresetn=1)

    async def until(self, *ports):
        """Wait for the cycle in which the ports are high, and pass it."""
        for _ in range(self.patience):
            high = all(self.get(port) for port in ports)
            if not high:
                await self.tick()
                continue
            return
        raise AssertionError(f"{ports} did not come")

    async def write(self, address, value):
        """The response: 0 is OKAY, 2 is SLVERR."""
        self.set(s_axi_awaddr=address, s_axi_wdata=value, s_axi_wstrb=15, s_axi_awvalid=1,
                 s_axi_wvalid=1, s_axi_bready=1)
        await self.until("s_axi_awready", "s_axi_wready")
        await self.tick()
        self.set(s_axi_awvalid=0, s_axi_wvalid=0)
        await self.until("s_axi_bvalid")
        response = self.get("s_axi_bresp")
        await self.tick()
        return response

    async def read(self, address):
        """The word and the response."""
        self.set(s_axi_araddr=address, s_axi_arvalid=1, s_axi_rready=1)
        await self.until("s_axi_arready")
        await self.tick()
        self.set(s_axi_arvalid=0)
        await self.until("s_axi_rvalid")
        answer = self.get("s_axi_rdata"), self.get("s_axi_rresp")
        await self.tick()
        return answer

    async def send(self, beat, last):
        """Offer a beat of ``i`` until it is taken."""
        self.set(s_axis_tdata=beat, s_axis_tlast=last, s_axis_tvalid=1)
        await self.until("s_axis_tready")
        await self.tick()
        self.set(s_axis_tvalid=0)

    async def take(self):
        """The next beat of ``o``."""
        self.set(m_axis_tready=1)
        await self.until("m_axis_tvalid")
        beat = self.get("m_axis_tdata")
        await self.tick()
        self.set(m_axis_tready=0)
        return beat


def simulate(register_map, scenario):
    """Run ``scenario(driver)`` on the top of a register map, after reset."""
    top = AxiTop(register_map)

    async def testbench(ctx):
        driver = AxiDriver(ctx, top)
        await driver.reset()
        await scenario(driver)

    simulator = Simulator(top)
    simulator.add_testbench(testbench)
    simulator.run()
