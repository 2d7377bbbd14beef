/** Where a litmus test on real threads keeps its words: one array of trials for each location, results, a rendezvous. */

import { claimLocal } from '../../memory/local.js';
import { MemoryMap } from '../../memory/map.js';
import { struct, type Addr } from '../../memory/struct.js';
import { POINTER_BASE, type LitmusProgram } from './program.js';

/** Trials of one round: all locations of a round together stay in a processor's cache. */
export const ROUND = 2048;
/** Words from one trial to the next: a cache line, so that trials do not touch each other's. */
export const TRIAL_WORDS = 16;

/** Words by which the threads of a test meet. Each has a cache line of its own. */
export const RENDEZVOUS = struct('rendezvous', { arrived: 16, generation: 16, abort: 16 });

/** Addresses of everything; the same on all threads. */
export interface LitmusLayout {
  readonly localBase: Addr;
  readonly rendezvous: Addr;
  /** Progress word of each thread. */
  readonly progress: readonly Addr[];
  /** RCU section word of each thread. */
  readonly sections: readonly Addr[];
  /** First trial of each location. */
  readonly locations: readonly Addr[];
  /** Registers of each thread after the first trial; those of later trials follow. */
  readonly registers: readonly Addr[];
  /** Size of the memory. */
  readonly words: number;
}

/** Lay out the words of a program. */
export function layOutLitmus(program: LitmusProgram): LitmusLayout {
  const map = new MemoryMap();
  const localBase = claimLocal(map, program.threads.length);
  const rendezvous = map.claim('rendezvous', RENDEZVOUS);
  const progress = program.threads.map((_, i) => map.claimWords(`progress${i}`, 16));
  const sections = program.threads.map((_, i) => map.claimWords(`section${i}`, 16));
  // One line more than a power of two: otherwise the same trial of different locations would use one cache set.
  const locations = program.locations.map((_, i) =>
    map.claimWords(`location${i}`, ROUND * TRIAL_WORDS + TRIAL_WORDS),
  );
  const registers = program.threads.map((thread, i) =>
    map.claimWords(`registers${i}`, ROUND * thread.registers.length),
  );
  const words = Math.max(map.words, POINTER_BASE + program.locations.length);
  return { localBase, rendezvous, progress, sections, locations, registers, words };
}
