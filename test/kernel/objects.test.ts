import test from 'ava';
import { EEXIST } from '../../src/kernel/errno.js';
import {
  KOBJECT,
  kobjectAdd,
  kobjectGetActive,
  kobjectInit,
  kobjectPut,
  kobjectPutActive,
} from '../../src/kernel/kobject.js';
import { percpu, PERCPU } from '../../src/kernel/layout.js';
import { initListHead, LIST, listAdd, listDelInit, listEmpty } from '../../src/kernel/list.js';
import {
  loadModule,
  MODULE,
  MODULE_STATE_GOING,
  modulePut,
  moduleRefcount,
  tryModuleGet,
} from '../../src/kernel/module.js';
import { MUTEX, mutexLock, mutexTrylock, mutexUnlock } from '../../src/kernel/mutex.js';
import { dmesg, printk } from '../../src/kernel/printk.js';
import { TASK, TASK_RUNNING } from '../../src/kernel/task.js';
import { TRACE_MODULE_REF } from '../../src/kernel/trace.js';
import { insertWorkOn, POOL_ATOMIC } from '../../src/kernel/work-list.js';
import { initWork } from '../../src/kernel/workqueue.js';
import { SIGNALING } from '../../src/livepatch/messages.js';
import type { Cpu } from '../../src/memory/cpu.js';
import { Ablation, O_24 } from '../../src/memory/sites.js';
import { kernelMachine, WORK_FN_TEST } from './machine.js';

/** No release function has this number. */
const KTYPE_NONE = 99;

function kobjects(fn: (cpu: Cpu) => void = () => undefined) {
  const m = kernelMachine({ overrides: { workFns: { [WORK_FN_TEST]: fn } } });
  const [parent, a, b] = [0, 1, 2].map((i) => m.data + 32 + i * KOBJECT.size) as [
    number,
    number,
    number,
  ];
  for (const kobj of [parent, a, b]) kobjectInit(m.cpu, kobj, KTYPE_NONE);
  return { ...m, parent, a, b };
}

test('kobject_add: a name is there once under a parent, and each child holds the parent', (t) => {
  const { cpu, words, parent, a, b } = kobjects();
  t.is(kobjectAdd(cpu, a, parent, 5, 1), 0);
  t.is(words[parent + KOBJECT.refcount], 2);
  t.is(kobjectAdd(cpu, b, parent, 5, 1), -EEXIST);
  t.is(words[b + KOBJECT.inSysfs], 0);
  t.is(words[parent + KOBJECT.refcount], 2);
  t.is(kobjectAdd(cpu, b, parent, 5, 2), 0, 'the number behind the comma tells them apart');
  t.is(words[parent + KOBJECT.child], b);
  t.is(words[b + KOBJECT.next], a);
});

test('kobject_put: the last reference takes it out of sysfs and drops that on its parent', (t) => {
  const { cpu, words, parent, a, b } = kobjects();
  kobjectAdd(cpu, a, parent, 5, 0);
  kobjectAdd(cpu, b, parent, 6, 0);
  cpu.fetchAdd(a + KOBJECT.refcount, 1);
  kobjectPut(cpu, a);
  t.is(words[a + KOBJECT.inSysfs], 1);
  kobjectPut(cpu, a);
  t.is(words[a + KOBJECT.inSysfs], 0);
  t.is(words[parent + KOBJECT.refcount], 2);
  t.is(words[parent + KOBJECT.child], b);
  t.is(words[b + KOBJECT.next], 0);
});

test('kernfs_drain: removal waits for the operation in progress, and no other begins', (t) => {
  const log: string[] = [];
  const m = kobjects((cpu) => {
    log.push(`operation ends, another begins: ${kobjectGetActive(cpu, m.a)}`);
    kobjectPutActive(cpu, m.a);
  });
  const { cpu, words, parent, a, data } = m;
  kobjectAdd(cpu, a, parent, 5, 0);
  t.true(kobjectGetActive(cpu, a));
  initWork(cpu, data, WORK_FN_TEST);
  insertWorkOn(cpu, 0, data);
  kobjectPut(cpu, a);
  log.push('removed');
  t.deepEqual(log, ['operation ends, another begins: false', 'removed']);
  t.is(words[a + KOBJECT.inSysfs], 0);
});

test('list_del_init: an entry that was taken out is empty and can be put in again', (t) => {
  const { cpu, words, data } = kernelMachine();
  const [head, a, b] = [data, data + 2, data + 4];
  initListHead(cpu, head);
  listAdd(cpu, a, head);
  listAdd(cpu, b, head);
  listDelInit(cpu, b);
  t.true(listEmpty(cpu, b));
  t.is(words[b + LIST.prev], b);
  t.deepEqual([words[head + LIST.next], words[a + LIST.next]], [a, head]);
  listAdd(cpu, b, head);
  t.is(words[head + LIST.next], b);
});

test('try_module_get and module_put: a module that goes or is counted no more gives no references', (t) => {
  const refs: number[] = [];
  const { cpu, words } = kernelMachine(
    {},
    {
      trace: (event, _mod, count) => {
        if (event === TRACE_MODULE_REF) refs.push(count);
      },
    },
  );
  const mod = loadModule(cpu, 0);
  refs.length = 0;
  t.true(tryModuleGet(cpu, mod));
  t.is(moduleRefcount(cpu, mod), 1);
  modulePut(cpu, mod);
  t.is(moduleRefcount(cpu, mod), 0);
  t.deepEqual(refs, [1, 0]);
  const state = words[mod + MODULE.state]!;
  words[mod + MODULE.state] = MODULE_STATE_GOING;
  t.false(tryModuleGet(cpu, mod));
  words[mod + MODULE.state] = state;
  words[mod + MODULE.refcnt] = 0;
  t.false(tryModuleGet(cpu, mod));
  t.is(words[mod + MODULE.refcnt], 0);
});

test('mutex_lock and mutex_unlock: who finds it taken sleeps until it is handed on', (t) => {
  const m = kernelMachine({
    overrides: { workFns: { [WORK_FN_TEST]: (cpu) => mutexUnlock(cpu, m.data + 8) } },
  });
  const { cpu, words, kernel, admin, data } = m;
  const mutex = data + 8;
  mutexLock(cpu, mutex);
  t.is(words[mutex + MUTEX.owner], admin);
  t.false(mutexTrylock(cpu, mutex));
  mutexUnlock(cpu, mutex);
  t.is(words[mutex + MUTEX.owner], 0);

  const holder = words[percpu(kernel, 0) + PERCPU.kworkers + POOL_ATOMIC]!;
  words[mutex + MUTEX.owner] = holder;
  initWork(cpu, data, WORK_FN_TEST);
  insertWorkOn(cpu, 0, data);
  mutexLock(cpu, mutex);
  t.is(words[mutex + MUTEX.owner], admin, 'nobody else waits, so the bit that says so is gone');
  t.is(words[admin + TASK.state], TASK_RUNNING);
  mutexUnlock(cpu, mutex);
  t.is(words[mutex + MUTEX.owner], 0);
});

test('mutex_lock and mutex_unlock: with its site ablated the mutex is left alone', (t) => {
  const { cpu, words, data } = kernelMachine({}, { ablation: new Ablation([O_24]) });
  mutexLock(cpu, data, O_24);
  t.is(words[data + MUTEX.owner], 0);
  words[data + MUTEX.owner] = 1234;
  mutexUnlock(cpu, data, O_24);
  t.is(words[data + MUTEX.owner], 1234);
});

test('vprintk_emit: the ring keeps the newest records, in order', (t) => {
  const { cpu, words, kernel } = kernelMachine({ printkRecords: 4 });
  const before = dmesg(words, kernel).length;
  t.is(before, 0);
  for (let i = 0; i < 6; i++) printk(cpu, SIGNALING);
  const log = dmesg(words, kernel);
  t.deepEqual(
    log.map(({ seq }) => seq),
    [2, 3, 4, 5],
  );
  t.is(log[0]?.text, SIGNALING.prefix + SIGNALING.text);
  t.deepEqual(
    dmesg(words, kernel, 5).map(({ seq }) => seq),
    [5],
  );
});
