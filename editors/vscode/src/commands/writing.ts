/** Generate from a comment, edit with an instruction, explain: commands that change the text, done by the server. */
import { type TextEditor, window } from "vscode";
import { flowAt } from "../flows";
import { SERVER, type Written } from "../server/protocol";
import { LANGUAGE, message, type Session } from "../server/session";

/** The flow file in front; says so where there is none. */
export function flowEditor(): TextEditor | undefined {
  const editor = window.activeTextEditor;
  if (editor?.document.languageId === LANGUAGE) return editor;
  void window.showInformationMessage("Open a .flow file first.");
  return undefined;
}

/** The name of the flow at the cursor; says so where the file has none. */
export function flowOf(editor: TextEditor): string | undefined {
  const name = flowAt(editor.document.getText().split(/\r?\n/), editor.selection.active.line);
  if (!name) void window.showInformationMessage("This file holds no flow yet: write a comment that says what should happen, and press Enter.");
  return name;
}

export async function generateFromComment(session: Session): Promise<void> {
  const editor = flowEditor();
  if (editor) await write(session, SERVER.generate, [editor.document.uri.toString(), editor.selection.active.line]);
}

export async function editFlow(session: Session): Promise<void> {
  const editor = flowEditor();
  const flow = editor && flowOf(editor);
  if (!editor || !flow) return;
  const instruction = await window.showInputBox({
    title: `Edit ${flow}`,
    prompt: "What should change",
    placeHolder: "also send an e-mail to the requester when it is rejected",
    ignoreFocusOut: true,
  });
  if (instruction?.trim()) await write(session, SERVER.edit, [editor.document.uri.toString(), flow, instruction.trim()]);
}

export async function explainFlow(session: Session): Promise<void> {
  const editor = flowEditor();
  const flow = editor && flowOf(editor);
  if (editor && flow) await write(session, SERVER.explain, [editor.document.uri.toString(), flow]);
}

/** The server shows progress, and says itself why nothing was written. */
async function write(session: Session, command: string, args: readonly unknown[]): Promise<void> {
  try {
    await session.ask<Written | null>(command, args);
  } catch (error) {
    void window.showErrorMessage(message(error));
  }
}
