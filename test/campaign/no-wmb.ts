/** Changed kernel code for tests: klp_init_transition() without its smp_wmb(), and with it. */

const changed = (barrier: string): string => `
import { idleTask, KERNEL, setTransition, TASK, tasklistReadLock, tasklistReadUnlock } from 'klp-smp';
export function klpInitTransition(cpu, patch, state) {
  const { kernel, klp } = cpu.ctx;
  cpu.write(klp.transitionPatch, patch);
  cpu.write(klp.targetState, state);
  tasklistReadLock(cpu);
  let task = cpu.get(kernel.globals + KERNEL.taskList);
  for (; task !== 0; task = cpu.get(task + TASK.tasksNext)) cpu.write(task + TASK.patchState, 1 - state);
  tasklistReadUnlock(cpu);
  for (let n = 0; n < kernel.cpus; n++) cpu.write(idleTask(kernel, n) + TASK.patchState, 1 - state);
  ${barrier}
  setTransition(cpu, patch, 1);
}
`;

/** Every task may see the transition before its state. */
export const noWmb = changed('');
/** As the kernel has it. */
export const withWmb = changed('cpu.smpWmb();');
