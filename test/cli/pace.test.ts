/** `replay --step`: what each key does. */
import { PassThrough } from 'node:stream';
import test from 'ava';
import { pace } from '../../src/cli/pace.js';

const LINES = ['one', 'two', 'three'];

/** Tell the lines while `keys` come in; what was shown of them. */
async function shown(keys: string, signal = new AbortController().signal): Promise<string[]> {
  const [stdin, stdout] = [new PassThrough(), new PassThrough()];
  const texts: string[] = [];
  stdout.setEncoding('utf8').on('data', (text: string) => texts.push(text));
  stdin.write(keys);
  await pace(LINES, { stdin, stdout }, signal);
  return LINES.filter((line) => texts.join('').includes(line));
}

test('each Enter shows a line, also those that come at once', async (t) => {
  t.deepEqual(await shown('\r\r\r'), LINES);
});

test('q ends it, without Enter', async (t) => {
  t.deepEqual(await shown('q'), ['one']);
  t.deepEqual(await shown('\rq\r'), ['one', 'two']);
});

test('the end of the input and a signal end it', async (t) => {
  t.deepEqual(await shown('\r\u0004'), ['one', 'two']);
  t.deepEqual(await shown('', AbortSignal.abort()), []);
  const stop = new AbortController();
  setImmediate(() => {
    stop.abort();
  });
  t.deepEqual(await shown('', stop.signal), ['one']);
});
