"""The engine's epilogue: rows of accumulators to codes, logits, the residual stream, the output."""

from amaranth.hdl import Cat, Module, Mux, Signal, Value, signed
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from vit2rtl.golden.engine.buffers import STREAM_BITS, address_bits, buffers
from vit2rtl.golden.engine.configuration import Configuration
from vit2rtl.golden.engine.errors import Error
from vit2rtl.golden.engine.instructions import WORD, Destination, Unit
from vit2rtl.rtl.engine.broadcast import Broadcast
from vit2rtl.rtl.engine.channel_parameters import ChannelParameters
from vit2rtl.rtl.engine.layouts import epilogue_tap, operands
from vit2rtl.rtl.engine.ports import beats, instruction, payload, read_port, write_port
from vit2rtl.rtl.engine.result_writer import ROWS, ResultWriter, one_of, place_of
from vit2rtl.rtl.engine.walk import AddressWalk
from vit2rtl.rtl.stream.pipeline import PipelineControl, registered
from vit2rtl.rtl.units.epilogue import Epilogue
from vit2rtl.rtl.units.gelu import Gelu


class EpilogueUnit(wiring.Component):
    """Drains a tile an instruction: requantizes, adds, looks up, and writes.

    ``WORD`` elements a cycle, in rows, groups of a row in turn. An instruction follows the one
    before without a gap where its settings are the same and nothing is added; else once all
    results of that one are written, or taken, which takes ``GAP`` cycles. Its parameters load
    meanwhile, one set ahead. Latency from the last group of a row to its write ``LATENCY``, and for
    upper digits one more. Nothing stalls what is under way: groups are issued only where there is
    room for them at the end, so that a stalled ``o`` stalls ``i`` and loses nothing.

    Parameters
    ----------
    configuration : Configuration
        With ``epilogue_lanes`` of ``WORD``, and as many columns as rows: a row of results is a word
        of the array's codes.

    Members
    -------
    instruction : In(stream of the epilogue's operands)
    payload : In(stream of unsigned(64))
        A beat a column.
    i : In(stream of {acc: signed(acc_width) × columns, last: 1})
        Tiles in the order of the instructions.
    table : In(stream of unsigned(8))
        Entries of the activation's table, ``2**table_bits`` of them, while no instruction that
        uses it is under way.
    read_stream, write_NAME : Out(read_port), Out(write_port)
        NAME: queries, keys, values, hidden, logits, stream. A word of the residual stream is read
        once for every one that is written, before that.
    o : Out(stream of {data: 64, last: 1})
        Results of OUTPUT, each of 16 bits.
    tap : Out({valid, values: signed(16) × WORD, entries: unsigned(code_bits) × WORD})
        Results in front of the table, and what it has for them.
    done : Out(1)
    error : Out(4)
        ``OPERAND``: a tile has another number of rows than its instruction.
    """

    LATENCY = Epilogue.PIPELINE_CYCLES + Gelu.PIPELINE_CYCLES + 2
    GAP = LATENCY + 2

    def __init__(self, configuration: Configuration) -> None:
        self.configuration = c = configuration
        for name, wanted in (("epilogue_lanes", WORD), ("columns", c.rows)):
            if getattr(c, name) != wanted:
                title = name.replace("_", " ").capitalize()
                raise ValueError(f"{title} must be {wanted}, not {getattr(c, name)!r}")
        self.buffers = buffers(c)
        self.destinations = [d.name.lower() for d in Destination if d is not Destination.OUTPUT]
        row = {"acc": data.ArrayLayout(signed(c.acc_width), c.columns), "last": 1}
        super().__init__(
            {
                "instruction": In(instruction(Unit.EPILOGUE)),
                "payload": In(payload()),
                "i": In(stream.Signature(data.StructLayout(row))),
                "table": In(stream.Signature(8)),
                "read_stream": Out(read_port(self.buffers["stream"])),
                **{f"write_{name}": Out(write_port(self.buffers[name]))
                   for name in self.destinations},
                "o": Out(beats()),
                "tap": Out(epilogue_tap(c)),
                "done": Out(1),
                "error": Out(4),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        c = self.configuration
        m.submodules.instructions = held = Broadcast(self.instruction.p.shape(), readers=1)
        m.submodules.unit = unit = Epilogue(lanes=WORD, acc_width=c.acc_width, width=STREAM_BITS)
        m.submodules.gelu = gelu = Gelu(lanes=WORD, input_bits=c.table_bits, bits=c.code_bits)
        m.submodules.writer = writer = ResultWriter(c)
        wiring.connect(m, wiring.flipped(self.instruction), held.i)
        wiring.connect(m, writer.o, wiring.flipped(self.o))
        for name in self.destinations:
            port = f"write_{name}"
            wiring.connect(m, getattr(writer, port), wiring.flipped(getattr(self, port)))
        m.d.comb += [
            self.done.eq(writer.done),
            unit.o_row.ready.eq(1),
            gelu.i_table.valid.eq(self.table.valid),
            gelu.i_table.p.lanes[0].entry.eq(self.table.payload),
            self.table.ready.eq(gelu.i_table.ready),
        ]
        place = self._begin(m, held.o[0], unit)
        self._look_up(m, unit, gelu, writer)
        # Nothing stalls between: an element of the pipelines is where its place is.
        for n in range(self.LATENCY - 1):
            following = Signal(place.shape(), name=f"place_{n}", reset_less=True)
            m.d.sync += following.eq(place)
            place = following
        m.d.comb += writer.place.eq(place)
        return m

    def _begin(self, m: Module, jobs: stream.Interface, unit: Epilogue) -> data.View:
        """Settings of an instruction change while nothing is inside; then its rows are taken.

        Returns the place of the group that is issued.
        """
        job = jobs.p
        m.submodules.walk = walk = AddressWalk(
            outer=len(job.rows), inner=len(job.groups), address=address_bits(self.configuration))
        m.submodules.parameters = parameters = ChannelParameters(self.configuration)
        wiring.connect(m, wiring.flipped(self.payload), parameters.i)
        settings = {
            field.name: Signal(getattr(unit, field.name).shape(), name=field.name, reset_less=True)
            for field in unit.instance.configuration
        }
        outputs, paced = Signal(), Signal()
        place = Signal(place_of(self.configuration))
        current = Signal(operands(Unit.EPILOGUE, ("destination", "table", "two_digits", "last")))
        # `same` is of the job on offer, and of these settings, where it was compared.
        same, compared = Signal(), Signal()
        # Began, and are not done, both as known a cycle later; one that has just begun counts, too.
        inside, done = Signal(range(2 * ResultWriter.OUTPUTS)), Signal()
        begins, began, fits = Signal(), Signal(), Signal()
        output = job.destination == Destination.OUTPUT
        m.d.comb += [
            fits.eq(parameters.full & ((compared & same) | ((inside == 0) & ~began))),
            walk.i.valid.eq(jobs.valid & fits),
            jobs.ready.eq(walk.i.ready & fits),
            begins.eq(jobs.valid & jobs.ready),
            walk.i.p.base.eq(job.base),
            walk.i.p.outer_stride.eq(job.row_stride),
            walk.i.p.inner_stride.eq(Mux(one_of(job.destination, ROWS), 0, job.group_stride)),
            walk.i.p.outer.eq(job.rows),
            walk.i.p.inner.eq(job.groups),
            parameters.begins.eq(begins),
        ]
        m.d.sync += [
            done.eq(self.done), began.eq(begins), inside.eq(inside + began - done),
            compared.eq(jobs.valid & ~begins),
            same.eq(~job.add & (output == outputs)
                    & ~Cat(job[name][: len(s)] != s.as_unsigned()
                           for name, s in settings.items()).any()),
        ]
        with m.If(begins):
            m.d.sync += [
                outputs.eq(output), paced.eq(job.two_digits & (job.groups == 1)),
                *(signal.eq(job[name]) for name, signal in settings.items()),
                *(current[name].eq(job[name]) for name in current.shape().members),
            ]
        m.d.comb += [
            place.address.eq(walk.o.p.address), place.group.eq(walk.o.p.inner),
            place.ends_row.eq(walk.o.p.ends), place.ends.eq(walk.o.p.last),
            *(place[name].eq(current[name]) for name in current.shape().members),
        ]
        m.d.comb += [getattr(unit, name).eq(signal) for name, signal in settings.items()]
        room = self._room(m, walk.o, outputs, paced)
        self._issue(m, walk.o, parameters, unit, room)
        return place

    def _room(
        self, m: Module, steps: stream.Interface, outputs: Signal, paced: Signal
    ) -> Value:
        """Whether the writer will have room for a group that is issued in this cycle.

        From registers. Outputs wait only while instructions that write some are inside.
        """
        issued = Signal(range(ResultWriter.OUTPUTS + 1))  # outputs that are not taken
        following = Signal(issued.shape())
        full, pause = Signal(), Signal()
        goes = steps.valid & steps.ready
        m.d.comb += following.eq(issued + (goes & outputs) - (self.o.valid & self.o.ready))
        m.d.sync += [
            issued.eq(following), full.eq(following[-1]), pause.eq(goes & paced),
        ]
        return ~full & ~pause

    def _issue(
        self, m: Module, steps: stream.Interface, parameters: ChannelParameters, unit: Epilogue,
        room: Value,
    ) -> None:
        """A group of a row, its parameters and the stream's word, a register ahead of the unit."""
        c = self.configuration
        m.submodules.issue = issue = PipelineControl(1)
        goes = Signal()
        step = steps.p
        m.d.comb += [
            issue.i.valid.eq(steps.valid & self.i.valid & room),
            issue.i.payload.eq(step.ends),
            goes.eq(issue.i.valid & issue.i.ready),
            steps.ready.eq(goes),
            self.i.ready.eq(steps.valid & issue.i.ready & room & step.ends),
            self.error.eq(Mux(goes & step.ends & (self.i.p.last != step.last), Error.OPERAND, 0)),
            parameters.read.eq(goes),
            parameters.group.eq(step.inner),
            parameters.ends.eq(goes & step.last),
            self.read_stream.en.eq(goes & unit.add),
            self.read_stream.addr.eq(step.address),
            unit.i.valid.eq(issue.o.valid),
            unit.i.p.last.eq(issue.o.payload),
            issue.o.ready.eq(unit.i.ready),
        ]
        groups = self.i.p.acc.as_value()
        accs = registered(m, groups.word_select(step.inner[: parameters.group.shape().width],
                                                WORD * c.acc_width), issue.enable[0], name="accs")
        word = data.View(data.ArrayLayout(signed(STREAM_BITS), WORD), self.read_stream.data)
        for n, lane in enumerate(unit.i.p.lanes):
            channel = parameters.channels[n]
            m.d.comb += [
                lane.acc.eq(accs.word_select(n, c.acc_width)),
                lane.bias.eq(channel.bias),
                lane.multiplier.eq(channel.multiplier),
                lane.shift.eq(channel.shift),
                lane.stream.eq(word[n]),
            ]

    def _look_up(self, m: Module, unit: Epilogue, gelu: Gelu, writer: ResultWriter) -> None:
        """Results pass by the table, and the instruction chooses."""
        m.d.comb += [
            gelu.i.valid.eq(unit.o.valid),
            unit.o.ready.eq(gelu.i.ready),
            writer.i.valid.eq(gelu.o.valid),
            gelu.o.ready.eq(writer.i.ready),
            self.tap.valid.eq(writer.i.valid & writer.i.ready),
        ]
        for n in range(WORD):
            result = unit.o.p.lanes[n].value
            entry = gelu.o.p.lanes[n].value
            value = registered(m, result, unit.o.valid & unit.o.ready, name=f"value_{n}")
            m.d.comb += [
                gelu.i.p.lanes[n].code.eq(result),
                writer.i.payload[n].eq(Mux(writer.place.table, entry, value)),
                self.tap.values[n].eq(value),
                self.tap.entries[n].eq(entry),
            ]
