/** The language server's life: found, started, watched, restarted. The one place that holds a LanguageClient. */
import { type ChildProcess, spawn } from "node:child_process";
import { commands, Disposable, EventEmitter, type ExtensionContext, type LogOutputChannel, window, workspace } from "vscode";
import {
  CloseAction,
  ErrorAction,
  ExecuteCommandRequest,
  LanguageClient,
  type LanguageClientOptions,
  RevealOutputChannelOn,
  State,
  type StaticFeature,
} from "vscode-languageclient/node";
import { SECTION, settings } from "../settings";
import { Crashes } from "./crashes";
import { ownEnvironment } from "./install";
import { advice, type Launch, locate, type Missing } from "./locate";
import { machine } from "./machine";
import type { ServerStatus } from "./protocol";
import { activePython } from "./python";
import { storedKey } from "./secrets";

export const LANGUAGE = "flowquill";

/** True in conditions of the manifest while the server runs. */
export const RUNNING = "flowquill.running";

/** Milliseconds until a server that does not answer is given up. */
const STARTING = 120_000;

export type Phase = "idle" | "starting" | "running" | "missing" | "failed";

/** Answers a command of the server that a lens or an action names; undefined leaves it to the server. */
export type Handler = (command: string, args: readonly unknown[]) => Thenable<unknown> | undefined;

export class Session implements Disposable {
  phase: Phase = "idle";
  launch: Launch | undefined;
  missing: Missing | undefined;
  /** Why it is in the phase "failed". */
  problem = "";
  /** What the server says of itself; undefined where it says nothing. */
  status: ServerStatus | undefined;
  version = "";

  private client: LanguageClient | undefined;
  private child: ChildProcess | undefined;
  private queue: Promise<unknown> = Promise.resolve();
  private readonly crashes = new Crashes();
  private readonly changed = new EventEmitter<void>();
  readonly onDidChange = this.changed.event;

  constructor(
    private readonly context: ExtensionContext,
    readonly output: LogOutputChannel,
    private readonly handler: Handler,
  ) {}

  /** Starts the server where it was not started yet; ends when it answers or it is known that it does not. */
  ensure(): Promise<void> {
    return this.inTurn(async () => {
      if (this.phase === "idle") await this.start();
    });
  }

  restart(): Promise<void> {
    // One that hangs while it starts would hold up the queue.
    if (this.phase === "starting") this.child?.kill();
    return this.inTurn(async () => {
      this.crashes.clear();
      await this.end();
      await this.start();
    });
  }

  stop(): Promise<void> {
    return this.inTurn(() => this.end());
  }

  /** The result of a command of the server. Rejects with one sentence where the server is not there or refuses. */
  async ask<T>(command: string, args: readonly unknown[]): Promise<T> {
    await this.ensure();
    if (!this.client || this.phase !== "running") throw new Error(this.why());
    return this.client.sendRequest(ExecuteCommandRequest.type, { command, arguments: [...args] }) as Promise<T>;
  }

  /** Why the server does not answer, in a sentence. */
  why(): string {
    if (this.missing) return advice(this.missing);
    return this.problem || "The language server of Flowquill is not running; restart it with \"Flowquill: Restart the Language Server\".";
  }

  dispose(): void {
    this.changed.dispose();
    void this.end();
  }

  private inTurn(work: () => Promise<void>): Promise<void> {
    const done = this.queue.then(work);
    this.queue = done.catch((error: unknown) => this.output.error(String(error)));
    return done;
  }

  private enter(phase: Phase, problem = ""): void {
    this.phase = phase;
    this.problem = problem;
    void commands.executeCommand("setContext", RUNNING, phase === "running");
    this.changed.fire();
  }

  private async start(): Promise<void> {
    this.status = this.missing = this.launch = undefined;
    this.enter("starting");
    const wanted = settings();
    const safe = this.context.globalStorageUri.fsPath;
    await workspace.fs.createDirectory(this.context.globalStorageUri);
    const folder = workspace.workspaceFolders?.[0]?.uri;
    const found = await locate(machine(safe), {
      command: wanted.command,
      python: wanted.python,
      // The active environment may lie in the workspace; one that is not trusted starts no program.
      active: workspace.isTrusted ? await activePython(folder) : "",
      own: await ownEnvironment(this.context),
    });
    if (found.kind === "missing") {
      this.missing = found;
      for (const sentence of found.tried) this.output.warn(sentence);
      this.enter("missing", advice(found));
      return;
    }
    const { program, prefix, origin } = (this.launch = found.launch);
    this.output.info(`${origin}: ${[program, ...prefix, ...wanted.args].join(" ")}`);
    const key = await storedKey(this.context);
    const env = { ...process.env, PYTHONUTF8: "1", ...(key ? { FLOWQUILL_API_KEY: key } : {}) };
    const client = new LanguageClient(SECTION, "Flowquill", () => this.spawned(program, [...prefix, ...wanted.args], safe, env), this.options());
    this.client = client;
    client.registerFeature(capabilities);
    client.onNotification("flowquill/status", (status: ServerStatus) => this.heard(client, status));
    client.onRequest("flowquill/input", async (asked: { prompt?: string; placeholder?: string }) => ({
      value: (await window.showInputBox({ prompt: asked.prompt, placeHolder: asked.placeholder, ignoreFocusOut: true })) ?? null,
    }));
    client.onDidChangeState(({ newState }) => {
      if (newState === State.Running) void this.inquire(client);
    });
    const late = setTimeout(() => this.child?.kill(), STARTING);
    try {
      await client.start();
    } catch (error) {
      await this.end();
      this.enter("failed", `The language server did not start (${message(error)}); its output says more, and "Flowquill: Run the Doctor" looks at the installation.`);
      return;
    } finally {
      clearTimeout(late);
    }
    this.version = client.initializeResult?.serverInfo?.version ?? "";
    this.enter("running");
  }

  private async spawned(program: string, args: readonly string[], cwd: string, env: NodeJS.ProcessEnv): Promise<ChildProcess> {
    const child = spawn(program, args, { cwd, env, stdio: "pipe", windowsHide: true });
    this.child = child;
    await new Promise((resolve, reject) => child.once("spawn", resolve).once("error", reject));
    child.on("error", (error) => this.output.error(error.message));
    return child;
  }

  private async end(): Promise<void> {
    const client = this.client;
    this.client = undefined;
    this.status = undefined;
    try {
      await client?.dispose(3000);
    } catch {
      // One that never came up, or went down by itself, has nothing to stop.
    }
    if (this.child?.exitCode === null) this.child.kill();
    this.child = undefined;
    if (client) this.enter("idle");
  }

  /** A server without the request is an older one: the status item then says only that it runs. */
  private async inquire(client: LanguageClient): Promise<void> {
    try {
      this.heard(client, await client.sendRequest<ServerStatus>("flowquill/status", {}));
    } catch (error) {
      this.output.debug(`flowquill/status: ${message(error)}`);
    }
  }

  private heard(client: LanguageClient, status: ServerStatus): void {
    if (client !== this.client || !status) return;
    this.status = status;
    this.changed.fire();
  }

  private options(): LanguageClientOptions {
    return {
      documentSelector: [{ language: LANGUAGE }],
      outputChannel: this.output,
      // What the client says itself, as of requests that a server which is being restarted does not answer, is for the output: stack traces.
      revealOutputChannelOn: RevealOutputChannelOn.Never,
      synchronize: { configurationSection: SECTION },
      initializationOptions: { [SECTION]: workspace.getConfiguration(SECTION) },
      initializationFailedHandler: () => false,
      errorHandler: {
        error: (error) => {
          this.output.error(error.message);
          return { action: ErrorAction.Continue, handled: true };
        },
        closed: () => this.closed(),
      },
      middleware: {
        executeCommand: (command, args) => this.handler(command, args) ?? this.ask(command, args).catch((error: unknown) => void window.showErrorMessage(message(error))),
      },
    };
  }

  private closed(): { action: CloseAction; handled: true } {
    if (this.phase === "starting") return { action: CloseAction.DoNotRestart, handled: true };
    this.status = undefined;
    if (this.crashes.again(Date.now())) {
      this.output.warn("The language server ended by itself and is started again.");
      this.changed.fire();
      return { action: CloseAction.Restart, handled: true };
    }
    const sentence = "The language server of Flowquill ended several times in a row and is not started again; its output says why.";
    this.enter("failed", sentence);
    void window.showErrorMessage(sentence, "Restart", "Show Output").then((answer) => {
      if (answer === "Restart") void this.restart();
      if (answer === "Show Output") this.output.show();
    });
    return { action: CloseAction.DoNotRestart, handled: true };
  }
}

const capabilities: StaticFeature = {
  fillClientCapabilities: (all) => {
    all.experimental = { ...(all.experimental as object | undefined), flowquill: { input: true, results: true } };
  },
  initialize: () => undefined,
  getState: () => ({ kind: "static" }),
  clear: () => undefined,
};

/** What an error says, as one line. */
export function message(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split("\n", 1)[0] ?? "";
}
