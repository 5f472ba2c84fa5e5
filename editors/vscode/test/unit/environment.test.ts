import assert from "node:assert/strict";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { Crashes } from "../../src/server/crashes";
import { reason, steps } from "../../src/server/environment";
import type { Missing } from "../../src/server/locate";
import { machine } from "../../src/server/machine";
import { run } from "../../src/server/run";

const missing = (more: Partial<Missing>): Missing => ({ kind: "missing", tried: [], python: undefined, tools: {}, ...more });

test("with a Python: venv, then pip inside", () => {
  const plan = steps({ windows: false }, missing({ python: { path: "/usr/bin/python3", version: [3, 12], flowquill: false } }), "/own", "flowquill");
  assert.deepEqual(plan?.map((s) => [s.program, s.args[1], s.args.at(-1)]), [["/usr/bin/python3", "venv", "/own"], ["/own/bin/python", "pip", "flowquill"]]);
});

test("with uv alone: uv makes both; with nothing there is no plan", () => {
  assert.deepEqual(steps({ windows: true }, missing({ tools: { uv: "C:\\uv.exe" } }), "C:\\own", "flowquill")?.at(-1)?.args, ["pip", "install", "--python", "C:\\own\\Scripts\\python.exe", "flowquill"]);
  assert.equal(steps({ windows: false }, missing({}), "/own", "flowquill"), undefined);
});

test("the reason is the line that says error", () => {
  assert.equal(reason("Collecting flowquill\nERROR: No matching distribution found for flowquill.\n[notice] a new pip\n"), "No matching distribution found for flowquill");
  assert.equal(reason("no such option\n"), "no such option");
  assert.equal(reason(""), "it said nothing");
});

test("a server is started again three times in three minutes, and anew after a restart by hand", () => {
  const crashes = new Crashes(3, 1000);
  assert.deepEqual([0, 1, 2, 3].map((time) => crashes.again(time)), [true, true, true, false]);
  assert.equal(crashes.again(5000), true);
  crashes.clear();
  assert.deepEqual([0, 1, 2].map((time) => crashes.again(5000 + time)), [true, true, true]);
});

test("programs run without a shell, line by line, and can be stopped", async () => {
  const cwd = await mkdtemp(join(tmpdir(), "flowquill-unit-"));
  const lines: string[] = [];
  const ended = await run(process.execPath, ["-e", "console.log('a; b\\nc'); console.error('d'); process.exit(3)", "$HOME"], { cwd, line: (text) => lines.push(text) });
  assert.deepEqual([ended.code, ended.stdout, ended.stderr], [3, "a; b\nc\n", "d\n"]);
  assert.deepEqual(lines.sort(), ["a; b", "c", "d"]);
  const abort = new AbortController();
  const stopped = run(process.execPath, ["-e", "console.log('up'); setInterval(() => {}, 1000)"], { cwd, signal: abort.signal, line: () => abort.abort() });
  assert.equal((await stopped).code, null);
  await assert.rejects(run(join(cwd, "nothing"), [], { cwd }), /ENOENT/);
});

test("a relative entry of the PATH is never looked into", async () => {
  const before = process.env["PATH"];
  process.env["PATH"] = `.:${before}`;
  try {
    assert.ok(machine("/").path.every((folder) => folder.startsWith("/")));
  } finally {
    process.env["PATH"] = before;
  }
});
