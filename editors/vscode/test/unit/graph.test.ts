import assert from "node:assert/strict";
import { test } from "node:test";
import { details, subtitle } from "../../src/graph/labels";
import { type Box, layout, type Measure } from "../../src/graph/layout";
import { type Graph, type GraphNode, nodeAt } from "../../src/graph/model";

const MEASURE: Measure = { node: () => ({ width: 100, height: 40 }), label: (text) => ({ width: text.length * 6, height: 14 }) };

const node = (id: string, parent: string | null, start = 0, end = 0, kind = "call"): GraphNode => ({
  id,
  kind,
  label: id,
  parent,
  range: { start: { line: start, character: 2 }, end: { line: end, character: 20 } },
});

/** trigger -> a -> if(yes: b -> c; no: d) -> e */
const GRAPH: Graph = {
  flow: "f",
  nodes: [node("trigger", null, 1, 1, "trigger"), node("a", null, 2, 2), node("if", null, 3, 9, "if"), node("if/yes", "if", 3, 6, "block"), node("b", "if/yes", 4, 4), node("c", "if/yes", 5, 5), node("if/no", "if", 6, 9, "block"), node("d", "if/no", 7, 8), node("e", null, 10, 10)],
  edges: [["trigger", "a", ""], ["a", "if", ""], ["b", "c", "failed"], ["if", "e", ""]].map(([from = "", to = "", label = ""]) => ({ from, to, label })),
};

const inside = (inner: Box, outer: Box): boolean => inner.x >= outer.x && inner.y >= outer.y && inner.x + inner.width <= outer.x + outer.width + 0.01 && inner.y + inner.height <= outer.y + outer.height + 0.01;
const apart = (a: Box, b: Box): boolean => a.x + a.width <= b.x || b.x + b.width <= a.x || a.y + a.height <= b.y || b.y + b.height <= a.y;

for (const direction of ["down", "right"] as const) {
  test(`every node lies in its container and on none of its neighbours (${direction})`, () => {
    const placed = layout(GRAPH, MEASURE, direction);
    const boxes = new Map(placed.boxes.map((box) => [box.node.id, box]));
    assert.equal(boxes.size, GRAPH.nodes.length);
    for (const box of placed.boxes) {
      const parent = box.node.parent === null ? undefined : boxes.get(box.node.parent);
      if (parent) assert.ok(inside(box, parent), `${box.node.id} leaves ${parent.node.id}`);
      for (const other of placed.boxes) if (other !== box && other.node.parent === box.node.parent) assert.ok(apart(box, other), `${box.node.id} lies on ${other.node.id}`);
    }
    assert.equal(placed.lines.length, 4);
    assert.ok(placed.lines.find((line) => line.edge.label === "failed")?.label);
    const [first, second] = [boxes.get("trigger"), boxes.get("a")] as [Box, Box];
    assert.ok(direction === "down" ? second.y > first.y : second.x > first.x);
  });
}

test("an edge from inside a container joins the containers; one to its own container is left out", () => {
  const edges = [{ from: "b", to: "d", label: "" }, { from: "if", to: "b", label: "" }, { from: "nobody", to: "a", label: "" }];
  const placed = layout({ ...GRAPH, edges }, MEASURE, "down");
  assert.equal(placed.lines.length, 1);
});

test("a parent that is not there hides nothing, and nothing makes an empty picture", () => {
  assert.equal(layout({ flow: "f", nodes: [node("x", "gone")], edges: [] }, MEASURE, "down").boxes.length, 1);
  assert.equal(layout({ flow: "f", nodes: [], edges: [] }, MEASURE, "down").boxes.length, 0);
});

test("each argument has a line of its own, and what goes beyond four is counted", () => {
  const said = (detail: string): readonly string[] => details({ kind: "call", label: "a.b", detail: `a.b${detail}` });
  assert.deepEqual(said(""), []);
  assert.deepEqual(said('(to: "x, y", list: [1, 2], text: "say \\"a, b\\"")'), ['to: "x, y"', "list: [1, 2]", 'text: "say \\"a, b\\""']);
  assert.deepEqual(said("(a: 1, b: 2, c: 3, d: 4, e: 5)"), ["a: 1", "b: 2", "c: 3", "2 more"]);
  assert.deepEqual(said("(days: integer) as request"), ["days: integer", "as request"]);
});

test("arms begin at one height", () => {
  const boxes = new Map(layout(GRAPH, MEASURE, "down").boxes.map((box) => [box.node.id, box]));
  assert.equal(boxes.get("if/yes")?.y, boxes.get("if/no")?.y);
});

test("the innermost node at a position is meant, from the beginning of its line", () => {
  const at = (line: number, character: number): string | undefined => nodeAt(GRAPH, { line, character })?.id;
  assert.equal(at(4, 0), "b");
  assert.equal(at(8, 3), "d");
  assert.equal(at(9, 1), "if/no");
  assert.equal(at(10, 25), undefined);
});

test("the second line says what the title does not", () => {
  const said = (label: string, detail: string): string => subtitle({ kind: "call", label, detail });
  assert.equal(said("slack.post_message", 'slack.post_message(channel: "team")'), 'channel: "team"');
  assert.equal(said("parallel", "parallel"), "");
  assert.equal(said("yes", "a == 1"), "a == 1");
  assert.equal(subtitle({ kind: "block", label: "no", detail: "not (a == 1)" }), "");
  assert.equal(subtitle({ kind: "block", label: 'case "a"', detail: '"a"' }), "");
  assert.equal(subtitle({ kind: "block", label: "catch", detail: "failed, skipped" }), "failed, skipped");
  assert.equal(subtitle({ kind: "todo", label: "ask \"Ann\"", detail: 'todo "ask \\"Ann\\""' }), "");
  assert.equal(said("set x", "set xs = 1"), "set xs = 1");
  assert.equal(said("manual", "on manual(days: integer) as request"), "(days: integer) as request");
});
