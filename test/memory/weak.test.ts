import test from 'ava';
import { Ablation, O_04 } from '../../src/memory/sites.js';
import { smallMachine, type SmallMachine } from './native-cpu.js';

/** Everything is reordered that may be, and nothing stalls. */
const ALWAYS = { weak: { seed: 5, reorder: 1, stall: 0 } } as const;

interface Two extends SmallMachine {
  /** Run `act` on fresh machines until `seen` says so; how many it took, or -1. */
  readonly x: number;
}

function two(seed: number, ablation = new Ablation()): Two {
  const machine = smallMachine('weak', 2, { weak: { ...ALWAYS.weak, seed }, ablation });
  return { ...machine, x: machine.data };
}

/** How many of 200 seeds give true. */
function count(once: (seed: number) => boolean): number {
  let hits = 0;
  for (let seed = 1; seed <= 200; seed++) if (once(seed)) hits++;
  return hits;
}

test('a store waits in the buffer, its own CPU sees it, a full barrier lands it', (t) => {
  const { cpus, x, words } = two(1);
  cpus[0]!.writeOnce(x, 7);
  t.is(words[x], 0);
  t.is(cpus[0]!.readOnce(x), 7);
  cpus[0]!.smpMb();
  t.is(words[x], 7);
});

test('a value-less atomic waits as well, and lands before its word is read again', (t) => {
  const { cpus, x, words } = two(1);
  cpus[0]!.setBit(x, 4);
  t.is(words[x], 0);
  t.true(cpus[0]!.testBit(x, 4));
  t.is(words[x], 16);
});

test('stores to different words land out of order, but not across smp_wmb()', (t) => {
  const swapped = (fence: boolean) => (seed: number) => {
    const { cpus, x, words } = two(seed);
    cpus[0]!.writeOnce(x, 1);
    if (fence) cpus[0]!.smpWmb();
    cpus[0]!.writeOnce(x + 1, 1);
    while (words[x] === 0 && words[x + 1] === 0) cpus[0]!.readOnce(x + 2);
    return words[x] === 0;
  };
  t.true(count(swapped(false)) > 20);
  t.is(count(swapped(true)), 0);
});

test('a release lands after older stores, and younger stores may overtake it', (t) => {
  const first = (seed: number): number => {
    const { cpus, x, words } = two(seed);
    cpus[0]!.writeOnce(x, 1);
    cpus[0]!.storeRelease(x + 1, 1);
    cpus[0]!.writeOnce(x + 2, 1);
    for (;;) {
      for (const i of [0, 1, 2]) if (words[x + i] !== 0) return i;
      cpus[0]!.readOnce(x + 3);
    }
  };
  t.is(
    count((seed) => first(seed) === 1),
    0,
  );
  t.true(count((seed) => first(seed) === 2) > 20);
});

test('an ablated release does overtake older stores', (t) => {
  const overtakes = (seed: number): boolean => {
    const { cpus, x, words } = two(seed, new Ablation([O_04]));
    cpus[0]!.writeOnce(x, 1);
    cpus[0]!.storeRelease(x + 1, 1, O_04);
    while (words[x] === 0 && words[x + 1] === 0) cpus[0]!.readOnce(x + 2);
    return words[x] === 0;
  };
  t.true(count(overtakes) > 20);
});

test('stores to one word land in program order', (t) => {
  const backwards = (seed: number): boolean => {
    const { cpus, x, words } = two(seed);
    cpus[0]!.writeOnce(x, 1);
    cpus[0]!.writeOnce(x + 1, 1);
    cpus[0]!.writeOnce(x, 2);
    let last = 0;
    for (let i = 0; i < 100; i++) {
      if (words[x]! < last) return true;
      last = words[x]!;
      cpus[0]!.readOnce(x + 2);
    }
    return last !== 2;
  };
  t.is(count(backwards), 0);
});

test('every store lands within a bounded number of operations', (t) => {
  const { cpus, x, words } = two(3);
  for (let i = 1; i < 200; i++) {
    cpus[0]!.writeOnce(x + 1, i);
    cpus[0]!.readOnce(x + 1);
    cpus[0]!.readOnce(x + 1);
    cpus[0]!.readOnce(x + 1);
    t.true(i - words[x + 1]! <= 17);
  }
});

/** CPU 0 has read the word `x + 1` a moment ago, if asked for with the lock `x + 3` held; CPU 1 changes it; what does CPU 0 read after
 * `between`? */
function stale(between: (two: Two) => void, ablation = new Ablation(), isLocked = false) {
  return (seed: number): boolean => {
    const machine = two(seed, ablation);
    const { cpus, x } = machine;
    if (isLocked) cpus[0]!.spinLock(x + 3);
    cpus[0]!.readOnce(x + 1);
    cpus[1]!.writeOnce(x + 1, 1);
    cpus[1]!.quiesce();
    between(machine);
    return cpus[0]!.readOnce(x + 1) === 0;
  };
}

test('a load may return what the word held before', (t) => {
  t.true(count(stale(() => undefined)) > 100);
});

test('smp_rmb() after a younger load, an acquire of one, a full barrier and a lock make loads fresh', (t) => {
  const orders: Record<string, (two: Two) => void> = {
    'load and smp_rmb': ({ cpus, x }) => {
      cpus[0]!.readOnce(x + 2);
      cpus[0]!.smpRmb();
    },
    smp_load_acquire: ({ cpus, x }) => cpus[0]!.loadAcquire(x + 2),
    smp_mb: ({ cpus }) => cpus[0]!.smpMb(),
    xchg: ({ cpus, x }) => cpus[0]!.xchg(x + 2, 1),
    xchg_acquire: ({ cpus, x }) => cpus[0]!.xchgAcquire(x + 2, 1),
    test_and_clear_bit: ({ cpus, x }) => cpus[0]!.testAndClearBit(x + 2, 0),
    spin_lock: ({ cpus, x }) => cpus[0]!.spinLock(x + 2),
    spin_trylock: ({ cpus, x }) => cpus[0]!.spinTrylock(x + 2),
    halt: ({ cpus, x }) => cpus[0]!.halt(x + 2, 1),
    relax: ({ cpus, x }) => cpus[0]!.relax(x + 2, 1),
    'own store': ({ cpus, x, words }) => {
      cpus[0]!.writeOnce(x + 1, 5);
      cpus[0]!.quiesce();
      words[x + 1] = 6;
    },
    'own relaxed read-modify-write': ({ cpus, x }) => cpus[0]!.fetchAddRelaxed(x + 1, 1),
    'own get': ({ cpus, x }) => cpus[0]!.get(x + 1),
  };
  for (const [name, order] of Object.entries(orders)) t.is(count(stale(order)), 0, name);
});

test('weaker operations leave loads as stale as they were', (t) => {
  const orders: Record<string, (two: Two) => void> = {
    'load of another word': ({ cpus, x }) => cpus[0]!.readOnce(x + 2),
    smp_wmb: ({ cpus }) => cpus[0]!.smpWmb(),
    smp_store_release: ({ cpus, x }) => cpus[0]!.storeRelease(x + 2, 1),
    set_bit: ({ cpus, x }) => cpus[0]!.setBit(x + 2, 1),
    xchg_relaxed: ({ cpus, x }) => cpus[0]!.xchgRelaxed(x + 2, 1),
    xchg_release: ({ cpus, x }) => cpus[0]!.xchgRelease(x + 2, 1),
    'failing cmpxchg': ({ cpus, x }) => cpus[0]!.cmpxchg(x + 2, 1, 2),
    spin_unlock: ({ cpus, x }) => cpus[0]!.spinUnlock(x + 3),
  };
  for (const [name, order] of Object.entries(orders)) {
    t.true(count(stale(order, new Ablation(), name === 'spin_unlock')) > 50, name);
  }
});

test('an ablated barrier, acquire, read-modify-write or lock leaves loads stale', (t) => {
  const ablation = new Ablation([O_04]);
  const orders: Record<string, (two: Two) => void> = {
    smp_mb: ({ cpus }) => cpus[0]!.smpMb(O_04),
    'load and smp_rmb': ({ cpus, x }) => {
      cpus[0]!.readOnce(x + 2);
      cpus[0]!.smpRmb(O_04);
    },
    smp_load_acquire: ({ cpus, x }) => cpus[0]!.loadAcquire(x + 2, O_04),
    test_and_clear_bit: ({ cpus, x }) => cpus[0]!.testAndClearBit(x + 2, 0, O_04),
    spin_lock: ({ cpus, x }) => cpus[0]!.spinLock(x + 2, O_04),
  };
  for (const [name, order] of Object.entries(orders)) {
    t.true(count(stale(order, ablation)) > 50, name);
  }
});

test('a load through a pointer is never older than the load of the pointer', (t) => {
  const through = (ablation: Ablation) =>
    stale(({ cpus, words, x }) => {
      words[x + 2] = x + 1;
      t.is(cpus[0]!.rcuDereference(x + 2, O_04), x + 1);
    }, ablation);
  t.is(count(through(new Ablation())), 0);
  t.true(count(through(new Ablation([O_04]))) > 50);
});

test('with reorder 0 nothing is held back, and nothing is loaded early', (t) => {
  const { cpus, data, words } = smallMachine('weak', 1, { weak: { reorder: 0, stall: 0 } });
  for (let i = 1; i < 100; i++) {
    cpus[0]!.writeOnce(data, i);
    t.is(words[data], i);
    words[data + 1] = i;
    t.is(cpus[0]!.readOnce(data + 1), i);
  }
  t.is(cpus[0]!.statistics['loadsEarly'], 0);
});

test('a lock that is taken leaves stores pending, and its release lands after them', (t) => {
  const pending = (seed: number): boolean => {
    const { cpus, x, words } = two(seed);
    cpus[0]!.writeOnce(x, 1);
    cpus[0]!.spinLock(x + 1);
    const waits = words[x] === 0;
    cpus[0]!.spinUnlock(x + 1);
    while (words[x + 1] !== 0) cpus[0]!.readOnce(x + 2);
    t.is(words[x], 1);
    return waits;
  };
  t.true(count(pending) > 100);
});

test('a store may overtake the release of a lock, but not if another lock is taken between', (t) => {
  const overtakes = (relock: boolean) => (seed: number) => {
    const { cpus, x, words } = two(seed);
    cpus[0]!.spinLock(x);
    cpus[0]!.spinUnlock(x);
    if (relock) cpus[0]!.spinLock(x + 1);
    cpus[0]!.writeOnce(x + 2, 1);
    while (words[x] !== 0 && words[x + 2] === 0) cpus[0]!.readOnce(x + 3);
    return words[x] !== 0;
  };
  t.true(count(overtakes(false)) > 20);
  t.is(count(overtakes(true)), 0);
});

test('a CPU that only looks at words lands its stores all the same', (t) => {
  const { cpus, x, words } = two(1);
  cpus[0]!.writeOnce(x, 1);
  for (let i = 0; i < 100; i++) cpus[0]!.peek(x + 1);
  t.is(words[x], 1);
});

test('a relaxed read-modify-write lands what is before smp_wmb(), and nothing else', (t) => {
  const pending = (seed: number): boolean => {
    const { cpus, x, words } = two(seed);
    cpus[0]!.writeOnce(x, 1);
    cpus[0]!.smpWmb();
    cpus[0]!.writeOnce(x + 1, 1);
    cpus[0]!.xchgRelaxed(x + 2, 1);
    t.is(words[x], 1);
    return words[x + 1] === 0;
  };
  t.true(count(pending) > 100);
});

test('a read-modify-write of a word lands the stores to it first', (t) => {
  for (let seed = 1; seed <= 200; seed++) {
    const { cpus, x } = two(seed);
    cpus[0]!.writeOnce(x, 3);
    cpus[0]!.writeOnce(x + 1, 1);
    t.is(cpus[0]!.fetchAddRelaxed(x, 4), 3);
    t.is(cpus[1]!.readOnce(x), 7);
  }
});

test('stores from before an ablated smp_wmb() are held back for long, and not for ever', (t) => {
  const { cpus, x, words } = two(1, new Ablation([O_04]));
  cpus[0]!.writeOnce(x, 1);
  cpus[0]!.smpWmb(O_04);
  cpus[0]!.writeOnce(x + 1, 1);
  let operations = 0;
  for (; words[x] === 0; operations++) cpus[0]!.readOnce(x + 2);
  t.is(words[x + 1], 1);
  t.true(operations > 1000 && operations < 10_000);
});

test('an ablated smp_wmb() holds back only some of the stores since the last one, until a full barrier', (t) => {
  const seen = new Set<string>();
  for (let seed = 1; seed <= 200; seed++) {
    const { cpus, x, words } = two(seed, new Ablation([O_04]));
    cpus[0]!.writeOnce(x, 1);
    cpus[0]!.smpWmb();
    for (let i = 1; i <= 2; i++) cpus[0]!.writeOnce(x + i, 1);
    cpus[0]!.smpWmb(O_04);
    cpus[0]!.writeOnce(x + 3, 1);
    for (let i = 0; i < 500; i++) cpus[0]!.readOnce(x + 4);
    seen.add(words.slice(x, x + 4).join(''));
    cpus[0]!.smpMb();
    t.is(words.slice(x, x + 4).join(''), '1111');
  }
  t.deepEqual([...seen].sort(), ['1001', '1011', '1101']);
});

test('a load goes ahead of the one whose smp_rmb() is ablated, and looks at the current task', (t) => {
  const { cpus, x } = two(1, new Ablation([O_04]));
  const [reader, writer] = [cpus[0]!, cpus[1]!];
  const early = (task: number): boolean => {
    reader.current = task;
    reader.smpMb();
    writer.smpMb();
    writer.writeOnce(task, 0);
    writer.smpMb();
    const flag = reader.readOnce(x);
    reader.smpRmb(O_04);
    writer.writeOnce(task, 1);
    writer.smpMb();
    return flag === 0 && reader.readOnce(task) === 0;
  };
  const seen = Array.from({ length: 400 }, (_, i) => early(x + 16 + (i % 4)));
  t.true(seen.includes(true));
});

test('equal seeds reorder alike, other seeds differently, and the statistics say how much', (t) => {
  const run = (seed: number): readonly [number[], Readonly<Record<string, number>>] => {
    const { cpus, x, words } = two(seed);
    const seen: number[] = [];
    for (let i = 1; i < 300; i++) {
      cpus[0]!.writeOnce(x + (i % 5), i);
      seen.push(words[x + (i % 3)]!, cpus[0]!.readOnce(x + (i % 7)));
    }
    return [seen, cpus[0]!.statistics];
  };
  t.deepEqual(run(11), run(11));
  t.notDeepEqual(run(11)[0], run(12)[0]);
  const [, statistics] = run(11);
  t.is(statistics['storesBuffered'], 299);
  t.true(statistics['storesOvertaken']! > 0);
  t.true(statistics['loadsForwarded']! > 0);
  t.true(statistics['loadsBeforeOwnStores']! > 0);
});
