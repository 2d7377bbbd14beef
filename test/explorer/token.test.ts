import test from 'ava';
import fc from 'fast-check';
import { decodeToken, encodeToken, type TokenContents } from '../../src/explorer/findings/token.js';

const counts = fc.integer({ min: 0, max: 1_000_000 });
const cpus = fc.integer({ min: 0, max: 30 });

const contents: fc.Arbitrary<TokenContents> = fc.record({
  scenario: fc.stringMatching(/^[a-z][a-z0-9-]{0,30}$/),
  fingerprint: fc.stringMatching(/^[0-9a-f]{8}$/),
  memory: fc.constantFrom('sc' as const, 'lkmm' as const),
  ablated: fc.uniqueArray(fc.integer({ min: 1, max: 37 })),
  replaced: fc.array(fc.constantFrom('klpInitTransition', 'schedule', 'klpFtraceHandler')),
  hash: fc.integer({ min: 0, max: 0xffffffff }),
  schedule: fc.record({
    switches: fc.array(fc.record({ cpu: fc.integer({ min: -1, max: 30 }), at: counts, to: cpus })),
    choices: fc.array(
      fc.record({
        cpu: cpus,
        step: counts,
        index: fc.integer({ min: 0, max: 7 }),
        value: fc.integer({ min: 1, max: 100 }),
      }),
    ),
  }),
});

const sample: TokenContents = {
  scenario: 'disable-switch',
  fingerprint: '0123abcd',
  memory: 'lkmm',
  ablated: [4],
  replaced: [],
  hash: 0xdeadbeef,
  schedule: {
    switches: [{ cpu: 0, at: 209, to: 1 }],
    choices: [{ cpu: 1, step: 12, index: 0, value: 1 }],
  },
};

test('a token holds exactly what it was made of (seed 20240601)', (t) => {
  fc.assert(
    fc.property(contents, (c) => t.deepEqual(decodeToken(encodeToken(c)), c)),
    { seed: 20240601, numRuns: 300 },
  );
  t.pass();
});

test('a token of a shrunk finding is short and printable', (t) => {
  const token = encodeToken(sample);
  t.regex(token, /^klp2\.[\w-]+$/);
  t.true(token.length < 64, token);
});

test('every damaged character is noticed', (t) => {
  const token = encodeToken(sample);
  for (let i = 5; i < token.length; i++) {
    const other = token[i] === 'A' ? 'B' : 'A';
    t.throws(() => decodeToken(token.slice(0, i) + other + token.slice(i + 1)), {
      code: 'ERR_USAGE',
      message: 'the token is damaged: its check digits do not fit',
    });
  }
});

test('what is no token, or a token of another format, is refused by name', (t) => {
  t.throws(() => decodeToken('hello'), {
    code: 'ERR_USAGE',
    message: "'hello' is not a token: one begins with klp2.",
  });
  t.throws(() => decodeToken('klp9.abc'), {
    code: 'ERR_USAGE',
    message: 'the token has format 9; this version reads format 2',
  });
  t.throws(() => decodeToken('klp2.'), { code: 'ERR_USAGE' });
});
