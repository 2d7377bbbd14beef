#!/usr/bin/env bash
# just-bash 3.4.2: awk takes a separator of one character for a regular expression. POSIX says that any one character but a blank stands for itself: with -F. every field is empty here, and the status is 0.
# So a script that takes a kernel's version apart (`uname -r | awk -F. '{print $2}'`) gets an empty string, which compares as 0, and believes that it runs on a kernel before all features.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund just-bash@3.4.2 >/dev/null 2>&1
cat > scripts.txt <<'TXT'
echo 6.12.95 | awk -F. '{print "[" $1 "][" $2 "] " NF}'
echo 6.12.95 | awk -F. '{print ($2 >= 5) ? "newer" : "older"}'
echo 6.12.95 | awk -F'[.]' '{print "[" $1 "][" $2 "] " NF}'
TXT
cat > run.mjs <<'JS'
import { readFileSync } from 'node:fs';
import { Bash } from 'just-bash';
for (const script of readFileSync('scripts.txt', 'utf8').trim().split('\n')) {
  const { stdout, exitCode } = await new Bash().exec(script);
  console.log(`${stdout.trimEnd()} (status ${exitCode})`);
}
JS
while read -r script; do echo "awk: $(bash -c "$script")"; done < scripts.txt
seen=$(node run.mjs)
echo "$seen"
expected='[][] 8 (status 0)
older (status 0)
[6][12] 3 (status 0)'
[ "$seen" = "$expected" ] || { echo 'changed' >&2; exit 1; }
