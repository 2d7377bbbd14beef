/** The kernel memory models of 6.1, 6.12 and 7.3: tests of our own making that tell them apart, and the rule that each rests on. */
import test from 'ava';
import { checkLitmus, type Verdict } from '../../src/litmus/axioms/checker.js';
import {
  MODEL_RULE_NAMES,
  MODEL_RULES,
  MODEL_VERSIONS,
  type ModelRule,
  modelOf,
  withRule,
} from '../../src/litmus/model.js';
import { formatState, observationOf } from '../../src/litmus/syntax/format.js';
import { parseLitmus } from '../../src/litmus/syntax/parse.js';

function summary(verdict: Verdict): string {
  const states = verdict.states.map(({ state }) => state);
  const flags = verdict.flags.length === 0 ? '' : ` ${verdict.flags.join()}`;
  return `${observationOf({ ...verdict, states })}${flags}`;
}

interface Telling {
  readonly name: string;
  readonly rule: ModelRule;
  readonly body: string;
  /** Verdict and flags without the rule, and with it. */
  readonly without: string;
  readonly with: string;
  /** Verdict and flags of the version without this rule alone, where they are not those of the version before. */
  readonly alone?: string;
}

const telling: readonly Telling[] = [
  {
    name: 'a release is seen through a relaxed read-modify-write of another thread',
    rule: 'rmwSequences',
    body: `P0(int *x, atomic_t *y) { WRITE_ONCE(*x, 1); smp_wmb(); atomic_set(y, 1); }
P1(atomic_t *y) { int r0 = atomic_fetch_add_relaxed(1, y); }
P2(int *x, atomic_t *y) { int r0 = atomic_read_acquire(y); int r1 = READ_ONCE(*x); }
exists (1:r0=1 /\\ 2:r0=2 /\\ 2:r1=0)`,
    without: 'Sometimes',
    with: 'Never',
  },
  {
    name: 'a condition on what a plain variable passed on orders a store',
    rule: 'carriedDependencies',
    body: `P0(int *x, int *y, int *mine) { int r0 = READ_ONCE(*x); *mine = r0; int r1 = *mine; if (r1 == 1) WRITE_ONCE(*y, 1); }
P1(int *x, int *y) { int r0 = smp_load_acquire(y); smp_store_release(x, r0); }
exists (0:r0=1 /\\ 1:r0=1)`,
    without: 'Sometimes',
    with: 'Never',
  },
  {
    name: 'two SRCU sections that overlap are two, not one',
    rule: 'srcuByValue',
    body: `P0(int *x, int *y, struct srcu_struct *s) { int r0 = srcu_read_lock(s); WRITE_ONCE(*x, 1); int r1 = srcu_read_lock(s); srcu_read_unlock(s, r0); WRITE_ONCE(*y, 1); srcu_read_unlock(s, r1); }
P1(int *x, int *y, struct srcu_struct *s) { int r0 = READ_ONCE(*x); synchronize_srcu(s); int r1 = READ_ONCE(*y); }
exists (1:r0=1 /\\ 1:r1=0)`,
    without: 'Never srcu-bad-nesting',
    alone: 'Never srcu-bad-value-match',
    with: 'Sometimes',
  },
  {
    name: 'SRCU structures are watched for other accesses',
    rule: 'lockedStructs',
    body: `P0(struct srcu_struct *s) { int r0 = srcu_read_lock(s); srcu_read_unlock(s, r0); int r1 = READ_ONCE(*s); }
exists (0:r1=0)`,
    without: 'Always',
    with: 'Always mixed-lock-accesses',
  },
  {
    name: 'a lock that its own thread holds is locked, whatever others release',
    rule: 'lockedInside',
    body: `P0(spinlock_t *l) { spin_lock(l); int r0 = spin_is_locked(l); spin_unlock(l); }
P1(spinlock_t *l) { spin_unlock(l); }
exists (0:r0=0)`,
    without: 'Sometimes unmatched-unlock',
    with: 'Never unmatched-unlock',
  },
  {
    name: 'a lock without unlock has a flag of another name',
    rule: 'flagNames',
    body: 'P0(int *x) { rcu_read_lock(); WRITE_ONCE(*x, 1); }\nexists (x=1)',
    without: 'Always unbalanced-rcu-locking',
    with: 'Always unmatched-rcu-lock',
  },
  {
    name: 'a plain store right before xchg() is in one region with it',
    rule: 'rmwTags',
    body: 'P0(int *x) { *x = 1; int r0 = xchg(x, 2); }\nexists (0:r0=1)',
    without: 'Always',
    with: 'Always mixed-accesses',
  },
];

/** Rules that shape how verdicts come about and, as far as is known, change none by themselves. */
const silent: readonly ModelRule[] = ['internalOrder', 'nextLockOnly', 'srcuUnlockFence'];

test('every rule has a test that it decides, or is known to decide none', (t) => {
  const named = new Set([...telling.map(({ rule }) => rule), ...silent]);
  t.deepEqual([...named].sort(), [...MODEL_RULE_NAMES].sort());
});

for (const { name, rule, body, without, with: having, alone = without } of telling) {
  test(`${name}, by the rule ${rule}`, (t) => {
    const parsed = parseLitmus(`C t\n{}\n${body}\n`);
    const { since } = MODEL_RULES[rule];
    const before = MODEL_VERSIONS[MODEL_VERSIONS.indexOf(since) - 1]!;
    const verdictOf = (model = modelOf(since)): string => summary(checkLitmus(parsed, { model }));
    t.is(verdictOf(), having, since);
    t.is(verdictOf(modelOf('7.3')), having, '7.3');
    t.is(verdictOf(modelOf(before)), without, before);
    t.is(verdictOf(withRule(modelOf(since), rule, false)), alone, `without ${rule}`);
    for (const other of MODEL_RULE_NAMES) {
      if (other === rule || MODEL_RULES[other].since !== since || other === 'srcuByValue') continue;
      t.is(verdictOf(withRule(modelOf(since), other, false)), having, `without ${other}`);
    }
  });
}

const handover = (fence: string): string => `C t\n{}
P0(int *x, int *idx, int *flag, struct srcu_struct *s) { int r0 = srcu_down_read(s); WRITE_ONCE(*x, 1); WRITE_ONCE(*idx, r0); smp_store_release(flag, 1); }
P1(int *y, int *idx, int *flag, struct srcu_struct *s) { int r0 = smp_load_acquire(flag); int r1 = READ_ONCE(*idx); WRITE_ONCE(*y, 1); ${fence} srcu_up_read(s, r1); }
P2(int *x, int *y, struct srcu_struct *s) { int r0 = READ_ONCE(*x); synchronize_srcu(s); int r1 = READ_ONCE(*y); }
filter (1:r0=1)
exists (2:r0=1 /\\ 2:r1=0)`;

test('a section that srcu_down_read() opens and another thread closes is one section', (t) => {
  const parsed = parseLitmus(handover(''));
  for (const version of ['6.12', '7.3'] as const) {
    t.is(summary(checkLitmus(parsed, { model: modelOf(version) })), 'Never', version);
  }
  const closed = parseLitmus(handover('').replace('srcu_up_read(s, r1);', 'srcu_up_read(s, 0);'));
  const flags = 'unmatched-srcu-lock,unmatched-srcu-unlock';
  t.is(summary(checkLitmus(closed, { model: modelOf('7.3') })), `Sometimes ${flags}`);
});

test('locks of SRCU read what was stored last: indices are values like others', (t) => {
  const source =
    'C t\n{}\nP0(struct srcu_struct *s) { int r0 = srcu_read_lock(s); srcu_read_unlock(s, r0); }\n' +
    'P1(struct srcu_struct *s) { int r0 = srcu_read_lock(s); srcu_read_unlock(s, r0); }\n' +
    'locations [0:r0; 1:r0]\nexists (0:r0=0)';
  const parsed = parseLitmus(source);
  const { states, positive } = checkLitmus(parsed, { model: modelOf('7.3') });
  t.deepEqual(
    states.map(({ state }) => formatState(parsed, state)),
    ['0:r0=0; 1:r0=0;'],
  );
  // Either lock reads the initial value, or one of them the other's unlock; two orders of the unlocks.
  t.is(positive, 4);
});

const sb = (fence: string): string => `C t\n{}
P0(int *x, int *y, struct srcu_struct *s) { int r1 = srcu_read_lock(s); WRITE_ONCE(*x, 1); srcu_read_unlock(s, r1); ${fence} int r0 = READ_ONCE(*y); }
P1(int *x, int *y) { WRITE_ONCE(*y, 1); smp_mb(); int r0 = READ_ONCE(*x); }
exists (0:r0=0 /\\ 1:r0=0)`;

test('smp_mb__after_srcu_read_unlock() is a full barrier, and does nothing without the unlock', (t) => {
  const model = modelOf('6.12');
  const fence = 'smp_mb__after_srcu_read_unlock();';
  t.is(summary(checkLitmus(parseLitmus(sb('')), { model })), 'Sometimes');
  t.is(summary(checkLitmus(parseLitmus(sb(fence)), { model })), 'Never');
  const alone = sb(fence).replace(/int r1 = srcu_read_lock\(s\);|srcu_read_unlock\(s, r1\);/g, '');
  t.is(summary(checkLitmus(parseLitmus(alone), { model })), 'Sometimes');
});

for (const primitive of [
  'smp_mb__after_srcu_read_unlock();',
  'int r0 = srcu_down_read(x);',
  'if (1) srcu_up_read(x, 0);',
]) {
  test(`the model of 6.1 refuses ${primitive}`, (t) => {
    const parsed = parseLitmus(`C t\n{}\nP0(int *x) { ${primitive} }\nexists (true)`, 'f.litmus');
    t.throws(() => checkLitmus(parsed), {
      message:
        /^f\.litmus:3:\d+: ".*" is not in the model of Linux 6\.1: it came with that of 6\.12$/,
    });
    t.notThrows(() => checkLitmus(parsed, { model: modelOf('6.12') }));
  });
}

test('a full-barrier read-modify-write orders as much by its tags as between two fences', (t) => {
  const source = (rmw: string): string => `C t\n{}
P0(int *x, int *y, int *z) { WRITE_ONCE(*x, 1); ${rmw} int r0 = READ_ONCE(*y); }
P1(int *x, int *y) { WRITE_ONCE(*y, 1); smp_mb(); int r0 = READ_ONCE(*x); }
exists (0:r0=0 /\\ 1:r0=0)`;
  for (const version of MODEL_VERSIONS) {
    const verdictOf = (rmw: string): string =>
      summary(checkLitmus(parseLitmus(source(rmw)), { model: modelOf(version) }));
    t.is(verdictOf('int r1 = xchg(z, 1);'), 'Never', version);
    t.is(verdictOf('int r1 = xchg_relaxed(z, 1);'), 'Sometimes', version);
    t.is(verdictOf('int r1 = cmpxchg(z, 5, 1);'), 'Sometimes', version);
  }
});

test('an unknown model is refused with the known ones', (t) => {
  t.throws(() => modelOf('5.4'), { message: 'unknown model "5.4": expected 6.1, 6.12, 7.3' });
});
