/** Places the nodes of a graph: a dagre layout for each container, the innermost first. Pure. */
import { Graph as Dagre, layout as dagre } from "@dagrejs/dagre";
import type { Direction, Graph, GraphEdge, GraphNode } from "./model";

export interface Point {
  readonly x: number;
  readonly y: number;
}

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** A node in its place; x and y are its upper left corner, in pixels of the whole picture. */
export interface Box extends Point, Size {
  readonly node: GraphNode;
  readonly container: boolean;
}

export interface Line {
  readonly edge: GraphEdge;
  readonly points: readonly Point[];
  /** The middle of its label. */
  readonly label: Point | undefined;
}

/** Containers come before what they hold. */
export interface Placed extends Size {
  readonly boxes: readonly Box[];
  readonly lines: readonly Line[];
}

/** Sizes of texts in pixels. */
export interface Measure {
  /** A node without what it holds; for a container, its title. */
  node(node: GraphNode, container: boolean): Size;
  /** Of an edge's label. */
  label(text: string): Size;
}

const MARGIN = 10;
const GAP = { nodes: 16, ranks: 28 } as const;

export function layout(graph: Graph, measure: Measure, direction: Direction): Placed {
  const parents = new Map(graph.nodes.map((node) => [node.id, node.parent]));
  const children = new Map<string | null, GraphNode[]>();
  for (const node of graph.nodes) {
    // A parent that is not there would hide the node.
    const parent = node.parent !== null && parents.has(node.parent) ? node.parent : null;
    children.set(parent, [...(children.get(parent) ?? []), node]);
  }
  const lifted = graph.edges.map((edge) => lift(edge, parents)).filter((edge) => edge !== undefined);

  const place = (parent: string | null): Placed => {
    const inner = new Map<string, Placed>();
    const sizes = new Map<string, Size>();
    const own = children.get(parent) ?? [];
    const arranged = new Dagre({ multigraph: true });
    arranged.setGraph({ rankdir: direction === "down" ? "TB" : "LR", rankalign: "top", nodesep: GAP.nodes, ranksep: GAP.ranks, marginx: MARGIN, marginy: MARGIN });
    for (const node of own) {
      let size = measure.node(node, children.has(node.id));
      if (children.has(node.id)) {
        const inside = place(node.id);
        inner.set(node.id, inside);
        size = { width: Math.max(size.width, inside.width), height: size.height + inside.height };
      }
      sizes.set(node.id, size);
      arranged.setNode(node.id, { ...size });
    }
    const edges = lifted.filter((edge) => sizes.has(edge.from) && sizes.has(edge.to));
    edges.forEach(({ from, to, edge }, index) => {
      const size = edge.label ? measure.label(edge.label) : { width: 0, height: 0 };
      arranged.setEdge(from, to, { ...size, labelpos: "c" }, String(index));
    });
    if (own.length) dagre(arranged);

    const boxes: Box[] = [];
    const lines: Line[] = [];
    for (const node of own) {
      const centre = arranged.node(node.id) as Point;
      const size = sizes.get(node.id) as Size;
      const corner = { x: centre.x - size.width / 2, y: centre.y - size.height / 2 };
      const inside = inner.get(node.id);
      boxes.push({ node, container: inside !== undefined, ...corner, ...size });
      if (inside) {
        const shift = { x: corner.x + (size.width - inside.width) / 2, y: corner.y + size.height - inside.height };
        boxes.push(...inside.boxes.map((box) => ({ ...box, ...moved(box, shift) })));
        lines.push(...inside.lines.map((line) => ({ ...line, points: line.points.map((p) => moved(p, shift)), label: line.label && moved(line.label, shift) })));
      }
    }
    edges.forEach(({ from, to, edge }, index) => {
      const drawn = arranged.edge({ v: from, w: to, name: String(index) }) as { points: Point[]; x?: number; y?: number };
      const label = edge.label && drawn.x !== undefined && drawn.y !== undefined ? { x: drawn.x, y: drawn.y } : undefined;
      lines.push({ edge, points: drawn.points.map(({ x, y }) => ({ x, y })), label });
    });
    const made = arranged.graph() as { width?: number; height?: number };
    return { boxes, lines, width: made.width ?? 2 * MARGIN, height: made.height ?? 2 * MARGIN };
  };
  return place(null);
}

interface Lifted {
  readonly from: string;
  readonly to: string;
  readonly edge: GraphEdge;
}

/** An edge between the two ancestors that stand side by side; undefined where one end holds the other. */
function lift(edge: GraphEdge, parents: ReadonlyMap<string, string | null>): Lifted | undefined {
  const from = line(edge.from, parents);
  const to = line(edge.to, parents);
  for (const a of from) {
    for (const b of to) {
      if (a !== b && (parents.get(a) ?? null) === (parents.get(b) ?? null)) return from.includes(b) || to.includes(a) ? undefined : { from: a, to: b, edge };
    }
  }
  return undefined;
}

/** A node and all that hold it, the innermost first. */
function line(id: string, parents: ReadonlyMap<string, string | null>): string[] {
  const found: string[] = [];
  for (let at: string | null | undefined = id; at != null && parents.has(at) && !found.includes(at); at = parents.get(at)) found.push(at);
  return found;
}

function moved(point: Point, by: Point): Point {
  return { x: point.x + by.x, y: point.y + by.y };
}
