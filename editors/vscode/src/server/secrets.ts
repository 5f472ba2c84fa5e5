/** The key for a remote engine: in the editor's secret store, and from there in the environment of the server's process, nowhere else. */
import { type ExtensionContext, window } from "vscode";

const NAME = "flowquill.apiKey";

export function storedKey(context: ExtensionContext): Thenable<string | undefined> {
  return context.secrets.get(NAME);
}

/** Asks for the key and keeps it; true where there is a new one. */
export async function signIn(context: ExtensionContext): Promise<boolean> {
  const key = await window.showInputBox({
    title: "Flowquill: Sign In",
    prompt: "The key for the remote engine. It is kept in the secret store of the editor and given to the language server only.",
    password: true,
    ignoreFocusOut: true,
    validateInput: (text) => (/[\s\p{Cc}]/u.test(text.trim()) ? "A key has no blanks; copy it once more." : undefined),
  });
  if (!key?.trim()) return false;
  await context.secrets.store(NAME, key.trim());
  return true;
}

/** Forgets the key; true where there was one. */
export async function signOut(context: ExtensionContext): Promise<boolean> {
  const had = Boolean(await storedKey(context));
  await context.secrets.delete(NAME);
  return had;
}
