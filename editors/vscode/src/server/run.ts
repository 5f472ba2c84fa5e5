/** Runs a program to its end, without a shell. */
import { spawn } from "node:child_process";

export interface Ended {
  /** The exit code; null where it was stopped. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Running {
  readonly cwd: string;
  readonly env?: NodeJS.ProcessEnv;
  /** Milliseconds until it is stopped. */
  readonly timeout?: number;
  readonly signal?: AbortSignal;
  /** Gets each line as it is written. */
  readonly line?: (text: string) => void;
}

/** Rejects where the program cannot be started. */
export function run(program: string, args: readonly string[], how: Running): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd: how.cwd,
      env: how.env ?? process.env,
      stdio: ["ignore", "pipe", "pipe"],
      timeout: how.timeout,
      signal: how.signal,
      windowsHide: true,
    });
    const said = { stdout: "", stderr: "" };
    const rest = { stdout: "", stderr: "" };
    for (const name of ["stdout", "stderr"] as const) {
      child[name].setEncoding("utf8").on("data", (text: string) => {
        said[name] += text;
        const lines = (rest[name] + text).split(/\r?\n/);
        rest[name] = lines.pop() ?? "";
        for (const line of lines) how.line?.(line);
      });
    }
    child.on("error", (error) => (how.signal?.aborted ? resolve({ code: null, ...said }) : reject(error)));
    child.on("close", (code) => resolve({ code, ...said }));
  });
}
