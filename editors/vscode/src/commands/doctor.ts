/** Runs `flowquill doctor` with the program that the language server runs with, and shows what it found. */
import { type ExtensionContext, ProgressLocation, window } from "vscode";
import { run } from "../server/run";
import { message, type Session } from "../server/session";
import { showPage } from "./pages";
import { doctorPage, findings } from "./report";
import { tried } from "./setup";

export async function doctor(context: ExtensionContext, session: Session): Promise<void> {
  await session.ensure();
  if (session.missing) return tried(session.missing);
  const launch = session.launch;
  if (!launch) {
    void window.showErrorMessage(session.why());
    return;
  }
  const options = { location: ProgressLocation.Notification, title: "Flowquill: looking at the installation", cancellable: true };
  await window.withProgress(options, async (_, token) => {
    const abort = new AbortController();
    token.onCancellationRequested(() => abort.abort());
    try {
      const ended = await run(launch.program, [...launch.prefix, "doctor", "--json"], { cwd: context.globalStorageUri.fsPath, signal: abort.signal, timeout: 120_000 });
      if (abort.signal.aborted) return;
      if (ended.stderr) session.output.warn(ended.stderr);
      await showPage("Flowquill: doctor", doctorPage(findings(ended.stdout), [launch.program, ...launch.prefix, "doctor"].join(" ")));
    } catch (error) {
      void window.showErrorMessage(message(error));
    }
  });
}
