import assert from "node:assert/strict";
import { test } from "node:test";
import { doctorPage, findings, missingPage } from "../../src/commands/report";
import { flowAt } from "../../src/flows";
import type { ServerStatus } from "../../src/server/protocol";
import { describe, type Known } from "../../src/status/describe";
import { headline, nodes } from "../../src/trace/nodes";

const KNOWN: Known = { phase: "running", problem: "", version: "0.1.0", origin: "The PATH", status: undefined };
const READY: ServerStatus = { state: "ready", message: "Ready.", engine: "embedded", model: "flowquill-default 3", tenant: null, catalog: { connectors: 44, operations: 676 }, latencyMs: 81.6, confidence: 0.914, nothing: null };

test("the status item says engine, model, catalog and the last flow", () => {
  const shown = describe({ ...KNOWN, status: READY });
  assert.equal(shown.text, "$(check) Flowquill: embedded");
  const all = shown.lines.join("\n");
  for (const part of ["flowquill-default 3", "44 connectors, 676 operations", "82 ms, confidence 91 %", "from the PATH"]) assert.ok(all.includes(part), part);
});

test("the status item says why nothing came, and names the tenant", () => {
  const shown = describe({ ...KNOWN, status: { ...READY, tenant: "acme", nothing: { code: "empty", message: "The model wrote nothing." } } });
  assert.equal(shown.text, "$(info) Flowquill: acme");
  assert.ok(shown.lines.includes("Last time nothing came: The model wrote nothing."));
});

test("a reason that is the state itself is said once", () => {
  const shown = describe({ ...KNOWN, status: { ...READY, state: "failed", message: "There is no model.", nothing: { code: "failed", message: "There is no model." } } });
  assert.equal(shown.lines.filter((line) => line.includes("There is no model.")).length, 1);
});

test("states that need somebody stand out", () => {
  assert.equal(describe({ ...KNOWN, status: { ...READY, state: "failed", engine: null } }).severity, "warning");
  assert.equal(describe({ ...KNOWN, phase: "missing", problem: "Install it." }).severity, "warning");
  assert.equal(describe({ ...KNOWN, phase: "failed", problem: "It ended." }).severity, "error");
  assert.match(describe({ ...KNOWN, status: { state: "loading" } }).text, /loading/);
});

test("a server that says nothing of itself is simply running", () => {
  assert.deepEqual(describe(KNOWN), { text: "$(check) Flowquill", lines: ["Running.", "Server 0.1.0, from the PATH."], severity: "normal" });
});

test("the flow at a line", () => {
  const lines = ["# a", "flow first {", "}", "", "# b", "  flow second \"x\" {", "  on manual()", "}"];
  assert.deepEqual([0, 1, 2, 4, 6, 99].map((line) => flowAt(lines, line)), ["first", "first", "first", "first", "second", "second"]);
  assert.equal(flowAt(["# flow nothing {"], 0), undefined);
});

test("the trace is a tree of steps with their values", () => {
  const range = { start: { line: 3, character: 2 }, end: { line: 3, character: 9 } };
  const trace = {
    flow: "f",
    status: "Failed",
    sentence: "Failed at post.",
    trigger: { name: "request", kind: "trigger", status: "Succeeded", operation: "manual", outputs: { who: "Ada" } },
    steps: [
      { name: "if", kind: "if", status: "Failed", note: "true", steps: [{ name: "post", kind: "call", status: "Failed", operation: "slack.post_message", inputs: { message: "hi" }, error: { code: "busy", message: "Too many." }, range }] },
      { name: "later", kind: "call", status: "Skipped" },
    ],
    variables: { count: 3 },
  };
  const [trigger, branch, later, variables] = nodes(trace);
  assert.equal(headline(trace), "f: Failed at post.");
  assert.deepEqual(trigger?.children.map((n) => [n.label, n.description]), [["outputs", '{"who":"Ada"}']]);
  assert.ok(branch?.open && branch.mark === "failed");
  const post = branch.children[0];
  assert.deepEqual([post?.description, post?.range], ["slack.post_message · Too many.", range]);
  assert.deepEqual(post?.children[0]?.children.map((n) => [n.label, n.description, n.mark]), [["message", '"hi"', "value"]]);
  assert.equal(later?.mark, "skipped");
  assert.equal(variables?.label, "variables");
});

test("a value that is long is cut in the line and whole in the hover", () => {
  const [step] = nodes({ flow: "f", status: "Succeeded", steps: [{ name: "s", kind: "call", status: "Succeeded", outputs: "x".repeat(500) }] });
  const value = step?.children[0];
  assert.equal(value?.description.length, 120);
  assert.ok((value?.tooltip.length ?? 0) > 500);
});

test("the doctor's findings make a table in which nothing is markup", () => {
  const found = findings(JSON.stringify([{ name: "model", state: "wrong", detail: "a|b <img>", mend: "run: pip install x" }]));
  const page = doctorPage(found, "/usr/bin/flowquill doctor");
  assert.match(page, /1 thing to mend\./);
  assert.ok(page.includes("| ✗ | model | a\\|b \\<img\\> | run: pip install x |"));
  assert.throws(() => findings("Traceback"), /run flowquill doctor in a terminal/);
  assert.throws(() => findings('{"a": 1}'), /run flowquill doctor in a terminal/);
});

test("the page about what is missing lists what was tried and every way", () => {
  const page = missingPage({ kind: "missing", tried: ["The PATH has no flowquill."], python: undefined, tools: {} });
  for (const part of ["The PATH has no flowquill.", "pipx install flowquill", "uvx", "flowquill.python"]) assert.ok(page.includes(part), part);
});
