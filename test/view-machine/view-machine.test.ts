/** What the view machine promises to its callers. */

import test from 'ava';
import { MixedChoices, Random } from '../../src/litmus/on-machine/machine-schedule.js';
import type { ViewMachineOptions } from '../../src/view-machine/options.js';
import { validate } from '../../src/view-machine/validate/sparse.js';
import { ViewMachine } from '../../src/view-machine/view-machine.js';
import {
  type ChoiceSource,
  FENCE_MB,
  FENCE_RMB,
  FENCE_WMB,
  LOAD_ACQUIRE,
  LOAD_DEPENDENT,
  LOAD_ONCE,
  LOAD_PLAIN,
  RMW_ADD,
  RMW_ADD_UNLESS,
  RMW_CMPXCHG,
  RMW_FULL,
  RMW_RELAXED,
  RMW_XCHG,
  STORE_ONCE,
  STORE_RELEASE,
} from '../../src/memory/model.js';
import type { CpuId } from '../../src/memory/struct.js';

const WORDS = 4096;
const [P0, P1, P2] = [0, 1, 2] as CpuId[] as [CpuId, CpuId, CpuId];
const [X, Y, L] = [100, 200, 300];

/** Never weak: sequentially consistent. */
const strong: ChoiceSource = { choose: () => 0 };
/** As weak as it gets: always the oldest message, the earliest place, the failure. */
const weak: ChoiceSource = { choose: (n) => n - 1 };

function machine(choices = weak, options: Partial<ViewMachineOptions> = {}): ViewMachine {
  const m = new ViewMachine({ cpus: 3, words: WORDS, ...options });
  m.reset(new Int32Array(WORDS), choices);
  return m;
}

test('choice 0 is sequential consistency: a load returns the newest store', (t) => {
  const m = machine(strong);
  const random = new Random(1);
  const memory = new Int32Array(64);
  for (let i = 0; i < 20_000; i++) {
    const cpu = random.below(3) as CpuId;
    const addr = random.below(64);
    if (random.chance(0.5)) {
      memory[addr] = i;
      m.store(cpu, addr, i, STORE_ONCE);
    } else t.is(m.load(cpu, addr, LOAD_ONCE), memory[addr]!);
  }
});

test('store buffering is shown, and smp_mb() forbids it', (t) => {
  const outcome = (fence: boolean): number[] => {
    const m = machine();
    m.store(P0, X, 1, STORE_ONCE);
    m.store(P1, Y, 1, STORE_ONCE);
    if (fence) m.fence(P0, FENCE_MB);
    if (fence) m.fence(P1, FENCE_MB);
    return [m.load(P0, Y, LOAD_ONCE), m.load(P1, X, LOAD_ONCE)];
  };
  t.deepEqual(outcome(false), [0, 0]);
  t.not(outcome(true).join(), '0,0');
});

test('message passing needs both smp_wmb() and smp_rmb()', (t) => {
  const seen = (wmb: boolean, rmb: boolean): number => {
    const reads = [0, 1]; // the newest flag, then the oldest data
    const m = machine({ choose: (n) => (reads.shift() === 0 ? 0 : n - 1) });
    m.store(P0, X, 1, STORE_ONCE);
    if (wmb) m.fence(P0, FENCE_WMB);
    m.store(P0, Y, 1, STORE_ONCE);
    t.is(m.load(P1, Y, LOAD_ONCE), 1);
    if (rmb) m.fence(P1, FENCE_RMB);
    return m.load(P1, X, LOAD_ONCE);
  };
  t.is(seen(true, true), 1);
  t.is(seen(false, true), 0);
  t.is(seen(true, false), 0);
});

test('a store may enter the coherence order before one that was executed earlier', (t) => {
  const m = machine();
  m.store(P0, X, 1, STORE_ONCE);
  m.store(P1, X, 2, STORE_ONCE);
  t.is(m.newest(X), 1);
});

test('what is reached through a READ_ONCE pointer is as new as the pointer, through a plain one it is not', (t) => {
  const through = (order: number, distance: number): number => {
    const reads = [0, 1];
    const m = machine({ choose: (n) => (reads.shift() === 0 ? 0 : n - 1) });
    const object = 1000;
    m.store(P0, object + distance, 7, STORE_ONCE);
    m.store(P0, X, object, STORE_RELEASE);
    const pointer = m.load(P1, X, order);
    t.is(pointer, object);
    return m.load(P1, pointer + distance, LOAD_ONCE);
  };
  t.is(through(LOAD_ONCE, 63), 7);
  t.is(through(LOAD_DEPENDENT, 63), 7);
  t.is(through(LOAD_DEPENDENT, 640), 7);
  t.is(through(LOAD_PLAIN, 63), 0);
  t.is(through(LOAD_ONCE, 64), 0, 'an index is not recognised');
});

test('with conservative dependencies a store never comes before an earlier load of its CPU', (t) => {
  const coherence = (dependencies: 'exact' | 'conservative'): number => {
    const m = machine({ choose: (n, kind) => (kind === 1 ? 0 : n - 1) }, { dependencies });
    m.store(P0, X, 2, STORE_ONCE);
    m.fence(P0, FENCE_WMB);
    m.store(P0, Y, 1, STORE_ONCE);
    t.is(m.load(P1, Y, LOAD_ONCE), 1);
    m.store(P1, X, 1, STORE_ONCE);
    return m.newest(X);
  };
  t.is(coherence('exact'), 2);
  t.is(coherence('conservative'), 1);
});

test('read-modify-writes return the old value and lose no update', (t) => {
  const m = machine();
  for (let i = 0; i < 30; i++) m.rmw((i % 3) as CpuId, X, RMW_ADD, 1, 0, RMW_RELAXED);
  t.is(m.newest(X), 30);
  t.is(m.rmw(P0, Y, RMW_XCHG, 5, 0, RMW_FULL), 0);
  m.rmwEnd(P0);
  t.is(m.rmw(P0, Y, RMW_CMPXCHG, 9, 4, RMW_FULL), 5);
  t.is(m.newest(Y), 5);
  t.is(m.rmw(P0, Y, RMW_ADD_UNLESS, 1, 5, RMW_FULL), 5);
  t.is(m.newest(Y), 5);
  t.is(m.rmw(P0, Y, RMW_ADD_UNLESS, 1, 4, RMW_FULL), 5);
  t.is(m.newest(Y), 6);
});

test('a lock is held by one CPU at a time, and its sections see each other', (t) => {
  const m = machine();
  t.true(m.lock(P0, L));
  t.false(m.lock(P1, L));
  t.false(m.trylock(P1, L));
  m.store(P0, X, 1, STORE_ONCE);
  m.unlock(P0, L);
  t.true(m.lock(P1, L));
  t.is(m.load(P1, X, LOAD_ONCE), 1);
});

test('a trylock of a lock that was just released may fail, by choice', (t) => {
  const tryIt = (choices: ChoiceSource): boolean => {
    const m = machine(choices);
    m.lock(P0, L);
    m.unlock(P0, L);
    return m.trylock(P1, L);
  };
  t.true(tryIt(strong));
  t.false(tryIt(weak));
});

test('a grace period waits for the sections of its domain that had started', (t) => {
  const m = machine();
  m.rcuReadLock(P0);
  m.rcuReadLock(P0);
  m.rcuReadLock(P2, L);
  m.rcuStart(P1);
  m.rcuReadLock(P2);
  t.false(m.rcuEnd(P1));
  m.rcuReadUnlock(P0);
  t.false(m.rcuEnd(P1), 'only the outermost unlock ends a section');
  m.rcuReadUnlock(P0);
  t.true(m.rcuEnd(P1), 'neither a later section nor one of another domain is waited for');
});

test('a call_rcu() callback sees what the sections before it did, and what its caller did', (t) => {
  const m = machine(weak, { log: true });
  m.rcuReadLock(P0);
  m.store(P0, X, 1, STORE_ONCE);
  m.store(P1, Y, 1, STORE_ONCE);
  const ticket = m.callRcu(P1);
  t.false(m.callbackReady(ticket));
  t.throws(() => m.callbackBegin(P2, ticket), {
    code: 'ERR_SIMULATOR_BUG',
    message: /before it is ready/,
  });
  m.rcuReadUnlock(P0);
  t.true(m.callbackReady(ticket));
  m.callbackBegin(P2, ticket);
  t.is(m.load(P2, X, LOAD_ONCE), 1);
  t.is(m.load(P2, Y, LOAD_ONCE), 1);
  t.is(validate(m.log!), null);
});

test('call_rcu() does not order its caller', (t) => {
  const m = machine();
  m.store(P0, X, 1, STORE_ONCE);
  m.store(P1, Y, 1, STORE_ONCE);
  m.callRcu(P1);
  t.is(m.load(P1, X, LOAD_ONCE), 0);
});

test('a reset forgets everything, pokes included, and takes over another memory', (t) => {
  const m = machine();
  const initial = new Int32Array(WORDS).fill(3);
  const m2 = machine();
  for (const addr of [X, Y, 7]) m.store(P0, addr, addr, STORE_ONCE);
  m.poke(8, 8);
  m.poke(X, 9);
  m.reset(initial, strong);
  for (const addr of [X, Y, 7, 8]) t.is(m.newest(addr), 3);
  t.is(m.load(P1, 8, LOAD_ONCE), 3);
  t.is(m2.newest(8), 0);
  t.deepEqual([...initial], new Array<number>(WORDS).fill(3), 'the memory given is not changed');
});

test('a poke is the only value that a load can return', (t) => {
  const m = machine();
  m.store(P0, X, 1, STORE_ONCE);
  m.poke(X, 5);
  m.poke(Y, 6);
  t.is(m.load(P1, X, LOAD_ONCE), 5);
  t.is(m.load(P2, Y, LOAD_ONCE), 6);
  m.store(P1, X, 8, STORE_ONCE);
  t.is(m.newest(X), 8);
});

test('values are signed 32-bit words', (t) => {
  const m = machine();
  m.store(P0, X, 2 ** 31, STORE_ONCE);
  t.is(m.newest(X), -(2 ** 31));
  m.poke(Y, -1);
  t.is(m.rmw(P0, Y, RMW_ADD, 1, 0, RMW_RELAXED), -1);
  t.is(m.newest(Y), 0);
});

test('equal choices give equal executions', (t) => {
  const run = (): string => {
    const m = machine(new MixedChoices(5), { log: true });
    const random = new Random(5);
    for (let i = 0; i < 500; i++) step(m, random);
    const { cpu, kind, from, position } = m.log!;
    return JSON.stringify([cpu, kind, from, position]);
  };
  t.is(run(), run());
});

test('a run of ten thousand events is validated, and its corruption is rejected', (t) => {
  const m = machine(new MixedChoices(7), { log: true, dependencies: 'exact' });
  const random = new Random(7);
  while (m.log!.length < 10_000) step(m, random);
  const log = m.log!;
  t.is(validate(log), null);
  const reads = log.from.map((from, i) => ({ from, i })).filter(({ from }) => from >= 0);
  const { i } = reads[Math.floor(reads.length / 2)]!;
  log.position[i] = log.position[i]! - 0.5;
  t.is(validate(log), 'coherence');
});

function step(m: ViewMachine, random: Random): void {
  const cpu = random.below(3) as CpuId;
  const addr = 16 + random.below(24);
  const kind = random.below(20);
  if (kind < 9) m.load(cpu, addr, kind === 0 ? LOAD_ACQUIRE : LOAD_ONCE);
  else if (kind < 16)
    m.store(cpu, addr, random.below(1000), kind === 9 ? STORE_RELEASE : STORE_ONCE);
  else if (kind === 16) m.rmw(cpu, addr, RMW_ADD, 1, 0, RMW_RELAXED);
  else m.fence(cpu, [FENCE_MB, FENCE_RMB, FENCE_WMB][kind - 17]!);
}

test('bad sizes are rejected with what is accepted', (t) => {
  t.throws(() => new ViewMachine({ cpus: 0, words: 16 }), {
    code: 'ERR_USAGE',
    message: 'cpus is 0; accepted is an integer from 1',
  });
  t.throws(() => new ViewMachine({ cpus: 1, words: 16, windowCap: 0.5 }), {
    code: 'ERR_USAGE',
    message: 'windowCap is 0.5; accepted is an integer from 1',
  });
});

test('misuse is a bug of the simulator, not an execution', (t) => {
  const m = machine();
  const bug = { code: 'ERR_SIMULATOR_BUG' };
  t.throws(() => m.load(P0, WORDS, LOAD_ONCE), { ...bug, message: /outside the memory/ });
  t.throws(() => m.rcuReadUnlock(P0), { ...bug, message: /a section it is not in/ });
  t.throws(() => m.rcuEnd(P0), { ...bug, message: /a grace period it did not start/ });
  t.throws(() => m.reset(new Int32Array(1), strong), { ...bug, message: /1 words/ });
});

test('releasing a lock that is not held is an oops of the code that does it', (t) => {
  const m = machine();
  const oops = { code: 'ERR_INVARIANT_VIOLATED', message: /not held/ };
  t.throws(() => m.unlock(P0, L), oops);
  t.true(m.lock(P0, L));
  m.unlock(P0, L);
  t.throws(() => m.unlock(P0, L), oops);
});
