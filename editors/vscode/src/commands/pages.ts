/** Pages that the extension writes, shown as Markdown previews; nothing is saved. */
import { commands, EventEmitter, type TextDocumentContentProvider, Uri } from "vscode";

export const SCHEME = "flowquill-page";

const written = new Map<string, string>();
const changed = new EventEmitter<Uri>();

export const pages: TextDocumentContentProvider = {
  onDidChange: changed.event,
  provideTextDocumentContent: (uri) => written.get(uri.path) ?? "",
};

export async function showPage(title: string, markdown: string): Promise<void> {
  const uri = Uri.from({ scheme: SCHEME, path: `/${title}.md` });
  written.set(uri.path, markdown);
  changed.fire(uri);
  await commands.executeCommand("markdown.showPreview", uri);
}
