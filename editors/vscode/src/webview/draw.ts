/** A placed graph as SVG elements. Colours are classes; graph.css gives them from the theme. */
import type { Box, Line, Measure, Placed, Point, Size } from "../graph/layout";
import { details, subtitle, title as titleOf } from "../graph/labels";

const NS = "http://www.w3.org/2000/svg";
const PAD = { x: 12, y: 8 } as const;
const ROW = { title: 18, detail: 15 } as const;
const WIDEST = { title: 290, detail: 180 } as const;

/** Measures with the fonts of the page. */
export function measurer(family: string): Measure & { fit: Fit } {
  const context = document.createElement("canvas").getContext("2d");
  const width = (text: string, font: Font): number => {
    if (!context) return text.length * 7;
    context.font = `${font === "title" ? "600 13px" : "12px"} ${family}`;
    return context.measureText(text).width;
  };
  const fit: Fit = (text, font, widest = WIDEST[font]) => {
    let cut = text;
    while (cut.length > 4 && width(cut === text ? text : `${cut}…`, font) > widest) cut = cut.slice(0, Math.floor(cut.length * 0.95));
    return cut === text ? text : `${cut}…`;
  };
  return {
    fit,
    node: (node, container) => {
      const lines = details(node);
      const widths = [width(fit(titleOf(node), "title"), "title"), ...lines.map((line) => width(fit(line, "detail"), "detail"))];
      return { width: Math.max(60, Math.ceil(Math.max(...widths)) + 2 * PAD.x), height: (container ? 1 : 2) * PAD.y + ROW.title + lines.length * ROW.detail };
    },
    label: (text) => ({ width: Math.ceil(width(text, "detail")) + 8, height: 16 }) satisfies Size,
  };
}

type Font = keyof typeof WIDEST;
/** A text, cut to a width; without one, to the widest of its kind. */
type Fit = (text: string, font: Font, widest?: number) => string;

export function draw(placed: Placed, fit: Fit): SVGSVGElement {
  const svg = element("svg", { viewBox: `0 0 ${Math.ceil(placed.width)} ${Math.ceil(placed.height)}`, role: "group", "aria-label": "Graph of the flow" });
  const marker = element("marker", { id: "arrow", viewBox: "0 0 8 8", refX: 7, refY: 4, markerWidth: 8, markerHeight: 8, orient: "auto" });
  marker.append(element("path", { d: "M0,0.5 L8,4 L0,7.5 Z", class: "arrow" }));
  const defs = element("defs", {});
  defs.append(marker);
  svg.append(defs, ...placed.boxes.filter((box) => box.container).map((box) => boxed(box, fit)));
  svg.append(...placed.lines.map(lined), ...placed.boxes.filter((box) => !box.container).map((box) => boxed(box, fit)));
  return svg;
}

/** The SVG as a file that needs no style sheet: the colours of the theme are written into it. */
export function standalone(svg: SVGSVGElement): string {
  const copy = svg.cloneNode(true) as SVGSVGElement;
  const originals = [svg, ...svg.querySelectorAll("*")];
  const copies = [copy, ...copy.querySelectorAll("*")];
  copies.forEach((target, index) => {
    const source = originals[index];
    if (!source) return;
    const style = getComputedStyle(source);
    for (const name of ["fill", "fill-opacity", "stroke", "stroke-width", "stroke-opacity", "stroke-dasharray", "font-family", "font-size", "font-weight", "text-anchor", "paint-order", "opacity"]) target.setAttribute(name, style.getPropertyValue(name));
    for (const name of ["class", "tabindex", "data-id", "style"]) target.removeAttribute(name);
  });
  const box = svg.viewBox.baseVal;
  const back = element("rect", { width: box.width, height: box.height, fill: getComputedStyle(document.body).backgroundColor });
  copy.prepend(back);
  copy.setAttribute("xmlns", NS);
  copy.setAttribute("width", String(box.width));
  copy.setAttribute("height", String(box.height));
  return `<?xml version="1.0" encoding="UTF-8"?>\n${new XMLSerializer().serializeToString(copy)}\n`;
}

function boxed({ node, container, x, y, width, height }: Box, fit: Fit): SVGGElement {
  const classes = ["node", `kind-${node.kind}`, container ? "container" : "leaf", node.diagnostics ? `has-${node.diagnostics}` : ""].filter(Boolean).join(" ");
  const name = [node.kind, titleOf(node), subtitle(node), node.diagnostics ?? ""].filter(Boolean).join(", ");
  const group = element("g", { class: classes, "data-id": node.id, tabindex: 0, role: "button", "aria-label": name, transform: `translate(${round(x)},${round(y)})` });
  const tip = element("title", {});
  tip.textContent = node.detail?.includes(node.label) ? node.detail : [titleOf(node), node.detail].filter(Boolean).join("\n");
  const title = element("text", { class: "title", x: PAD.x, y: PAD.y + 13 });
  title.textContent = fit(titleOf(node), "title", width - 2 * PAD.x);
  group.append(tip, element("rect", { class: "shape", width: round(width), height: round(height), rx: node.kind === "trigger" ? 14 : 4 }), title);
  if (!container && node.kind !== "trigger") group.append(element("rect", { class: "bar", x: 0, y: 0, width: 4, height: round(height), rx: 2 }));
  details(node).forEach((line, index) => {
    const detail = element("text", { class: "detail", x: PAD.x, y: PAD.y + 13 + (index + 1) * ROW.detail });
    detail.textContent = fit(line, "detail", width - 2 * PAD.x);
    group.append(detail);
  });
  return group;
}

function lined({ edge, points, label }: Line): SVGGElement {
  const plain = !edge.statuses || edge.statuses.every((status) => status === "succeeded");
  const group = element("g", { class: plain ? "edge" : "edge other" });
  group.append(element("path", { d: curve(points), "marker-end": "url(#arrow)" }));
  if (edge.label && label) {
    const text = element("text", { class: "label", x: round(label.x), y: round(label.y) + 4 });
    text.textContent = edge.label;
    group.append(text);
  }
  return group;
}

/** A smooth line: through the middles between inner points, the points themselves pulling it. */
function curve(points: readonly Point[]): string {
  const [first, ...rest] = points;
  const last = rest.at(-1);
  if (!first || !last) return "";
  const parts = [`M${at(first)}`];
  rest.slice(0, -1).forEach((point, index) => {
    const next = rest[index + 1] ?? last;
    const end = index === rest.length - 2 ? next : { x: (point.x + next.x) / 2, y: (point.y + next.y) / 2 };
    parts.push(`Q${at(point)} ${at(end)}`);
  });
  return rest.length === 1 ? `M${at(first)} L${at(last)}` : parts.join(" ");
}

function at(point: Point): string {
  return `${round(point.x)},${round(point.y)}`;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

function element<K extends keyof SVGElementTagNameMap>(name: K, attributes: Readonly<Record<string, string | number>>): SVGElementTagNameMap[K] {
  const made = document.createElementNS(NS, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, String(value));
  return made;
}
