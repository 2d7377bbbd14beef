import test from 'ava';
import * as fc from 'fast-check';
import type { Timeline, TimelineEvent } from '../../src/report/events.js';
import { renderTimeline } from '../../src/report/timeline.js';
import { traceFileOf } from '../../src/report/trace-export.js';
import { traceFileFaults } from './trace-event-format.js';

const event = (
  seq: number,
  cpu: number,
  task: string,
  name: string,
  more: Partial<TimelineEvent> = {},
): TimelineEvent => ({ seq, cpu, task, name, detail: '', ...more });

const timeline: Timeline = {
  title: 'I-8 <broken>',
  notes: ['seed 1', 'replay: klp-smp replay & see'],
  events: [
    event(4, 2, 'kthread', 'mark', { detail: 'new code', isFinding: true }),
    event(0, 0, 'driver', 'klp_enable_patch'),
    event(1, 2, 'kthread', 'call'),
    event(3, 0, 'user 7', 'switch'),
    event(6, 2, '', 'idle'),
  ],
};

const rowsIn = (html: string): string[] => html.match(/<tr.*<\/tr>/g)!.slice(1);

test('the timeline has a row per event in order, a column per CPU that occurs', (t) => {
  const html = renderTimeline(timeline);
  t.regex(html, /<th>#<\/th><th>CPU 0<\/th><th>CPU 2<\/th>/);
  const rows = rowsIn(html);
  t.deepEqual(
    rows.map((row) => /class="seq">(\d+)</.exec(row)?.[1]),
    ['0', '1', '3', '4', '6'],
  );
  t.regex(rows[0]!, /<td class="event".*klp_enable_patch.*<td><\/td><\/tr>$/);
  t.regex(rows[1]!, /<td><\/td><td class="event".*call.*kthread/);
  t.deepEqual(
    rows.map((row) => row.startsWith('<tr class="finding">')),
    [false, false, false, true, false],
  );
});

test('the timeline loads nothing from elsewhere and escapes what it shows', (t) => {
  const html = renderTimeline(timeline);
  t.notRegex(html, /https?:|src=|href=|@import|url\(/);
  t.regex(html, /<h1>I-8 &lt;broken&gt;<\/h1>/);
  t.regex(html, /replay &amp; see|replay: klp-smp replay &amp; see/);
});

test('no text of an event can break out of its cell', (t) => {
  const text = fc.string({ unit: 'binary' });
  const hostile = fc.oneof(text, fc.constant('</td></script><script>alert(1)</script>'));
  const property = fc.property(hostile, hostile, hostile, (task, name, detail) => {
    const html = renderTimeline({
      title: name,
      notes: [],
      events: [event(0, 0, task, name, { detail })],
    });
    t.is(html.match(/<script>/g)?.length, 1);
    t.is(html.match(/<td/g)?.length, 2);
  });
  fc.assert(property, { seed: 1 });
});

test('a task has one colour, and tasks that differ in a digit have different ones', (t) => {
  const hues = (tasks: string[]): (string | undefined)[] =>
    rowsIn(
      renderTimeline({
        title: '',
        notes: [],
        events: tasks.map((task, i) => event(i, 0, task, 'x')),
      }),
    ).map((row) => /--hue:(\d+)/.exec(row)?.[1]);
  const [a, b, again] = hues(['task 1', 'task 2', 'task 1']);
  t.is(a, again);
  t.not(a, b);
});

test('the trace has a named track per CPU, a slice per stay of a task, an instant per event', (t) => {
  const { traceEvents, otherData } = traceFileOf(timeline);
  t.is(otherData['notes'], 'seed 1\nreplay: klp-smp replay & see');
  const named = traceEvents.filter(({ name }) => name === 'thread_name');
  t.deepEqual(
    named.map(({ tid, args }) => [tid, args?.['name']]),
    [
      [1, 'CPU 0'],
      [3, 'CPU 2'],
    ],
  );
  const slices = traceEvents.filter(({ ph }) => ph === 'X');
  t.deepEqual(
    slices.map(({ tid, name, ts, dur }) => [tid, name, ts, dur]),
    [
      [1, 'driver', 0, 3],
      [1, 'user 7', 3, 1],
      [3, 'kthread', 1, 5],
    ],
  );
  const instants = traceEvents.filter(({ ph }) => ph === 'i');
  t.deepEqual(
    instants.map(({ ts, cat }) => [ts, cat]),
    [
      [0, 'event'],
      [1, 'event'],
      [3, 'event'],
      [4, 'finding'],
      [6, 'event'],
    ],
  );
  t.like(instants[3], { tid: 3, name: 'mark', args: { task: 'kthread', detail: 'new code' } });
});

test('slices of a CPU never overlap, and each event lies in the slice of its task', (t) => {
  const anyEvent = fc.record({
    seq: fc.nat(50),
    cpu: fc.nat(2),
    task: fc.constantFrom('a', 'b'),
    name: fc.constant('x'),
    detail: fc.constant(''),
  });
  const unique = fc.uniqueArray(anyEvent, { selector: ({ seq }) => seq });
  const property = fc.property(unique, (events) => {
    const file = traceFileOf({ title: '', notes: [], events });
    t.deepEqual(traceFileFaults(JSON.stringify(file)), []);
    const records = file.traceEvents;
    const slices = records.filter(({ ph }) => ph === 'X');
    for (const { tid, ts, args } of records.filter(({ ph }) => ph === 'i')) {
      const around = slices.filter(
        (slice) => slice.tid === tid && slice.ts! <= ts! && ts! < slice.ts! + slice.dur!,
      );
      t.deepEqual(
        around.map(({ name }) => name),
        [String(args?.['task'])],
      );
    }
  });
  fc.assert(property, { seed: 1 });
});

test('a run with no events makes an empty timeline and trace', (t) => {
  const empty = { title: 'none', notes: [], events: [] };
  t.regex(renderTimeline(empty), /0 events/);
  t.is(traceFileOf(empty).traceEvents.length, 1);
});
