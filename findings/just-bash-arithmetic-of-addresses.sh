#!/usr/bin/env bash
# just-bash 3.4.2: $(( )) counts with JavaScript's numbers, where bash counts with 64 bits: values end at 2^53 - 1, shifts and bitwise operators know 32 bits. Nothing is said, the status is 0.
# Scripts about kernels compute with addresses (a symbol's offset in /proc/kallsyms) and with masks of 64 bits (CPUs, taint flags): every address of a kernel becomes the same wrong number, and bit 40 is bit 8.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund just-bash@3.4.2 >/dev/null 2>&1
cat > scripts.txt <<'TXT'
echo $((0xffffffff81000000 - 0xffffffff80000000))
echo $((0xffffffff81000000)) $((0xffffffffc0000000))
echo $((1 << 40)) $(( (1 << 36) | 1 ))
echo $((0x100000001 & 0x1ffffffff))
TXT
cat > run.mjs <<'JS'
import { readFileSync } from 'node:fs';
import { Bash } from 'just-bash';
for (const script of readFileSync('scripts.txt', 'utf8').trim().split('\n')) {
  const { stdout, exitCode } = await new Bash().exec(script);
  console.log(`${stdout.trimEnd()} (status ${exitCode})`);
}
JS
while read -r script; do echo "bash: $script: $(bash -c "$script")"; done < scripts.txt
seen=$(node run.mjs)
echo "$seen"
expected='0 (status 0)
9007199254740991 9007199254740991 (status 0)
256 17 (status 0)
1 (status 0)'
[ "$seen" = "$expected" ] || { echo 'changed' >&2; exit 1; }
