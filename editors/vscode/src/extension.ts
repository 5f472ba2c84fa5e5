/** Starts the language server of Flowquill and keeps it running; everything else comes from the server. */
import { commands, type ExtensionContext, window, workspace } from "vscode";
import { LanguageClient, type LanguageClientOptions, type ServerOptions } from "vscode-languageclient/node";

let client: LanguageClient | undefined;

export async function activate(context: ExtensionContext): Promise<void> {
  context.subscriptions.push(
    commands.registerCommand("flowquill.restart", restart),
    commands.registerCommand("flowquill.output", () => client?.outputChannel.show()),
    workspace.onDidChangeConfiguration((event) => {
      if (event.affectsConfiguration("flowquill.server")) void restart();
    }),
  );
  await start();
}

export async function deactivate(): Promise<void> {
  await client?.stop();
}

async function start(): Promise<void> {
  const settings = workspace.getConfiguration("flowquill.server");
  const command = settings.get<string>("command", "flowquill");
  const server: ServerOptions = { command, args: settings.get<string[]>("arguments", ["lsp"]) };
  const options: LanguageClientOptions = {
    documentSelector: [{ language: "flowquill" }],
    initializationFailedHandler: () => false,
  };
  const fresh = new LanguageClient("flowquill", "Flowquill", server, options);
  client = fresh;
  try {
    await fresh.start();
  } catch (error) {
    const answer = await window.showErrorMessage(
      `Flowquill could not start "${command}" (${error instanceof Error ? error.message : String(error)}): install it with ` +
        `pip install flowquill, or name its path in the setting flowquill.server.command.`,
      "Open the setting",
    );
    if (answer) await commands.executeCommand("workbench.action.openSettings", "flowquill.server.command");
  }
}

async function restart(): Promise<void> {
  const old = client;
  client = undefined;
  try {
    await old?.dispose();
  } catch {
    // A server that never came up has nothing to stop.
  }
  await start();
}
