// What a person does in the first five minutes, and what goes wrong later. Each scenario leaves the window as it found it.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Requests of different length and kind, for the time from Enter to ghost text. */
const REQUESTS = [
  "when a file is added to the Contracts library, start an approval and post the outcome in the Legal channel",
  "every day at 9 post the weather in the general channel",
  "when a form response is submitted, ask the manager for approval and email the requester",
  "when a ticket is created in zendesk, post a message in the support channel",
  "when a new e-mail with an attachment arrives, save each attachment to the Invoices folder",
  "when an issue is assigned to me in github, create a task in planner",
  "every Monday at 8 list the open issues of the repository website and post them in the team channel",
  "when a row is added to the Orders table, send an e-mail to the customer",
  "when a message is posted in slack, translate it and post it in teams",
];

/** `bench`: the window; `home`: a folder to write in; `figures`: what is measured goes there. */
export const SCENARIOS = {
  async example({ bench, home }) {
    await bench.open();
    await bench.command("Flowquill: Open the Example Folder...");
    await bench.dialog(home);
    await bench.until(() => existsSync(join(home, "flowquill-example", "flowquill.toml")), "The example folder was not copied.");
    await bench.page.locator(".tab", { hasText: "1-first-flow.flow" }).first().waitFor({ timeout: 120_000 });
    await bench.statusSays(/Flowquill/);
  },

  async ghost_text({ bench, folder }) {
    await bench.openFile("1-first-flow.flow");
    await bench.statusSays(/embedded/);
    await bench.focusEditor();
    await bench.page.keyboard.press("Control+End");
    await bench.page.keyboard.press("Enter");
    await bench.ghost(/flow/);
    await bench.page.waitForTimeout(1500);
    await bench.picture("ghost-text", { x: 0, y: 0, width: 1280, height: 330 });
    await bench.page.keyboard.press("Tab");
    const written = await bench.saved(join(folder, "1-first-flow.flow"), (text) => /flow \w+ \{\n {2}on \w+\.\w+\(/.test(text));
    await bench.page.waitForTimeout(1500);
    assert.equal(await bench.page.locator(".squiggly-error").count(), 0, `errors are shown in ${written}`);
    await bench.picture("accepted");
  },

  /** Milliseconds from the key Enter to ghost text on the screen. */
  async ghost_text_time({ bench, folder, figures }) {
    writeFileSync(join(folder, "times.flow"), "");
    await bench.page.waitForTimeout(500);
    await bench.openFile("times.flow");
    await bench.focusEditor();
    const times = [];
    for (const [number, request] of REQUESTS.entries()) {
      await bench.page.keyboard.press("Control+A");
      await bench.page.keyboard.press("Delete");
      await bench.page.keyboard.insertText(`# ${request}`);
      await bench.page.keyboard.press("End");
      await bench.page.waitForTimeout(700);
      const time = await watchGhost(bench);
      if (number > 0) times.push(time);
      await bench.page.keyboard.press("Escape");
    }
    times.sort((a, b) => a - b);
    Object.assign(figures, { ghostTextMs: { p50: Math.round(times[Math.floor(times.length / 2)]), most: Math.round(times.at(-1)), all: times.map(Math.round) } });
    await bench.tidy();
  },

  async quick_fix({ bench, folder }) {
    await bench.openFile("2-mistakes.flow");
    await bench.page.waitForSelector(".squiggly-error");
    await bench.goTo(5, 12);
    await bench.fixes(/post_message/);
    await bench.picture("quick-fix", { x: 0, y: 0, width: 1280, height: 400 });
    await bench.page.keyboard.press("Escape");
    await bench.takeFix(/post_message/);
    await bench.saved(join(folder, "2-mistakes.flow"), (text) => text.includes("slack.post_message("));
    await bench.goTo(6, 73);
    await bench.takeFix(/issue/);
    await bench.saved(join(folder, "2-mistakes.flow"), (text) => text.includes("message: issue.title)\n}"));
  },

  async misspell({ bench, folder }) {
    writeFileSync(join(folder, "typed.flow"), "");
    await bench.page.waitForTimeout(500);
    await bench.openFile("typed.flow");
    await bench.focusEditor();
    await bench.page.keyboard.type("flow typed {\non manual()\nteams.post_mesage()\n", { delay: 15 });
    await bench.page.keyboard.press("Escape");
    await bench.page.waitForSelector(".squiggly-error");
    await bench.clickText("post_mesage");
    await bench.takeFix(/post_message/);
    await bench.saved(join(folder, "typed.flow"), (text) => /teams\.post_message\(/.test(text));
  },

  async graph({ bench, folder }) {
    await bench.tidy();
    await bench.page.setViewportSize({ width: 1280, height: 860 });
    await bench.openFile("3-leave-request.flow");
    await bench.page.locator(".codelens-decoration a", { hasText: "Preview graph" }).first().click();
    const view = await bench.webview("#place svg .node");
    await bench.until(async () => (await view.locator(".node.kind-call").count()) >= 4, "The graph lacks steps.");
    await bench.goTo(12, 12);
    await bench.until(async () => /slack/.test((await view.locator(".node.selected").first().textContent()) ?? ""), "The graph does not follow the cursor.");
    await bench.picture("graph-alone");
    await view.locator(".node.kind-trigger").first().click();
    await bench.until(async () => /Ln 3\b/.test((await bench.page.locator("#status\\.editor\\.selection").textContent()) ?? ""), "A click does not go to the step.");
    await view.locator("#save").click();
    await bench.dialog(join(folder, "leave.svg"));
    await bench.until(() => existsSync(join(folder, "leave.svg")), "The picture was not saved.");
    const svg = readFileSync(join(folder, "leave.svg"), "utf8");
    assert.match(svg, /^<\?xml/);
    assert.ok(!svg.includes("var(--"), "the saved picture needs the theme");
  },

  async dry_run({ bench }) {
    await bench.openFile("3-leave-request.flow");
    await bench.page.locator(".codelens-decoration a", { hasText: "Dry run" }).first().click();
    const rows = bench.page.locator(".pane-body .monaco-list-row");
    await bench.until(async () => (await rows.allTextContents()).some((text) => /approval/.test(text)), "The dry run shows no step.");
    await bench.picture("dry-run");
    const steps = (await rows.allTextContents()).join("\n");
    assert.match(steps, /request/);
    const step = rows.filter({ hasText: /outlook\.send_email|slack\.post_message/ }).last();
    await step.click();
    await bench.until(async () => /Ln (1[2-9]|[23]\d)\b/.test((await bench.page.locator("#status\\.editor\\.selection").textContent()) ?? ""), "A click on a step does not go to its text.");
    await bench.picture("graph");
  },

  async themes({ bench }) {
    const view = await bench.webview("#place svg .node");
    for (const [name, theme, kind, inside] of [["dark", "Default Dark Modern", "vs-dark", "vscode-dark"], ["high-contrast", "Default High Contrast", "hc-black", "vscode-high-contrast"]]) {
      bench.change({ "workbench.colorTheme": theme });
      await bench.page.locator(`.monaco-workbench.${kind}`).waitFor();
      await view.locator(`body.${inside}`).waitFor();
      await bench.picture(`graph-${name}`);
    }
    bench.change({});
    await bench.page.locator(".monaco-workbench.vs").waitFor();
    await bench.tidy();
    await bench.page.keyboard.press("Control+J");
  },

  async export_logic_apps({ bench }) {
    await bench.openFile("3-leave-request.flow");
    await bench.command("Flowquill: Export to Logic Apps");
    await bench.until(async () => (await bench.page.locator(".view-lines").allTextContents()).some((text) => /Microsoft\.Logic|triggers|definition/.test(text.replace(/\u00a0/g, " "))), "No definition is shown.");
    await bench.picture("export");
    await bench.tidy();
  },

  async engine_down({ bench, folder }) {
    bench.change({ "flowquill.model": join(folder, "no-such-model") });
    writeFileSync(join(folder, "down.flow"), "");
    await bench.openFile("down.flow");
    await bench.statusSays(/no model/);
    await bench.focusEditor();
    await bench.page.keyboard.insertText("# every day at 9 post the weather in the general channel");
    await bench.page.keyboard.press("Enter");
    await bench.page.waitForTimeout(500);
    await bench.command("Trigger Inline Suggestion");
    await bench.notified(/model/i);
    await bench.status().hover();
    await bench.page.waitForTimeout(1200);
    await bench.picture("engine-down");
    assert.equal(await bench.ghostNow(), "");
    bench.change({});
    await bench.statusSays(/embedded/);
    await bench.command("Notifications: Clear All Notifications");
    await bench.focusEditor();
    await bench.command("Trigger Inline Suggestion");
    await bench.ghost(/flow/);
    await bench.page.keyboard.press("Escape");
    await bench.tidy();
  },

  async restart({ bench, data }) {
    await bench.openFile("2-mistakes.flow");
    const before = servers(data);
    assert.equal(before.length, 1, `one server was expected: ${before}`);
    await bench.command("Flowquill: Restart the Language Server");
    await bench.until(() => servers(data).length === 1 && servers(data)[0] !== before[0], "There is no new server.", () => String(servers(data)));
    await bench.statusSays(/embedded/);
    await bench.page.waitForSelector(".squiggly-error");
    process.kill(servers(data)[0], "SIGKILL");
    await bench.until(() => servers(data).length === 1, "A server that was killed does not come back.");
    await bench.statusSays(/embedded/);
    await bench.tidy();
  },

  /** A comment that is finished while the model still loads gets its flow all the same. */
  async early({ bench, folder }) {
    writeFileSync(join(folder, "early.flow"), "# every day at 9 post the weather in the general channel");
    await bench.page.waitForTimeout(500);
    await bench.openFile("early.flow");
    await bench.command("Flowquill: Restart the Language Server");
    await bench.focusEditor();
    await bench.page.keyboard.press("Control+End");
    await bench.page.keyboard.press("Enter");
    await bench.ghost(/flow/);
    await bench.page.keyboard.press("Escape");
    await bench.tidy();
  },

  async missing({ bench }) {
    bench.change({ "flowquill.server.command": "", "flowquill.python": "/nowhere/python3" });
    await bench.openFile("2-mistakes.flow");
    await bench.statusSays(/not installed/);
    await bench.command("Flowquill: Run the Doctor");
    await bench.webview("h1");
    await bench.picture("missing");
    bench.change({});
    await bench.statusSays(/embedded/);
    await bench.tidy();
  },

  async doctor({ bench }) {
    await bench.openFile("2-mistakes.flow");
    await bench.command("Flowquill: Run the Doctor");
    const view = await bench.webview("table");
    await bench.picture("doctor");
    assert.match((await view.locator("body").textContent()) ?? "", /onnxruntime/);
    await bench.tidy();
  },

  async walkthrough({ bench }) {
    await bench.command("Flowquill: Open the Walkthrough");
    await bench.page.locator(".getting-started-step, .step-title").first().waitFor();
    await (await bench.webview("h2, h3")).locator("text=What is installed").first().waitFor();
    await bench.page.locator(".getting-started-step", { hasText: "Get the language server" }).getByRole("checkbox", { checked: true }).waitFor();
    await bench.picture("walkthrough");
    await bench.tidy();
  },

  /** In a window that asks about trust: what the workspace's own settings name is not started. */
  async untrusted({ bench, home }) {
    const folder = join(home, "stranger");
    const trap = join(folder, "started");
    mkdirSync(join(folder, ".vscode"), { recursive: true });
    writeFileSync(join(folder, "trap.sh"), `#!/bin/sh\ntouch ${trap}\n`, { mode: 0o755 });
    writeFileSync(join(folder, ".vscode", "settings.json"), JSON.stringify({ "flowquill.server.command": join(folder, "trap.sh"), "flowquill.python": join(folder, "trap.sh"), "flowquill.server.package": folder }));
    cpSync(join(home, "flowquill-example", "3-leave-request.flow"), join(folder, "a.flow"));
    bench.settings({ "security.workspace.trust.enabled": true });
    await bench.open(folder);
    await bench.openFile("a.flow");
    await bench.statusSays(/embedded/);
    await bench.page.locator(".codelens-decoration a", { hasText: "Dry run" }).first().waitFor();
    await bench.picture("untrusted");
    assert.match(await bench.page.locator(".statusbar").textContent(), /Restricted Mode/);
    assert.ok(!existsSync(trap), "the program that the workspace names was started");
  },
};

async function watchGhost(bench) {
  await bench.page.evaluate(() => {
    window.ghostTime = new Promise((resolve) => {
      let start = 0;
      addEventListener("keydown", (event) => event.key === "Enter" && (start = performance.now()), { capture: true, once: true });
      const shown = () => [...document.querySelectorAll(".ghost-text, .ghost-text-decoration")].some((e) => e.textContent?.trim() && e.getClientRects().length);
      const look = () => (start && shown() ? resolve(performance.now() - start) : requestAnimationFrame(look));
      look();
    });
  });
  await bench.page.keyboard.press("Enter");
  const limit = bench.page.waitForTimeout(30_000).then(() => undefined);
  const time = await Promise.race([bench.page.evaluate(() => window.ghostTime), limit]);
  assert.ok(time !== undefined, "no ghost text within 30 s");
  return time;
}

/** Process numbers of the language servers that this window has started: those whose folder of work is the extension's storage. */
function servers(data) {
  const found = spawnSync("pgrep", ["-f", "lsp$"], { encoding: "utf8" }).stdout.split("\n").filter(Boolean);
  return found.map(Number).filter((pid) => spawnSync("readlink", [`/proc/${pid}/cwd`], { encoding: "utf8" }).stdout.startsWith(data));
}
