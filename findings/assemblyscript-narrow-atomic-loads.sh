#!/usr/bin/env bash
# AssemblyScript 0.28.20: `atomic.load<i8>()` and `atomic.load<i16>()` hand back a value that is extended with zeros, though the type is signed: -5 is read as 251 and as 65531.
# The same bytes are -5 to `load<i8>()`, and to what the atomic exchange, addition and compare-exchange of that type return. So making a plain load of a small signed counter or state atomic turns every negative value into a large positive one, without a message.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund assemblyscript@0.28.20 >/dev/null 2>&1
cat > narrow.ts <<'TS'
export function put(value: i32): void { atomic.store<i8>(0, value as i8); atomic.store<i16>(8, value as i16); }
export function plain8(): i32 { return load<i8>(0); }
export function atomic8(): i32 { return atomic.load<i8>(0); }
export function added8(): i32 { return atomic.add<i8>(0, 0); }
export function plain16(): i32 { return load<i16>(8); }
export function atomic16(): i32 { return atomic.load<i16>(8); }
export function added16(): i32 { return atomic.add<i16>(8, 0); }
TS
cat > run.mjs <<'JS'
import { readFileSync } from 'node:fs';
const memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
const env = { memory, abort() {} };
const { instance } = await WebAssembly.instantiate(readFileSync('narrow.wasm'), { env });
const it = instance.exports;
it.put(-5);
for (const bits of [8, 16]) console.log(`i${bits}: load ${it[`plain${bits}`]()}, atomic.load ${it[`atomic${bits}`]()}, atomic.add ${it[`added${bits}`]()}`);
JS
seen=''
for level in -O0 -O3; do
  npx asc narrow.ts "$level" --runtime stub --enable threads --sharedMemory --importMemory --initialMemory 1 --maximumMemory 1 -o narrow.wasm
  seen+="$level"$'\n'"$(node run.mjs)"$'\n'
done
printf '%s' "$seen"
rows='i8: load -5, atomic.load 251, atomic.add -5
i16: load -5, atomic.load 65531, atomic.add -5
'
[ "$seen" = "-O0"$'\n'"$rows-O3"$'\n'"$rows" ] || { echo 'changed' >&2; exit 1; }
