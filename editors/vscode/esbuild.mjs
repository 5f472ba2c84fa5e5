// Bundles the extension, the script of its webview and, with --test, the unit tests. A package so bundled needs no node_modules.
import { readdirSync } from "node:fs";
import { build } from "esbuild";

const common = { bundle: true, minify: true, legalComments: "eof", logLevel: "warning" };
const host = { ...common, platform: "node", target: "node20", format: "cjs", external: ["vscode"] };

if (process.argv.includes("--test")) {
  const entryPoints = readdirSync("test/unit").filter((name) => name.endsWith(".test.ts")).map((name) => `test/unit/${name}`);
  await build({ ...host, minify: false, entryPoints, outdir: "dist/test" });
} else {
  await build({ ...host, entryPoints: ["src/extension.ts"], outfile: "dist/extension.js" });
  await build({ ...common, platform: "browser", target: "chrome120", format: "iife", entryPoints: ["src/webview/graph.ts", "src/webview/graph.css"], outdir: "dist" });
}
