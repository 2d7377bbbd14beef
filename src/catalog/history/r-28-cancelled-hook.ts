/** R-28, first review finding: cancelling an enabling switched the cond_resched() hook off although it was not on. */

import { ENODEV } from '../../kernel/errno.js';
import { KERNEL } from '../../kernel/layout.js';
import { MODULE } from '../../kernel/module.js';
import { staticBranchDisable, staticBranchEnable } from '../../kernel/static-key.js';
import { asm } from '../../kernel/text.js';
import { klpEnablePatch } from '../../livepatch/core.js';
import { klpShadowGetOrAlloc } from '../../livepatch/shadow.js';
import type { Cpu } from '../../memory/cpu.js';
import type { Addr } from '../../memory/struct.js';
import { historyScript } from '../../scenario/history.js';
import { bootWatched, watchScript } from '../../scenario/watched.js';
import { endless, expectComplete, insmod, livepatch, SOON, version } from './machine.js';

/** The pre_patch callback of the patch that cannot be enabled. */
function refuse(_cpu: Cpu, _obj: Addr): number {
  return -ENODEV;
}

/** One more or one less user of the hook, as static_branch_inc() and _dec() count them. */
function countUser(cpu: Cpu, delta: number): void {
  const key = cpu.ctx.kernel.globals + KERNEL.klpSchedTrySwitchKey;
  const users = klpShadowGetOrAlloc(cpu, key, 1, 1);
  cpu.write(users, cpu.read(users) + delta);
  if (cpu.read(users) > 0) staticBranchEnable(cpu, key);
  else staticBranchDisable(cpu, key);
}

/** klp_enable_patch() of the first version: whatever completes or is cancelled gives the hook up. */
function enableCounting(cpu: Cpu, mod: Addr): number {
  const ret = klpEnablePatch(cpu, cpu.get(mod + MODULE.image));
  countUser(cpu, ret === 0 ? 1 : -1);
  return ret;
}

const SLEEPS = [asm.sleepUninterruptible(200)];

export const R_28A = historyScript({
  id: 'R-28a',
  commit: 'e3ff7c609f39',
  title: 'livepatch,sched: Add livepatch task switching to cond_resched() (v1, cancel)',
  release: '6.4, 2023',
  mechanism:
    'The first version gave the hook up in klp_complete_transition(), which a cancelled enabling goes through without ever ' +
    'having asked for the hook: the next transition ran without it.',
  replayed:
    'The hook counts its users. One patch refuses to be enabled; the next needs the hook for a thread that only ever sleeps ' +
    'inside the function.',
  shows: 'stall',
  run(variant) {
    const machine = bootWatched({
      vmlinux: {
        functions: [version('f', 0, 1, SLEEPS), endless('thread', asm.call('f'), asm.condResched)],
      },
      modules: [
        livepatch(1, [version('f_v1', 1, 1, SLEEPS)], { callbacks: { prePatch: 1 } }),
        livepatch(2, [version('f_v2', 2, 1, SLEEPS)]),
      ],
      callbacks: [undefined, refuse],
      initialTasks: [{ comm: 'busy', thread: 'thread' }],
      ...(variant === 'before' ? { overrides: { hooks: { klpModuleInit: enableCounting } } } : {}),
    });
    return watchScript(machine, (watched) => {
      watched.letRun(5);
      insmod(watched, 'livepatch_1');
      insmod(watched, 'livepatch_2');
      watched.letRun(2000);
      watched.letRun(SOON);
      expectComplete(watched);
    });
  },
});
