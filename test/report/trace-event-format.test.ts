import test from 'ava';
import { traceFileFaults } from './trace-event-format.js';

const slice = { name: 'a', ph: 'X', pid: 1, tid: 1, ts: 0, dur: 2 };
const flow = { name: 'a', cat: 'rf', pid: 1, tid: 1, id: 7 };
const start = { ...flow, ph: 's', ts: 0 };
const end = { ...flow, ph: 'f', bp: 'e', ts: 1 };
const faults = (...traceEvents: object[]): string[] =>
  traceFileFaults(JSON.stringify({ traceEvents }));

test('what keeps the rules of the format has no fault', (t) => {
  const inner = { ...slice, ts: 1, dur: 1 };
  const next = { ...slice, ts: 2 };
  const instant = { ...slice, ph: 'i', s: 't' };
  const naming = { name: 'thread_name', ph: 'M', pid: 1, tid: 1, args: { name: 'CPU 0' } };
  t.deepEqual(faults(naming, slice, inner, next, instant, start, end), []);
});

for (const [title, events, says] of [
  ['slices that overlap', [slice, { ...slice, ts: 1 }], /overlap at 1/],
  ['the idle thread', [{ ...slice, tid: 0 }], /its tid/],
  ['a slice without an end', [{ ...slice, dur: undefined }], /its phase/],
  ['an unknown phase', [{ ...slice, ph: 'Z' }], /its phase/],
  ['a flow without an end', [slice, start], /has no end/],
  ['a flow without a start', [slice, end], /has no start/],
  ['a flow back in time', [slice, { ...start, ts: 2 }, end], /back in time/],
  ['a flow out of nowhere', [start, end], /is in no slice/],
  ['a flow that starts twice', [slice, start, start, end], /starts twice/],
  ['a name that is none', [{ ...slice, name: 3 }], /no name/],
  ['metadata without its value', [{ ...slice, ph: 'M', name: 'thread_name' }], /its phase/],
] as const) {
  test(`${title} is a fault`, (t) => {
    t.regex(faults(...events).join('; '), says);
  });
}
