/** An attempt against a CPU that comes online: cpus_read_lock() around the idle tasks, O-27. */

import { cpuDown, cpuUp, idleParked } from '../../kernel/cpuhp.js';
import { cpuStartupEntry } from '../../kernel/interp.js';
import { percpu, PERCPU } from '../../kernel/layout.js';
import { idleTask, TASK, TASK_INTERRUPTIBLE } from '../../kernel/task.js';
import { KLP_UNPATCHED } from '../../livepatch/layout.js';
import type { Cpu } from '../../memory/cpu.js';
import { O_27 } from '../../memory/sites.js';
import type { Addr } from '../../memory/struct.js';
import type { BootedMachine } from '../../scenario/boot.js';
import { kernelRace, callTraced, raceContext, sleepHere } from '../../scenario/kernel-race.js';
import {
  loadLivepatches,
  PATCHED_FUNCTION,
  versionAt,
  writeEnabled,
} from '../../scenario/patched-function.js';

/** CPU that is offline at first. */
const OFFLINE = 2;
/** Event of its idle task in `f`: where it is, and its patch_state before it leaves. */
const TRACE_INSIDE = 1001;

function enableAndTakeDown(cpu: Cpu): void {
  loadLivepatches(cpu, 1);
  cpuDown(cpu, OFFLINE);
}

/** The offline CPU is in its idle task, not in the role's. */
function settle(words: Int32Array, { kernel }: BootedMachine, tasks: readonly Addr[]): void {
  const role = tasks[OFFLINE] ?? 0;
  const idle = idleTask(kernel, OFFLINE);
  words[role + TASK.state] = TASK_INTERRUPTIBLE;
  words[role + TASK.onRq] = 0;
  words[role + TASK.onCpu] = 0;
  words[idle + TASK.onCpu] = 1;
  words[percpu(kernel, OFFLINE) + PERCPU.curr] = idle;
}

function disable(cpu: Cpu): void {
  writeEnabled(cpu, 0, '0');
  sleepHere(cpu);
}

function bringUp(cpu: Cpu): void {
  cpuUp(cpu, OFFLINE);
  sleepHere(cpu);
}

/** Once the CPU is online its idle task, which cannot be preempted, calls `f` and leaves it again. */
function comeOnlineAndCall(cpu: Cpu): void {
  cpu.current = idleTask(cpu.ctx.kernel, OFFLINE);
  idleParked(cpu);
  cpu.preemptDisable();
  const inside = callTraced(cpu, raceContext(cpu).symbol('f'));
  const patchState = cpu.current + TASK.patchState;
  const atFirst = cpu.read(patchState);
  // The function takes some time.
  for (let i = 0; i < 40; i++) cpu.readOnce(patchState);
  cpu.trace(TRACE_INSIDE, inside, atFirst, cpu.read(patchState));
  cpu.preemptEnable();
  cpuStartupEntry(cpu);
}

/** CPU 0 disables a patch; CPU 1 brings CPU 2 online, whose idle task calls `f`. */
export const hotplugIdle = kernelRace({
  name: 'hotplug-idle',
  description: 'klp_try_complete_transition() against cpu_up() and a call by the idle task.',
  declaration: PATCHED_FUNCTION,
  prepare: enableAndTakeDown,
  settle,
  roles: [
    { comm: 'admin', sleepingIn: [], body: disable },
    { comm: 'plugger', sleepingIn: [], body: bringUp },
    { comm: 'offline', sleepingIn: [], body: comeOnlineAndCall },
  ],
  observe(end, { booted }) {
    const inside = end.events.find(({ event }) => event === TRACE_INSIDE);
    if (!inside) return 'not called';
    const version = versionAt(end, booted, inside.a);
    const isSwitched = inside.b !== KLP_UNPATCHED && inside.c === KLP_UNPATCHED;
    return version === 'f_a' && isSwitched ? 'switched in f_a' : `called ${version}`;
  },
  outcomes: {
    'not called': { grade: 'acceptable', reason: 'the CPU was not online in time' },
    'called f': { grade: 'acceptable', reason: 'the idle task has switched, and called f' },
    'called f_a': { grade: 'acceptable', reason: 'the idle task has not switched' },
    'switched in f_a': {
      grade: 'forbidden',
      reason: 'the idle task of an online CPU is switched inside the function that goes',
    },
  },
  bounds: { steps: 30_000 },
  ablations: [
    {
      sites: [O_27],
      finds: 'switched in f_a',
      why: 'the CPU comes online between the test that it is offline and the store to its idle task',
    },
  ],
});
