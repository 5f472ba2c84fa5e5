/** The lines of a node. Pure. */
import type { GraphNode } from "./model";

type Said = Pick<GraphNode, "label" | "kind" | "detail">;

/** Most lines below a title; what goes beyond them is counted in the last one. */
const MOST = 4;

export function title(node: Pick<GraphNode, "label" | "kind">): string {
  return node.label || node.kind;
}

/** What the text of the step says beyond its title: the arguments of a call, the trigger's inputs; "" where it says no more. */
export function subtitle(node: Said): string {
  const detail = node.detail?.replace(/\s+/g, " ").trim() ?? "";
  // The step that holds an arm says its condition already.
  if (node.kind === "block") return ["yes", "no"].includes(node.label) || node.label.includes(detail) ? "" : detail;
  const rest = detail.replace(/^on /, "");
  // A sentence is the title of its step.
  if (rest === `${node.kind} ${JSON.stringify(node.label)}`) return "";
  if (!rest.startsWith(node.label) || /^\w/.test(rest.slice(node.label.length))) return detail;
  const more = rest.slice(node.label.length).trim();
  const inside = /^\((.*)\)$/.exec(more)?.[1]?.trim();
  return inside ?? more;
}

/** The same in lines, an argument each. */
export function details(node: Said): readonly string[] {
  const said = subtitle(node);
  if (!said) return [];
  const given = /^\((.*)\) (as \w+)$/.exec(said);
  const all = given ? [...parts(given[1] ?? ""), given[2] ?? ""] : parts(said);
  return all.length <= MOST ? all : [...all.slice(0, MOST - 1), `${all.length - MOST + 1} more`];
}

/** Cut at commas that stand in no string and no bracket. */
function parts(text: string): string[] {
  const found: string[] = [];
  let start = 0;
  let depth = 0;
  let quoted = false;
  for (let at = 0; at < text.length; at += 1) {
    const letter = text[at];
    if (letter === "\\") at += 1;
    else if (letter === '"') quoted = !quoted;
    else if (quoted) continue;
    else if (letter !== undefined && "([{".includes(letter)) depth += 1;
    else if (letter !== undefined && ")]}".includes(letter)) depth -= 1;
    else if (letter === "," && depth === 0) {
      found.push(text.slice(start, at));
      start = at + 1;
    }
  }
  return [...found, text.slice(start)].map((part) => part.trim()).filter(Boolean);
}
