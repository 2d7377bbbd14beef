#!/usr/bin/env bash
# AssemblyScript 0.28.20 with --sharedMemory and the feature `threads`: the module's static data is written again by each instance, and each instance has an allocator of its own.
# So the instance of a second thread puts counters and locks that lie in memory.data(), and that threads use already, back to their first values, and heap.alloc() in two threads hands out the same block,
# with each of the three runtimes, without a warning of the compiler. C and Rust for threads write their static data once; who expects the same loses counts and has two objects in one place.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund assemblyscript@0.28.20 >/dev/null 2>&1
cat > counter.ts <<'TS'
const counter = memory.data<i32>([5]);
export function increment(): void { atomic.add<i32>(counter, 1); }
export function value(): i32 { return atomic.load<i32>(counter); }
export function block(): usize { return heap.alloc(64); }
TS
cat > run.mjs <<'JS'
import { readFileSync } from 'node:fs';
for (const runtime of ['incremental', 'minimal', 'stub']) {
  const module = new WebAssembly.Module(readFileSync(`${runtime}.wasm`));
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 4, shared: true });
  const instance = () => new WebAssembly.Instance(module, { env: { memory, abort: () => { throw new Error('abort'); } } }).exports;
  const first = instance();
  first.increment();
  first.increment();
  const before = first.value();
  const second = instance();
  console.log(`${runtime}: counter ${before}, with a second instance ${first.value()}; the two get ${first.block() === second.block() ? 'the same block' : 'two blocks'}`);
}
JS
for runtime in incremental minimal stub; do
  npx asc counter.ts -o "$runtime.wasm" --runtime "$runtime" --enable threads --importMemory --sharedMemory --initialMemory 1 --maximumMemory 4
done
seen=$(node run.mjs)
echo "$seen"
expected='incremental: counter 7, with a second instance 5; the two get the same block
minimal: counter 7, with a second instance 5; the two get the same block
stub: counter 7, with a second instance 5; the two get the same block'
[ "$seen" = "$expected" ] || { echo 'changed' >&2; exit 1; }
