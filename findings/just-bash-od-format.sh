#!/usr/bin/env bash
# just-bash 3.4.2: od knows -t x1 only as two words. -tx1 in one word, -t d1 and -t u4 print octal bytes, with status 0 and no message.
# Scripts that dump a binary file of a kernel (notes of a module, a trace buffer) take the octal digits for hexadecimal or decimal ones: other values, also digits that look right.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund just-bash@3.4.2 >/dev/null 2>&1
cat > run.mjs <<'JS'
import { Bash } from 'just-bash';
for (const type of ['-t x1', '-tx1', '-t d1', '-t u4']) {
  const { stdout, exitCode } = await new Bash().exec(`printf 'KLP1' | od -An ${type}`);
  console.log(`${type}:${stdout.trimEnd()} (status ${exitCode})`);
}
JS
seen=$(node run.mjs)
echo "$seen"
for type in -tx1 -td1 -tu4; do echo "coreutils $type:$(printf 'KLP1' | od -An "$type")"; done
expected='-t x1: 4b 4c 50 31 (status 0)
-tx1: 113 114 120 061 (status 0)
-t d1: 113 114 120 061 (status 0)
-t u4: 113 114 120 061 (status 0)'
[ "$seen" = "$expected" ] || { echo 'changed' >&2; exit 1; }
