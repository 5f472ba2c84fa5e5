/** The graph of a flow, as the server gives it, and what the host and the picture say to each other. Pure. */
import type { Position, Range } from "../server/protocol";

export interface GraphNode {
  readonly id: string;
  readonly kind: string;
  readonly label: string;
  readonly detail?: string;
  readonly parent: string | null;
  readonly range?: Range;
  readonly selectionRange?: Range;
  readonly diagnostics?: "error" | "warning" | null;
}

export interface GraphEdge {
  readonly id?: string;
  readonly from: string;
  readonly to: string;
  readonly label: string;
  readonly statuses?: readonly string[];
}

export interface Graph {
  readonly flow: string;
  readonly nodes: readonly GraphNode[];
  readonly edges: readonly GraphEdge[];
}

export type Direction = "down" | "right";

/** From the host to the picture. */
export type ToView =
  | { readonly type: "graph"; readonly graph: Graph; readonly direction: Direction }
  | { readonly type: "select"; readonly id: string | null }
  | { readonly type: "problem"; readonly text: string };

/** From the picture to the host. */
export type FromView =
  | { readonly type: "ready" }
  | { readonly type: "open"; readonly id: string }
  | { readonly type: "save"; readonly svg: string };

/** The innermost node at a position. */
export function nodeAt(graph: Graph, at: Position): GraphNode | undefined {
  let best: GraphNode | undefined;
  for (const node of graph.nodes) {
    if (!node.range || !contains(node.range, at)) continue;
    if (!best?.range || inside(node.range, best.range)) best = node;
  }
  return best;
}

function before(a: Position, b: Position): boolean {
  return a.line < b.line || (a.line === b.line && a.character <= b.character);
}

function contains(range: Range, at: Position): boolean {
  // A step is meant from the beginning of its line on, where the cursor often stands.
  return before({ line: range.start.line, character: 0 }, at) && before(at, range.end);
}

function inside(inner: Range, outer: Range): boolean {
  return before(outer.start, inner.start) && before(inner.end, outer.end);
}
