/** Ghost text that was asked for while the model still loaded is asked for again once it is there. */
import { commands, type Disposable, window } from "vscode";
import type { ServerStatus } from "./server/protocol";
import { LANGUAGE, type Session } from "./server/session";

export function askAgain(session: Session): Disposable {
  let before: ServerStatus | undefined;
  return session.onDidChange(() => {
    const [was, now] = [before, session.status];
    before = now;
    if (was?.state !== "loading" || now?.state !== "ready" || now.nothing?.code !== "loading") return;
    const editor = window.activeTextEditor;
    if (editor?.document.languageId !== LANGUAGE || !editor.document.lineAt(editor.selection.active.line).isEmptyOrWhitespace) return;
    void commands.executeCommand("editor.action.inlineSuggest.trigger");
  });
}
