/** the notifier of livepatch ran before ftrace knew the module. */

import { MODULE } from '../../kernel/module.js';
import { asm, INSTRUCTION_WORDS, OP_FENTRY, OP_SPIN } from '../../kernel/text.js';
import { klpModuleComing } from '../../livepatch/core-module.js';
import type { Cpu } from '../../memory/cpu.js';
import type { Addr } from '../../memory/struct.js';
import { historyScript } from '../../scenario/history.js';
import { bootWatched, watchScript } from '../../scenario/watched.js';
import { endless, expectComplete, insmod, livepatch, SOON, version } from './machine.js';

/** Exchange the trace sites of a module for instructions that do nothing, or back. */
function exchangeSites(cpu: Cpu, mod: Addr, from: number, to: number): void {
  const text = cpu.get(mod + MODULE.text);
  const words = cpu.get(mod + MODULE.textWords);
  for (let at = text; at < text + words; at += INSTRUCTION_WORDS) {
    if (cpu.fetch(at) === from && cpu.fetch(at + 1) === 0) cpu.set(at, to);
  }
}

/** The notifiers of before 4.7 in the wrong order: livepatch comes before ftrace_module_enable(). */
function comingBeforeFtrace(cpu: Cpu, mod: Addr): number {
  exchangeSites(cpu, mod, OP_FENTRY, OP_SPIN);
  const ret = klpModuleComing(cpu, mod);
  exchangeSites(cpu, mod, OP_SPIN, OP_FENTRY);
  return ret;
}

export const R_04 = historyScript({
  id: 'R-04',
  commit: '7e545d6eca20',
  title: 'livepatch/module: remove livepatch module notifier',
  release: '4.7, 2016',
  mechanism:
    'Livepatch and ftrace both learnt of modules by notifiers, and one priority each cannot say that livepatch comes after ' +
    'ftrace when a module is loaded and before it when one is unloaded. In the wrong order a module has no trace sites yet ' +
    'when its functions are to be patched, and is refused.',
  replayed: 'The trace sites of the module are not there until the hook has run.',
  shows: 'refused',
  run(variant) {
    const machine = bootWatched({
      vmlinux: { functions: [endless('thread', asm.sleep(10))] },
      modules: [
        livepatch(1, [version('tf_v1', 1, 1)], { name: 'target' }),
        { name: 'target', functions: [version('tf', 0, 1)] },
      ],
      initialTasks: [{ comm: 'idler', thread: 'thread' }],
      ...(variant === 'before'
        ? { overrides: { hooks: { klpModuleComing: comingBeforeFtrace } } }
        : {}),
    });
    return watchScript(machine, (watched) => {
      insmod(watched, 'livepatch_1');
      watched.letRun(SOON);
      expectComplete(watched);
      const ret = insmod(watched, 'target');
      if (ret < 0) watched.find('refused', `the module cannot be loaded: errno ${-ret}`);
      watched.letRun(SOON);
    });
  },
});
