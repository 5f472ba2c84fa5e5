/** The settings that the extension itself reads; those of the server go to it as they are. */
import { workspace } from "vscode";

export const SECTION = "flowquill";

export interface Settings {
  readonly python: string;
  readonly command: string;
  readonly args: readonly string[];
  /** What pip installs. */
  readonly packageName: string;
  readonly engine: string;
  readonly engineUrl: string;
  readonly tenant: string;
  readonly direction: "down" | "right";
}

export function settings(): Settings {
  const given = workspace.getConfiguration(SECTION);
  return {
    python: given.get<string>("python", "").trim(),
    command: given.get<string>("server.command", "").trim(),
    args: given.get<string[]>("server.arguments", ["lsp"]),
    packageName: given.get<string>("server.package", "").trim() || "flowquill",
    engine: given.get<string>("engine", "embedded"),
    engineUrl: given.get<string>("engineUrl", "").trim(),
    tenant: given.get<string>("tenant", "").trim(),
    direction: given.get<string>("graph.direction") === "right" ? "right" : "down",
  };
}

/** The settings whose change asks for another process. */
export const RESTARTING = ["python", "server.command", "server.arguments"].map((name) => `${SECTION}.${name}`);
