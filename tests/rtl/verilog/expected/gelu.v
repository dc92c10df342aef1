// gelu_l2: activations by table: codes to the entries of a table that is loaded at run time.
//
// Parameters: lanes=2, input_bits=12, bits=4
// Latency 1 cycles, one beat a cycle, any back pressure.
// Configuration inputs change only while no beat is inside.
//
// Streams i, i_table and o: a beat moves where valid and ready are high at a rising edge of clk;
// rst is synchronous, active high. The most significant bit of each payload is last.
//
// i__payload: 2 lanes of 12 bits, lane 0 lowest:
//   [12*n + 0 +: 12]       code, unsigned
//
// i_table__payload: 1 lanes of 4 bits, lane 0 lowest:
//   [4*n + 0 +: 4]         entry, unsigned
//   A table: 4096 entries in order, last with the last beat, while nothing is inside; kept until
//   they come again.
//
// o__payload: 2 lanes of 4 bits, lane 0 lowest:
//   [4*n + 0 +: 4]         value, unsigned
//

module gelu_l2(i__valid, i_table__payload, i_table__valid, o__ready, clk, rst, i__ready, i_table__ready, o__payload, o__valid, i__payload);
  wire [12:0] n1;
  input clk;
  wire clk;
  wire [3:0] entries__0;
  wire [3:0] entries__1;
  input [24:0] i__payload;
  wire [24:0] i__payload;
  output i__ready;
  wire i__ready;
  input i__valid;
  wire i__valid;
  input [4:0] i_table__payload;
  wire [4:0] i_table__payload;
  output i_table__ready;
  wire i_table__ready;
  input i_table__valid;
  wire i_table__valid;
  output [8:0] o__payload;
  wire [8:0] o__payload;
  wire o__payload_15;
  input o__ready;
  wire o__ready;
  output o__valid;
  wire o__valid;
  reg [11:0] place;
  initial place = 12'h000;
  input rst;
  wire rst;
  assign n1 = place + 1'h1;
  always @(posedge clk) begin
    if (rst) begin
      place <= 12'h000;
    end else begin
      if (i_table__valid) place <= n1[11:0];
    end
  end
  gelu_l2_control control (
    .clk(clk),
    .enable(i__ready),
    .i__payload(i__payload[24]),
    .i__valid(i__valid),
    .o__payload(o__payload_15),
    .o__ready(o__ready),
    .rst(rst),
    .valid_0(o__valid)
  );
  gelu_l2_table table_0 (
    .clk(clk),
    .enable(i__ready),
    .entries__0(entries__0),
    .entries__1(entries__1),
    .entry(i_table__payload[3:0]),
    .place(place),
    .port_0_2(i__payload[23:0]),
    .rst(rst),
    .write(i_table__valid)
  );
  assign i_table__ready = 1'h1;
  assign o__payload = { o__payload_15, entries__1, entries__0 };
endmodule

module gelu_l2_control(i__valid, o__ready, clk, rst, enable, valid_0, o__payload, i__payload);
  wire n1;
  input clk;
  wire clk;
  output enable;
  wire enable;
  input i__payload;
  wire i__payload;
  input i__valid;
  wire i__valid;
  output o__payload;
  reg o__payload;
  initial o__payload = 1'h0;
  input o__ready;
  wire o__ready;
  input rst;
  wire rst;
  output valid_0;
  reg valid_0;
  initial valid_0 = 1'h0;
  assign n1 = ~ valid_0;
  assign enable = n1 | o__ready;
  always @(posedge clk) begin
    if (rst) begin
      o__payload <= 1'h0;
      valid_0 <= 1'h0;
    end else begin
      if (enable) begin
        o__payload <= i__payload;
        valid_0 <= i__valid;
      end
    end
  end
endmodule

module gelu_l2_table(entry, write, clk, rst, enable, entries__0, entries__1, place, port_0_2);
  wire n1;
  wire [11:0] signature__addr;
  wire n15;
  input clk;
  wire clk;
  input enable;
  wire enable;
  output [3:0] entries__0;
  wire [3:0] entries__0;
  output [3:0] entries__1;
  wire [3:0] entries__1;
  input [3:0] entry;
  wire [3:0] entry;
  input [11:0] place;
  wire [11:0] place;
  input [23:0] port_0_2;
  wire [23:0] port_0_2;
  input rst;
  wire rst;
  input write;
  wire write;
  (* no_rw_check = 32'd1 *)
  reg [3:0] memory [0:4095];
  integer initial_row;
  initial
    for (initial_row = 0; initial_row < 4096; initial_row = initial_row + 1)
      memory[initial_row] = 4'h0;
  always @(posedge clk) begin
    if (write)
      memory[signature__addr] <= entry;
  end
  reg [3:0] _0_;
  reg [3:0] _1_;
  always @(posedge clk) begin
    if (n15) begin
      _0_ <= memory[signature__addr];
    end
    if (n15) begin
      _1_ <= memory[port_0_2[23:12]];
    end
  end
  assign entries__0 = _0_;
  assign entries__1 = _1_;
  assign signature__addr = write ? place : port_0_2[11:0];
  assign n1 = ~ write;
  assign n15 = enable & n1;
endmodule

// gelu_l2_axis: activations by table: codes to the entries of a table that is loaded at run time.
//
// Parameters: lanes=2, input_bits=12, bits=4
// Latency 1 cycles, one beat a cycle, any back pressure.
// Configuration inputs change only while no beat is inside.
//
// Ports:
//   input  aclk                          clock of all ports
//   input  aresetn                       synchronous reset, active low
//   input  s_axis_tdata        [23:0]    lanes, lane 0 in the least significant bits
//   input  s_axis_tvalid                 a beat is offered
//   output s_axis_tready                 a beat is taken
//   input  s_axis_tlast                  travels with its beat
//   input  s_axis_table_tdata  [7:0]     table of 4096 entries: lanes, lane 0 in the least significant bits
//   input  s_axis_table_tvalid           a beat is offered
//   output s_axis_table_tready           a beat is taken
//   input  s_axis_table_tlast            the table's last beat
//   output m_axis_tdata        [7:0]     lanes, lane 0 in the least significant bits
//   output m_axis_tvalid                 a beat is offered
//   input  m_axis_tready                 a beat is taken
//   output m_axis_tlast                  travels with its beat
//
// s_axis_tdata: 2 lanes of 12 bits, lane 0 lowest:
//   [12*n + 0 +: 12]       code, unsigned
//
// s_axis_table_tdata: 1 lanes of 4 bits, lane 0 lowest:
//   [4*n + 0 +: 4]         entry, unsigned
//   A table: 4096 entries in order, last with the last beat, while nothing is inside; kept until
//   they come again.
//
// m_axis_tdata: 2 lanes of 4 bits, lane 0 lowest:
//   [4*n + 0 +: 4]         value, unsigned
//

module gelu_l2_axis(aresetn, s_axis_tdata, s_axis_tvalid, s_axis_tlast, s_axis_table_tdata, s_axis_table_tvalid, s_axis_table_tlast, m_axis_tready, s_axis_tready, s_axis_table_tready, m_axis_tdata, m_axis_tvalid, m_axis_tlast, aclk);
  (* X_INTERFACE_INFO = "xilinx.com:signal:clock:1.0 aclk CLK" *)
  (* X_INTERFACE_PARAMETER = "XIL_INTERFACENAME aclk, ASSOCIATED_BUSIF s_axis_table:s_axis:m_axis, ASSOCIATED_RESET aresetn" *)
  input aclk;
  wire aclk;
  (* X_INTERFACE_INFO = "xilinx.com:signal:reset:1.0 aresetn RST" *)
  (* X_INTERFACE_PARAMETER = "XIL_INTERFACENAME aresetn, POLARITY ACTIVE_LOW" *)
  input aresetn;
  wire aresetn;
  wire i_ready;
  wire i_table_ready;
  wire i_table_valid;
  wire i_valid;
  (* X_INTERFACE_INFO = "xilinx.com:interface:axis:1.0 m_axis TDATA" *)
  output [7:0] m_axis_tdata;
  wire [7:0] m_axis_tdata;
  (* X_INTERFACE_INFO = "xilinx.com:interface:axis:1.0 m_axis TLAST" *)
  output m_axis_tlast;
  wire m_axis_tlast;
  (* X_INTERFACE_INFO = "xilinx.com:interface:axis:1.0 m_axis TREADY" *)
  input m_axis_tready;
  wire m_axis_tready;
  (* X_INTERFACE_INFO = "xilinx.com:interface:axis:1.0 m_axis TVALID" *)
  output m_axis_tvalid;
  wire m_axis_tvalid;
  wire o_valid;
  wire rst;
  (* X_INTERFACE_INFO = "xilinx.com:interface:axis:1.0 s_axis_table TDATA" *)
  input [7:0] s_axis_table_tdata;
  wire [7:0] s_axis_table_tdata;
  (* X_INTERFACE_INFO = "xilinx.com:interface:axis:1.0 s_axis_table TLAST" *)
  input s_axis_table_tlast;
  wire s_axis_table_tlast;
  (* X_INTERFACE_INFO = "xilinx.com:interface:axis:1.0 s_axis_table TREADY" *)
  output s_axis_table_tready;
  wire s_axis_table_tready;
  (* X_INTERFACE_INFO = "xilinx.com:interface:axis:1.0 s_axis_table TVALID" *)
  input s_axis_table_tvalid;
  wire s_axis_table_tvalid;
  (* X_INTERFACE_INFO = "xilinx.com:interface:axis:1.0 s_axis TDATA" *)
  input [23:0] s_axis_tdata;
  wire [23:0] s_axis_tdata;
  (* X_INTERFACE_INFO = "xilinx.com:interface:axis:1.0 s_axis TLAST" *)
  input s_axis_tlast;
  wire s_axis_tlast;
  (* X_INTERFACE_INFO = "xilinx.com:interface:axis:1.0 s_axis TREADY" *)
  output s_axis_tready;
  wire s_axis_tready;
  (* X_INTERFACE_INFO = "xilinx.com:interface:axis:1.0 s_axis TVALID" *)
  input s_axis_tvalid;
  wire s_axis_tvalid;
  assign rst = ~ aresetn;
  assign i_valid = s_axis_tvalid & aresetn;
  assign s_axis_tready = i_ready & aresetn;
  assign i_table_valid = s_axis_table_tvalid & aresetn;
  assign s_axis_table_tready = i_table_ready & aresetn;
  assign m_axis_tvalid = o_valid & aresetn;
  gelu_l2 unit (
    .clk(aclk),
    .i__payload({ s_axis_tlast, s_axis_tdata }),
    .i__ready(i_ready),
    .i__valid(i_valid),
    .i_table__payload({ s_axis_table_tlast, s_axis_table_tdata[3:0] }),
    .i_table__ready(i_table_ready),
    .i_table__valid(i_table_valid),
    .o__payload({ m_axis_tlast, m_axis_tdata }),
    .o__ready(m_axis_tready),
    .o__valid(o_valid),
    .rst(rst)
  );
endmodule
