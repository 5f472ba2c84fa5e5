/** The panel "Flow Graph": keeps the picture in step with the text and the cursor. */
import { randomBytes } from "node:crypto";
import { Disposable, type ExtensionContext, Range, type TextEditor, TextEditorRevealType, Uri, ViewColumn, type WebviewPanel, window, workspace } from "vscode";
import { flowAt } from "../flows";
import { SERVER } from "../server/protocol";
import { LANGUAGE, message, type Session } from "../server/session";
import { settings } from "../settings";
import { type FromView, type Graph, nodeAt, type ToView } from "./model";

/** Milliseconds without a keystroke before the picture is drawn again. */
const PAUSE = 250;

export class GraphPanel {
  private panel: WebviewPanel | undefined;
  private uri = "";
  private flow = "";
  private graph: Graph | undefined;
  private asked = 0;
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly context: ExtensionContext,
    private readonly session: Session,
  ) {}

  async show(uri: string, flow: string): Promise<void> {
    this.uri = uri;
    this.flow = flow;
    if (!this.panel) this.open();
    else this.panel.reveal(undefined, true);
    await this.draw();
  }

  dispose(): void {
    this.panel?.dispose();
  }

  private open(): void {
    const root = Uri.joinPath(this.context.extensionUri, "dist");
    const panel = window.createWebviewPanel("flowquill.graph", "Flow Graph", { viewColumn: ViewColumn.Beside, preserveFocus: true }, { enableScripts: true, localResourceRoots: [root] });
    panel.iconPath = { light: Uri.joinPath(this.context.extensionUri, "images", "flow-light.svg"), dark: Uri.joinPath(this.context.extensionUri, "images", "flow-dark.svg") };
    panel.webview.html = page(panel.webview.cspSource, panel.webview.asWebviewUri(Uri.joinPath(root, "graph.js")), panel.webview.asWebviewUri(Uri.joinPath(root, "graph.css")));
    const listening = Disposable.from(
      panel.webview.onDidReceiveMessage((said: FromView) => void this.heard(said)),
      workspace.onDidChangeTextDocument(({ document }) => {
        if (document.uri.toString() === this.uri) this.later();
      }),
      workspace.onDidChangeConfiguration((event) => {
        if (event.affectsConfiguration("flowquill.graph")) void this.draw();
      }),
      window.onDidChangeTextEditorSelection(({ textEditor }) => this.follow(textEditor)),
      window.onDidChangeActiveTextEditor((editor) => editor && this.follow(editor)),
      this.session.onDidChange(() => this.session.phase === "running" && !this.graph && this.later()),
    );
    panel.onDidDispose(() => {
      listening.dispose();
      clearTimeout(this.timer);
      this.panel = this.graph = undefined;
    });
    this.panel = panel;
  }

  /** Draws the flow at the cursor, where that is another one, and marks the step at the cursor. */
  private follow(editor: TextEditor): void {
    if (editor.document.languageId !== LANGUAGE) return;
    const { document, selection } = editor;
    const flow = flowAt(document.getText().split(/\r?\n/), selection.active.line);
    if (flow && (flow !== this.flow || document.uri.toString() !== this.uri)) {
      this.uri = document.uri.toString();
      this.flow = flow;
      void this.draw();
      return;
    }
    if (this.graph) this.say({ type: "select", id: nodeAt(this.graph, selection.active)?.id ?? null });
  }

  private later(): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.draw(), PAUSE);
  }

  private async draw(): Promise<void> {
    const panel = this.panel;
    const number = (this.asked += 1);
    if (!panel) return;
    try {
      const graph = await this.session.ask<Graph>(SERVER.graph, [this.uri, this.flow]);
      if (number !== this.asked || panel !== this.panel) return;
      this.graph = graph;
      panel.title = `Graph: ${graph.flow}`;
      this.say({ type: "graph", graph, direction: settings().direction });
      const editor = this.editor();
      if (editor) this.say({ type: "select", id: nodeAt(graph, editor.selection.active)?.id ?? null });
    } catch (error) {
      // The last picture stays; a text that is being written seldom parses.
      if (number === this.asked) this.say({ type: "problem", text: message(error) });
    }
  }

  private async heard(said: FromView): Promise<void> {
    switch (said.type) {
      case "ready":
        return this.draw();
      case "open":
        return this.reveal(said.id);
      case "save":
        return this.save(said.svg);
    }
  }

  private async reveal(id: string): Promise<void> {
    const node = this.graph?.nodes.find((each) => each.id === id);
    const place = node?.selectionRange ?? node?.range;
    if (!place) return;
    const range = new Range(place.start.line, place.start.character, place.end.line, place.end.character);
    const column = this.editor()?.viewColumn ?? ViewColumn.One;
    const editor = await window.showTextDocument(Uri.parse(this.uri), { viewColumn: column, selection: new Range(range.start, range.start) });
    editor.revealRange(range, TextEditorRevealType.InCenterIfOutsideViewport);
  }

  private async save(svg: string): Promise<void> {
    const folder = Uri.joinPath(Uri.parse(this.uri), "..");
    const inFolder = folder.scheme === "file" ? folder : workspace.workspaceFolders?.[0]?.uri;
    const target = await window.showSaveDialog({ title: "Save the graph", filters: { "SVG picture": ["svg"] }, ...(inFolder ? { defaultUri: Uri.joinPath(inFolder, `${this.flow}.svg`) } : {}) });
    if (!target) return;
    try {
      await workspace.fs.writeFile(target, new TextEncoder().encode(svg));
      window.setStatusBarMessage(`Saved ${target.path}`, 5000);
    } catch (error) {
      void window.showErrorMessage(`The picture could not be saved (${message(error)}); choose another place.`);
    }
  }

  private editor(): TextEditor | undefined {
    return window.visibleTextEditors.find((each) => each.document.uri.toString() === this.uri);
  }

  private say(what: ToView): void {
    void this.panel?.webview.postMessage(what);
  }
}

/** Nothing but our own script and style sheet may run there. */
function page(source: string, script: Uri, style: Uri): string {
  const nonce = randomBytes(16).toString("base64url");
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src 'nonce-${nonce}'; style-src ${source};">
<link rel="stylesheet" href="${style.toString()}">
<title>Flow Graph</title>
</head>
<body>
<header role="toolbar" aria-label="Graph">
<button id="out" title="Zoom out" aria-label="Zoom out">−</button>
<button id="fit" title="Fit the panel">Fit</button>
<button id="in" title="Zoom in" aria-label="Zoom in">+</button>
<button id="save" title="Save as SVG">Save as SVG</button>
<span id="problem" role="status"></span>
</header>
<main id="place"></main>
<script nonce="${nonce}" src="${script.toString()}"></script>
</body>
</html>`;
}
