#!/usr/bin/env bash
# Node 20.20.2 and 26.10.0: node:v8 and child processes with advanced serialization, given memory that is shared.
# A SharedArrayBuffer itself is refused with an error. A typed array over the same memory is accepted: what comes out is a private copy, and nothing says so.
# Who passes the view in place of the memory gets a program that runs, and whose threads or processes never see each other's stores. structuredClone() and postMessage() keep the same view shared.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
cat > serialize.cjs <<'JS'
const { serialize, deserialize } = require('node:v8');
const { fork } = require('node:child_process');
if (process.argv[2] === 'child') {
  process.once('message', (view) => {
    view[0] = 7;
    process.send(view.buffer instanceof SharedArrayBuffer, () => process.exit());
  });
} else {
  const words = new Int32Array(new SharedArrayBuffer(8));
  let memory = 'accepted';
  try {
    serialize(words.buffer);
  } catch {
    memory = 'refused';
  }
  const copy = deserialize(serialize(words));
  copy[0] = 5;
  console.log(`memory ${memory}, view shared ${copy.buffer instanceof SharedArrayBuffer}, store seen ${words[0] === 5}`);
  const clone = structuredClone(words);
  clone[0] = 3;
  console.log(`structuredClone: store seen ${words[0] === 3}`);
  const child = fork(__filename, ['child'], { serialization: 'advanced' });
  child.once('message', (shared) => console.log(`child process: view shared ${shared}, store seen ${words[0] === 7}`));
  child.send(words);
}
JS
expected='memory refused, view shared false, store seen false
structuredClone: store seen true
child process: view shared false, store seen false'
for version in 20.20.2 26.10.0; do
  npm install --silent --no-save --no-audit --no-fund --prefix "$folder/$version" "node@$version" >/dev/null 2>&1
  seen=$("$folder/$version/node_modules/node/bin/node" serialize.cjs)
  printf '%s:\n%s\n' "$version" "$seen"
  [ "$seen" = "$expected" ] || { echo 'changed' >&2; exit 1; }
done
