/** Puts the parts together: the session with the server, views, commands. */
import { commands, type ExtensionContext, type TextDocument, window, workspace } from "vscode";
import { askAgain } from "./again";
import { chooseEngine, chooseTenant, enter, leave, menu } from "./commands/choices";
import { doctor } from "./commands/doctor";
import { greet, openExample } from "./commands/example";
import { exportFlow, type Target } from "./commands/exporting";
import { pages, SCHEME } from "./commands/pages";
import { choosePython, installServer, offer, openWalkthrough } from "./commands/setup";
import { editFlow, explainFlow, flowEditor, flowOf, generateFromComment } from "./commands/writing";
import { GraphPanel } from "./graph/panel";
import { SERVER } from "./server/protocol";
import { LANGUAGE, message, type Phase, Session } from "./server/session";
import { RESTARTING } from "./settings";
import { statusItem } from "./status/item";
import { TraceView } from "./trace/view";

let session: Session | undefined;

export async function activate(context: ExtensionContext): Promise<void> {
  const output = window.createOutputChannel("Flowquill", { log: true });
  const server = new Session(context, output, (command, args) => answer(command, args));
  session = server;
  const trace = new TraceView(server);
  const graph = new GraphPanel(context, server);
  context.subscriptions.push(output, server, trace, graph, statusItem(server), askAgain(server), workspace.registerTextDocumentContentProvider(SCHEME, pages));

  /** The commands of lenses: their results are shown here. */
  function answer(command: string, [uri, flow, extra]: readonly unknown[]): Promise<void> | undefined {
    if (typeof uri !== "string") return undefined;
    const name = typeof flow === "string" ? flow : undefined;
    if (command === SERVER.run) return trace.run(uri, name);
    if (command === SERVER.compile) return exportFlow(server, uri, name, extra === "powerautomate" ? extra : undefined);
    if (command === SERVER.graph && name) return graph.show(uri, name);
    return undefined;
  }

  /** Runs `work` on the flow at the cursor. */
  function atCursor(work: (uri: string, flow: string) => Promise<void>): () => Promise<void> {
    return async () => {
      const editor = flowEditor();
      const flow = editor && flowOf(editor);
      if (editor && flow) await work(editor.document.uri.toString(), flow);
    };
  }
  const exporting = (target: Target): (() => Promise<void>) => atCursor((uri, flow) => exportFlow(server, uri, flow, target));

  const table: Record<string, () => unknown> = {
    menu: () => menu(server),
    restart: () => server.restart(),
    output: () => output.show(),
    doctor: () => doctor(context, server),
    install: () => installServer(context, server),
    choosePython,
    chooseEngine: () => chooseEngine(context),
    chooseTenant: () => chooseTenant(context),
    signIn: () => enter(context, server),
    signOut: () => leave(context, server),
    settings: () => commands.executeCommand("workbench.action.openSettings", "@ext:flowquill.flowquill"),
    walkthrough: () => openWalkthrough(server),
    openExample: () => openExample(context),
    generateFromComment: () => generateFromComment(server),
    editFlow: () => editFlow(server),
    explainFlow: () => explainFlow(server),
    dryRun: atCursor((uri, flow) => trace.run(uri, flow)),
    runAgain: () => trace.again(),
    copyTrace: () => trace.copy(),
    exportLogicApps: exporting("logicapps"),
    exportPowerAutomate: exporting("powerautomate"),
    previewGraph: atCursor((uri, flow) => graph.show(uri, flow)),
  };
  for (const [name, work] of Object.entries(table)) context.subscriptions.push(commands.registerCommand(`flowquill.${name}`, guarded(work)));

  const begin = async (document: TextDocument): Promise<void> => {
    if (document.languageId !== LANGUAGE || server.phase !== "idle") return;
    await server.ensure();
    if (server.missing) await offer(context, server);
    else if ((server.phase as Phase) === "failed") {
      const chosen = await window.showErrorMessage(server.why(), "Show Output", "Run the Doctor");
      if (chosen) await commands.executeCommand(chosen === "Show Output" ? "flowquill.output" : "flowquill.doctor");
    }
  };
  context.subscriptions.push(
    workspace.onDidOpenTextDocument((document) => void begin(document)),
    workspace.onDidGrantWorkspaceTrust(() => {
      if (server.phase !== "idle") void server.restart();
    }),
    workspace.onDidChangeConfiguration((event) => {
      if (server.phase !== "idle" && RESTARTING.some((name) => event.affectsConfiguration(name))) void server.restart();
    }),
    context.secrets.onDidChange(({ key }) => output.debug(`The secret ${key} changed.`)),
  );
  void greet(context).catch((error: unknown) => output.warn(message(error)));
  for (const document of workspace.textDocuments) void begin(document);
}

export async function deactivate(): Promise<void> {
  await session?.stop();
}

/** A command whose failure is one sentence. */
function guarded(work: () => unknown): () => Promise<void> {
  return async () => {
    try {
      await work();
    } catch (error) {
      void window.showErrorMessage(message(error));
    }
  };
}
