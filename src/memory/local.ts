/** The words that the memory room itself keeps: one line for the machine, one for each CPU. */

import type { MemoryMap } from './map.js';
import { FIRST_VALID_ADDR, struct, type Addr } from './struct.js';

/** Machine-wide words; always the first region claimed, so their address is a constant. */
export const MACHINE = struct('machine', {
  /** Non-zero: every CPU is to stop at its next wait. */
  stop: 1,
  /** Number of trace events recorded on all CPUs. */
  traceSeq: 1,
  /** CPUs whose threads are ready to run. */
  ready: 1,
  /** Lock of the wait queue, its next ticket, and how many CPU lines may hold a sleeper. */
  waitLock: 1,
  waitTicket: 1,
  waitLines: 1,
  /** Rounds in which a CPU waits for an answer of every other. */
  rounds: 1,
  /** How many CPU lines may hold a CPU that gives way. */
  courteousLines: 1,
});

/** Address of the {@link MACHINE} words. */
export const MACHINE_BASE: Addr = FIRST_VALID_ADDR;

/** A CPU's private line. Others only look at it. */
export const CPU_LOCAL = struct('cpuLocal', {
  /** Target of the emulated fence's read-modify-write. */
  fence: 1,
  /** Nesting depth of preemption-disabled sections, mirrored for the checks. */
  preemptCount: 1,
  /** Counts up while the CPU makes progress. */
  heartbeat: 1,
  /** Word that the CPU sleeps on, or 0; its ticket in the queue; not 0 once it was woken. */
  waitsOn: 1,
  waitTicket: 1,
  woken: 1,
  /** {@link AWAKE}, {@link ASLEEP} or {@link ANSWERED}. */
  resting: 1,
  /** Word that the CPU gives way on, or 0. */
  givesWayOn: 1,
  pad: 8,
});

/** Of `resting`: the CPU executes … */
export const AWAKE = 0;
/** … or sleeps in mwait(), … */
export const ASLEEP = 1;
/** … and somebody has answered for it meanwhile. */
export const ANSWERED = 2;

/** Claim the memory room's own words; must be the first claim on a map. Returns the base of the CPU lines. */
export function claimLocal(map: MemoryMap, cpus: number): Addr {
  map.claim('machine', MACHINE);
  return map.claim('cpuLocal', CPU_LOCAL, cpus);
}
