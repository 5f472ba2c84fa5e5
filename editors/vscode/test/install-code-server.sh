#!/usr/bin/env bash
# Installs code-server (a VS Code that a browser shows) into DIR from the npm registry, with the native modules that an extension host needs and no others.
# Needs Node 20, make, a C++ compiler, and the headers of libkrb5, libsecret, libx11 and libxkbfile
# (Debian: apt-get install build-essential python3 libkrb5-dev libsecret-1-dev libx11-dev libxkbfile-dev). Usage: install-code-server.sh DIR
set -euo pipefail
version=4.100.3
dir=${1:?usage: install-code-server.sh DIR}
entry=node_modules/code-server/out/node/entry.js
mkdir -p "$dir" && cd "$dir"
[ -f complete ] && exit 0
[ -f package.json ] || echo '{"private": true}' > package.json
npm install --ignore-scripts --no-audit --no-fund "code-server@$version"
(cd node_modules/argon2 && npx --no-install node-pre-gyp install --build-from-source)
(
  cd node_modules/code-server/lib/vscode
  npm install --ignore-scripts --omit=dev --no-audit --no-fund
  for module in @vscode/spdlog native-watchdog @parcel/watcher kerberos; do npm rebuild "$module"; done
  ln -sfn node_modules node_modules.asar
)
node "$entry" --version
touch complete
