"""Per-channel values beside the stream: a small memory a lane, read by a counter of beats."""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from vit2rtl.rtl.packaging.register_map import WORD, RegisterMap, Table
from vit2rtl.rtl.stream.pipeline import PipelineControl, registered
from vit2rtl.rtl.stream.ports import beat_layout


class ChannelTables(wiring.Component):
    """Adds the per-channel fields to each beat: row r of the tables to the r-th beat.

    The count of beats begins again after a beat with ``last``, after ``row_beats`` beats where
    that is not 0, after the last row, and while ``enable`` is low. Latency one cycle, one beat a
    cycle; a stalled ``o`` stalls ``i`` and loses nothing.

    Parameters
    ----------
    register_map : vit2rtl.rtl.packaging.register_map.RegisterMap
        One that has a table.

    Members
    -------
    i : In(stream of {lanes: {the fields that are not per channel} × lanes, last: 1})
    o : Out(stream of {lanes: {all fields} × lanes, last: 1})
    enable, row_beats : In
        From the registers; ``enable`` is high as well while a row is inside, of a unit over rows.
    row, write, data : In;  read : Out
        A port for software: row, byte enables and one word for all lanes; the row's words of all
        lanes a cycle later. Not to be written while beats are taken.
    """

    def __init__(self, register_map: RegisterMap) -> None:
        if register_map.table is None:
            raise ValueError(f"{register_map.instance.name} has no channel tables")
        self.table = table = register_map.table
        # What is not per channel comes with the beat.
        self.travelling = tuple(f for f in table.stream.fields if not f.channel)
        words = table.lanes * len(table.words)
        super().__init__(
            {
                "i": In(stream.Signature(beat_layout(self.travelling, table.lanes))),
                "o": Out(stream.Signature(beat_layout(table.stream.fields, table.lanes))),
                "enable": In(1),
                "row_beats": In(table.rows.bit_length()),
                "row": In(range(table.rows)),
                "write": In(words * WORD // 8),
                "data": In(WORD),
                "read": Out(words * WORD),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        table = self.table
        words = len(table.words)
        m.submodules.control = control = PipelineControl(1)
        m.d.comb += control.between(self.i, self.o)
        beat = Signal(range(table.rows))
        following = Signal(range(table.rows + 1))
        m.d.comb += following.eq(beat + 1)
        with m.If(~self.enable):
            m.d.sync += beat.eq(0)
        with m.Elif(self.i.valid & self.i.ready):
            m.d.sync += beat.eq(Mux(self.i.p.last | (following == self.row_beats), 0, following))
        for n in range(table.lanes):
            m.submodules[f"lane_{n}"] = lane = ChannelTableLane(table)
            m.d.comb += [
                lane.row.eq(self.row),
                lane.write.eq(self.write.word_select(n, words * WORD // 8)),
                lane.data.eq(self.data),
                self.read.word_select(n, words * WORD).eq(lane.read),
                lane.beat.eq(beat),
                lane.enable.eq(control.enable),
            ]
            low = 0
            for field in table.fields:
                value = lane.values[low : low + field.width]
                m.d.comb += self.o.p.lanes[n][field.name].eq(value)
                low += field.width
            for field in self.travelling:
                value = registered(
                    m, self.i.p.lanes[n][field.name], control.enable, name=f"{field.name}_{n}"
                )
                m.d.comb += self.o.p.lanes[n][field.name].eq(value)
        return m


class ChannelTableLane(wiring.Component):
    """The table of one lane: a memory with a port for software and one for the stream."""

    def __init__(self, table: Table) -> None:
        self.table = table
        super().__init__(
            {
                "row": In(range(table.rows)),
                "write": In(len(table.words) * WORD // 8),
                "data": In(WORD),
                "read": Out(len(table.words) * WORD),
                "beat": In(range(table.rows)),
                "enable": In(1),
                "values": Out(table.width),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        octets = -(-self.table.width // 8)
        m.submodules.memory = memory = Memory(shape=octets * 8, depth=self.table.rows, init=[])
        write = memory.write_port(granularity=8)
        software = memory.read_port()
        stream_port = memory.read_port()
        m.d.comb += [
            write.addr.eq(self.row),
            write.en.eq(self.write),
            write.data.eq(Cat([self.data] * len(self.table.words))),
            software.addr.eq(self.row),
            self.read.eq(software.data[: self.table.width]),
            stream_port.addr.eq(self.beat),
            stream_port.en.eq(self.enable),
            self.values.eq(stream_port.data),
        ]
        return m
