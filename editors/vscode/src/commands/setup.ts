/** What is missing, and the way to it: the message, the page, the installation, the choice of a Python. */
import { commands, ConfigurationTarget, type ExtensionContext, window, workspace } from "vscode";
import { install } from "../server/install";
import { advice, type Missing } from "../server/locate";
import { RUNNING, type Session } from "../server/session";
import { SECTION } from "../settings";
import { showPage } from "./pages";
import { missingPage } from "./report";

/** The walkthrough, with its first step ticked where the server runs: VS Code ticks a step only when its context becomes true, which it did before. */
export async function openWalkthrough(session: Session): Promise<void> {
  await commands.executeCommand("setContext", RUNNING, false);
  await commands.executeCommand("workbench.action.openWalkthrough", "flowquill.flowquill#start", false);
  await commands.executeCommand("setContext", RUNNING, session.phase === "running");
}

/** Says once in a window what is missing and offers what can be done here. */
export async function offer(context: ExtensionContext, session: Session): Promise<void> {
  const missing = session.missing;
  if (!missing) return;
  const canInstall = Boolean(missing.python ?? missing.tools.uv);
  const buttons = [...(canInstall ? ["Install"] : []), "Choose Python...", "What Was Tried"];
  const answer = await window.showWarningMessage(advice(missing), ...buttons);
  if (answer === "Install") await installServer(context, session);
  if (answer === "Choose Python...") await choosePython();
  if (answer === "What Was Tried") await showPage("Flowquill: what is missing", missingPage(missing));
}

/** Installs into the environment of this extension and starts the server from it. */
export async function installServer(context: ExtensionContext, session: Session): Promise<void> {
  await session.ensure();
  const missing = session.missing;
  if (!missing) {
    void window.showInformationMessage(`The language server is there: ${session.launch?.program ?? session.why()}`);
    return;
  }
  if (!missing.python && !missing.tools.uv) {
    void window.showWarningMessage(advice(missing));
    return;
  }
  if (!(await install(context, missing, session.output))) return;
  await session.restart();
  void window.showInformationMessage(session.phase === "running" ? "Flowquill is ready: write a comment in a .flow file and press Enter." : session.why());
}

/** Lets a person name the Python; the change of the setting restarts the server. */
export async function choosePython(): Promise<void> {
  const chosen = await window.showOpenDialog({ title: "The Python that has flowquill", canSelectMany: false, openLabel: "Use This Python" });
  const path = chosen?.[0]?.fsPath;
  if (path) await workspace.getConfiguration(SECTION).update("python", path, ConfigurationTarget.Global);
}

/** The page about what is missing. */
export function tried(missing: Missing): Promise<void> {
  return showPage("Flowquill: what is missing", missingPage(missing));
}
