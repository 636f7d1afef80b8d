// Reads datagrams as lines of hex; writes for each one line of JSON: [[address, [[type, value], …]], …].
// The decoder is osc-min: nothing of facewire, nothing of python-osc.
import { createInterface } from "node:readline";
import { fromBuffer } from "osc-min";

const flat = (packet) =>
  packet.oscType === "bundle"
    ? packet.elements.flatMap(flat)
    : [[packet.address, packet.args.map(({ type, value }) => [type, value])]];

for await (const line of createInterface({ input: process.stdin })) {
  console.log(JSON.stringify(flat(fromBuffer(Buffer.from(line, "hex")))));
}
