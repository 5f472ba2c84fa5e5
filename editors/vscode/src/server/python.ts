/** The interpreter that the Python extension has active, where that extension is there. */
import { extensions, type Uri } from "vscode";

interface PythonApi {
  readonly environments?: {
    getActiveEnvironmentPath(resource?: Uri): { readonly path: string };
    resolveEnvironment(path: { readonly path: string }): Promise<{ readonly executable: { readonly uri?: Uri } } | undefined>;
  };
}

/** Its path, or "" where there is none or the other extension fails. */
export async function activePython(resource: Uri | undefined): Promise<string> {
  const extension = extensions.getExtension<PythonApi>("ms-python.python");
  if (!extension) return "";
  try {
    const { environments } = extension.isActive ? extension.exports : await extension.activate();
    const active = environments?.getActiveEnvironmentPath(resource);
    return (active && (await environments?.resolveEnvironment(active))?.executable.uri?.fsPath) ?? "";
  } catch {
    return "";
  }
}
