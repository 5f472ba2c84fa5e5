// Runs code-server in one process. Its own entry starts a second one and gives it ten seconds, which a busy machine needs for less.
// Usage: serve.cjs ENTRY_JS OPTION...
const { dirname, join } = require("node:path");

async function main([entry, ...options]) {
  const folder = dirname(entry);
  const { parse, setDefaults } = require(join(folder, "cli.js"));
  const { runCodeServer } = require(join(folder, "main.js"));
  // VS Code's part listens at a port of its own unless this says that it is loaded by code-server.
  process.env.CODE_SERVER_PARENT_PID = String(process.pid);
  await runCodeServer(await setDefaults(parse(options)));
}

main(process.argv.slice(2)).catch((error) => {
  console.error(error);
  process.exit(1);
});
