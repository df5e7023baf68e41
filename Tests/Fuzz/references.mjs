// Compares the origins of trusted image URLs, and of the targets of redirects, which the fuzz target `urls` records,
// with those that the WHATWG's algorithm finds, in node's URL: references.mjs <RECORD
import { readFileSync } from "node:fs";

const lines = readFileSync(0, "utf8").split("\n").filter(Boolean).map((line) => JSON.parse(line));
let bad = false;
for (const line of lines) {
  let expected, found;
  try {
    expected = new URL(line.target ?? line.origin).origin;
    found = line.target ? new URL(line.location, line.url).origin : new URL(line.url).origin;
  } catch {
    continue; // A URL that a browser rejects leads it nowhere.
  }
  if (expected === found) continue;
  bad = true;
  console.log(`FINDING: ${JSON.stringify(line)}: a browser goes to ${found}`);
}
console.error(`urls: ${lines.length} lines compared with the WHATWG's algorithm`);
process.exit(bad ? 1 : 0);
