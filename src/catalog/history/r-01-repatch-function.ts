/** upgrading a patched function meant taking the old handler down first. */

import { kzalloc } from '../../kernel/alloc.js';
import { ENOMEM } from '../../kernel/errno.js';
import {
  FTRACE_FN_KLP,
  FTRACE_OPS,
  FTRACE_OPS_FL_DYNAMIC,
  FTRACE_OPS_FL_IPMODIFY,
  ftraceSetFilterIp,
  registerFtraceFunction,
  unregisterFtraceFunction,
} from '../../kernel/ftrace.js';
import { initListHead, listAdd, listAddRcu, listDel } from '../../kernel/list.js';
import { MODULE } from '../../kernel/module.js';
import { asm } from '../../kernel/text.js';
import { klpInitPatch, klpInitPatchEarly } from '../../livepatch/core-init.js';
import { klpForEachFunc, klpForEachObject } from '../../livepatch/for-each.js';
import { KLP_FUNC, KLP_OPS } from '../../livepatch/layout.js';
import { klpFindOps } from '../../livepatch/patch.js';
import type { Cpu } from '../../memory/cpu.js';
import { NULL, type Addr } from '../../memory/struct.js';
import { historyScript } from '../../scenario/history.js';
import { bootWatched, watchScript } from '../../scenario/watched.js';
import { endless, expectComplete, insmod, livepatch, rest, SOON, version } from './machine.js';

/** A handler of its own for one function; only one may be registered for an address. */
function registerOwnOps(cpu: Cpu, func: Addr): number {
  const ops = kzalloc(cpu, cpu.ctx.klp.opsCache);
  if (ops === NULL) return -ENOMEM;
  const fops = ops + KLP_OPS.fops;
  cpu.write(fops + FTRACE_OPS.func, FTRACE_FN_KLP);
  cpu.write(fops + FTRACE_OPS.flags, FTRACE_OPS_FL_DYNAMIC | FTRACE_OPS_FL_IPMODIFY);
  initListHead(cpu, ops + KLP_OPS.funcStack);
  listAdd(cpu, ops + KLP_OPS.node, cpu.ctx.klp.ops);
  listAddRcu(cpu, func + KLP_FUNC.stackNode, ops + KLP_OPS.funcStack);
  ftraceSetFilterIp(cpu, fops, cpu.read(func + KLP_FUNC.oldFunc), false);
  return registerFtraceFunction(cpu, fops);
}

/** klp_enable_func() before 4.0: the predecessor's handler goes, then the new one comes. */
function enableFunc(cpu: Cpu, func: Addr): number {
  const old = klpFindOps(cpu, cpu.read(func + KLP_FUNC.oldFunc));
  if (old !== NULL) {
    unregisterFtraceFunction(cpu, old + KLP_OPS.fops);
    listDel(cpu, old + KLP_OPS.node);
    // The task that upgrades may be preempted anywhere; at this place it matters.
    rest(cpu, 30);
  }
  return registerOwnOps(cpu, func);
}

/** klp_enable_patch() before 4.0: no transition, function by function. */
function enableByReplacing(cpu: Cpu, mod: Addr): number {
  const patch = cpu.get(mod + MODULE.image);
  klpInitPatchEarly(cpu, patch);
  const ret = klpInitPatch(cpu, patch);
  if (ret !== 0) return ret;
  let obj = NULL;
  while ((obj = klpForEachObject(cpu, patch, obj)) !== NULL) {
    let func = NULL;
    while ((func = klpForEachFunc(cpu, obj, func)) !== NULL) {
      const err = enableFunc(cpu, func);
      if (err !== 0) return err;
    }
  }
  return 0;
}

export const R_01 = historyScript({
  id: 'R-01',
  commit: '3c33f5b99d68',
  title: 'livepatch: support for repatching a function',
  release: '4.0, 2015',
  mechanism:
    'Each function had an ftrace_ops of its own, and only one of them may change the instruction pointer at an address: an ' +
    'upgrade unregistered the old one and registered the new one, and in between the unpatched original ran.',
  replayed:
    'Functions are enabled by replacing the handler; the task that upgrades is preempted in between.',
  shows: 'original ran',
  run(variant) {
    const machine = bootWatched({
      vmlinux: { functions: [version('f', 0, 1), endless('thread', asm.call('f'), asm.sleep(20))] },
      modules: [livepatch(1, [version('f_v1', 1, 1)]), livepatch(2, [version('f_v2', 2, 1)])],
      initialTasks: [{ comm: 'caller', thread: 'thread' }],
      ...(variant === 'before'
        ? { overrides: { hooks: { klpModuleInit: enableByReplacing } } }
        : {}),
    });
    return watchScript(machine, (watched) => {
      watched.letRun(50);
      insmod(watched, 'livepatch_1');
      watched.letRun(SOON);
      expectComplete(watched);
      const before = watched.ran.length;
      insmod(watched, 'livepatch_2');
      watched.letRun(SOON);
      expectComplete(watched);
      const since = watched.ran.slice(before);
      if (since.length === 0) watched.find('nothing ran', 'no task called the function');
      if (since.some((r) => r.version === 0)) {
        watched.find(
          'original ran',
          'the unpatched original ran while one patch was replaced by another',
        );
      }
    });
  },
});
