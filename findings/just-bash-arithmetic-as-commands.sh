#!/usr/bin/env bash
# just-bash 3.4.2: an arithmetic command whose first words look like a command with arguments is executed as two nested subshells: `((end - start > 5))` runs a command named end, with its output redirected into a new file named 5.
# `((n - 1 > 1))` and `((!x))` are of that kind; `((end > 5))`, `((n-1 > 1))` and `((n * 2 > 5))` are computed. The condition is false, or for `!` always true, whatever the variables hold. The script goes on, with its own status.
# A script that waits for a time to pass or a count to fall takes the wrong branch, and leaves files named like its limits; where a command has the variable's name, it is executed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund just-bash@3.4.2 >/dev/null 2>&1
cat > script.sh <<'S'
start=1; end=9; x=7
if ((end - start > 5)); then echo late; else echo early; fi
if ((end > 5)); then echo late; else echo early; fi
if ((end-start > 5)); then echo late; else echo early; fi
if ((!x)); then echo zero; else echo set; fi
if ((x == 0)); then echo zero; else echo set; fi
echo "files: $(ls)"
S
cat > run.mjs <<'JS'
import { readFileSync } from 'node:fs';
import { Bash } from 'just-bash';
const { stdout, stderr, exitCode } = await new Bash({ cwd: '/empty', files: { '/empty/nested/x': '' } }).exec('cd nested; rm x; ' + readFileSync('script.sh', 'utf8'));
process.stdout.write(`${stdout}${stderr}status ${exitCode}\n`);
JS
seen=$(node run.mjs)
echo "$seen"
mkdir elsewhere
echo "bash: $(cd elsewhere && bash ../script.sh | tr '\n' ' ')"
expected='early
late
late
zero
set
files: 5
bash: end: command not found
bash: x: command not found
status 0'
[ "$seen" = "$expected" ] || { echo 'changed' >&2; exit 1; }
