import assert from "node:assert/strict";
import { test } from "node:test";
import { advice, locate, type Machine, type Python, type Wishes } from "../../src/server/locate";

const NONE: Wishes = { command: "", python: "", active: "", own: "" };

/** A machine with these programs, and these Pythons among them. */
function machine(files: readonly string[], pythons: readonly Python[] = [], windows = false): Machine {
  return {
    windows,
    path: windows ? ["C:\\bin"] : ["/usr/local/bin", "/usr/bin"],
    isFile: async (path) => files.includes(path) || pythons.some((p) => p.path === path),
    examine: async (path) => pythons.find((p) => p.path === path),
  };
}

const python = (path: string, flowquill: boolean, version = [3, 12, 1]): Python => ({ path, version, flowquill });

async function launch(m: Machine, wishes: Partial<Wishes> = {}): Promise<string> {
  const found = await locate(m, { ...NONE, ...wishes });
  return found.kind === "found" ? [found.launch.program, ...found.launch.prefix].join(" ") : `missing: ${found.tried.join(" ")}`;
}

test("the order is setting, active environment, own environment, PATH", async () => {
  const all = machine(["/work/fq", "/env/bin/flowquill", "/own/bin/flowquill", "/usr/bin/flowquill"], [python("/env/bin/python", true)]);
  assert.equal(await launch(all, { command: "/work/fq", active: "/env/bin/python", own: "/own" }), "/work/fq");
  assert.equal(await launch(all, { active: "/env/bin/python", own: "/own" }), "/env/bin/flowquill");
  assert.equal(await launch(all, { own: "/own" }), "/own/bin/flowquill");
  assert.equal(await launch(all), "/usr/bin/flowquill");
});

test("a Python without the script beside it runs the module, and nothing of its folder", async () => {
  assert.equal(await launch(machine([], [python("/usr/bin/python3", true)])), "/usr/bin/python3 -P -m flowquill.cli.main");
});

test("an active environment without flowquill does not hide one on the PATH", async () => {
  const m = machine(["/usr/bin/flowquill"], [python("/env/bin/python", false)]);
  assert.equal(await launch(m, { active: "/env/bin/python" }), "/usr/bin/flowquill");
});

test("a setting that leads nowhere ends the search and is named", async () => {
  const m = machine(["/usr/bin/flowquill"]);
  for (const wishes of [{ command: "/nowhere/flowquill" }, { command: "flowquil" }, { python: "/nowhere/python" }]) {
    const found = await locate(m, { ...NONE, ...wishes });
    assert.equal(found.kind, "missing");
    assert.match(found.kind === "missing" ? advice(found) : "", /^The setting flowquill\..*Mend the setting/);
  }
});

test("a command by name is looked for on the PATH", async () => {
  assert.equal(await launch(machine(["/usr/local/bin/uvx"]), { command: "uvx" }), "/usr/local/bin/uvx");
});

test("an old Python is not offered for the installation, a new one is", async () => {
  const old = await locate(machine([], [python("/usr/bin/python3", false, [3, 9, 2])]), NONE);
  assert.ok(old.kind === "missing" && old.python === undefined);
  assert.match(advice(old), /needs Python 3\.11 or newer and found none/);
  const fit = await locate(machine(["/usr/bin/pipx"], [python("/usr/bin/python3", false)]), NONE);
  assert.ok(fit.kind === "missing" && fit.python?.path === "/usr/bin/python3" && fit.tools.pipx === "/usr/bin/pipx");
  assert.match(advice(fit), /Python 3\.12\.1 can hold it.*pipx install flowquill/);
});

test("flowquill in a Python that is too old is not started", async () => {
  assert.match(await launch(machine([], [python("/usr/bin/python3", true, [3, 10, 0])])), /^missing: .*is Python 3\.10\.0; 3\.11 or newer is needed/);
});

test("with uv alone, uv is the way", async () => {
  const found = await locate(machine(["/usr/bin/uv"]), NONE);
  assert.ok(found.kind === "missing");
  assert.match(advice(found), /uv can fetch a Python for it.*uv tool install flowquill/);
});

test("Windows has its own folders and endings", async () => {
  const m = machine(["C:\\env\\Scripts\\flowquill.exe", "C:\\bin\\flowquill.exe"], [python("C:\\env\\Scripts\\python.exe", true)], true);
  assert.equal(await launch(m, { active: "C:\\env\\Scripts\\python.exe" }), "C:\\env\\Scripts\\flowquill.exe");
  assert.equal(await launch(m), "C:\\bin\\flowquill.exe");
});
