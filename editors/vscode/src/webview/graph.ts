/** The script of the panel: draws what the host sends, tells it of clicks, zooms, and hands the picture over for saving. */
import { layout } from "../graph/layout";
import type { FromView, ToView } from "../graph/model";
import { draw, measurer, standalone } from "./draw";

declare function acquireVsCodeApi(): { postMessage(message: FromView): void };

const host = acquireVsCodeApi();
const place = document.getElementById("place") as HTMLElement;
const problem = document.getElementById("problem") as HTMLElement;
/** `legible`: what a new picture is not drawn smaller than. */
const ZOOM = { least: 0.2, most: 3, step: 1.25, legible: 0.75 } as const;
let svg: SVGSVGElement | undefined;
let scale = 1;
/** The smallest scale with which the picture follows the size of the panel; undefined once somebody has zoomed. */
let following: number | undefined;
let flow = "";
let selected: string | null = null;

window.addEventListener("message", ({ data }: MessageEvent<ToView>) => {
  switch (data.type) {
    case "graph": {
      const measure = measurer(getComputedStyle(document.body).fontFamily);
      const first = flow !== data.graph.flow;
      flow = data.graph.flow;
      svg = draw(layout(data.graph, measure, data.direction), measure.fit);
      place.replaceChildren(svg);
      problem.textContent = "";
      document.body.classList.remove("stale");
      if (first) fit(ZOOM.legible);
      else zoom(scale);
      mark(selected, false);
      break;
    }
    case "select":
      mark(data.id, true);
      break;
    case "problem":
      problem.textContent = data.text;
      document.body.classList.add("stale");
      break;
  }
});

place.addEventListener("click", ({ target }) => open(target));
place.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" && event.key !== " ") return;
  event.preventDefault();
  open(event.target);
});
place.addEventListener(
  "wheel",
  (event) => {
    if (!event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    zoomBy(event.deltaY < 0 ? ZOOM.step : 1 / ZOOM.step);
  },
  { passive: false },
);
document.getElementById("in")?.addEventListener("click", () => zoomBy(ZOOM.step));
document.getElementById("out")?.addEventListener("click", () => zoomBy(1 / ZOOM.step));
document.getElementById("fit")?.addEventListener("click", () => fit(ZOOM.least));
document.getElementById("save")?.addEventListener("click", () => svg && host.postMessage({ type: "save", svg: standalone(svg) }));
new ResizeObserver(() => following !== undefined && fit(following)).observe(place);
host.postMessage({ type: "ready" });

function open(target: EventTarget | null): void {
  const id = (target as Element | null)?.closest?.(".node")?.getAttribute("data-id");
  if (id) host.postMessage({ type: "open", id });
}

function mark(id: string | null, scroll: boolean): void {
  selected = id;
  svg?.querySelectorAll(".selected").forEach((each) => each.classList.remove("selected"));
  const found = id === null ? undefined : [...(svg?.querySelectorAll(".node") ?? [])].find((each) => each.getAttribute("data-id") === id);
  found?.classList.add("selected");
  if (scroll) found?.scrollIntoView({ block: "nearest", inline: "nearest" });
}

function zoomBy(factor: number): void {
  following = undefined;
  zoom(scale * factor);
}

function zoom(to: number): void {
  scale = Math.min(ZOOM.most, Math.max(ZOOM.least, to));
  if (!svg) return;
  svg.setAttribute("width", String(svg.viewBox.baseVal.width * scale));
  svg.setAttribute("height", String(svg.viewBox.baseVal.height * scale));
}

/** As large as the panel allows, never larger than the text of the editor. */
function fit(least: number): void {
  following = least;
  if (!svg) return;
  const box = svg.viewBox.baseVal;
  zoom(Math.max(least, Math.min(1, (place.clientWidth - 4) / box.width, (place.clientHeight - 4) / box.height)));
}
