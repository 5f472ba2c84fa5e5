/** What the server offers beyond the Language Server Protocol; server/README.md of the project says what each key means. */

export interface Position {
  readonly line: number;
  readonly character: number;
}

export interface Range {
  readonly start: Position;
  readonly end: Position;
}

/** Answer to the request, and content of the notification, `flowquill/status`. */
export interface ServerStatus {
  readonly state: "loading" | "ready" | "generating" | "failed";
  readonly message?: string | null;
  readonly engine?: string | null;
  readonly model?: string | null;
  readonly tenant?: string | null;
  readonly catalog?: { readonly connectors: number; readonly operations: number } | null;
  readonly latencyMs?: number | null;
  readonly confidence?: number | null;
  readonly nothing?: { readonly code: string; readonly message: string } | null;
}

/** What `flowquill.generate`, `generateTodo`, `edit` and `explain` answer. */
export interface Written {
  readonly applied: boolean;
  readonly code?: string;
  readonly message?: string;
}

/** One step of a dry run, and the trigger of it. */
export interface TraceStep {
  readonly name: string;
  readonly kind: string;
  readonly status: string;
  readonly operation?: string;
  readonly inputs?: unknown;
  readonly outputs?: unknown;
  readonly note?: string;
  readonly error?: { readonly code: string; readonly message: string };
  readonly range?: Range;
  readonly steps?: readonly TraceStep[];
}

/** What `flowquill.run` answers. */
export interface Trace {
  readonly flow: string;
  readonly status: string;
  readonly sentence?: string;
  readonly text?: string;
  readonly trigger?: TraceStep;
  readonly steps: readonly TraceStep[];
  readonly variables?: Readonly<Record<string, unknown>>;
  readonly responses?: readonly unknown[];
}

/** What `flowquill.compile` answers. */
export interface Compiled {
  readonly target?: string;
  readonly definition: unknown;
  readonly connections: readonly { readonly api: string; readonly key: string }[];
  readonly problems: readonly string[];
}

/** The server's own commands. */
export const SERVER = {
  generate: "flowquill.generate",
  edit: "flowquill.edit",
  explain: "flowquill.explain",
  run: "flowquill.run",
  compile: "flowquill.compile",
  graph: "flowquill.graph",
} as const;
