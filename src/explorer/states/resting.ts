/** How a machine stands when no CPU can go on. */

import type { CpuId } from '../../memory/struct.js';
import type { Machine } from '../../scenario/declare.js';
import { WAIT_LOCK, WAIT_MWAIT, WAIT_NONE, WAIT_RELAX } from '../engine/cpu-state.js';
import type { BlockedCpu } from '../engine/ended.js';
import type { LocalStates } from './local-states.js';
import * as ask from './requests.js';

/** What each of `count` CPUs waits for, with its code in a local state. */
export function cpusAt(
  local: LocalStates,
  count: number,
  stateOf: (cpu: number) => number,
): BlockedCpu[] {
  return Array.from({ length: count }, (_, id) => {
    const state = stateOf(id);
    return { id: id as CpuId, waiting: waitOf(local.kind(state)), waitAddr: local.addr(state) };
  });
}

function waitOf(kind: number): number {
  if (kind === ask.ASK_LOCK) return WAIT_LOCK;
  if (kind === ask.ASK_RELAX) return WAIT_RELAX;
  return kind === ask.ASK_MWAIT ? WAIT_MWAIT : WAIT_NONE;
}

/** Whether the time that passes may let one of these CPUs, which are not at their end, go on. */
export const awaitsTime = (left: readonly BlockedCpu[]): boolean =>
  left.some(({ waiting }) => waiting === WAIT_MWAIT);

/** How an execution ended in which no CPU can go on, while these CPUs have not reached the end of their code. */
export function restsAs(machine: Machine, left: readonly BlockedCpu[]): 'ended' | 'deadlock' {
  if (left.length === 0) return 'ended';
  const halted = left.every(({ waiting }) => waiting === WAIT_MWAIT);
  return machine.haltEnds === true && halted ? 'ended' : 'deadlock';
}
