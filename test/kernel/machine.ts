/** A machine of two CPUs, the second offline, with free words for kernel objects. */

import { asm } from '../../src/kernel/text.js';
import { AtomicsCpu } from '../../src/memory/atomics.js';
import type { Addr, CpuId } from '../../src/memory/struct.js';
import { bootSolo, type SoloMachine, type SoloOptions } from '../../src/scenario/solo.js';
import type { MachineDeclaration } from '../../src/scenario/boot.js';

/** Number of a work function that tests declare. */
export const WORK_FN_TEST = 40;

/** What the tests of kernel functions look at. */
export interface KernelMachine extends SoloMachine {
  /** Words for objects under test. */
  readonly data: Addr;
  /** Queued and ready to run. */
  readonly runnable: Addr;
  /** Sleeps interruptibly, until woken. */
  readonly sleeper: Addr;
}

/** Boot it; `more` adds to its declaration. */
export function kernelMachine(
  more: Partial<MachineDeclaration> = {},
  options: SoloOptions = {},
): KernelMachine {
  const solo = bootSolo(
    {
      cpus: 2,
      vmlinux: {
        functions: [
          { name: 'f', code: [asm.ret] },
          { name: 'busy', code: [asm.at('l', asm.spin(1)), asm.jump('l')] },
        ],
        data: { data: 256 },
      },
      modules: [{ name: 'mod', functions: [{ name: 'm', code: [asm.ret] }] }],
      initialTasks: [
        { comm: 'runnable', thread: 'busy' },
        { comm: 'sleeper', thread: 'f', sleepingIn: ['f'] },
      ],
      ...more,
    },
    options,
  );
  return {
    ...solo,
    data: solo.symbol('data'),
    runnable: solo.tasks[0]!,
    sleeper: solo.tasks[1]!,
  };
}

/** The second CPU of a machine, in its idle task; its waits end with `onHalt`. */
export function secondCpu(machine: SoloMachine, onHalt: () => void): AtomicsCpu {
  class SecondCpu extends AtomicsCpu {
    override mwait(): void {
      onHalt();
    }
  }
  const cpu = new SecondCpu(1 as CpuId, machine.ctx, machine.boot);
  cpu.current = machine.kernel.tasks + machine.kernel.taskStride;
  return cpu;
}
