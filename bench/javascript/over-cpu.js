/** The algorithms of `over-atomics.js` as kernel code; the protocol is the scenario `disable-protocol-2` of the catalogue. */

import { claimLocal, MemoryMap, race, struct } from 'klp-smp';

const WORDS = struct('words', { head: 1, first: 1, second: 1, third: 1 });

const map = new MemoryMap();
const localBase = claimLocal(map, 2);
const words = map.claim('words', WORDS);

const DONE = 1;
const either = { grade: 'acceptable', reason: 'one of them' };

const buffers = (mine, other) => (cpu) => {
  cpu.writeOnce(words + mine, 1);
  cpu.smpMb(); // Pairs with the smpMb() of the other body.
  cpu.trace(DONE, cpu.readOnce(words + other));
};

export const storeBuffering = race({
  name: 'store-buffering',
  description: 'Store buffering with fences.',
  build: () => ({ ctx: {}, map, localBase, bodies: [buffers(0, 1), buffers(1, 0)] }),
  observe: ({ traced }) => {
    const seen = [0, 0];
    traced.each((id, _event, value) => {
      seen[id] = value;
    });
    return `${seen[0]}, ${seen[1]}`;
  },
  outcomes: {
    '0, 0': { grade: 'forbidden', reason: 'both fences failed' },
    '0, 1': either,
    '1, 0': either,
    '1, 1': either,
  },
});

const NODE = 0xff;
const COUNT = 0x100;

const pop = (cpu) => {
  for (;;) {
    const head = cpu.readOnce(words);
    const node = head & NODE;
    if (node === 0) return 0;
    const next = cpu.readOnce(words + node) | ((head & ~NODE) + COUNT);
    if (cpu.cmpxchg(words, head, next) === head) return node;
  }
};

const push = (cpu, node) => {
  for (;;) {
    const head = cpu.readOnce(words);
    cpu.writeOnce(words + node, head & NODE);
    if (cpu.cmpxchg(words, head, node | ((head & ~NODE) + COUNT)) === head) return;
  }
};

export const treiber = race({
  name: 'treiber',
  description: 'A stack of nodes.',
  build: () => ({
    ...{ ctx: {}, map, localBase },
    bodies: [
      (cpu) => cpu.trace(DONE, pop(cpu)),
      (cpu) => {
        const first = pop(cpu);
        const second = pop(cpu);
        push(cpu, first);
        cpu.trace(DONE, second);
      },
    ],
    init: (memory) => memory.set([1, 2, 3, 0], words),
  }),
  observe: (end) => {
    const nodes = [];
    end.traced.each((_cpu, _event, node) => nodes.push(node));
    for (
      let node = end.read(words) & NODE;
      node !== 0 && nodes.length < 5;
      node = end.read(words + node)
    ) {
      nodes.push(node);
    }
    return nodes.sort().join();
  },
  outcomes: { '1,2,3': { grade: 'acceptable', reason: 'every node once' } },
});
