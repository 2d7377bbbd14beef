#!/usr/bin/env bash
# Node 20.20.2 and 26.10.0: bodies of Request and Response (so of fetch() too) that are made from shared memory.
# A SharedArrayBuffer becomes the 26 characters "[object SharedArrayBuffer]" in both. A typed array over it is refused by Node 20 with a TypeError; Node 26 takes it and sends its elements as decimal text with commas.
# The Content-Type says text/plain, the status is fine, and the receiver gets digits in place of bytes. The same view over private memory gives its bytes, and so does a Blob of the shared view: only upgrading Node turns an error into wrong data.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
cat > body.mjs <<'JS'
const shared = new Uint8Array(new SharedArrayBuffer(4));
shared.set([75, 76, 80, 10]);
const show = async (name, body) => {
  try {
    const response = new Response(body);
    const type = response.headers.get('content-type') ?? 'no type';
    console.log(`${name}: ${JSON.stringify(await response.text())} (${type})`);
  } catch (error) {
    console.log(`${name}: ${error.name}`);
  }
};
await show('private view', new Uint8Array(shared));
await show('shared memory', shared.buffer);
await show('shared view', shared);
await show('blob of shared view', new Blob([shared]));
const request = async () => new Request('http://localhost/', { method: 'POST', body: shared }).text();
console.log('request:', await request().catch((error) => error.name));
JS
declare -A expected
expected[20.20.2]='private view: "KLP\n" (no type)
shared memory: "[object SharedArrayBuffer]" (text/plain;charset=UTF-8)
shared view: TypeError
blob of shared view: "KLP\n" (no type)
request: TypeError'
expected[26.10.0]='private view: "KLP\n" (no type)
shared memory: "[object SharedArrayBuffer]" (text/plain;charset=UTF-8)
shared view: "75,76,80,10" (text/plain;charset=UTF-8)
blob of shared view: "KLP\n" (no type)
request: 75,76,80,10'
for version in 20.20.2 26.10.0; do
  npm install --silent --no-save --no-audit --no-fund --prefix "$folder/$version" "node@$version" >/dev/null 2>&1
  seen=$("$folder/$version/node_modules/node/bin/node" body.mjs)
  printf '%s:\n%s\n' "$version" "$seen"
  [ "$seen" = "${expected[$version]}" ] || { echo 'changed' >&2; exit 1; }
done
