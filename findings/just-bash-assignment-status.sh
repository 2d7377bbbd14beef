#!/usr/bin/env bash
# just-bash 3.4.2: an assignment that stands alone does not set the exit status: `$?` after `x=1` is still that of the command before, where every shell gives 0.
# So a list of commands such as `check || result=$?` counts as failed after the assignment, and under `set -e` the script ends there, without a message: scripts that keep a status for later, as helpers for retries and tests do, stop in the middle.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund just-bash@3.4.2 >/dev/null 2>&1
cat > plain.sh <<'SCRIPT'
false
x=1
echo "after the assignment: $?"
SCRIPT
cat > kept.sh <<'SCRIPT'
set -e
check() { return 3; }
check || result=$?
echo "the check said $result"
SCRIPT
cat > run.mjs <<'JS'
import { readFileSync } from 'node:fs';
import { Bash } from 'just-bash';
for (const file of process.argv.slice(2)) {
  const { stdout, stderr, exitCode } = await new Bash().exec(readFileSync(file, 'utf8'));
  console.log(`${file}: ${stdout.trim() || 'nothing printed'}${stderr.trim()}, exit status ${exitCode}`);
}
JS
seen=$(node run.mjs plain.sh kept.sh)
real=$(for file in plain.sh kept.sh; do status=0; out=$(bash "$file") || status=$?; echo "$file: $out, exit status $status"; done)
printf 'just-bash:\n%s\nbash:\n%s\n' "$seen" "$real"
[ "$seen" = 'plain.sh: after the assignment: 1, exit status 0
kept.sh: nothing printed, exit status 3' ] || { echo 'changed' >&2; exit 1; }
[ "$real" = 'plain.sh: after the assignment: 0, exit status 0
kept.sh: the check said 3, exit status 0' ] || { echo 'bash is another' >&2; exit 1; }
