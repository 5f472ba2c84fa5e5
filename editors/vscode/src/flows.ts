/** Which flow of a text a line belongs to. Pure. */

const HEAD = /^\s*flow\s+([A-Za-z_]\w*)/;

/** The name of the flow at a line (from 0): the last that begins at or above it, else the first of the text. */
export function flowAt(lines: readonly string[], line: number): string | undefined {
  for (let at = Math.min(line, lines.length - 1); at >= 0; at -= 1) {
    const name = HEAD.exec(lines[at] ?? "")?.[1];
    if (name) return name;
  }
  for (const text of lines) {
    const name = HEAD.exec(text)?.[1];
    if (name) return name;
  }
  return undefined;
}
