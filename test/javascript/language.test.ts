import test from 'ava';
import { DEFAULT_SCHEDULE } from '../../src/explorer/engine/schedule.js';
import { fileOf, sessionOf } from './programs.js';

const FILE = fileOf('test/javascript/fixtures/language.js');

test('instrumented code computes what the language computes, over all its constructs', async (t) => {
  const { everything } = (await import(FILE)) as { everything: () => string };
  const native = JSON.parse(everything()) as unknown[][];
  const session = sessionOf(FILE, 'sc');
  const instrumented = JSON.parse(session.replay(DEFAULT_SCHEDULE).key) as unknown[][];
  t.deepEqual(instrumented, native);
  t.true(native.flat().length >= 140);
});

test('module state is fresh in every execution', (t) => {
  const session = sessionOf(FILE, 'sc');
  const [first, second] = [0, 1].map(() => session.replay(DEFAULT_SCHEDULE).key);
  t.false(session.compiled.isStateless);
  t.is(first, second);
});

test('statements may end without semicolons', async (t) => {
  const file = fileOf('test/javascript/fixtures/language-bare.js');
  const { everything } = (await import(file)) as { everything: () => string };
  t.is(sessionOf(file, 'sc').replay(DEFAULT_SCHEDULE).key, everything());
});
