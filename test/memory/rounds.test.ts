import { Worker } from 'node:worker_threads';
import test from 'ava';
import { createNativeCpu, MEMORY_KINDS } from '../../src/memory/backend.js';
import {
  ANSWERED,
  ASLEEP,
  AWAKE,
  claimLocal,
  CPU_LOCAL,
  MACHINE,
  MACHINE_BASE,
} from '../../src/memory/local.js';
import { Ablation, O_04, O_09, O_17 } from '../../src/memory/sites.js';
import { createSharedMemory, MemoryMap } from '../../src/memory/map.js';
import type { CpuContext } from '../../src/memory/cpu.js';
import type { NativeCpu } from '../../src/memory/native.js';
import type { NativeBoot } from '../../src/memory/native-boot.js';
import type { MemoryKind } from '../../src/memory/backend.js';
import type { CpuId } from '../../src/memory/struct.js';

type Four = [number, number, number, number];

interface Pair {
  readonly words: Int32Array;
  readonly cpus: readonly [NativeCpu, NativeCpu];
  /** Words of CPU 1: whether it rests, and its interrupts. */
  readonly resting: number;
  readonly interrupts: number;
}

function pair(kind: MemoryKind, more: Partial<NativeBoot> = {}): Pair {
  const map = new MemoryMap();
  const localBase = claimLocal(map, 2);
  const interrupts = map.claimWords('interrupts', 16);
  const { memory, words } = createSharedMemory(map.words);
  const make = (id: number): NativeCpu =>
    createNativeCpu(kind, id as CpuId, {} as CpuContext, {
      words,
      memory,
      localBase,
      ...more,
    });
  const resting = localBase + CPU_LOCAL.size + CPU_LOCAL.resting;
  return { words, cpus: [make(0), make(1)], resting, interrupts };
}

/** A thread that answers for CPU 1 as soon as it sleeps. */
const ANSWERING = `
const { words, resting, asleep, answered } = require('node:worker_threads').workerData;
while (Atomics.compareExchange(words, resting, asleep, answered) !== asleep);
`;

/** A thread that reports whether CPU 1 ever sleeps where another CPU may answer for it. */
const WATCHING = `
const { words, resting, seen, phase, stop } = require('node:worker_threads').workerData;
while (Atomics.load(words, stop) === 0) {
  const now = Atomics.load(words, phase);
  if (Atomics.load(words, resting) !== 0) Atomics.store(words, seen + now, 1);
}
`;

for (const kind of MEMORY_KINDS) {
  test(`${kind}: a CPU is answered for while it sleeps, as often as asked, and not while it executes`, (t) => {
    const { words, cpus, resting } = pair(kind);
    t.false(cpus[0].answersAsleep(1));
    words[resting] = ASLEEP;
    t.true(cpus[0].answersAsleep(1));
    t.is(words[resting], ANSWERED);
    t.true(cpus[0].answersAsleep(1));
    words[resting] = AWAKE;
    t.false(cpus[0].answersAsleep(1));
    t.is(words[resting], AWAKE);
  });

  test(`${kind}: who was answered for sees the text as it is when it wakes`, async (t) => {
    const { words, cpus, resting, interrupts } = pair(kind);
    let refreshed = 0;
    cpus[1].onSyncCore(() => refreshed++);
    cpus[1].mwait(interrupts, 0);
    t.is(refreshed, 0, 'nobody answered');
    const workerData = { words, resting, asleep: ASLEEP, answered: ANSWERED };
    const worker = new Worker(ANSWERING, { eval: true, workerData });
    const ended = new Promise((resolve) => worker.once('exit', resolve));
    while (refreshed === 0) {
      cpus[1].mwait(interrupts, 0);
      await new Promise(setImmediate);
    }
    await ended;
    t.is(refreshed, 1);
    t.is(words[resting], AWAKE);
  });

  test(`${kind}: nobody may answer for a CPU that waits with preemption disabled or a lock held`, async (t) => {
    const { words, cpus, resting, interrupts } = pair(kind);
    const [lock, seen, phase, stop] = [1, 2, 4, 5].map((n) => interrupts + n) as Four;
    const workerData = { words, resting, seen, phase, stop };
    const worker = new Worker(WATCHING, { eval: true, workerData });
    const ended = new Promise((resolve) => worker.once('exit', resolve));
    const [, cpu] = cpus;
    while (Atomics.load(words, seen) === 0) cpu.mwait(interrupts, 0);
    Atomics.store(words, phase, 1);
    cpu.preemptDisable();
    cpu.mwait(interrupts, 0);
    cpu.preemptEnable();
    cpu.spinLock(lock);
    cpu.mwait(interrupts, 0);
    cpu.spinUnlock(lock);
    t.is(Atomics.load(words, seen + 1), 0);
    Atomics.store(words, stop, 1);
    await ended;
  });

  test(`${kind}: giving way ends with the round, with an interrupt, and by itself`, (t) => {
    const { words, cpus, interrupts } = pair(kind);
    const rounds = MACHINE_BASE + MACHINE.rounds;
    cpus[1].giveWay(interrupts);
    cpus[0].roundBegins();
    cpus[0].roundBegins();
    t.is(words[rounds], 2);
    for (let n = 0; n < 8; n++) cpus[1].giveWay(interrupts);
    words[interrupts] = 1;
    for (let n = 0; n < 8; n++) cpus[1].giveWay(interrupts);
    cpus[0].roundEnds();
    cpus[0].roundEnds();
    t.is(words[rounds], 0);
    t.is(words[interrupts], 1, 'the interrupt is still to be taken');
  });

  test(`${kind}: a CPU that shares its processor lets go of it when its time is over, whatever an interrupt says`, (t) => {
    let now = 0;
    let looks = 0;
    const sharingClock = (): number => {
      looks++;
      return now;
    };
    const { words, cpus, interrupts } = pair(kind, { sharingClock });
    const giveWay = (): number => {
      const before = looks;
      cpus[1].giveWay(interrupts);
      return looks - before;
    };
    now = 1000;
    t.is(giveWay(), 2, 'it rested, and looked when it went on');
    t.is(giveWay(), 1, 'it has just begun');
    now += 100;
    words[interrupts] = 1;
    t.is(giveWay(), 2);
    t.is(words[interrupts], 1, 'the interrupt is still to be taken');
  });

  test(`${kind}: a CPU that lets go of its processor holds no stores back`, (t) => {
    let now = 1000;
    const { words, cpus, interrupts } = pair(kind, {
      sharingClock: () => now,
      weak: { reorder: 1, stall: 0 },
    });
    for (let value = 1; value <= 20; value++, now += 100) {
      cpus[1].write(interrupts + 1, value);
      cpus[1].giveWay(interrupts);
      t.is(words[interrupts + 1], value);
    }
  });

  test(`${kind}: CPUs are late where they are asked to be, and nowhere else`, (t) => {
    const late = (boot: Partial<NativeBoot>): number[] => {
      const [cpu] = pair(kind, { ablation: new Ablation(), ...boot }).cpus;
      const sites: number[] = [];
      cpu.linger = (site) => void sites.push(site);
      cpu.preemptDisable(O_17);
      cpu.smpRmb(O_09);
      cpu.preemptEnable(O_17);
      return sites;
    };
    t.deepEqual(late({}), []);
    t.deepEqual(late({ lateAt: [O_17] }), [O_17, O_17]);
    t.deepEqual(late({ ablation: new Ablation([O_04]) }), [O_17, O_09, O_17]);
  });
}
