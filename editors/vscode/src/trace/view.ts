/** The view "Dry Run": what each step would have done. A click goes to the step's text. */
import { commands, EventEmitter, MarkdownString, Range, ThemeColor, ThemeIcon, TreeItem, TreeItemCollapsibleState, type TreeDataProvider, type TreeView, Uri, window, env } from "vscode";
import { SERVER, type Trace } from "../server/protocol";
import { message, type Session } from "../server/session";
import { headline, type Mark, nodes, type TraceNode } from "./nodes";

const ICONS: Record<Mark, ThemeIcon> = {
  succeeded: new ThemeIcon("pass", new ThemeColor("testing.iconPassed")),
  failed: new ThemeIcon("error", new ThemeColor("testing.iconFailed")),
  skipped: new ThemeIcon("debug-step-over", new ThemeColor("testing.iconSkipped")),
  value: new ThemeIcon("symbol-field"),
};

export class TraceView implements TreeDataProvider<TraceNode> {
  private readonly changed = new EventEmitter<void>();
  readonly onDidChangeTreeData = this.changed.event;
  private readonly view: TreeView<TraceNode>;
  private trace: Trace | undefined;
  private uri = "";

  constructor(private readonly session: Session) {
    this.view = window.createTreeView("flowquill.trace", { treeDataProvider: this, showCollapseAll: true });
  }

  /** Runs a flow of a file and shows the run. */
  async run(uri: string, flow: string | undefined): Promise<void> {
    try {
      this.trace = await this.session.ask<Trace>(SERVER.run, [uri, flow ?? null]);
    } catch (error) {
      void window.showErrorMessage(message(error));
      return;
    }
    this.uri = uri;
    await commands.executeCommand("setContext", "flowquill.hasTrace", true);
    this.view.message = headline(this.trace);
    this.changed.fire();
    await commands.executeCommand("flowquill.trace.focus", { preserveFocus: true });
  }

  async again(): Promise<void> {
    if (this.trace) await this.run(this.uri, this.trace.flow);
  }

  /** Puts the run into the clipboard. */
  async copy(): Promise<void> {
    if (this.trace) await env.clipboard.writeText(this.trace.text ?? JSON.stringify(this.trace, undefined, 2));
  }

  getChildren(node?: TraceNode): TraceNode[] {
    return [...(node ? node.children : this.trace ? nodes(this.trace) : [])];
  }

  getTreeItem(node: TraceNode): TreeItem {
    const { None, Collapsed, Expanded } = TreeItemCollapsibleState;
    const item = new TreeItem(node.label, node.children.length ? (node.open ? Expanded : Collapsed) : None);
    item.description = node.description;
    item.iconPath = ICONS[node.mark];
    item.tooltip = new MarkdownString().appendCodeblock(node.tooltip, node.mark === "value" ? "json" : "text");
    item.accessibilityInformation = { label: `${node.label}, ${node.mark === "value" ? node.description : `${node.mark}. ${node.description}`}` };
    if (node.range) {
      const { start, end } = node.range;
      const selection = new Range(start.line, start.character, end.line, end.character);
      item.command = { command: "vscode.open", title: "Go to the step", arguments: [Uri.parse(this.uri), { selection, preserveFocus: true }] };
    }
    return item;
  }

  dispose(): void {
    this.view.dispose();
    this.changed.dispose();
  }
}
