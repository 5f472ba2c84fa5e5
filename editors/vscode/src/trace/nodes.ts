/** A dry run as a tree of lines. Pure. */
import type { Range, Trace, TraceStep } from "../server/protocol";

export type Mark = "succeeded" | "failed" | "skipped" | "value";

export interface TraceNode {
  readonly label: string;
  readonly description: string;
  readonly mark: Mark;
  /** More, as plain text. */
  readonly tooltip: string;
  readonly range: Range | undefined;
  readonly children: readonly TraceNode[];
  /** Whether it is shown open at first. */
  readonly open: boolean;
}

const LONGEST = 120;

export function nodes(trace: Trace): readonly TraceNode[] {
  const variables = Object.entries(trace.variables ?? {});
  return [
    ...(trace.trigger ? [step(trace.trigger)] : []),
    ...trace.steps.map(step),
    ...(variables.length ? [group("variables", trace.variables)] : []),
    ...(trace.responses?.length ? [group("responses", trace.responses)] : []),
  ];
}

/** The run in one line. */
export function headline(trace: Trace): string {
  return `${trace.flow}: ${trace.sentence ?? trace.status}`;
}

function step(given: TraceStep): TraceNode {
  const mark = markOf(given.status);
  const inner = (given.steps ?? []).map(step);
  const values = [
    ...(given.inputs === undefined ? [] : [group("inputs", given.inputs)]),
    ...(given.outputs === undefined ? [] : [group("outputs", given.outputs)]),
  ];
  const description = [given.operation && given.operation !== given.name ? given.operation : "", given.note ?? "", given.error?.message ?? ""].filter(Boolean).join(" · ");
  return {
    label: given.name,
    description,
    mark,
    tooltip: [`${given.name}: ${given.status}`, given.kind, description].filter(Boolean).join("\n"),
    range: given.range,
    children: [...values, ...inner],
    open: inner.length > 0 && mark !== "skipped",
  };
}

function markOf(status: string): Mark {
  if (status === "Succeeded") return "succeeded";
  return status === "Skipped" ? "skipped" : "failed";
}

function group(label: string, value: unknown): TraceNode {
  return valueNode(label, value);
}

function valueNode(label: string, value: unknown): TraceNode {
  const children =
    value !== null && typeof value === "object"
      ? Array.isArray(value)
        ? value.map((each, index) => valueNode(`[${index}]`, each))
        : Object.entries(value).map(([key, each]) => valueNode(key, each))
      : [];
  return { label, description: short(value), mark: "value", tooltip: JSON.stringify(value, undefined, 2)?.slice(0, 4000) ?? "", range: undefined, children, open: false };
}

function short(value: unknown): string {
  const text = JSON.stringify(value) ?? "";
  return text.length <= LONGEST ? text : `${text.slice(0, LONGEST - 1)}…`;
}
