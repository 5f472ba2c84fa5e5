/** The steps that make an environment with flowquill in it. Pure. */
import { bin, join, type Machine, type Missing } from "./locate";

export interface Step {
  readonly title: string;
  readonly program: string;
  readonly args: readonly string[];
}

/**
 * The programs to run, in order, so that `folder` holds `packageName`. With a Python by its own means, else with uv, which fetches one;
 * undefined where there is neither.
 */
export function steps(machine: Pick<Machine, "windows">, missing: Missing, folder: string, packageName: string): readonly Step[] | undefined {
  const python = join(machine, folder, ...bin(machine, "python"));
  const uv = missing.tools.uv;
  if (missing.python) {
    return [
      { title: "Making the environment", program: missing.python.path, args: ["-m", "venv", "--clear", folder] },
      {
        title: `Installing ${packageName}`,
        program: python,
        args: ["-m", "pip", "install", "--no-input", "--disable-pip-version-check", "--progress-bar", "off", packageName],
      },
    ];
  }
  if (uv) {
    return [
      { title: "Fetching Python and making the environment", program: uv, args: ["venv", "--clear", "--python", ">=3.11", folder] },
      { title: `Installing ${packageName}`, program: uv, args: ["pip", "install", "--python", python, packageName] },
    ];
  }
  return undefined;
}

/** The reason of a failure out of what pip, venv or uv wrote: the last line that says error, else the last line. */
export function reason(output: string): string {
  const lines = output.split(/\r?\n/).map((line) => line.trim()).filter(Boolean);
  const line = lines.findLast((text) => /\berror\b/i.test(text)) ?? lines.at(-1) ?? "it said nothing";
  return line.replace(/^error:\s*/i, "").replace(/\.$/, "");
}
