/** Menu, engine, tenant, key: what a person chooses. */
import { commands, ConfigurationTarget, type ExtensionContext, QuickPickItemKind, type QuickPickItem, window, workspace } from "vscode";
import { signIn, signOut, storedKey } from "../server/secrets";
import type { Session } from "../server/session";
import { SECTION, settings } from "../settings";
import { describe } from "../status/describe";

type Pick = QuickPickItem & { readonly command?: string };

const MENU: readonly Pick[] = [
  { label: "$(symbol-event) Generate Flow from Comment", command: "flowquill.generateFromComment" },
  { label: "$(edit) Edit Flow with an Instruction...", command: "flowquill.editFlow" },
  { label: "$(play) Dry Run", command: "flowquill.dryRun" },
  { label: "$(type-hierarchy) Preview Graph", command: "flowquill.previewGraph" },
  { label: "", kind: QuickPickItemKind.Separator },
  { label: "$(server-process) Choose Engine...", command: "flowquill.chooseEngine" },
  { label: "$(organization) Choose Tenant...", command: "flowquill.chooseTenant" },
  { label: "$(key) Sign In...", command: "flowquill.signIn" },
  { label: "", kind: QuickPickItemKind.Separator },
  { label: "$(debug-restart) Restart the Language Server", command: "flowquill.restart" },
  { label: "$(output) Show Output", command: "flowquill.output" },
  { label: "$(pulse) Run the Doctor", command: "flowquill.doctor" },
  { label: "$(gear) Settings", command: "flowquill.settings" },
];

/** The menu of the status item; its first line says the state. */
export async function menu(session: Session): Promise<void> {
  const known = { phase: session.phase, problem: session.problem, version: session.version, origin: session.launch?.origin ?? "", status: session.status };
  const install: Pick[] = session.missing ? [{ label: "$(cloud-download) Install the Language Server...", command: "flowquill.install" }] : [];
  const chosen = await window.showQuickPick([...install, ...MENU], { title: "Flowquill", placeHolder: describe(known).lines.join(" ") });
  if (chosen?.command) await commands.executeCommand(chosen.command);
}

interface EnginePick extends QuickPickItem {
  readonly engine: string;
  readonly remote: boolean;
}

const ENGINES: readonly EnginePick[] = [
  { engine: "embedded", remote: false, label: "Embedded", description: "the model that ships", detail: "Runs on this machine, one CPU thread; nothing leaves it." },
  { engine: "vllm", remote: true, label: "vLLM", description: "a fine-tuned language model", detail: "Your own server, here or elsewhere. Literals are masked before they leave." },
  { engine: "openai", remote: true, label: "OpenAI-compatible", description: "a chat model", detail: "Any such service. Literals are masked before they leave; needs a key." },
];

export async function chooseEngine(context: ExtensionContext): Promise<void> {
  const now = settings();
  const picks = ENGINES.map((pick) => ({ ...pick, picked: pick.engine === now.engine, label: pick.engine === now.engine ? `$(check) ${pick.label}` : pick.label }));
  const chosen = await window.showQuickPick(picks, { title: "Flowquill: Choose Engine", placeHolder: "What writes the flows" });
  if (!chosen) return;
  if (chosen.remote) {
    const url = await window.showInputBox({
      title: `Flowquill: ${chosen.label.replace("$(check) ", "")}`,
      prompt: "The address of the service, up to and with /v1. Empty: the server's own default.",
      value: now.engineUrl,
      placeHolder: "http://localhost:8000/v1",
      ignoreFocusOut: true,
      validateInput: (text) => (!text || isAddress(text) ? undefined : "Begin with http:// or https://."),
    });
    if (url === undefined) return;
    await update("engineUrl", url.trim());
  }
  await update("engine", chosen.engine);
  if (chosen.remote && !(await storedKey(context))) {
    const answer = await window.showInformationMessage("Does the engine need a key? It is kept in the secret store of the editor.", "Sign In", "No Key");
    if (answer === "Sign In") await commands.executeCommand("flowquill.signIn");
  }
}

export async function chooseTenant(context: ExtensionContext): Promise<void> {
  const recent = context.globalState.get<string[]>("tenants", []);
  const now = settings().tenant;
  const picks: (QuickPickItem & { readonly tenant?: string })[] = [
    { label: "No tenant", description: "the general model", tenant: "" },
    ...recent.map((tenant) => ({ label: tenant, description: tenant === now ? "chosen" : "", tenant })),
    { label: "$(add) Another...", description: "by name" },
  ];
  const chosen = await window.showQuickPick(picks, { title: "Flowquill: Choose Tenant", placeHolder: "Whose adapter, examples and catalog are used" });
  if (!chosen) return;
  const tenant =
    chosen.tenant ??
    (await window.showInputBox({
      title: "Flowquill: Choose Tenant",
      prompt: "The tenant's name, as it was trained or as the gateway knows it",
      validateInput: (text) => (/^[A-Za-z0-9][\w.-]{0,63}$/.test(text.trim()) ? undefined : "Letters, digits, dots, hyphens and underlines, 64 at most."),
    }));
  if (tenant === undefined) return;
  if (tenant) await context.globalState.update("tenants", [tenant.trim(), ...recent.filter((name) => name !== tenant.trim())].slice(0, 8));
  await update("tenant", tenant.trim());
}

export async function enter(context: ExtensionContext, session: Session): Promise<void> {
  if (!(await signIn(context))) return;
  await session.restart();
  void window.showInformationMessage("The key is kept; the language server was restarted with it.");
}

export async function leave(context: ExtensionContext, session: Session): Promise<void> {
  const had = await signOut(context);
  if (had) await session.restart();
  void window.showInformationMessage(had ? "The key is forgotten; the language server was restarted without it." : "There was no key.");
}

function isAddress(text: string): boolean {
  try {
    return ["http:", "https:"].includes(new URL(text).protocol);
  } catch {
    return false;
  }
}

function update(name: string, value: string): Thenable<void> {
  return workspace.getConfiguration(SECTION).update(name, value || undefined, ConfigurationTarget.Global);
}
