"""AXI4-Lite registers of an instance: identity, control, status, configuration, table access."""

from collections.abc import Mapping

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Member, Out

from vit2rtl.rtl.packaging.axi_lite_bus import BYTES, Transfers, axi_lite_ports
from vit2rtl.rtl.packaging.register_map import WORD, Register, RegisterMap, Role, Table
from vit2rtl.rtl.stream.ports import shape

PATIENCE = 63  # cycles that writes wait at most for a unit to take a table's beat


def _loading_ports(register_map: RegisterMap) -> dict[str, Member]:
    ports: dict[str, Member] = {}
    for s in register_map.instance.tables:
        ports |= {
            f"{s.name}_element": Out(s.lane_bits),
            f"{s.name}_sent": Out(1),
            f"{s.name}_count": In(s.entries.bit_length()),
            f"{s.name}_loading": In(1),
        }
    return ports


class AxiLiteRegisters(wiring.Component):
    """The registers of a :class:`~vit2rtl.rtl.packaging.register_map.RegisterMap`.

    One write and one read at a time, a write goes first. A write takes effect in the cycle in
    which address and data are both offered, its response follows in the next; read data follow
    the address after two cycles. SLVERR, and no effect, for an address without a register, for a
    write to a read-only register, and for a write to configuration or tables while ``enable`` is
    high or a beat is inside. Byte strobes select what a write changes; the two lowest address bits
    are ignored; reserved bits read as zero. While a table's beat waits for the unit, writes wait
    too, ``PATIENCE`` cycles at most: then they go on, and further elements answer SLVERR.

    Parameters
    ----------
    register_map : vit2rtl.rtl.packaging.register_map.RegisterMap

    Members
    -------
    s_axi_* : AXI4-Lite subordinate
    busy : In(1)
        A beat is inside, or one of a table waits.
    enable : Out(1)
        Beats may be taken.
    NAME : Out, for every configuration field
    row_beats, table_row, table_write, table_data : Out;  table_read : In
        Only with tables: beats of a row, and the port of
        :class:`~vit2rtl.rtl.packaging.channel_tables.ChannelTables`.
    STREAM_element, STREAM_sent : Out;  STREAM_count, STREAM_loading : In
        Of every table stream: an element and that it is the next one, for
        :class:`~vit2rtl.rtl.packaging.table_loader.TableLoader`; what that has counted, and that a
        beat of it waits.
    """

    def __init__(self, register_map: RegisterMap) -> None:
        self.register_map = register_map
        table = register_map.table
        tables = {}
        if table:
            tables = {
                "row_beats": Out(table.rows.bit_length()),
                "table_row": Out(range(table.rows)),
                "table_write": Out(table.lanes * len(table.words) * BYTES),
                "table_data": Out(WORD),
                "table_read": In(table.lanes * len(table.words) * WORD),
            }
        super().__init__(
            {
                **axi_lite_ports(register_map.address_width),
                "busy": In(1),
                "enable": Out(1),
                **{f.name: Out(shape(f)) for f in register_map.instance.configuration},
                **tables,
                **_loading_ports(register_map),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        transfers = Transfers(m, self, self._offered(m))
        idle = Signal()
        m.d.comb += idle.eq(~self.enable & ~self.busy)

        held = self._held()
        accepted = self._write(m, transfers.write, idle, held)
        value, exists = self._read(m, transfers.address, held)
        transfers.answer(m, accepted, value, exists)
        return m

    def _offered(self, m: Module) -> Value:
        """A write that can be taken: its answer has a place, and no table's beat waits."""
        offered = self.s_axi_awvalid & self.s_axi_wvalid & ~self.s_axi_bvalid
        streams = self.register_map.instance.tables
        if not streams:
            return offered
        loading = Signal()
        waited = Signal(range(PATIENCE + 1))
        m.d.comb += loading.eq(Cat(getattr(self, f"{s.name}_loading") for s in streams).any())
        with m.If(~loading):
            m.d.sync += waited.eq(0)
        with m.Elif(waited != PATIENCE):
            m.d.sync += waited.eq(waited + 1)
        return offered & (~loading | (waited == PATIENCE))

    def _held(self) -> dict[str, Value]:
        """Register name to what its bits are connected to, from bit 0 up, without gaps."""
        return {
            register.name: self._connected(register)
            for register in self.register_map.registers if register.role is not Role.CONSTANT
        }

    def _connected(self, register: Register) -> Value:
        part = slice(register.word * WORD, (register.word + 1) * WORD)
        match register.role:
            case Role.CONTROL:
                return self.enable
            case Role.STATUS:
                return self.busy
            case Role.ROW_BEATS:
                return self.row_beats
            case Role.CONFIGURATION:
                value = getattr(self, register.source).as_unsigned()
                return value if len(value) <= WORD else value[part]
            case Role.ELEMENT:
                return getattr(self, f"{register.source}_element")[part]
            case Role.COUNT:
                count = getattr(self, f"{register.source}_count")
                complete = count == self._entries(register.source)
                return Cat(count, Const(0, WORD - 1 - len(count)), complete)
        raise ValueError(f"Register {register.name} is connected to nothing")

    def _entries(self, stream: str) -> int:
        return next(s.entries for s in self.register_map.instance.tables if s.name == stream)

    def _write(self, m: Module, write: Value, idle: Value, held: Mapping[str, Value]) -> Value:
        """Store what the strobes select; whether the address and the moment are right."""
        accepted = []
        for register in self.register_map.registers:
            if register.access == "r":
                continue
            written = Signal(name=f"written_{register.name.lower()}")
            moment = Const(1, 1) if register.access == "rw" else idle
            m.d.comb += written.eq(self._is(self.s_axi_awaddr, register) & moment)
            accepted.append(written)
            target = held[register.name]
            for number in range(-(-len(target) // 8)):
                part = slice(8 * number, min(8 * number + 8, len(target)))
                with m.If(write & written & self.s_axi_wstrb[number]):
                    m.d.sync += target[part].eq(self.s_axi_wdata[part])
            if register.sends:
                m.d.sync += getattr(self, f"{register.source}_sent").eq(write & written)
        if self.register_map.table:
            accepted.append(self._write_table(m, write, idle))
        return Cat(accepted).any()

    def _read(self, m: Module, address: Value, held: Mapping[str, Value]) -> tuple[Value, Value]:
        """The addressed word, and whether there is one."""
        matches: list[Value] = []
        words: list[Value] = []
        for register in self.register_map.registers:
            chosen = Signal(name=f"read_{register.name.lower()}")
            m.d.comb += chosen.eq(self._is(address, register))
            matches.append(chosen)
            readable = register.access != "w"
            words.append(held.get(register.name, Const(register.reset, WORD)) if readable
                         else Const(0, WORD))
        if self.register_map.table:
            place, exists = self._place(address)
            for number in range(len(self.table_read) // WORD):
                chosen = Signal(name=f"read_table_{number}")
                m.d.comb += chosen.eq(exists & (place == number))
                matches.append(chosen)
                words.append(self.table_read.word_select(number, WORD))
        value: Value = Const(0, WORD)
        for chosen, word in zip(matches, words, strict=True):
            value = value | Mux(chosen, word, 0)
        return value, Cat(matches).any()

    def _is(self, address: Value, register: Register) -> Value:
        return address[2:] == Const(register.offset // BYTES, len(address) - 2)

    def _place(self, address: Value) -> tuple[Value, Value]:
        """Of an address: which word of all lanes (lane * words + word), and whether it exists."""
        table = self._table()
        words = len(table.words)
        low, middle, high = (
            (stride - 1).bit_length() for stride in (BYTES, table.lane_stride, table.row_stride)
        )
        word, lane = address[low:middle], address[middle:high]
        base = address[(table.size - 1).bit_length() :]
        exists = base == table.offset // table.size
        for index, count in ((lane, table.lanes), (word, words)):
            if count < 1 << len(index):
                exists &= index < count
        return (lane * words + word if words > 1 else lane), exists

    def _table(self) -> Table:
        """The per-channel tables; asked for only where there are some."""
        table = self.register_map.table
        assert table is not None
        return table

    def _write_table(self, m: Module, write: Value, idle: Value) -> Value:
        table = self._table()
        place, exists = self._place(self.s_axi_awaddr)
        written = Signal(name="written_table")
        m.d.comb += written.eq(exists & idle)
        address = Mux(write, self.s_axi_awaddr, self.s_axi_araddr)
        low, high = ((size - 1).bit_length() for size in (table.row_stride, table.size))
        m.d.comb += [
            self.table_row.eq(address[low:high]),
            self.table_data.eq(self.s_axi_wdata),
        ]
        for number in range(table.lanes * len(table.words)):
            strobes = Mux(write & written & (place == number), self.s_axi_wstrb, 0)
            m.d.comb += self.table_write.word_select(number, BYTES).eq(strobes)
        return written
