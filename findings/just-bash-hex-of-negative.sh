#!/usr/bin/env bash
# just-bash 3.4.2: printf with %x, %X and %o given a negative number prints its magnitude, without a sign and with status 0.
# bash prints the two's complement of 64 bits. A script that formats an errno, a mask or a kernel address that came out negative goes on with another number.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund just-bash@3.4.2 >/dev/null 2>&1
script='printf "%x %X %o %d\n" -22 -22 -22 -22'
cat > run.mjs <<'JS'
import { Bash } from 'just-bash';
const { stdout, exitCode } = await new Bash().exec(process.argv[2]);
console.log(`${stdout.trimEnd()} (status ${exitCode})`);
JS
seen=$(node run.mjs "$script")
echo "just-bash: $seen"
echo "bash:      $(bash -c "$script") (status $?)"
[ "$seen" = '16 16 26 -22 (status 0)' ] || { echo 'changed' >&2; exit 1; }
