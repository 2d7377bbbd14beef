#!/usr/bin/env bash
# @paulirish/trace_engine 0.0.65 (the trace engine of Chrome's DevTools, as Lighthouse uses it): it knows a flow, the arrow between two slices, only if both ends have exactly the begin of a slice as their time, and the slice's own category.
# The format binds a flow to the slice that encloses its time, whatever its category. So a trace whose arrows lie inside slices, or have a category of their own such as "irq", loses all of them: no flow is listed, there is no message, and the slices are all there.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund @paulirish/trace_engine@0.0.65 >/dev/null 2>&1
cat > flows.mjs <<'JS'
// The engine is made for a browser, and asks for this class when it is loaded.
globalThis.DOMRect ??= class {
  static fromRect() {
    return new DOMRect();
  }
};
const { TraceModel } = await import('@paulirish/trace_engine/models/trace/trace.js');
const slice = (tid, ts) => ({ ph: 'X', pid: 1, tid, ts, dur: 10, name: `thread ${tid}`, cat: 'work', args: {} });
const end = (ph, tid, ts, cat) => ({ ph, pid: 1, tid, ts, id: '1', name: 'wakes', cat, bp: 'e', args: {} });
const tries = {
  'at the begin, same category': [end('s', 1, 100, 'work'), end('f', 2, 200, 'work')],
  'inside the slices': [end('s', 1, 105, 'work'), end('f', 2, 205, 'work')],
  'a category of its own': [end('s', 1, 100, 'irq'), end('f', 2, 200, 'irq')],
};
for (const [title, flow] of Object.entries(tries)) {
  const model = TraceModel.Model.createWithAllHandlers();
  await model.parse([slice(1, 100), slice(2, 200), ...flow]);
  console.log(`${title}: ${model.parsedTrace().data.Flows.flows.length} of 1 flow`);
}
JS
seen=$(node flows.mjs)
printf '%s\n' "$seen"
[ "$seen" = 'at the begin, same category: 1 of 1 flow
inside the slices: 0 of 1 flow
a category of its own: 0 of 1 flow' ] || { echo 'changed' >&2; exit 1; }
