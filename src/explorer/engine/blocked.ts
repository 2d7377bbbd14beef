/** What a deadlock looks like: who is blocked, on what, where in the kernel code, and what became of the wake-ups. */

import type { MemoryMap } from '../../memory/map.js';
import type { Machine } from '../../scenario/declare.js';
import { WAIT_HALT, WAIT_LOCK, WAIT_MWAIT, WAIT_NONE, WAIT_RELAX } from './cpu-state.js';
import type { BlockedCpu, Ended } from './ended.js';
import type { Execution } from './execution.js';
import { OP_SLEEP, OP_WAKE, OP_WAKE_ALL } from './operations.js';
import { Recorder, type StoryStep } from './recorder.js';
import { ReplayStrategy } from '../strategies/replay.js';

const HOW_IT_WAITS: Readonly<Record<number, string>> = {
  [WAIT_LOCK]: 'for the lock',
  [WAIT_RELAX]: 'for a change of',
  [WAIT_MWAIT]: 'idle for a change of',
  [WAIT_HALT]: 'for a wake-up of',
};

const WAKING: ReadonlySet<string> = new Set([OP_WAKE.name, OP_WAKE_ALL.name]);

/**
 * Describes which CPUs are blocked at the end of an execution, and on what. With the steps of the execution, also
 * where, and why no CPU woke them.
 */
export function describeBlocked(
  execution: Ended,
  machine: Machine,
  steps: readonly StoryStep[] = [],
): string {
  return execution.cpus
    .filter((cpu) => cpu.waiting !== WAIT_NONE)
    .map((cpu) => {
      const who = machine.describe?.(execution, cpu.id);
      const word = machine.map.nameOf(cpu.waitAddr);
      const name = `CPU ${cpu.id}${who === undefined ? '' : ` (${who})`}`;
      return `${name} waits ${HOW_IT_WAITS[cpu.waiting] ?? ''} ${word}${whereOf(cpu, steps, machine.map)}`;
    })
    .join('; ');
}

function whereOf(cpu: BlockedCpu, steps: readonly StoryStep[], map: MemoryMap): string {
  const at = steps.findLastIndex((step) => step.cpu === cpu.id);
  const [frame = ''] = steps[at]?.stack ?? [];
  if (frame === '') return '';
  return ` in ${frame}${cpu.waiting === WAIT_HALT ? `, ${fateOfWakeUps(cpu, steps, map)}` : ''}`;
}

function fateOfWakeUps(cpu: BlockedCpu, steps: readonly StoryStep[], map: MemoryMap): string {
  const asleep = steps.findLastIndex((s) => s.cpu === cpu.id && s.name === OP_SLEEP.name);
  const last = steps.findLastIndex((s) => WAKING.has(s.name) && s.addr === cpu.waitAddr);
  const step = steps[last];
  if (step === undefined) return `and nobody ever wakes ${map.nameOf(cpu.waitAddr)}`;
  const which = `the last ${step.name}(), by CPU ${step.cpu} in ${step.stack[0] ?? ''},`;
  return last < asleep ? `${which} came before it slept` : `${which} woke another CPU`;
}

/**
 * {@link describeBlocked} of the execution that has just ended, which is executed once more.
 *
 * @returns the same execution has then ended again
 */
export function locateBlocked(execution: Execution, machine: Machine): string {
  const recorder = new Recorder((addr) => execution.read(addr));
  const schedule = execution.log.schedule();
  execution.attach(recorder);
  try {
    execution.run(new ReplayStrategy(schedule));
    return describeBlocked(execution, machine, recorder.steps);
  } finally {
    execution.detach(recorder);
  }
}
