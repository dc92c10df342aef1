"""Files for others' tools: file list, FuseSoC, Verilator waivers, constraints, vendor Tcl."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version

CLOCK_NS = 5.0

_WAIVERS = """\
// Lint waivers for Verilator 5.036 and newer. Without them `verilator --lint-only -Wall` names only
// these rules, all of them matters of style of generated Verilog-2001:
//
{reasons}
`verilator_config
{rules}
"""

# Rules of Verilator's lint that generated Verilog does not keep, and why.
WAIVERS = {
    "DECLFILENAME": "a file holds a top and its sub-modules, which have names of their own",
    "UNUSEDSIGNAL": "sums and shifts are made whole and used in part; lanes have no use for reset",
    "WIDTHEXPAND": "Verilog's own extension of a narrower operand, zero or sign, is what is meant",
}

_CONSTRAINTS = """\
# Constraints of {top}: one clock, every port synchronous to it.
# A skeleton: put in your period; the delays below apply where ports leave the device.
create_clock -name aclk -period {period:.3f} [get_ports aclk]
{extra}
# set_input_delay  -clock aclk 1.000 {inputs}
# set_output_delay -clock aclk 1.000 [all_outputs]
"""

_VIVADO_SYNTHESIS = """\
# Synthesis out of context: area and timing of {top} without a board around it.
#   vivado -mode batch -source vivado/synthesize.tcl [-tclargs PART]
# Reports appear in the working folder. In a session of your own: source this file.
set root [file normalize [file join [file dirname [info script]] ..]]
set part [expr {{[info exists argv] && [llength $argv] > 0 ? [lindex $argv 0] : "{part}"}}]
{reads}
read_xdc -mode out_of_context [file join $root constraints/{name}.xdc]
synth_design -top {top} -part $part -mode out_of_context
report_utilization -file {top}_utilization.rpt
report_timing_summary -file {top}_timing.rpt
"""

_VIVADO_PACKAGE = """\
# An IP-XACT component of {top} for the IP catalog.
#   vivado -mode batch -source vivado/package_ip.tcl [-tclargs FOLDER]
# FOLDER (default: vivado_ip in the working folder) becomes an IP repository.
set root [file normalize [file join [file dirname [info script]] ..]]
set out [file normalize [expr {{
    [info exists argv] && [llength $argv] > 0 ? [lindex $argv 0] : "vivado_ip"}}]]
create_project -force {name}_packaging [file join $out project] -part {part}
{adds}
set_property top {top} [current_fileset]
update_compile_order -fileset sources_1
ipx::package_project -root_dir [file join $out {top}] -vendor vit2rtl -library ip \\
    -taxonomy /UserIP -import_files -force
set core [ipx::current_core]
set_property name {top} $core
set_property version {version} $core
set_property display_name {{{top}}} $core
set_property description {{{summary}}} $core
ipx::check_integrity $core
ipx::save_core $core
close_project
"""

_QUARTUS = """\
# A Quartus project of {top}: quartus_sh -t quartus/project.tcl [FAMILY]
# The project appears in the working folder; ports are virtual pins, so that it fits any device.
load_package flow
set root [file normalize [file join [file dirname [info script]] ..]]
set family [expr {{[llength $quartus(args)] > 0 ? [lindex $quartus(args) 0] : "Cyclone V"}}]
project_new -overwrite {top}
set_global_assignment -name FAMILY $family
set_global_assignment -name TOP_LEVEL_ENTITY {top}
{assigns}
set_global_assignment -name SDC_FILE [file join $root constraints/{name}.sdc]
set_instance_assignment -name VIRTUAL_PIN ON -to *
set_instance_assignment -name VIRTUAL_PIN OFF -to aclk
export_assignments
execute_flow -compile
project_close
"""


@dataclass(frozen=True)
class Project:
    """What others' tools have to know. Paths are relative to the package.

    top      name of the module to deploy
    verilog  paths of the Verilog, leaves first
    lints    {target: module} of Verilator's lint
    vectors  paths of a bench that replays vectors and of its ``.mem`` files, if there is one
    part     of Xilinx
    waivers  {rule of Verilator's lint: why it is waived}
    """

    name: str
    summary: str
    top: str
    verilog: Sequence[str]
    lints: Mapping[str, str]
    vectors: Sequence[str] = ()
    part: str = "xc7a35tcpg236-1"
    waivers: Mapping[str, str] = field(default_factory=lambda: WAIVERS)


def project_files(project: Project) -> dict[str, str]:
    """Path to text of every file that a tool other than ours reads."""
    name, top, verilog = project.name, project.top, project.verilog
    summary = project.summary.replace("√", "sqrt")
    settings = {
        "name": name,
        "top": top,
        "part": project.part,
        "version": ".".join(version("vit2rtl").split(".")[:2]),
        "summary": summary,
        "reads": "\n".join(f"read_verilog [file join $root {path}]" for path in verilog),
        "adds": "\n".join(f"add_files -norecurse [file join $root {path}]" for path in verilog),
        "assigns": "\n".join(
            f"set_global_assignment -name VERILOG_FILE [file join $root {path}]"
            for path in verilog
        ),
    }
    rules = "\n".join(
        f'lint_off -rule {rule:12} -file "*/{path.rpartition("/")[2]}"'
        for rule in project.waivers
        for path in verilog
    )
    reasons = "\n".join(f"// {rule:12}  {reason}" for rule, reason in project.waivers.items())
    constraints = {"top": top, "period": CLOCK_NS}
    return {
        f"{name}.f": "".join(f"{path}\n" for path in verilog),
        f"{name}.core": _core(project, summary),
        f"lint/{name}.vlt": _WAIVERS.format(reasons=reasons, rules=rules),
        f"constraints/{name}.xdc": _CONSTRAINTS.format(
            extra="# The reset is synchronous to aclk and needs no exception.",
            inputs="[get_ports * -filter {DIRECTION == IN && NAME != aclk}]",
            **constraints,
        ),
        f"constraints/{name}.sdc": _CONSTRAINTS.format(
            extra="derive_clock_uncertainty",
            inputs="[remove_from_collection [all_inputs] [get_ports aclk]]",
            **constraints,
        ),
        "vivado/synthesize.tcl": _VIVADO_SYNTHESIS.format(**settings),
        "vivado/package_ip.tcl": _VIVADO_PACKAGE.format(**settings),
        "quartus/project.tcl": _QUARTUS.format(**settings),
    }


def _core(project: Project, summary: str) -> str:
    """The FuseSoC core: lints, and the replay bench in Icarus and in Verilator."""
    lints = "".join(
        f"""
  {target}:
    description: Verilator's lint of {module}, all warnings on
    flow: lint
    flow_options: {{tool: verilator, verilator_options: [-Wall]}}
    filesets: [rtl, waivers]
    toplevel: {module}
"""
        for target, module in project.lints.items()
    )
    name, bench = project.name, _bench(project.vectors)
    return f"""CAPI=2:
name: vit2rtl:ip:{name}:{version("vit2rtl")}
description: "{summary}"

filesets:
  rtl:
    files:
{_listed(project.verilog)}
    file_type: verilogSource-2001
  waivers:
    files:
      - lint/{name}.vlt: {{file_type: vlt}}
{bench}\
  vivado:
    files:
      - constraints/{name}.xdc: {{file_type: xdc}}
  quartus:
    files:
      - constraints/{name}.sdc: {{file_type: SDC}}

targets:
  default:
    filesets: [rtl, "tool_vivado? (vivado)", "tool_quartus? (quartus)"]
    toplevel: {project.top}
{lints}{_REPLAY.format(name=name) if project.vectors else ""}"""


_REPLAY = """
  sim:
    description: Replay of the golden vectors in Icarus
    flow: sim
    flow_options: {{tool: icarus, iverilog_options: [-g2012]}}
    filesets: [rtl, bench]
    toplevel: {name}_replay
    parameters: [bundle, stall, seed]

  sim_verilator:
    description: Replay of the golden vectors in Verilator
    flow: sim
    flow_options: {{tool: verilator, mode: binary, verilator_options: [--timing, -Wno-fatal]}}
    filesets: [rtl, bench]
    toplevel: {name}_replay
    parameters: [bundle, stall, seed]

parameters:
  bundle: {{datatype: str, paramtype: plusarg, default: vectors, description: folder of vectors}}
  stall: {{datatype: int, paramtype: plusarg, default: 0, description: percentage of stalls}}
  seed: {{datatype: int, paramtype: plusarg, default: 1, description: which cycles these are}}
"""


def _bench(vectors: Sequence[str]) -> str:
    """The fileset of a bench and its vectors; empty without one."""
    if not vectors:
        return ""
    return f"""\
  bench:
    files:
      - {vectors[0]}: {{file_type: systemVerilogSource}}
{_copied(vectors[1:])}
"""


def _listed(paths: Iterable[str]) -> str:
    return "\n".join(f"      - {path}" for path in paths)


def _copied(paths: Iterable[str]) -> str:
    return "\n".join(f"      - {path}: {{file_type: user, copyto: {path}}}" for path in paths)
