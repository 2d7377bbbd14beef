/** The memories that an exploration can run over. */

import type { MemoryModel } from '../../memory/model.js';

/** What the explorer's CPUs need of a {@link MemoryModel}; grace periods are kernel code, not operations. */
export type ExplorerMemory = Pick<
  MemoryModel,
  | 'reset'
  | 'load'
  | 'store'
  | 'rmw'
  | 'rmwEnd'
  | 'fence'
  | 'lock'
  | 'unlock'
  | 'holds'
  | 'trylock'
  | 'newest'
  | 'poke'
>;

/**
 * `sc`: sequentially consistent. `lkmm`: everything that the Linux kernel memory model allows except load buffering. `js`: what
 * the ECMAScript memory model allows, load buffering apart; for programs over SharedArrayBuffers.
 */
export type MemoryKind = 'sc' | 'lkmm' | 'js';
