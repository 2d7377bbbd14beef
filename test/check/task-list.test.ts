import test from 'ava';
import { listTasks, tryListTasks } from '../../src/check/task-list.js';
import { KERNEL } from '../../src/kernel/layout.js';
import { RWLOCK } from '../../src/kernel/rwlock.js';
import { MachineStopped } from '../../src/memory/fault.js';
import { MACHINE, MACHINE_BASE } from '../../src/memory/local.js';
import { checkedMachine } from './machine.js';

const WRITER = 0x10000;

test('tasks are listed with the idle tasks, and the lock is free again', (t) => {
  const { booted, words, tasks } = checkedMachine();
  const { kernel } = booted;
  const lock = kernel.globals + KERNEL.tasklistLock + RWLOCK.count;
  const listed = listTasks(words, kernel);
  t.true(listed.includes(tasks[0]!));
  t.deepEqual(listed.slice(-2), [kernel.tasks, kernel.tasks + kernel.taskStride]);
  t.deepEqual(tryListTasks(words, kernel), listed);
  t.is(words[lock], 0);
});

test('a CPU that waits for a lock whose holder is switched off stops; a look from outside returns', (t) => {
  const { booted, words } = checkedMachine();
  const { kernel } = booted;
  const lock = kernel.globals + KERNEL.tasklistLock + RWLOCK.count;
  words[lock] = WRITER;
  t.is(tryListTasks(words, kernel), undefined, 'the holder may hang');
  words[MACHINE_BASE + MACHINE.stop] = 1;
  t.throws(() => listTasks(words, kernel), {
    instanceOf: MachineStopped,
    code: 'ERR_MACHINE_STOPPED',
    message: '',
  });
  t.is(tryListTasks(words, kernel), undefined, 'the holder has ended');
  t.is(words[lock], WRITER, 'no reader is left behind');
});
