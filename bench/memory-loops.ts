/** One loop for each operation of the vocabulary; imported afresh for each backend, so that every call site sees one. */

import type { Cpu } from '../src/memory/cpu.js';
import type { Addr } from '../src/memory/struct.js';

/** Operations that one call of a loop does. */
export const OPERATIONS = 4096;

const MASK = 63;

/** A loop of {@link OPERATIONS} operations; the result keeps them alive. */
export type Loop = () => number;

/**
 * The loops over a CPU.
 *
 * @param cpu the backend to measure
 * @param base address of 64 words to work on and one for a lock
 */
export function cpuLoops(cpu: Cpu, base: Addr): Readonly<Record<string, Loop>> {
  const lock = base + MASK + 1;
  return {
    read: () => {
      let sum = 0;
      for (let i = 0; i < OPERATIONS; i++) sum += cpu.read(base + (i & MASK));
      return sum;
    },
    write: () => {
      for (let i = 0; i < OPERATIONS; i++) cpu.write(base + (i & MASK), i & 7);
      return 0;
    },
    readOnce: () => {
      let sum = 0;
      for (let i = 0; i < OPERATIONS; i++) sum += cpu.readOnce(base + (i & MASK));
      return sum;
    },
    writeOnce: () => {
      for (let i = 0; i < OPERATIONS; i++) cpu.writeOnce(base + (i & MASK), i & 7);
      return 0;
    },
    rcuDereference: () => {
      let sum = 0;
      for (let i = 0; i < OPERATIONS; i++) sum += cpu.rcuDereference(base + (i & MASK));
      return sum;
    },
    loadAcquire: () => {
      let sum = 0;
      for (let i = 0; i < OPERATIONS; i++) sum += cpu.loadAcquire(base + (i & MASK));
      return sum;
    },
    storeRelease: () => {
      for (let i = 0; i < OPERATIONS; i++) cpu.storeRelease(base + (i & MASK), i & 7);
      return 0;
    },
    smpRmb: () => {
      for (let i = 0; i < OPERATIONS; i++) cpu.smpRmb();
      return 0;
    },
    smpWmb: () => {
      for (let i = 0; i < OPERATIONS; i++) cpu.smpWmb();
      return 0;
    },
    smpMb: () => {
      for (let i = 0; i < OPERATIONS; i++) cpu.smpMb();
      return 0;
    },
    setBit: () => {
      for (let i = 0; i < OPERATIONS; i++) cpu.setBit(base + (i & MASK), i & 1);
      return 0;
    },
    testAndClearBit: () => {
      let set = 0;
      for (let i = 0; i < OPERATIONS; i++) if (cpu.testAndClearBit(base + (i & MASK), 0)) set++;
      return set;
    },
    xchg: () => {
      let sum = 0;
      for (let i = 0; i < OPERATIONS; i++) sum += cpu.xchg(base + (i & MASK), i & 7);
      return sum;
    },
    fetchAdd: () => {
      let sum = 0;
      for (let i = 0; i < OPERATIONS; i++) sum += cpu.fetchAdd(base + (i & MASK), 1);
      return sum;
    },
    'lock and unlock': () => {
      for (let i = 0; i < OPERATIONS; i++) {
        cpu.spinLock(lock);
        cpu.spinUnlock(lock);
      }
      return 0;
    },
  };
}

/** The same accesses without a CPU: a plain typed array, and `Atomics`. */
export function rawLoops(words: Int32Array, base: Addr): Readonly<Record<string, Loop>> {
  return {
    'typed array load': () => {
      let sum = 0;
      for (let i = 0; i < OPERATIONS; i++) sum += words[base + (i & MASK)] as number;
      return sum;
    },
    'typed array store': () => {
      for (let i = 0; i < OPERATIONS; i++) words[base + (i & MASK)] = i & 7;
      return 0;
    },
    'Atomics.load': () => {
      let sum = 0;
      for (let i = 0; i < OPERATIONS; i++) sum += Atomics.load(words, base + (i & MASK));
      return sum;
    },
    'Atomics.store': () => {
      for (let i = 0; i < OPERATIONS; i++) Atomics.store(words, base + (i & MASK), i & 7);
      return 0;
    },
    'Atomics.add': () => {
      let sum = 0;
      for (let i = 0; i < OPERATIONS; i++) sum += Atomics.add(words, base + (i & MASK), 1);
      return sum;
    },
  };
}
