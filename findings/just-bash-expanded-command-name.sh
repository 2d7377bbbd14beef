#!/usr/bin/env bash
# just-bash 3.4.2: a command whose name comes from an expansion of several words is looked up as one name with blanks in it. `"$@"`, `$command`, `"${words[@]}"` give status 127, "command not found"; written out, or after `eval`, the same words run.
# Test scripts of the kernel, and of others, hand a command to a function that runs it by "$@" and looks at the status: here a function such as `fails() { ! "$@"; }` says yes without having run anything.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund just-bash@3.4.2 >/dev/null 2>&1
cat > scripts.txt <<'TXT'
run() { "$@"; }; run echo loaded livepatch
command="echo loaded"; $command livepatch
words=(echo loaded livepatch); "${words[@]}"
fails() { ! "$@" 2>/dev/null; }; fails true && echo "true fails"; fails true or not && echo "true or not fails"; echo end
eval "echo loaded livepatch"
TXT
cat > run.mjs <<'JS'
import { readFileSync } from 'node:fs';
import { Bash } from 'just-bash';
for (const script of readFileSync('scripts.txt', 'utf8').trim().split('\n')) {
  const { stdout, exitCode } = await new Bash().exec(script);
  console.log(`${stdout.trimEnd().replaceAll('\n', '; ')} (status ${exitCode})`);
}
JS
while read -r script; do echo "bash: $(bash -c "$script" | paste -sd' ')"; done < scripts.txt
seen=$(node run.mjs)
echo "$seen"
expected=' (status 127)
 (status 127)
 (status 127)
true or not fails; end (status 0)
loaded livepatch (status 0)'
[ "$seen" = "$expected" ] || { echo 'changed' >&2; exit 1; }
