// The call, measured: its weight as the browser receives it, the server's memory, and how long a click takes.
// `make bench` runs it; docs/BENCHMARKS.md keeps what it printed.
import { latency } from "./latency.js";
import { memory } from "./memory.js";
import { weight } from "./weight.js";

for (const table of [await weight(), await memory(), await latency()]) {
  console.log(`\n### ${table.title}\n`);
  print(table.rows);
}

/** Prints rows of equal keys as a Markdown table. */
function print(rows) {
  const columns = Object.keys(rows[0]);
  console.log(`| ${columns.join(" | ")} |\n|${columns.map(() => "---").join("|")}|`);
  for (const row of rows) console.log(`| ${columns.map((column) => row[column]).join(" | ")} |`);
}
