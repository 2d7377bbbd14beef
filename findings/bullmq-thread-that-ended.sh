#!/usr/bin/env bash
# BullMQ 6.7.0 with useWorkerThreads on Node 20.20.2: the pool of processors knows its threads by their id, and Node gives a thread that has ended the id -1, which the pool takes for 1.
# So when any thread ends by itself (a processor that calls process.exit(), an error that nobody catches), the pool keeps that one and forgets the thread whose id is 1, the first that the process has started, in the middle of its job.
# close(true) of a Worker then returns at once, where it lets that job come to its end and keeps its result otherwise (seen with Redis 7.0.15), and the thread is never ended: the process stays. Nothing is said.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund bullmq@6.7.0 >/dev/null 2>&1
echo "export default async () => 'done';" > processor.mjs
cat > run.mjs <<'JS'
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { ChildPool } from 'bullmq';
const mainFile = createRequire(import.meta.url).resolve('bullmq').replace(/index\.js$/, 'classes/main-worker.js');
const processor = fileURLToPath(new URL('processor.mjs', import.meta.url));
const [, , ends] = process.argv;
const pool = new ChildPool({ mainFile, useWorkerThreads: true });
const first = await pool.retain(processor);
const second = await pool.retain(processor);
if (ends !== 'none') await Promise.all([once(second, 'exit'), second.worker.terminate()]);
const kept = Object.values(pool.retained).map((child) => (child === first ? 'first' : 'second'));
await pool.clean();
console.log(`${ends} ends: kept are ${kept.join(' and ')}; after cleaning the first ${first.exitCode === null ? 'lives on' : 'has ended'}`);
await first.worker.terminate();
JS
seen=$(node run.mjs none; node run.mjs 'the second')
echo "$seen"
expected='none ends: kept are first and second; after cleaning the first has ended
the second ends: kept are second; after cleaning the first lives on'
[ "$seen" = "$expected" ] || { echo 'changed' >&2; exit 1; }
