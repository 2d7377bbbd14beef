#!/usr/bin/env bash
# Node 20.20.2 against 22.23.3 and 26.10.0: `Buffer.from(memory)` over a growable SharedArrayBuffer.
# In 20 the Buffer keeps the length that it was made with when the memory grows; in 22 and later it grows along, as a Uint8Array does in all of them.
# Code that computes offsets from buffer.length, such as a ring that is mapped once, means another region after an upgrade, without an error.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
cat > growable.cjs <<'JS'
const memory = new SharedArrayBuffer(8, { maxByteLength: 32 });
const buffer = Buffer.from(memory);
const bytes = new Uint8Array(memory);
memory.grow(16);
console.log(`Buffer ${buffer.length}, Uint8Array ${bytes.length}`);
JS
seen=''
for version in 20.20.2 22.23.3 26.10.0; do
  npm install --silent --no-save --no-audit --no-fund --prefix "$folder/$version" "node@$version" >/dev/null 2>&1
  seen+="$version: $("$folder/$version/node_modules/node/bin/node" growable.cjs)"$'\n'
done
printf '%s' "$seen"
expected='20.20.2: Buffer 8, Uint8Array 16
22.23.3: Buffer 16, Uint8Array 16
26.10.0: Buffer 16, Uint8Array 16
'
[ "$seen" = "$expected" ] || { echo 'changed' >&2; exit 1; }
