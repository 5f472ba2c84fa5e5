/** The example folder: copied to a place of the person's choice, then opened with the walkthrough beside it. */
import { commands, type ExtensionContext, Uri, window, workspace } from "vscode";
import { message } from "../server/session";

const PENDING = "openedExample";
const FIRST = "1-first-flow.flow";

export async function openExample(context: ExtensionContext): Promise<void> {
  const chosen = await window.showOpenDialog({
    title: "Where to put the folder flowquill-example",
    openLabel: "Put It Here",
    canSelectFolders: true,
    canSelectFiles: false,
  });
  if (!chosen?.[0]) return;
  try {
    const target = await free(chosen[0]);
    await workspace.fs.copy(Uri.joinPath(context.extensionUri, "examples"), target);
    await context.globalState.update(PENDING, target.toString());
    await commands.executeCommand("vscode.openFolder", target, { forceNewWindow: Boolean(workspace.workspaceFolders?.length) });
  } catch (error) {
    void window.showErrorMessage(`The example could not be put there (${message(error)}); choose another folder.`);
  }
}

/** After the window has opened the example: its first file, once. */
export async function greet(context: ExtensionContext): Promise<void> {
  const pending = context.globalState.get<string>(PENDING);
  const folder = workspace.workspaceFolders?.[0]?.uri;
  if (!pending || folder?.toString() !== pending) return;
  await context.globalState.update(PENDING, undefined);
  await window.showTextDocument(Uri.joinPath(folder, FIRST));
}

/** `flowquill-example` in a folder, with a number where that is taken. */
async function free(folder: Uri): Promise<Uri> {
  for (let number = 1; ; number += 1) {
    const target = Uri.joinPath(folder, number === 1 ? "flowquill-example" : `flowquill-example-${number}`);
    try {
      await workspace.fs.stat(target);
    } catch {
      return target;
    }
  }
}
