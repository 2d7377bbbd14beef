/** Small inputs that once had wrong answers, with those that herd7 gives with the model of Linux 6.1. */
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { checkLitmus } from '../../src/litmus/axioms/checker.js';
import { canonicalState } from '../../src/litmus/missing.js';
import { formatState } from '../../src/litmus/syntax/format.js';
import { parseLitmus } from '../../src/litmus/syntax/parse.js';
import { LitmusSyntaxError } from '../../src/litmus/syntax/syntax-error.js';

/** A line of the recorded verdicts. */
interface Recorded {
  readonly test: string;
  readonly verdict: string;
  readonly positive: number;
  readonly negative: number;
  readonly flags: readonly string[];
  readonly states: readonly string[];
}

const FOLDER = fileURLToPath(new URL('../../../../shared/cases/litmus/', import.meta.url));
const VERDICTS = `${FOLDER}verdicts.jsonl`;
const RECORDED = existsSync(VERDICTS)
  ? readFileSync(VERDICTS, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Recorded)
  : [];

for (const recorded of RECORDED) {
  const source = readFileSync(FOLDER + recorded.test, 'utf8');
  if (recorded.verdict === 'REFUSED') {
    test(`${recorded.test} is refused with a line and a column`, (t) => {
      const error = t.throws(() => checkLitmus(parseLitmus(source, recorded.test)), {
        instanceOf: LitmusSyntaxError,
      });
      t.regex(error.message, new RegExp(`^${recorded.test}:\\d+:\\d+: `));
    });
    continue;
  }
  test(`${recorded.test} has herd7's states, counts and flags`, (t) => {
    const parsed = parseLitmus(source, recorded.test);
    const { states, positive, negative, flags } = checkLitmus(parsed);
    const shown = states.map(({ state }) => canonicalState(formatState(parsed, state)));
    t.deepEqual(shown.sort(), recorded.states.map(canonicalState).sort());
    t.deepEqual([positive, negative], [recorded.positive, recorded.negative]);
    t.deepEqual(flags, [...recorded.flags].sort());
  });
}

test('the recorded inputs are there where they stand beside the checkout', (t) => {
  t.true(RECORDED.length === 0 || RECORDED.length >= 15);
});
