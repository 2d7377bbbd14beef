/** a module that livepatch refused stayed the module of the object. */

import { ENODEV } from '../../kernel/errno.js';
import { MODULE } from '../../kernel/module.js';
import { asm } from '../../kernel/text.js';
import { klpModuleComing } from '../../livepatch/core-module.js';
import { klpForEachObject, klpForEachPatch } from '../../livepatch/for-each.js';
import { KLP_OBJECT } from '../../livepatch/layout.js';
import type { Cpu } from '../../memory/cpu.js';
import { NULL, type Addr } from '../../memory/struct.js';
import type { ModuleDeclaration } from '../../scenario/boot.js';
import { historyScript } from '../../scenario/history.js';
import { bootWatched, watchScript } from '../../scenario/watched.js';
import { endless, expectComplete, insmod, SOON, version } from './machine.js';

/** Numbers of the callbacks in the machine's table. */
const REFUSE = 1;
const LOOK = 2;
/** Event of the script: the module of an object whose post_patch runs has no name any more. */
const TRACE_VANISHED = 901;

/** pre_patch: no. */
function refuse(_cpu: Cpu, _obj: Addr): number {
  return -ENODEV;
}

/** post_patch: look whether the module is there. */
function look(cpu: Cpu, obj: Addr): number {
  const mod = cpu.get(obj + KLP_OBJECT.mod);
  cpu.trace(TRACE_VANISHED, cpu.read(mod + MODULE.name));
  return 0;
}

/** klp_module_coming() before 5.4: the error path leaves obj->mod alone. */
function comingWithoutForgetting(cpu: Cpu, mod: Addr): number {
  const ret = klpModuleComing(cpu, mod);
  if (ret === 0) return 0;
  const name = cpu.read(mod + MODULE.name);
  let patch = NULL;
  while ((patch = klpForEachPatch(cpu, patch)) !== NULL) {
    let obj = NULL;
    while ((obj = klpForEachObject(cpu, patch, obj)) !== NULL) {
      if (cpu.get(obj + KLP_OBJECT.name) === name) cpu.set(obj + KLP_OBJECT.mod, mod);
    }
  }
  return ret;
}

const LONG = [asm.sleepUninterruptible(700)];

const LIVEPATCH: ModuleDeclaration = {
  name: 'livepatch_1',
  functions: [version('f_v1', 1, 1, LONG), version('tf_v1', 1, 2)],
  patch: {
    objects: [
      { funcs: [{ oldName: 'f', newName: 'f_v1' }] },
      {
        name: 'target',
        funcs: [{ oldName: 'tf', newName: 'tf_v1' }],
        callbacks: { prePatch: REFUSE, postPatch: LOOK },
      },
    ],
  },
};

export const R_17 = historyScript({
  id: 'R-17',
  commit: '4ff96fb52c69',
  title: "livepatch: Nullify obj->mod in klp_module_coming()'s error path",
  release: '5.4, 2019',
  mechanism:
    'When livepatch refused a module, the object kept its pointer to it. It looked loaded: the callbacks of a later ' +
    'completion ran for a module that was gone.',
  replayed:
    'The error path leaves the pointer. The module is refused during a transition, which then completes.',
  shows: 'vanished module',
  run(variant) {
    const machine = bootWatched({
      vmlinux: {
        functions: [
          version('f', 0, 1, LONG),
          endless('thread', asm.call('f'), asm.sleepUninterruptible(300)),
        ],
      },
      modules: [LIVEPATCH, { name: 'target', functions: [version('tf', 0, 2)] }],
      callbacks: [undefined, refuse, look],
      initialTasks: [{ comm: 'blocker', thread: 'thread' }],
      ...(variant === 'before'
        ? { overrides: { hooks: { klpModuleComing: comingWithoutForgetting } } }
        : {}),
    });
    return watchScript(machine, (watched) => {
      watched.letRun(5);
      insmod(watched, 'livepatch_1');
      if (insmod(watched, 'target') !== -ENODEV)
        watched.find('loaded', 'the module is not refused');
      watched.letRun(700 + SOON);
      expectComplete(watched);
      if (watched.events.some(({ event, a }) => event === TRACE_VANISHED && a === 0)) {
        watched.find(
          'vanished module',
          'post_patch runs for a module that was refused and is gone',
        );
      }
    });
  },
});
