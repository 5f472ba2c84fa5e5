/** Ghost text for what was written before the model was there: asked for once it is, as VS Code itself asks only while somebody types. */
import { commands, Disposable, window, workspace } from "vscode";
import { LANGUAGE, type Session } from "./server/session";

export function askAgain(session: Session): Disposable {
  let waiting = false;
  return Disposable.from(
    workspace.onDidChangeTextDocument(({ document }) => {
      if (document.languageId === LANGUAGE && !isReady(session)) waiting = true;
    }),
    session.onDidChange(() => {
      if (!waiting || !isReady(session)) return;
      waiting = false;
      if (belowComment()) void commands.executeCommand("editor.action.inlineSuggest.trigger");
    }),
  );
}

function isReady({ phase, status }: Session): boolean {
  return phase === "running" && (status?.state === "ready" || status?.state === "generating");
}

/** Whether the cursor stands on a blank line right below a comment. */
function belowComment(): boolean {
  const editor = window.activeTextEditor;
  const line = editor?.selection.active.line ?? 0;
  if (editor?.document.languageId !== LANGUAGE || line === 0) return false;
  return editor.document.lineAt(line).isEmptyOrWhitespace && editor.document.lineAt(line - 1).text.trimStart().startsWith("#");
}
