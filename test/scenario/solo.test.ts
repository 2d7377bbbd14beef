import test from 'ava';
import { dmesg } from '../../src/kernel/printk.js';
import { deleteModule, findModule, loadModule, MODULE } from '../../src/kernel/module.js';
import { TASK } from '../../src/kernel/task.js';
import { asm, type FunctionSource } from '../../src/kernel/text.js';
import { ENABLED, klpSysfsWrite } from '../../src/livepatch/core-sysfs.js';
import { KLP_PATCH } from '../../src/livepatch/layout.js';
import { bootSolo, type SoloMachine } from '../../src/scenario/solo.js';
import { WARN_SITES } from '../../src/kernel/warn.js';

const leaf = (name: string, version: number, group: number): FunctionSource => ({
  name,
  code: [asm.mark(version, group), asm.ret],
});

const machine = (): SoloMachine =>
  bootSolo({
    cpus: 2,
    vmlinux: {
      functions: [
        leaf('f', 0, 1),
        { name: 'sys', code: [asm.call('f'), asm.sleep(3), asm.call('f'), asm.ret] },
        {
          name: 'loop',
          traceable: false,
          code: [asm.at('again', asm.syscall('sys')), asm.jump('again')],
        },
      ],
    },
    modules: [
      {
        name: 'livepatch_1',
        functions: [leaf('new_f', 1, 1)],
        patch: { objects: [{ funcs: [{ oldName: 'f', newName: 'new_f' }] }] },
      },
    ],
    initialTasks: [
      { comm: 'looper', program: 'loop' },
      { comm: 'looper', program: 'loop' },
    ],
  });

const warns = (m: SoloMachine): number =>
  m.words
    .subarray(m.kernel.warnCounts, m.kernel.warnCounts + WARN_SITES)
    .reduce((a, b) => a + b, 0);

test('tasks run, sleep and wake in simulated time', (t) => {
  const m = machine();
  m.letRun(50);
  t.is(m.words[m.tasks[0]! + TASK.patchState], -1);
  t.true(m.words[m.kernel.globals]! >= 50, 'jiffies passed');
});

test('a patch is enabled and disabled, and its module can go', (t) => {
  const m = machine();
  m.letRun(10);
  const mod = loadModule(m.cpu, m.imageIndex('livepatch_1'));
  t.true(mod > 0);
  m.letRun(300);
  const patch = m.words[mod + MODULE.image]!;
  t.is(klpSysfsWrite(m.cpu, patch + KLP_PATCH.kobj, ENABLED, '0'), 1);
  m.letRun(300);
  t.is(deleteModule(m.cpu, m.nameId('livepatch_1')), 0);
  t.is(findModule(m.cpu, m.nameId('livepatch_1')), 0);
  t.deepEqual(
    dmesg(m.words, m.kernel).map((line) => line.text),
    [
      'livepatch_1: tainting kernel with TAINT_LIVEPATCH',
      "livepatch: enabling patch 'livepatch_1'",
      "livepatch: 'livepatch_1': starting patching transition",
      "livepatch: 'livepatch_1': patching complete",
      "livepatch: 'livepatch_1': starting unpatching transition",
      "livepatch: 'livepatch_1': unpatching complete",
    ],
  );
  t.is(warns(m), 0);
});
