/** What the status item says. Pure. */
import type { Phase } from "../server/session";
import type { ServerStatus } from "../server/protocol";

export interface Shown {
  /** With `$(icon)` at its beginning. */
  readonly text: string;
  /** Lines of the hover, plain text. */
  readonly lines: readonly string[];
  readonly severity: "normal" | "warning" | "error";
}

export interface Known {
  readonly phase: Phase;
  readonly problem: string;
  readonly version: string;
  readonly origin: string;
  readonly status: ServerStatus | undefined;
}

export function describe(known: Known): Shown {
  switch (known.phase) {
    case "idle":
      return { text: "$(circle-outline) Flowquill", lines: ["Starts with the first .flow file."], severity: "normal" };
    case "starting":
      return { text: "$(loading~spin) Flowquill", lines: ["Starting the language server."], severity: "normal" };
    case "missing":
      return { text: "$(warning) Flowquill: not installed", lines: [known.problem], severity: "warning" };
    case "failed":
      return { text: "$(error) Flowquill: stopped", lines: [known.problem], severity: "error" };
    case "running":
      return running(known);
  }
}

function running({ status, version, origin }: Known): Shown {
  const server = `Server${version ? ` ${version}` : ""}${origin ? `, from ${origin[0]?.toLowerCase()}${origin.slice(1)}` : ""}.`;
  if (!status) return { text: "$(check) Flowquill", lines: ["Running.", server], severity: "normal" };
  const lines: string[] = [];
  if (status.message) lines.push(status.message);
  if (status.nothing && status.nothing.message !== status.message) lines.push(`Last time nothing came: ${status.nothing.message}`);
  if (status.engine) lines.push(`Engine: ${status.engine}${status.model ? `, model ${status.model}` : ""}${status.tenant ? `, tenant ${status.tenant}` : ""}.`);
  if (status.catalog) lines.push(`Catalog: ${status.catalog.connectors} connectors, ${status.catalog.operations} operations.`);
  if (typeof status.latencyMs === "number") lines.push(`Last flow: ${Math.round(status.latencyMs)} ms${sure(status.confidence)}.`);
  lines.push(server);
  const name = status.tenant || status.engine || "";
  const tail = name ? `: ${name}` : "";
  switch (status.state) {
    case "loading":
      return { text: "$(loading~spin) Flowquill: loading", lines, severity: "normal" };
    case "generating":
      return { text: `$(sync~spin) Flowquill${tail}`, lines, severity: "normal" };
    case "failed":
      return { text: "$(warning) Flowquill: no model", lines, severity: "warning" };
    default:
      // That nothing comes on a line without a comment is as it should be; only what a person waited for stands out.
      return { text: `${status.nothing?.code === "empty" || status.nothing?.code === "failed" ? "$(info)" : "$(check)"} Flowquill${tail}`, lines, severity: "normal" };
  }
}

function sure(confidence: number | null | undefined): string {
  return typeof confidence === "number" ? `, confidence ${Math.round(confidence * 100)} %` : "";
}
