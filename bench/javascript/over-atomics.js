/** Algorithms that are also written over `cpu`, as plain JavaScript over shared memory. */

import { program } from 'klp-smp/javascript';

const UNDEFINED = -1;
const UNPATCHED = 0;
const PATCHED = 1;
const PENDING = 1 << 13;

/** Words of the protocol: the patch's two, then two of each task. */
const TARGET = 0;
const TRANSITION = 1;
const stateOf = (task) => 2 * task;
const flagsOf = (task) => 2 * task + 1;
const TASKS = [1, 2];

function disablePatch(words) {
  Atomics.store(words, TARGET, UNPATCHED);
  for (const task of TASKS) Atomics.store(words, stateOf(task), PATCHED);
  Atomics.store(words, TRANSITION, 1);
  for (const task of TASKS) Atomics.or(words, flagsOf(task), PENDING);
}

/** Whether the call gets the new function; `warn` when the state is none. */
function handler(words, task) {
  if (Atomics.load(words, TRANSITION) === 0) return true;
  const state = Atomics.load(words, stateOf(task));
  return state === UNDEFINED ? 'warn' : state !== UNPATCHED;
}

function callTwice(words, task) {
  const first = handler(words, task);
  let hasSwitched = false;
  if ((Atomics.and(words, flagsOf(task), ~PENDING) & PENDING) !== 0) {
    Atomics.store(words, stateOf(task), Atomics.load(words, TARGET));
    hasSwitched = true;
  }
  const second = handler(words, task);
  if (first === 'warn' || second === 'warn') return 'warn';
  if (hasSwitched) return second ? 'switched-new' : 'switched-old';
  return second ? 'pending-new' : 'pending-old';
}

export const protocol = program({
  shared: () => new Int32Array(new SharedArrayBuffer(24)).fill(UNDEFINED),
  threads: [disablePatch, callTwice, callTwice],
  outcome: ([, one, two]) => (two === 'switched-new' || two === 'warn' ? two : one),
  forbidden: { 'switched-new': 'the new function after the switch', warn: 'no state' },
});

const buffers = (words, index) => {
  Atomics.store(words, index, 1);
  return Atomics.load(words, 1 - index);
};

export const storeBuffering = program({
  shared: () => new Int32Array(new SharedArrayBuffer(8)),
  threads: [buffers, buffers],
  forbidden: { '0, 0': 'atomics are sequentially consistent' },
});

const NODE = 0xff;
const COUNT = 0x100;

const pop = (words) => {
  for (;;) {
    const head = Atomics.load(words, 0);
    const node = head & NODE;
    if (node === 0) return 0;
    const next = Atomics.load(words, node) | ((head & ~NODE) + COUNT);
    if (Atomics.compareExchange(words, 0, head, next) === head) return node;
  }
};

const push = (words, node) => {
  for (;;) {
    const head = Atomics.load(words, 0);
    Atomics.store(words, node, head & NODE);
    if (Atomics.compareExchange(words, 0, head, node | ((head & ~NODE) + COUNT)) === head) return;
  }
};

export const treiber = program({
  shared: () => {
    const words = new Int32Array(new SharedArrayBuffer(16));
    words.set([1, 2, 3, 0]);
    return words;
  },
  threads: [
    pop,
    (words) => {
      const first = pop(words);
      const second = pop(words);
      push(words, first);
      return second;
    },
  ],
  outcome: (popped, words) => {
    const nodes = [...popped];
    for (let node = words[0] & NODE; node !== 0 && nodes.length < 5; node = words[node]) {
      nodes.push(node);
    }
    return nodes.sort().join();
  },
  acceptable: { '1,2,3': 'every node once' },
});
