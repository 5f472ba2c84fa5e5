// A real VS Code in a browser: starts it, and does with keyboard and mouse what a person does.
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { chromium } from "playwright-core";

/** Generous: a shared machine may be slow. */
export const PATIENCE = 120_000;

const SIZE = { width: 1280, height: 720 };

const CHROME = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];

export class Workbench {
  /** `options`: codeServer (its entry.js), chromium, root (a folder of ours), folder (the one that is opened), vsix, machine (settings). */
  static async start({ codeServer, chromium: executablePath, root, folder, vsix, machine }) {
    const data = join(root, "data");
    mkdirSync(join(data, "User"), { recursive: true });
    const bench = new Workbench();
    Object.assign(bench, { root, data, folder, pictures: join(root, "pictures"), home: join(root, "home") });
    for (const folder of [bench.pictures, bench.home]) mkdirSync(folder, { recursive: true });
    // In a browser VS Code takes settings that are a machine's from here, and those among the user's only until it knows them for such.
    mkdirSync(join(data, "Machine"), { recursive: true });
    writeFileSync(join(data, "Machine", "settings.json"), JSON.stringify(machine));
    bench.settings({});
    const common = ["--user-data-dir", data, "--extensions-dir", join(root, "extensions")];
    const env = { ...process.env, HOME: bench.home, XDG_CONFIG_HOME: join(root, "config") };
    if (!existsSync(join(root, "extensions"))) {
      const installed = spawnSync(process.execPath, [codeServer, ...common, "--install-extension", vsix], { encoding: "utf8", env });
      if (installed.status !== 0) throw new Error(`The extension cannot be installed: ${installed.stderr}`);
    }
    const port = await freePort();
    const log = openSync(join(root, "code-server.log"), "a");
    const args = ["--auth", "none", "--disable-telemetry", "--disable-update-check", "--disable-getting-started-override", "--bind-addr", `127.0.0.1:${port}`];
    bench.server = spawn(process.execPath, [join(import.meta.dirname, "serve.cjs"), codeServer, ...common, ...args], { stdio: ["ignore", log, log], env, detached: true });
    bench.server.on("exit", (code, signal) => (bench.ended = `code-server ended (${signal ?? code}); ${join(root, "code-server.log")} says why.`));
    bench.url = `http://127.0.0.1:${port}/`;
    bench.browser = await chromium.launch({ executablePath, args: CHROME });
    bench.page = await bench.browser.newPage({ viewport: SIZE });
    bench.page.setDefaultTimeout(PATIENCE);
    return bench;
  }

  async stop() {
    await this.browser?.close();
    try {
      process.kill(-this.server.pid, "SIGTERM");
    } catch {
      // It has ended by itself.
    }
  }

  /** Changes settings while the window is open: those of its folder, which VS Code watches. */
  change(wanted) {
    mkdirSync(join(this.folder, ".vscode"), { recursive: true });
    writeFileSync(join(this.folder, ".vscode", "settings.json"), JSON.stringify(wanted));
  }

  /** The user's settings, for windows opened afterwards. */
  settings(wanted) {
    writeFileSync(join(this.data, "User", "settings.json"), JSON.stringify({ ...QUIET, ...wanted }));
  }

  /** Opens a folder, or with none an empty window. */
  async open(folder) {
    if (folder) this.folder = folder;
    const url = folder ? `${this.url}?folder=${folder}` : `${this.url}?ew=true`;
    for (let left = 300; ; left -= 1) {
      try {
        await this.page.goto(url);
        break;
      } catch (error) {
        if (left === 0 || this.ended) throw new Error(this.ended ?? error.message);
        await this.page.waitForTimeout(1000);
      }
    }
    await this.page.waitForSelector(".monaco-workbench .statusbar-item", { timeout: 2 * PATIENCE });
  }

  async picture(name, clip) {
    await this.page.waitForTimeout(400);
    await this.page.screenshot({ path: join(this.pictures, `${name}.png`), ...(clip ? { clip } : {}) });
  }

  /** Runs a command by its title in the palette, which may list it late. */
  async command(title) {
    await this.choose(`>${title}`, title);
  }

  /** Opens a file of the folder by its path. The rows of the explorer move while files come and go. */
  async openFile(name) {
    const tab = this.page.locator(".tab", { hasText: name }).first();
    if (await tab.isVisible()) await tab.click();
    else await this.choose(join(this.folder, name), name);
    await this.page.locator(".tab.active", { hasText: name }).first().waitFor();
    await this.page.locator(".editor-group-container.active .monaco-editor .view-line").first().waitFor();
    if (await this.page.locator(".part.sidebar").isVisible()) await this.page.keyboard.press("Control+B");
  }

  /** Types into the palette and clicks the line that shows `wanted`. */
  async choose(typed, wanted, tries = 20) {
    const input = this.page.locator(".quick-input-widget input");
    const row = this.page.locator(".quick-input-list .monaco-list-row", { hasText: wanted }).first();
    for (; ; tries -= 1) {
      await this.page.keyboard.press("F1");
      await input.waitFor();
      await input.fill(typed);
      try {
        return await row.click({ timeout: 3000 });
      } catch (error) {
        if (tries === 0) throw error;
        await this.page.keyboard.press("Escape");
      }
    }
  }

  /** Answers VS Code's own file dialog with a path. */
  async dialog(path) {
    const input = this.page.locator(".quick-input-widget input");
    const busy = this.page.locator(".quick-input-widget .monaco-progress-container.active");
    await this.page.locator(".quick-input-list .monaco-list-row").first().waitFor();
    await input.fill(path);
    // The dialog lists the folder first, and hears no key meanwhile.
    await this.until(async () => {
      if (!(await input.isVisible())) return true;
      if (!(await busy.isVisible())) await this.page.keyboard.press("Enter");
      await this.page.waitForTimeout(750);
      return false;
    }, `The file dialog does not take ${path}.`);
  }

  /** Clicks into the text of the editor in front; `text` names the place. */
  async clickText(text) {
    await this.page.locator(".editor-group-container .monaco-editor .view-line span span", { hasText: text }).first().click();
  }

  /** Opens the menu of fixes and waits for a line. VS Code looks anew, and forgets who asked, a quarter of a second after the cursor moved or what is underlined changed: then once more. */
  async fixes(pattern) {
    const row = this.page.locator(".action-widget .monaco-list-row.action", { hasText: pattern }).first();
    const none = this.page.locator(".monaco-editor-overlaymessage", { hasText: "No code actions available" });
    for (let left = 5; ; left -= 1) {
      await this.page.keyboard.press("Control+.");
      await row.or(none).first().waitFor();
      if (await row.isVisible()) return;
      if (left === 0) throw new Error(`No fix ${pattern} is offered.`);
      await this.page.keyboard.press("Escape");
      await none.waitFor({ state: "hidden" });
    }
  }

  /** Takes a line of the menu of fixes, by the keyboard. */
  async takeFix(pattern) {
    const rows = this.page.locator(".action-widget .monaco-list-row.action");
    await this.fixes(pattern);
    for (let left = await rows.count(); left >= 0; left -= 1) {
      const focused = this.page.locator(".action-widget .monaco-list-row.focused");
      if (pattern.test((await focused.textContent()) ?? "")) return this.page.keyboard.press("Enter");
      await this.page.keyboard.press("ArrowDown");
    }
    throw new Error(`No fix ${pattern} can be reached.`);
  }

  async focusEditor() {
    await this.command("View: Focus Active Editor Group");
  }

  async goTo(line, column = 1) {
    await this.page.keyboard.press("Control+G");
    const input = this.page.locator(".quick-input-widget input");
    await input.waitFor();
    await input.fill(`:${line}:${column}`);
    await this.page.keyboard.press("Enter");
    await input.waitFor({ state: "hidden" });
  }

  /** Saves the file in front and waits until its text is as it should be. */
  async saved(path, test) {
    await this.page.keyboard.press("Control+S");
    await this.until(() => test(readFileSync(path, "utf8")), `${path} does not become what it should`, () => readFileSync(path, "utf8"));
    return readFileSync(path, "utf8");
  }

  /** Waits until `test` holds; the error says `what`, and what `seen` gives. */
  async until(test, what, seen = () => "", patience = PATIENCE) {
    const end = Date.now() + patience;
    while (!(await test())) {
      if (Date.now() > end) throw new Error(`${what} ${seen()}`);
      await this.page.waitForTimeout(250);
    }
  }

  status() {
    return this.page.locator(".statusbar-item[id='flowquill.flowquill.flowquill.status'], .statusbar-item[id$='flowquill.status']").first();
  }

  async statusSays(pattern, patience = PATIENCE) {
    let said = "";
    await this.until(async () => pattern.test((said = (await this.status().textContent().catch(() => "")) ?? "")), `The status item does not say ${pattern}, but:`, () => said, patience);
  }

  async ghost(pattern = /\S/, patience = PATIENCE) {
    let seen = "";
    await this.until(async () => pattern.test((seen = await this.ghostNow())), `No ghost text ${pattern}; there is:`, () => seen, patience);
    return seen;
  }

  ghostNow() {
    return this.page.evaluate(() => [...document.querySelectorAll(".ghost-text, .ghost-text-decoration")].map((e) => e.textContent).join("\n"));
  }

  notifications() {
    return this.page.locator(".notification-toast").allTextContents();
  }

  async notified(pattern) {
    let seen = [];
    await this.until(async () => (seen = await this.notifications()).some((text) => pattern.test(text)), `No notification ${pattern}; there are:`, () => seen.join(" | "));
  }

  /** The document inside the webview in front. */
  async webview(selector) {
    let found;
    await this.until(async () => {
      for (const frame of this.page.frames()) {
        if (frame.name() === "" && frame.parentFrame() === null) continue;
        if ((await frame.locator(selector).count().catch(() => 0)) > 0) return (found = frame);
      }
      return false;
    }, `No webview shows ${selector}.`);
    return found;
  }

  /** Back to a window with nothing open, whatever a station left behind; what was not saved is thrown away. */
  async tidy() {
    const told = await this.notifications();
    await this.page.keyboard.press("Escape");
    await this.page.keyboard.press("Escape");
    const tabs = this.page.locator(".tabs-container .tab");
    const throwAway = this.page.locator(".monaco-dialog-box .monaco-button", { hasText: "Don't Save" });
    if (!(await throwAway.isVisible()) && (await tabs.count())) await this.command("View: Close All Editors");
    await this.until(async () => {
      if (await throwAway.isVisible()) await throwAway.click();
      return (await tabs.count()) === 0;
    }, "The editors are not closed.", () => "", 30_000);
    if (await this.page.locator(".notification-toast").count()) await this.command("Notifications: Clear All Notifications");
    await this.page.setViewportSize(SIZE);
    // A stack trace is for nobody who uses an editor.
    const trace = told.find((text) => /\.js:\d+/.test(text));
    if (trace) throw new Error(`A notification shows a stack trace: ${trace}`);
  }
}

const QUIET = {
  "workbench.startupEditor": "none",
  "workbench.tips.enabled": false,
  "workbench.editor.enablePreview": false,
  "editor.minimap.enabled": false,
  "editor.wordWrap": "on",
  "editor.stickyScroll.enabled": false,
  "chat.commandCenter.enabled": false,
  "window.commandCenter": false,
  "window.title": "${activeEditorShort}${separator}${rootName}",
  "files.simpleDialog.enable": true,
  "files.hotExit": "off",
  "remote.autoForwardPorts": false,
  "git.enabled": false,
  "editor.cursorBlinking": "solid",
  "workbench.reduceMotion": "on",
  "workbench.colorTheme": "Default Light Modern",
  "extensions.ignoreRecommendations": true,
  "security.workspace.trust.enabled": false,
  "security.workspace.trust.startupPrompt": "never",
  "security.workspace.trust.banner": "never",
};

function freePort() {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.on("error", reject);
    probe.listen(0, "127.0.0.1", () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
}
