/** Where the language server is: settings first, then environments, then the PATH. Pure; the machine comes in as a `Machine`. */

/** The oldest Python that flowquill runs on. */
export const OLDEST = [3, 11] as const;

/** A way to run the command `flowquill`: `[program, ...prefix, "lsp"]`. */
export interface Launch {
  readonly program: string;
  readonly prefix: readonly string[];
  /** Where it was found, in words. */
  readonly origin: string;
}

/** A Python and whether it has flowquill. */
export interface Python {
  readonly path: string;
  readonly version: readonly number[];
  readonly flowquill: boolean;
}

/** What may be asked of the machine. */
export interface Machine {
  readonly windows: boolean;
  /** The absolute folders of the PATH. */
  readonly path: readonly string[];
  isFile(path: string): Promise<boolean>;
  /** What a Python says of itself; undefined where it does not run. */
  examine(python: string): Promise<Python | undefined>;
}

/** What the person, and other extensions, say about where it is. Empty where they say nothing. */
export interface Wishes {
  readonly command: string;
  readonly python: string;
  /** The interpreter that is active in the editor. */
  readonly active: string;
  /** The folder of the environment that this extension made. */
  readonly own: string;
}

export interface Found {
  readonly kind: "found";
  readonly launch: Launch;
}

export interface Missing {
  readonly kind: "missing";
  /** A sentence for each place that was looked at. */
  readonly tried: readonly string[];
  /** A Python that an environment can be made with. */
  readonly python: Python | undefined;
  /** Paths of the installers there are. */
  readonly tools: { readonly uv?: string; readonly pipx?: string };
}

const MODULE = ["-P", "-m", "flowquill.cli.main"] as const;

/** The first place that has flowquill, or what was tried. A setting that leads nowhere ends the search: it was meant. */
export async function locate(machine: Machine, wishes: Wishes): Promise<Found | Missing> {
  const tried: string[] = [];
  let fit: Python | undefined;

  const inPython = async (path: string, origin: string): Promise<Found | undefined> => {
    const script = beside(machine, path);
    if (script && (await machine.isFile(script))) return found(script, [], origin);
    const python = await machine.examine(path);
    if (!python) {
      tried.push(`${origin}: ${path} does not run.`);
    } else if (python.flowquill && isFit(python)) {
      return found(path, MODULE, origin);
    } else if (!isFit(python)) {
      tried.push(`${origin}: ${path} is Python ${python.version.join(".")}; ${OLDEST.join(".")} or newer is needed.`);
    } else {
      fit ??= python;
      tried.push(`${origin}: ${path} (Python ${python.version.join(".")}) has no flowquill.`);
    }
    return undefined;
  };
  const missing = async (): Promise<Missing> => {
    const [uv, pipx] = [await onPath(machine, "uv"), await onPath(machine, "pipx")];
    return { kind: "missing", tried, python: fit, tools: { ...(uv ? { uv } : {}), ...(pipx ? { pipx } : {}) } };
  };

  if (wishes.command) {
    const program = isPath(wishes.command) ? wishes.command : await onPath(machine, wishes.command);
    if (program && (await machine.isFile(program))) return found(program, [], "the setting flowquill.server.command");
    tried.push(`The setting flowquill.server.command names ${wishes.command}, which is not there.`);
    return missing();
  }
  if (wishes.python) {
    const path = isPath(wishes.python) ? wishes.python : ((await onPath(machine, wishes.python)) ?? wishes.python);
    return (await inPython(path, "The setting flowquill.python")) ?? missing();
  }
  if (wishes.active) {
    const hit = await inPython(wishes.active, "The active Python environment");
    if (hit) return hit;
  }
  if (wishes.own) {
    const script = join(machine, wishes.own, ...bin(machine, "flowquill"));
    if (await machine.isFile(script)) return found(script, [], "The environment of this extension");
    tried.push("The environment of this extension is not whole; install it again.");
  }
  const program = await onPath(machine, "flowquill");
  if (program) return found(program, [], "The PATH");
  tried.push("The PATH has no flowquill.");
  for (const name of machine.windows ? ["python", "py"] : ["python3", "python"]) {
    const path = await onPath(machine, name);
    const hit = path ? await inPython(path, `${name} on the PATH`) : undefined;
    if (hit) return hit;
  }
  return missing();
}

/** Whether flowquill runs on this Python. */
export function isFit(python: Python): boolean {
  const [major = 0, minor = 0] = python.version;
  return major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1]);
}

/** Folders and name of a program inside an environment. */
export function bin(machine: Pick<Machine, "windows">, name: string): readonly [string, string] {
  return machine.windows ? ["Scripts", `${name}.exe`] : ["bin", name];
}

/** The parts of a path joined as the machine does. */
export function join(machine: Pick<Machine, "windows">, ...parts: readonly string[]): string {
  return parts.join(machine.windows ? "\\" : "/");
}

/** What to say, in a sentence or two, where nothing was found. */
export function advice(missing: Missing): string {
  const setting = missing.tried.find((sentence) => sentence.startsWith("The setting"));
  if (setting) return `${setting} Mend the setting, or empty it to let Flowquill look by itself.`;
  const ways = [missing.tools.uv ? "uv tool install flowquill" : "", missing.tools.pipx ? "pipx install flowquill" : ""].filter(Boolean);
  const byHand = ways.length ? ` By hand: ${ways.join(", or ")}.` : "";
  if (missing.python)
    return `Flowquill needs its language server, a Python package. Python ${missing.python.version.join(".")} can hold it in an environment of its own.${byHand}`;
  if (missing.tools.uv) return `Flowquill needs its language server, a Python package; uv can fetch a Python for it.${byHand}`;
  return `Flowquill needs Python ${OLDEST.join(".")} or newer and found none: install it from python.org, or name one in the setting flowquill.python.${byHand}`;
}

function found(program: string, prefix: readonly string[], origin: string): Found {
  return { kind: "found", launch: { program, prefix, origin } };
}

function isPath(text: string): boolean {
  return /[\\/]/.test(text);
}

/** The script that an environment puts beside its Python. */
function beside(machine: Machine, python: string): string | undefined {
  const cut = Math.max(python.lastIndexOf("/"), machine.windows ? python.lastIndexOf("\\") : -1);
  if (cut < 0) return undefined;
  const folder = python.slice(0, cut);
  if (!machine.windows) return `${folder}/flowquill`;
  return /[\\/]scripts$/i.test(folder) ? `${folder}\\flowquill.exe` : `${folder}\\Scripts\\flowquill.exe`;
}

async function onPath(machine: Machine, name: string): Promise<string | undefined> {
  for (const folder of machine.path) {
    const path = join(machine, folder, machine.windows && !/\.\w+$/.test(name) ? `${name}.exe` : name);
    if (await machine.isFile(path)) return path;
  }
  return undefined;
}
