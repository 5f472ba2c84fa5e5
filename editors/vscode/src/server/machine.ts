/** The machine as `locate` asks about it. */
import { constants } from "node:fs";
import { access, stat } from "node:fs/promises";
import { delimiter, isAbsolute } from "node:path";
import type { Machine, Python } from "./locate";
import { run } from "./run";

const EXAMINE = `
import sys, importlib.util as u
try:
    there = u.find_spec("flowquill.cli") is not None
except ModuleNotFoundError:
    there = False
print(*sys.version_info[:3], int(there))
`;

/** `safe`: a folder of this extension, where Pythons run so that they import nothing from the workspace. */
export function machine(safe: string): Machine {
  const windows = process.platform === "win32";
  return {
    windows,
    // A relative entry would mean the workspace's folder.
    path: (process.env["PATH"] ?? process.env["Path"] ?? "").split(delimiter).filter((folder) => isAbsolute(folder)),
    isFile: (path) => isProgram(path, windows),
    examine: (python) => examine(python, safe),
  };
}

async function isProgram(path: string, windows: boolean): Promise<boolean> {
  try {
    if (!isAbsolute(path) || !(await stat(path)).isFile()) return false;
    if (!windows) await access(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

async function examine(path: string, safe: string): Promise<Python | undefined> {
  const result = await run(path, ["-c", EXAMINE], { cwd: safe, timeout: 20_000 }).catch(() => undefined);
  const numbers = result?.code === 0 ? result.stdout.trim().split(/\s+/).map(Number) : [];
  if (numbers.length !== 4 || numbers.some(Number.isNaN)) return undefined;
  return { path, version: numbers.slice(0, 3), flowquill: numbers[3] === 1 };
}
