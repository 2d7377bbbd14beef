import { PassThrough } from 'node:stream';
import test from 'ava';
import { hasColours, padded, paint } from '../../src/cli/paint.js';
import { outcomesLine, remaining, startProgress } from '../../src/cli/progress.js';

const plan = { label: 'stress', total: 60, unit: 's' };

/** A stream that collects what is written; a terminal only if told so. */
function sink(isTTY: boolean): PassThrough & { isTTY: boolean } {
  // cursorTo and the like: what a terminal stream has and the bar calls.
  const terminal = { cursorTo: () => true, clearLine: () => true, moveCursor: () => true };
  return Object.assign(new PassThrough(), terminal, { isTTY, columns: 80 });
}

/** Everything that was written: newer versions of Node hand out one chunk at a time. */
function written(stream: PassThrough): string {
  let text = '';
  for (let chunk = stream.read() as Buffer | null; chunk !== null;) {
    text += chunk.toString();
    chunk = stream.read() as Buffer | null;
  }
  return text;
}

test('a terminal sees a bar with its label, its unit and the note', (t) => {
  const stream = sink(true);
  const progress = startProgress(plan, stream);
  progress.update(30, '1200 cycles');
  progress.stop();
  t.regex(written(stream), /stress .*30\/60 s 1200 cycles/);
});

test('a pipe sees nothing', (t) => {
  const stream = sink(false);
  const progress = startProgress(plan, stream);
  progress.update(30, 'note');
  progress.stop();
  t.is(written(stream), '');
});

test('the line tells the remaining time and the outcomes so far, the forbidden first', (t) => {
  t.is(remaining(0.25, 10), ', 30 s left');
  t.is(remaining(0.1, 60), ', 9 min left');
  t.is(remaining(0, 10), '');
  const seen = (name: string, grade: 'forbidden' | 'acceptable', count: number) => ({
    ...{ of: 'race', name, grade, count },
  });
  const all = [
    ...[seen('a', 'acceptable', 9), seen('b', 'acceptable', 3), seen('c', 'acceptable', 2)],
    ...[seen('bad', 'forbidden', 1), seen('d', 'acceptable', 1)],
  ];
  t.is(outcomesLine(all), 'FORBIDDEN bad × 1, a × 9, b × 3, 2 more outcomes');
});

test('colours follow FORCE_COLOR, NO_COLOR and the terminal, in this order', (t) => {
  const cases: [Record<string, string>, boolean, boolean][] = [
    [{}, true, true],
    [{}, false, false],
    [{ NO_COLOR: '1' }, true, false],
    [{ NO_COLOR: '' }, true, true],
    [{ FORCE_COLOR: '1' }, false, true],
    [{ FORCE_COLOR: '1', NO_COLOR: '1' }, false, true],
    [{ FORCE_COLOR: '0' }, true, false],
    [{ TERM: 'dumb' }, true, false],
  ];
  for (const [env, isTTY, wanted] of cases) t.is(hasColours({ env, isTTY }), wanted);
  const painted = paint('forbidden', 'bad', { env: { FORCE_COLOR: '1' }, isTTY: false });
  t.is(painted, '\u001b[1;31mbad\u001b[0m');
  t.is(padded(painted, 5), `${painted}  `);
});
