/** The environment of this extension: a folder in its storage with Python and flowquill. */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { type ExtensionContext, type LogOutputChannel, ProgressLocation, window, workspace, Uri } from "vscode";
import { settings } from "../settings";
import { reason, steps } from "./environment";
import type { Missing } from "./locate";
import { machine } from "./machine";
import { run } from "./run";

const MARK = "installed.json";

/** Its folder; "" where it was never installed to the end. */
export async function ownEnvironment(context: ExtensionContext): Promise<string> {
  const folder = Uri.joinPath(context.globalStorageUri, "environment");
  try {
    await workspace.fs.stat(Uri.joinPath(folder, MARK));
    return folder.fsPath;
  } catch {
    return "";
  }
}

/** Makes it anew, with progress that can be cancelled; true where it is whole. What fails is said in one sentence. */
export async function install(context: ExtensionContext, missing: Missing, output: LogOutputChannel): Promise<boolean> {
  const safe = context.globalStorageUri.fsPath;
  const folder = join(safe, "environment");
  const plan = steps(machine(safe), missing, folder, settings().packageName);
  if (!plan) return false;
  const options = { location: ProgressLocation.Notification, title: "Flowquill", cancellable: true };
  const problem = await window.withProgress(options, async (progress, token) => {
    const abort = new AbortController();
    token.onCancellationRequested(() => abort.abort());
    await rm(folder, { recursive: true, force: true });
    for (const step of plan) {
      progress.report({ message: step.title });
      output.info([step.program, ...step.args].join(" "));
      const line = (text: string): void => {
        output.info(text);
        if (/^(Collecting|Installing|Downloading|Building) /.test(text)) progress.report({ message: text.slice(0, 80) });
      };
      const ended = await run(step.program, step.args, { cwd: safe, signal: abort.signal, line }).catch((error: Error) => ({ code: 1, stdout: "", stderr: error.message }));
      if (abort.signal.aborted) return "cancelled";
      if (ended.code !== 0) return `${step.title} failed: ${reason(ended.stderr || ended.stdout)}.`;
    }
    const mark = new TextEncoder().encode(JSON.stringify({ package: settings().packageName, made: new Date().toISOString() }));
    await workspace.fs.writeFile(Uri.file(join(folder, MARK)), mark);
    return "";
  });
  if (!problem) return true;
  await rm(folder, { recursive: true, force: true });
  if (problem !== "cancelled") {
    const answer = await window.showErrorMessage(problem, "Show Output");
    if (answer) output.show();
  }
  return false;
}
