/** Workloads that go wrong in one way each. */

import { FIRST_SCENARIO_NATIVE } from '../../src/kernel/vmlinux.js';
import { asm } from '../../src/kernel/text.js';
import type { Cpu } from '../../src/memory/cpu.js';
import { bootMachine } from '../../src/scenario/boot.js';
import type { Workload } from '../../src/scenario/workload.js';

/** What the thread does that the machine starts with. */
export interface FixtureOptions {
  readonly fault: 'throws' | 'hangs' | 'executes nothing' | 'idles';
}

function hang(cpu: Cpu): void {
  for (;;) cpu.peek(cpu.ctx.kernel.globals);
}

function fail(_cpu: Cpu): void {
  throw new TypeError('a mistake of the simulator');
}

/** Lay the machine out. */
export function build({ fault }: FixtureOptions): Workload {
  const natives = [];
  natives[FIRST_SCENARIO_NATIVE] = fault === 'hangs' ? hang : fail;
  const bad = fault === 'executes nothing' ? { op: 99 } : asm.kcall(FIRST_SCENARIO_NATIVE);
  const booted = bootMachine({
    cpus: 2,
    vmlinux: {
      functions: [
        {
          name: 'culprit',
          code: [asm.sleep(4), fault === 'idles' ? asm.sleep(0) : bad, asm.jump('x')],
        },
      ].map((f) => ({ ...f, code: f.code.map((i, n) => (n === 0 ? asm.at('x', i) : i)) })),
    },
    initialTasks: [{ comm: 'culprit', thread: 'culprit' }],
    natives,
  });
  return { booted, outcomes: () => [] };
}
