#!/usr/bin/env bash
# binaryen 132.0.0, its wasm2js: atomic read-modify-writes of 8 and 16 bits, which WebAssembly extends with zeros, become Atomics operations on signed arrays and hand back negative numbers.
# A byte that holds 200 is answered as -56. A lock or state word of one byte that compares what a cmpxchg returned with what it expected takes every success for a failure; the memory itself has changed. Loads of the same bytes are right.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund binaryen@132.0.0 >/dev/null 2>&1
cat > narrow.wat <<'WAT'
(module
  (memory 1 1 shared)
  (func (export "store8") (param $at i32) (param $value i32) (i32.atomic.store8 (local.get $at) (local.get $value)))
  (func (export "load8") (param $at i32) (result i32) (i32.atomic.load8_u (local.get $at)))
  (func (export "cmpxchg8") (param $at i32) (param $old i32) (param $new i32) (result i32)
    (i32.atomic.rmw8.cmpxchg_u (local.get $at) (local.get $old) (local.get $new)))
  (func (export "store16") (param $at i32) (param $value i32) (i32.atomic.store16 (local.get $at) (local.get $value)))
  (func (export "add16") (param $at i32) (param $more i32) (result i32) (i32.atomic.rmw16.add_u (local.get $at) (local.get $more))))
WAT
npx wasm2js narrow.wat --enable-threads -o translated.mjs
npx wasm-as narrow.wat --enable-threads -o narrow.wasm
cat > run.mjs <<'JS'
import { readFileSync } from 'node:fs';
import * as translated from './translated.mjs';
const { instance } = await WebAssembly.instantiate(readFileSync('narrow.wasm'));
for (const [name, it] of [['WebAssembly', instance.exports], ['wasm2js', translated]]) {
  it.store8(0, 200);
  const old = it.cmpxchg8(0, 200, 201);
  it.store16(2, 40_000);
  console.log(`${name}: cmpxchg8 of 200 returns ${old}, the byte is then ${it.load8(0)}; add16 to 40000 returns ${it.add16(2, 1)}`);
}
JS
seen=$(node run.mjs)
echo "$seen"
expected='WebAssembly: cmpxchg8 of 200 returns 200, the byte is then 201; add16 to 40000 returns 40000
wasm2js: cmpxchg8 of 200 returns -56, the byte is then 201; add16 to 40000 returns -25536'
[ "$seen" = "$expected" ] || { echo 'changed' >&2; exit 1; }
