#!/usr/bin/env bash
# just-bash 3.4.2: arrays that are declared with an option hold something else than in bash, with status 0 and no message.
# `declare -A map=([key]="two words")` keeps the first word of each value, while `map[key]="two words"` on a line of its own keeps both. `local -A` makes an indexed array, in which all keys are one:
# the value stored last is that of every key. `declare -n other=list; other=(…)` leaves the list as it was.
# Test scripts keep parameters and expected results by name in such maps, and hand arrays to functions by name: they go on with shortened, mixed or old values.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund just-bash@3.4.2 >/dev/null 2>&1
cat > script.sh <<'S'
declare -A at_once=([load]="ok 0" [unload]="busy 16")
declare -A one_by_one; one_by_one[load]="ok 0"; one_by_one[unload]="busy 16"
echo "${at_once[load]} / ${at_once[unload]}"
echo "${one_by_one[load]} / ${one_by_one[unload]}"
in_function() { local -A own; own[load]="ok 0"; own[unload]="busy 16"; echo "${own[load]} / ${own[unload]}"; }
in_function
list=(old); declare -n other=list; other=(new values)
echo "${list[@]}"
S
cat > run.mjs <<'JS'
import { readFileSync } from 'node:fs';
import { Bash } from 'just-bash';
const { stdout, stderr, exitCode } = await new Bash().exec(readFileSync('script.sh', 'utf8'));
process.stdout.write(`${stdout}${stderr}status ${exitCode}\n`);
JS
seen=$(node run.mjs)
echo "$seen"
echo 'bash:'; bash script.sh
expected='ok / busy
ok 0 / busy 16
busy 16 / busy 16
old
status 0'
[ "$seen" = "$expected" ] || { echo 'changed' >&2; exit 1; }
