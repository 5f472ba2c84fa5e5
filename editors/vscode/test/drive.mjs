// Uses the extension as a person does, in a real VS Code in a browser: ghost text below a comment, Tab, a squiggle and its fix.
// Needs: flowquill.vsix beside package.json, CODE_SERVER (the program code-server), CHROMIUM, FLOWQUILL (the server's program), and
// playwright-core in the folder that PLAYWRIGHT names or among this package's modules. PICTURE: where to save a picture of the ghost text.
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const { CODE_SERVER = "code-server", CHROMIUM = "/usr/bin/chromium", FLOWQUILL = "flowquill", PLAYWRIGHT, PICTURE } = process.env;
const { chromium } = createRequire(PLAYWRIGHT ? resolve(PLAYWRIGHT, "x.js") : import.meta.url)("playwright-core");
const REQUEST = "# when a file is added to the Contracts library, start an approval and post the outcome in the Legal channel";
const PORT = 8931;

const root = mkdtempSync(join(tmpdir(), "flowquill-vscode-"));
const [data, extensions, work] = ["data", "extensions", "work"].map((name) => join(root, name));
mkdirSync(join(data, "User"), { recursive: true });
mkdirSync(work);
const settings = {
  "flowquill.server.command": FLOWQUILL,
  "workbench.startupEditor": "none",
  "workbench.tips.enabled": false,
  "editor.minimap.enabled": false,
  "editor.wordWrap": "on",
  "chat.commandCenter.enabled": false,
  "security.workspace.trust.enabled": false,
};
writeFileSync(join(data, "User", "settings.json"), JSON.stringify(settings));
const file = join(work, "contracts.flow");
writeFileSync(file, "");

const common = ["--user-data-dir", data, "--extensions-dir", extensions];
const installed = spawnSync(CODE_SERVER, [...common, "--install-extension", join(here, "..", "flowquill.vsix")], { encoding: "utf8" });
assert.equal(installed.status, 0, installed.stderr);
const server = spawn(
  CODE_SERVER,
  [...common, "--auth", "none", "--disable-telemetry", "--disable-update-check", "--disable-workspace-trust", "--bind-addr", `127.0.0.1:${PORT}`, work],
  { stdio: "ignore" },
);

let page;
try {
  const browser = await chromium.launch({
    executablePath: CHROMIUM,
    args: ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
  });
  page = await browser.newPage({ viewport: { width: 1180, height: 560 } });
  await reach(page, `http://127.0.0.1:${PORT}/?folder=${work}`);
  await page.waitForSelector(".explorer-viewlet, .monaco-workbench", { timeout: 90_000 });
  await page.locator(".monaco-list-row", { hasText: "contracts.flow" }).first().dblclick({ timeout: 90_000 });
  await page.locator(".monaco-editor .view-line").first().click();
  await page.keyboard.press("Control+B");
  await page.waitForTimeout(6000);

  await page.keyboard.type(REQUEST);
  await page.keyboard.press("Enter");
  await page.waitForFunction(() => [...document.querySelectorAll(".ghost-text, .ghost-text-decoration")].some((e) => e.textContent.includes("flow")), null, { timeout: 40_000 });
  await page.waitForTimeout(1500);
  if (PICTURE) await page.screenshot({ path: PICTURE });
  await page.keyboard.press("Tab");
  await page.waitForTimeout(800);
  await page.keyboard.press("Control+S");
  await page.waitForTimeout(1500);
  const written = readFileSync(file, "utf8");
  console.log(written);
  assert.match(written, /flow \w+ \{\n {2}on \w+\.\w+\(/, "Tab put no flow into the file");

  await page.keyboard.press("Control+End");
  await page.keyboard.press("Enter");
  await page.keyboard.type("flow second {\non manual()\nteams.post_mesage()\n", { delay: 15 });
  await page.waitForSelector(".squiggly-error", { timeout: 30_000 });
  if (PICTURE) await page.screenshot({ path: PICTURE.replace(/\.png$/, "-squiggle.png") });
  await page.locator(".view-line span", { hasText: "post_mesage" }).last().click();
  await page.keyboard.press("Control+.");
  await page.waitForTimeout(2500);
  await page.keyboard.press("Enter");
  await page.waitForTimeout(1000);
  await page.keyboard.press("Control+S");
  await page.waitForTimeout(1500);
  assert.match(readFileSync(file, "utf8"), /teams\.post_message\(\)/, "the fix of the squiggle did not mend the text");
  console.log("ghost text, Tab, squiggle and fix: as they should be");
  await browser.close();
} catch (error) {
  if (PICTURE && page) await page.screenshot({ path: PICTURE.replace(/\.png$/, "-failed.png") });
  throw error;
} finally {
  server.kill();
}

async function reach(page, url) {
  for (let left = 60; left > 0; left -= 1) {
    try {
      await page.goto(url);
      return;
    } catch {
      await new Promise((done) => setTimeout(done, 1000));
    }
  }
  throw new Error(`Nothing answers at ${url}.`);
}
