/** The words the checks keep in the shared memory: findings, the flight recorder, and the oracle's notes. */

import type { KernelContext } from '../kernel/context.js';
import type { KlpContext } from '../livepatch/layout.js';
import type { MemoryMap } from '../memory/map.js';
import { struct, type Addr } from '../memory/struct.js';

/** Images the oracle can tell apart: one bit each. */
export const MAX_IMAGES = 31;

/** Notes of the oracle, written under klp_mutex. Indexed by image. */
export const CHECK = struct('check', {
  /** Forced transitions so far. */
  forces: 1,
  /** Patches enabled so far. */
  sequence: 1,
  /** Bit per image: its patch is on the func stacks, or about to be. */
  live: 1,
  /** When each image's patch was enabled last. */
  enabledAt: MAX_IMAGES,
  /** Groups for which each image's patch carries a nop. */
  nopGroups: MAX_IMAGES,
  /** Module references each image's patch holds. */
  references: MAX_IMAGES,
  /** Number of findings; more than fit are counted, not kept. */
  findings: 1,
});

/** One finding. */
export const FINDING = struct('finding', { kind: 1, cpu: 1, task: 1, a: 1, b: 1, c: 1, seq: 1 });
/** Findings that are kept. */
export const MAX_FINDINGS = 32;

/** One event of the flight recorder. */
export const FLIGHT_EVENT = struct('flightEvent', {
  /** Place in the machine-wide order; 0 in an entry never written. */
  seq: 1,
  event: 1,
  task: 1,
  a: 1,
  b: 1,
  c: 1,
});
/** Events kept per CPU. */
export const FLIGHT_EVENTS = 512;

/** Addresses of the checks' words. */
export interface CheckLayout {
  readonly notes: Addr;
  readonly findings: Addr;
  /** Ring of each CPU, one after the other. */
  readonly flight: Addr;
  /** Whether each object, by its place in the cache, is owed a post_unpatch callback. */
  readonly owed: Addr;
  readonly localBase: Addr;
  readonly kernel: KernelContext;
  readonly klp: KlpContext;
  readonly map: MemoryMap;
}

/** Claim the words of the checks, after those of the machine they watch. */
export function claimCheck(
  map: MemoryMap,
  kernel: KernelContext,
  klp: KlpContext,
  localBase: Addr,
): CheckLayout {
  return {
    notes: map.claim('check', CHECK),
    findings: map.claim('finding', FINDING, MAX_FINDINGS),
    flight: map.claim('flightEvent', FLIGHT_EVENT, FLIGHT_EVENTS * kernel.cpus),
    owed: map.claimWords('owedCallback', klp.objectCache.count),
    localBase,
    kernel,
    klp,
    map,
  };
}
