/** The status item: engine, model, state, and why nothing comes. A click opens the menu. */
import { type Disposable, MarkdownString, StatusBarAlignment, ThemeColor, window } from "vscode";
import type { Session } from "../server/session";
import { describe } from "./describe";

export function statusItem(session: Session): Disposable {
  const item = window.createStatusBarItem("flowquill.status", StatusBarAlignment.Right, 100);
  item.name = "Flowquill";
  item.command = "flowquill.menu";
  const update = (): void => {
    const shown = describe({ phase: session.phase, problem: session.problem, version: session.version, origin: session.launch?.origin ?? "", status: session.status });
    item.text = shown.text;
    item.tooltip = new MarkdownString();
    for (const line of shown.lines) item.tooltip.appendText(line).appendMarkdown("\n\n");
    item.accessibilityInformation = { label: `Flowquill. ${shown.lines.join(" ")}` };
    item.backgroundColor = shown.severity === "normal" ? undefined : new ThemeColor(`statusBarItem.${shown.severity}Background`);
    if (session.phase !== "idle") item.show();
  };
  update();
  const listening = session.onDidChange(update);
  return { dispose: () => (listening.dispose(), item.dispose()) };
}
