/** A ring buffer for one producer and one consumer, whose publication can be forgotten. */

import { claimLocal, MemoryMap, race, struct } from 'klp-smp';

const SLOTS = 2;
const RING = struct('ring', { head: 1, tail: 1, slots: SLOTS });
const MESSAGES = 3;

const map = new MemoryMap();
const localBase = claimLocal(map, 2);
const ring = map.claim('ring', RING);

/** Wait for room, fill a slot, publish it. */
function push(cpu, value, publish) {
  const head = cpu.readOnce(ring + RING.head);
  for (;;) {
    const tail = cpu.loadAcquire(ring + RING.tail);
    if (head - tail < SLOTS) break;
    cpu.relax(ring + RING.tail, tail);
  }
  cpu.write(ring + RING.slots + (head % SLOTS), value);
  publish(cpu, head + 1);
}

function published(cpu, head) {
  cpu.storeRelease(ring + RING.head, head); // Pairs with the loadAcquire() of pop().
}

/** The store that the compiler and the processor may move before that of the slot. */
function publishedTooEarly(cpu, head) {
  cpu.writeOnce(ring + RING.head, head);
}

function producer(cpu) {
  for (let value = 1; value <= MESSAGES; value++) push(cpu, value, published);
}

function brokenProducer(cpu) {
  for (let value = 1; value <= MESSAGES; value++) push(cpu, value, publishedTooEarly);
}

function consumer(cpu) {
  for (let tail = 0; tail < MESSAGES; tail++) {
    for (;;) {
      const head = cpu.loadAcquire(ring + RING.head);
      if (head !== tail) break;
      cpu.relax(ring + RING.head, head);
    }
    cpu.trace(1, cpu.read(ring + RING.slots + (tail % SLOTS)));
    cpu.storeRelease(ring + RING.tail, tail + 1);
  }
}

const ringRace = (name, first) =>
  race({
    name,
    description: 'Three messages through two slots.',
    build: () => ({ ctx: {}, map, localBase, bodies: [first, consumer] }),
    observe: ({ events }) => events.map(({ a }) => a).join(),
    outcomes: { '1,2,3': { grade: 'acceptable', reason: 'every message, in order' } },
  });

export const ringBuffer = ringRace('ring-buffer', producer);
export const ringBufferBroken = ringRace('ring-buffer-broken', brokenProducer);
