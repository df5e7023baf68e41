// Starts the whole sandbox (deploy/sandbox/stack).
//
//   const { url, apiKey } = await sandbox(t, "SETTING=value", ...)     it ends with the test t
//   ... sandbox({ after }, ...)                                        with the `after` of node:test: with the file

import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const stack = fileURLToPath(new URL("../../deploy/sandbox/stack", import.meta.url));
const run = promisify(execFile);

export async function sandbox(scope, ...settings) {
  const folder = mkdtempSync(join(tmpdir(), "uppy-"));
  scope.after(async () => {
    await run(stack, ["stop", folder]);
    rmSync(folder, { recursive: true });
  });
  await run(stack, ["start", folder, ...settings]);
  const lines = readFileSync(join(folder, "env"), "utf8").trim().split("\n");
  const { URL: url, API_KEY: apiKey } = Object.fromEntries(lines.map((line) => line.split("=", 2)));
  return { url, apiKey };
}
