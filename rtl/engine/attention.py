"""Attention × V in the engine: codes of a tile of queries, values of a head, words of codes."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from vit2rtl.golden.engine.buffers import address_bits, buffers
from vit2rtl.golden.engine.configuration import Configuration
from vit2rtl.golden.engine.instructions import Unit
from vit2rtl.rtl.engine.code_words import CodeWords
from vit2rtl.rtl.engine.fetch import Fetch, request
from vit2rtl.rtl.engine.handover import Handover
from vit2rtl.rtl.engine.layouts import operands, tap
from vit2rtl.rtl.engine.ports import instruction, read_port, write_port
from vit2rtl.rtl.stream.pipeline import registered
from vit2rtl.rtl.units.attention_value import AttentionValue


class AttentionUnit(wiring.Component):
    """Executes instructions of ``Unit.ATTENTION`` with an :class:`AttentionValue`.

    Blocks of ``attention_rows`` queries one after the other, of each its channel tiles:
    ``max(keys, attention_rows * columns) + 1`` cycles a tile. The next tile is summed up while one
    drains, also that of an instruction with the same settings; others wait until nothing is
    inside. From the beginning to ``done``: as long as its tiles but one, and ``keys +
    attention_rows * columns + 14`` cycles. Results of a block's queries beyond ``queries`` are
    dropped.

    Parameters
    ----------
    configuration : Configuration

    Members
    -------
    instruction : In(instruction(Unit.ATTENTION))
        Taken as it begins.
    read_codes, read_values : Out(read_port), write_attended : Out(write_port)
    done : Out(1)
        All words of an instruction are written, the last one in this cycle or before.
    tap : Out(tap(1))
        Results, also those of queries beyond ``queries``.
    """

    def __init__(self, configuration: Configuration) -> None:
        c = configuration
        if c.columns % c.attention_rows:
            raise ValueError(f"Queries of attention × V at a time must divide the {c.columns} of "
                             f"a tile, not {c.attention_rows}")
        self.configuration = c
        memories = buffers(c)
        super().__init__({
            "instruction": In(instruction(Unit.ATTENTION)),
            "read_codes": Out(read_port(memories["codes"])),
            "read_values": Out(read_port(memories["values"])),
            "write_attended": Out(write_port(memories["attended"])),
            "done": Out(1),
            "tap": Out(tap(1)),
        })

    def elaborate(self, platform: object) -> Module:
        m = Module()
        c = self.configuration
        memories, blocks = buffers(c), c.columns // c.attention_rows
        numbers = "multiplier_even", "multiplier_odd", "shift", "zero_point"
        m.submodules.handover = handover = Handover(
            Unit.ATTENTION, settings=(*numbers, "value_zero_point", "top", "two_digits"),
            results=("base", "row_stride", "tile_stride", "channel_tiles", "queries"))
        m.submodules.reader = reader = TileReader(c)
        m.submodules.codes = codes = Fetch(memories["codes"], parts=blocks)
        m.submodules.values = values = Fetch(memories["values"])
        m.submodules.unit = unit = AttentionValue(
            lanes=c.columns, rows=c.attention_rows, bits=c.attention_bits, value_bits=c.code_bits,
            acc_width=c.attention_acc_width, output_bits=c.code_bits)
        m.submodules.words = words = CodeWords(c, lanes=1)
        wiring.connect(m, handover.i, wiring.flipped(self.instruction))
        wiring.connect(m, codes.port, wiring.flipped(self.read_codes))
        wiring.connect(m, values.port, wiring.flipped(self.read_values))
        settings = handover.settings
        result = Signal(c.code_bits)
        code = unit.o.p.lanes[0].result
        m.d.comb += [
            reader.begin.eq(handover.begin),
            reader.operands.eq(self.instruction.payload),
            handover.read.eq(reader.read),
            # Both are asked together, and so they answer: the unit takes both at once.
            codes.i.payload.eq(reader.codes),
            values.i.payload.eq(reader.values),
            codes.i.valid.eq(reader.valid & values.i.ready),
            values.i.valid.eq(reader.valid & codes.i.ready),
            reader.ready.eq(codes.i.ready & values.i.ready),
            unit.i.p.lanes.as_value().eq(values.o.p.part),
            unit.i.p.last.eq(values.o.p.last),
            unit.i.valid.eq(values.o.valid),
            values.o.ready.eq(unit.i.ready),
            unit.i_codes.p.lanes.as_value().eq(codes.o.p.part),
            unit.i_codes.p.last.eq(codes.o.p.last),
            unit.i_codes.valid.eq(codes.o.valid),
            codes.o.ready.eq(unit.i_codes.ready),
            unit.v_zero_point.eq(settings.value_zero_point),
            *(getattr(unit, name).eq(settings[name]) for name in numbers),
            result.eq(Mux(code < settings.top, code, settings.top)),
            words.i.p.codes[0].eq(result),
            words.i.valid.eq(unit.o.valid),
            unit.o.ready.eq(words.i.ready),
            words.two_digits.eq(settings.two_digits),
            self.tap.valid.eq(unit.o.valid & words.i.ready),
            self.tap.codes[0].eq(result),
        ]
        self._write(m, words, handover)
        return m

    def _write(self, m: Module, words: CodeWords, handover: Handover) -> None:
        """A word, or two, of each query of a tile, tile by tile, block by block.

        Between two queries are ``columns`` cycles, 4 at least: the sum of an address takes two of
        them, and what ends with a query is compared in registers.
        """
        rows, where = self.configuration.attention_rows, handover.o.p
        bits = address_bits(self.configuration)
        block, tile, query = Signal(bits), Signal(bits), Signal(bits)  # words from base
        row = Signal(range(rows))
        tiles = Signal.like(where.channel_tiles)
        queries = Signal.like(where.queries)  # of the blocks before
        first, address = Signal(bits), Signal(bits)
        last_row, last_tile, last_block, wanted = Signal(), Signal(), Signal(), Signal()
        ends = words.write & words.complete
        m.d.sync += [
            last_tile.eq(tiles == where.channel_tiles - 1),
            last_block.eq(queries + rows >= where.queries),
            wanted.eq(queries + row < where.queries),
        ]
        m.d.comb += [
            last_row.eq(row == rows - 1),
            self.write_attended.en.eq(words.write & wanted),
            self.write_attended.addr.eq(address + words.lower),
            self.write_attended.data.eq(words.word),
            self.done.eq(ends & last_row & last_tile & last_block),
            handover.o.ready.eq(self.done),
        ]
        m.d.sync += [first.eq(where.base + block + tile), address.eq(first + query)]
        with m.If(ends):
            m.d.sync += [row.eq(Mux(last_row, 0, row + 1)),
                         query.eq(Mux(last_row, 0, query + where.row_stride))]
            with m.If(last_row):
                m.d.sync += [tiles.eq(Mux(last_tile, 0, tiles + 1)),
                             tile.eq(Mux(last_tile, 0, tile + where.tile_stride))]
            with m.If(last_row & last_tile):
                m.d.sync += [queries.eq(Mux(last_block, 0, queries + rows)),
                             block.eq(Mux(last_block, 0, block + where.row_stride * rows))]


class TileReader(wiring.Component):
    """Requests for codes and values: a key after the other, tile by tile, block by block.

    Parameters
    ----------
    configuration : Configuration

    Members
    -------
    begin : In(1);  operands : In
        Which ones.
    read : Out(1)
        The last requests are taken.
    valid : Out(1), ready : In(1)
        Both requests are there, and both are taken.
    codes, values : Out(request)
        ``last`` with the last key of a tile.
    """

    def __init__(self, configuration: Configuration) -> None:
        self.rows, self.address = configuration.attention_rows, address_bits(configuration)
        super().__init__({
            "begin": In(1),
            "operands": In(operands(Unit.ATTENTION)),
            "read": Out(1),
            "valid": Out(1),
            "ready": In(1),
            "codes": Out(request(self.address, configuration.columns // self.rows)),
            "values": Out(request(self.address, 1)),
        })

    def elaborate(self, platform: object) -> Module:
        m = Module()
        keys = Signal.like(self.operands.keys)
        tiles = Signal.like(self.operands.channel_tiles)
        queries = Signal.like(self.operands.queries)
        tile, next_tile = Signal(self.address), Signal(self.address)
        last_tile, last_block = Signal(), Signal()
        held = registered(m, self.operands, self.begin, name="held")
        taken = self.valid & self.ready
        ends = Signal()
        m.d.comb += [
            self.codes.last.eq(keys == 1),
            self.values.last.eq(keys == 1),
            last_tile.eq(tiles == 1),
            last_block.eq(queries <= self.rows),
            ends.eq(taken & (keys == 1)),
            self.read.eq(ends & last_tile & last_block),
            next_tile.eq(Mux(last_tile, held.value_base, tile + 1)),
        ]
        with m.If(self.begin):
            m.d.sync += [
                self.valid.eq(1), keys.eq(self.operands.keys),
                tiles.eq(self.operands.channel_tiles), queries.eq(self.operands.queries),
                tile.eq(self.operands.value_base), self.values.addr.eq(self.operands.value_base),
                self.codes.addr.eq(self.operands.code_base), self.codes.part.eq(0),
            ]
        with m.Elif(ends):
            m.d.sync += [
                self.valid.eq(~self.read), keys.eq(held.keys),
                tiles.eq(Mux(last_tile, held.channel_tiles, tiles - 1)),
                tile.eq(next_tile), self.values.addr.eq(next_tile),
                self.codes.addr.eq(held.code_base),
            ]
            with m.If(last_tile):
                m.d.sync += [
                    queries.eq(queries - self.rows), self.codes.part.eq(self.codes.part + 1)]
        with m.Elif(taken):
            m.d.sync += [
                keys.eq(keys - 1), self.codes.addr.eq(self.codes.addr + 1),
                self.values.addr.eq(self.values.addr + held.value_row_stride),
            ]
        return m
