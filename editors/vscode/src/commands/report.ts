/** Pages in Markdown: what the doctor found, what is missing. Pure. */
import { advice, type Missing } from "../server/locate";

/** One thing that `flowquill doctor --json` looked at. */
export interface Finding {
  readonly name: string;
  readonly state: "ok" | "missing" | "wrong";
  readonly detail: string;
  readonly mend: string;
}

const SIGNS = { ok: "✓", missing: "–", wrong: "✗" } as const;

/** Reads the doctor's JSON. Raises an Error with one sentence where it is none. */
export function findings(text: string): readonly Finding[] {
  try {
    const read: unknown = JSON.parse(text);
    if (Array.isArray(read) && read.every((f: Partial<Finding> | null) => typeof f?.name === "string" && typeof f.state === "string")) return read as Finding[];
  } catch {
    // Told below, as for JSON that is something else.
  }
  throw new Error("The doctor's answer is not what it should be; run flowquill doctor in a terminal.");
}

export function doctorPage(found: readonly Finding[], program: string): string {
  const wrong = found.filter((f) => f.state === "wrong").length;
  const verdict = wrong ? `${wrong} ${wrong === 1 ? "thing" : "things"} to mend.` : "Everything needed is in order.";
  const mend = found.some((f) => f.mend);
  const rows = found.map((f) => `| ${SIGNS[f.state] ?? ""} | ${cell(f.name)} | ${cell(f.detail)} |${mend ? ` ${cell(f.mend)} |` : ""}`);
  return [`# Flowquill's doctor`, "", verdict, "", `It ran \`${program}\`.`, "", `| | what | found |${mend ? " to do |" : ""}`, `| --- | --- | --- |${mend ? " --- |" : ""}`, ...rows, ""].join("\n");
}

export function missingPage(missing: Missing): string {
  const ways = [
    ...(missing.python || missing.tools.uv ? ["Run the command **Flowquill: Install the Language Server**: it makes an environment of its own."] : []),
    "With pipx: `pipx install flowquill`",
    "With uv: `uv tool install flowquill`; or without installing, set `flowquill.server.command` to `uvx` and `flowquill.server.arguments` to `[\"flowquill\", \"lsp\"]`.",
    "With pip, in an environment of yours: `pip install flowquill`, then name its Python in the setting `flowquill.python`.",
  ];
  return ["# The language server is missing", "", cell(advice(missing)), "", "## What was tried", "", ...missing.tried.map((t) => `- ${cell(t)}`), "", "## Ways to it", "", ...ways.map((w) => `- ${w}`), ""].join("\n");
}

function cell(text: string): string {
  return text.replace(/[\\`*_{}[\]<>#|]/g, "\\$&").replace(/\s+/g, " ");
}
