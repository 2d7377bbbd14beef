#!/usr/bin/env bash
# binaryen 132.0.0, also in 120.0.0: the pass `precompute` takes `atomic.fence` for an expression with a known result and removes it; optimize() runs that pass from level 1 on.
# The other passes keep the fence, and so does optimising without `precompute`. Once it has gone, level 3 makes one load of the two plain loads that stood on its two sides.
# Who orders plain stores and loads of shared memory by fences, as atomic_thread_fence() compiles to, can publish data before it is written, with no warning. Atomic loads whose value is dropped stay.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
cat > fence.mjs <<'JS'
import binaryen from 'binaryen';
const text = `(module (memory 1 1 shared)
  (func (export "publish")
    (i32.store (i32.const 4) (i32.const 1)) (atomic.fence) (i32.store (i32.const 0) (i32.const 1)))
  (func (export "changed") (result i32) (local $before i32)
    (local.set $before (i32.load (i32.const 4)))
    (atomic.fence)
    (i32.sub (i32.load (i32.const 4)) (local.get $before)))
  (func (export "kept") (drop (i32.atomic.load (i32.const 0)))))`;
const count = (module, what) => module.emitText().split(what).length - 1;
const show = (what, change) => {
  const module = binaryen.parseText(text);
  module.setFeatures(binaryen.Features.All);
  if (!module.validate()) throw new Error('not valid');
  change(module);
  console.log(`${what}: fences ${count(module, '(atomic.fence)')}, plain loads ${count(module, '(i32.load')}, atomic loads ${count(module, '(i32.atomic.load')}`);
};
const level = (number) => (module) => {
  binaryen.setOptimizeLevel(number);
  binaryen.setShrinkLevel(0);
  module.optimize();
};
show('as written', () => undefined);
show('vacuum, dce, local-cse', (module) => module.runPasses(['vacuum', 'dce', 'local-cse']));
show('precompute', (module) => module.runPasses(['precompute']));
show('level 1', level(1));
show('level 3', level(3));
JS
expected='as written: fences 2, plain loads 2, atomic loads 1
vacuum, dce, local-cse: fences 2, plain loads 2, atomic loads 1
precompute: fences 0, plain loads 2, atomic loads 1
level 1: fences 0, plain loads 2, atomic loads 1
level 3: fences 0, plain loads 1, atomic loads 1'
for version in 120.0.0 132.0.0; do
  mkdir "$version"
  npm install --silent --no-audit --no-fund --prefix "$folder/$version" "binaryen@$version" >/dev/null 2>&1
  cp fence.mjs "$version"
  seen=$(node "$version/fence.mjs")
  printf '%s:\n%s\n' "$version" "$seen"
  [ "$seen" = "$expected" ] || { echo 'changed' >&2; exit 1; }
done
