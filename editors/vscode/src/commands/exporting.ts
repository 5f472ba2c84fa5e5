/** Export: the definition of a flow as a JSON document beside it, to look at or to save. */
import { ViewColumn, window, workspace } from "vscode";
import { type Compiled, SERVER } from "../server/protocol";
import { message, type Session } from "../server/session";

export type Target = "logicapps" | "powerautomate";

export async function exportFlow(session: Session, uri: string, flow: string | undefined, target?: Target): Promise<void> {
  let made: Compiled;
  try {
    made = await session.ask<Compiled>(SERVER.compile, [uri, flow ?? null, ...(target ? [target] : [])]);
  } catch (error) {
    void window.showErrorMessage(message(error));
    return;
  }
  const document = await workspace.openTextDocument({ language: "json", content: `${JSON.stringify(made.definition, undefined, 2)}\n` });
  await window.showTextDocument(document, { viewColumn: ViewColumn.Beside, preserveFocus: true, preview: true });
  for (const problem of made.problems) session.output.warn(problem);
  if (made.problems.length) {
    const more = made.problems.length > 1 ? ` (and ${made.problems.length - 1} more, in the output)` : "";
    void window.showWarningMessage(`${made.problems[0] ?? ""}${more}`);
  } else if (made.connections.length) {
    window.setStatusBarMessage(`Connections it needs: ${made.connections.map((c) => c.key).join(", ")}`, 10_000);
  }
}
