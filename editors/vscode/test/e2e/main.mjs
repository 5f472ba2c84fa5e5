// Drives the packaged extension through a real VS Code and writes report.json and pictures/ into OUT.
// CODE_SERVER: code-server's entry.js; CHROMIUM: a browser; FLOWQUILL: the program flowquill; VSIX: the package; OUT: an empty folder;
// ONLY: names of scenarios, with commas (`example` always runs). SECONDS: after these no further scenario is begun, and the report says `late`.
import { mkdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { SCENARIOS } from "./scenarios.mjs";
import { Workbench } from "./workbench.mjs";

const { CODE_SERVER, CHROMIUM = "/usr/bin/chromium", FLOWQUILL, VSIX, OUT, ONLY, SECONDS = "1500" } = process.env;
for (const [name, value] of Object.entries({ CODE_SERVER, FLOWQUILL, VSIX, OUT })) {
  if (!value) throw new Error(`Set ${name}; the head of main.mjs says to what.`);
}
const root = resolve(OUT);
const home = join(root, "home");
mkdirSync(home, { recursive: true });
const wanted = (name) => !ONLY || name === "example" || ONLY.split(",").includes(name);
const end = Date.now() + Number(SECONDS) * 1000;
const report = { scenarios: {}, figures: {} };

const bench = await Workbench.start({ codeServer: resolve(CODE_SERVER), chromium: CHROMIUM, root, folder: join(home, "flowquill-example"), vsix: resolve(VSIX), machine: { "flowquill.server.command": resolve(FLOWQUILL) } });
const around = { bench, home, folder: bench.folder, data: bench.data, figures: report.figures };
try {
  for (const name of Object.keys(SCENARIOS).filter(wanted)) {
    if ((report.late = Date.now() > end)) break;
    const start = Date.now();
    let problem = "";
    try {
      await SCENARIOS[name](around);
    } catch (error) {
      problem = error instanceof Error ? `${error.message}\n${error.stack?.split("\n").slice(1, 4).join("\n") ?? ""}` : String(error);
      await bench.picture(`failed-${name}`).catch(() => undefined);
      if (name !== "example") bench.change({});
      await bench.tidy().catch(() => undefined);
    }
    report.scenarios[name] = { problem, seconds: (Date.now() - start) / 1000 };
    console.log(`${problem ? "FAILED" : "ok"} ${name} ${report.scenarios[name].seconds} s ${problem}`);
    writeFileSync(join(root, "report.json"), JSON.stringify(report, undefined, 2));
    if (name === "example" && problem) break;
  }
} finally {
  await bench.stop();
}
writeFileSync(join(root, "report.json"), JSON.stringify(report, undefined, 2));
console.log(JSON.stringify(report.figures));
process.exit(Object.values(report.scenarios).some((each) => each.problem) ? 1 : 0);
