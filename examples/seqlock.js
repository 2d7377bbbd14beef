/** A sequence lock: the reader tries again when a writer was at work. Its second look can be forgotten. */

import { claimLocal, MemoryMap, race, struct } from 'klp-smp';

const SEQLOCK = struct('seqlock', { sequence: 1, left: 1, right: 1 });

const map = new MemoryMap();
const localBase = claimLocal(map, 2);
const lock = map.claim('seqlock', SEQLOCK);

function write(cpu) {
  cpu.writeOnce(lock + SEQLOCK.sequence, 1);
  cpu.smpWmb(); // Pairs with the smpRmb() after the reader's first look.
  cpu.writeOnce(lock + SEQLOCK.left, 5);
  cpu.writeOnce(lock + SEQLOCK.right, 5);
  cpu.smpWmb(); // Pairs with the smpRmb() before the reader's second look.
  cpu.writeOnce(lock + SEQLOCK.sequence, 2);
}

function read(cpu) {
  for (;;) {
    const before = cpu.readOnce(lock + SEQLOCK.sequence);
    if ((before & 1) === 0) {
      cpu.smpRmb();
      const left = cpu.readOnce(lock + SEQLOCK.left);
      const right = cpu.readOnce(lock + SEQLOCK.right);
      cpu.smpRmb();
      if (cpu.readOnce(lock + SEQLOCK.sequence) === before) {
        cpu.trace(1, left, right);
        return;
      }
    } else {
      cpu.relax(lock + SEQLOCK.sequence, before);
    }
  }
}

function readOnceOnly(cpu) {
  const before = cpu.readOnce(lock + SEQLOCK.sequence);
  if ((before & 1) !== 0) return;
  cpu.smpRmb();
  const left = cpu.readOnce(lock + SEQLOCK.left);
  cpu.trace(1, left, cpu.readOnce(lock + SEQLOCK.right));
}

const seqlockRace = (name, reader) =>
  race({
    name,
    description: 'A writer of two words against a reader of both.',
    build: () => ({ ctx: {}, map, localBase, bodies: [write, reader] }),
    observe: ({ events: [seen] }) => (seen === undefined ? 'nothing' : `${seen.a}, ${seen.b}`),
    outcomes: {
      nothing: { grade: 'acceptable', reason: 'the writer was at work' },
      '0, 0': { grade: 'acceptable', reason: 'both words before the write' },
      '5, 5': { grade: 'acceptable', reason: 'both words after the write' },
      '5, 0': { grade: 'forbidden', reason: 'half a write' },
      '0, 5': { grade: 'forbidden', reason: 'half a write' },
    },
  });

export const seqlock = seqlockRace('seqlock', read);
export const seqlockOneLook = seqlockRace('seqlock-one-look', readOnceOnly);
