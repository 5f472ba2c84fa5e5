/** The two lines of a node. Pure. */
import type { GraphNode } from "./model";

export function title(node: Pick<GraphNode, "label" | "kind">): string {
  return node.label || node.kind;
}

/** What the text of the step says beyond its title: the arguments of a call, the trigger's inputs; "" where it says no more. */
export function subtitle(node: Pick<GraphNode, "label" | "kind" | "detail">): string {
  const detail = node.detail?.replace(/\s+/g, " ").trim() ?? "";
  const rest = detail.replace(/^on /, "");
  if (node.kind === "block" || !rest.startsWith(node.label) || /^\w/.test(rest.slice(node.label.length))) return detail;
  const more = rest.slice(node.label.length).trim();
  const inside = /^\((.*)\)$/.exec(more)?.[1]?.trim();
  return inside ?? more;
}
