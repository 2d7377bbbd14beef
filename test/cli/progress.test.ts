import { PassThrough } from 'node:stream';
import test from 'ava';
import { startProgress } from '../../src/cli/progress.js';

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
