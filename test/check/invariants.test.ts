import { Worker } from 'node:worker_threads';
import test from 'ava';
import { checkComplete, checkFreedText, checkStable } from '../../src/check/invariants.js';
import { percpu, PERCPU } from '../../src/kernel/layout.js';
import { LIST } from '../../src/kernel/list.js';
import { TASK, TIF_PATCH_PENDING } from '../../src/kernel/task.js';
import { checkedMachine, type CheckedMachine } from './machine.js';

const stable = ({ words, check }: CheckedMachine): number | undefined =>
  checkStable(words, check, 2)?.kind;

/** A machine in the middle of a transition to PATCHED, as its tasks see it. */
function inTransition(): CheckedMachine {
  const m = checkedMachine();
  m.words[m.booted.klp.transitionPatch] = m.booted.klp.patchCache.base;
  m.words[m.booted.klp.targetState] = 1;
  const { kernel } = m.booted;
  for (let i = 0; i < kernel.taskCount; i++) {
    const task = kernel.tasks + i * kernel.taskStride;
    m.words[task + TASK.patchState] = 0;
    m.words[task + TASK.tiFlags] = 1 << TIF_PATCH_PENDING;
  }
  return m;
}

test('a machine without a transition, and one in the middle of it, satisfy all invariants', (t) => {
  t.is(stable(checkedMachine()), undefined);
  t.is(stable(inTransition()), undefined);
});

test('I-1: a target state without a transition patch is found', (t) => {
  const m = inTransition();
  m.words[m.booted.klp.transitionPatch] = 0;
  t.is(stable(m), 1);
});

test('I-2: a state or a flag that a transition left behind is found', (t) => {
  const state = checkedMachine();
  state.words[state.tasks[0]! + TASK.patchState] = 1;
  t.is(stable(state), 2);
  const flag = checkedMachine();
  flag.words[flag.tasks[0]! + TASK.tiFlags] = 1 << TIF_PATCH_PENDING;
  t.is(stable(flag), 2);
});

test('I-3: a task without a side in a transition is found', (t) => {
  const m = inTransition();
  m.words[m.tasks[0]! + TASK.patchState] = -1;
  t.is(stable(m), 3);
});

test('I-4: a task that must switch but is not marked is found once its CPU has settled', async (t) => {
  const m = inTransition();
  m.words[m.tasks[0]! + TASK.tiFlags] = 0;
  t.is(
    stable(m),
    undefined,
    'its CPU has taken no interrupt since, so its stores may be on their way',
  );
  const irqs = percpu(m.booted.kernel, 0) + PERCPU.irqs;
  const counter = new Worker(
    `const { words, irqs } = require('node:worker_threads').workerData;
     for (;;) { Atomics.add(words, irqs, 1); Atomics.wait(words, 0, 0, 1); }`,
    { eval: true, workerData: { words: m.words, irqs } },
  );
  const before = Atomics.load(m.words, irqs);
  while (Atomics.load(m.words, irqs) === before) await new Promise((r) => setImmediate(r));
  t.is(checkStable(m.words, m.check, 60_000)?.kind, 4);
  await counter.terminate();
});

test('I-5: a completion with a task on the other side is not accepted in a settled machine', (t) => {
  const m = inTransition();
  const { kernel } = m.booted;
  for (let i = 0; i < kernel.taskCount; i++) {
    const task = kernel.tasks + i * kernel.taskStride;
    m.words[task + TASK.patchState] = 1;
    m.words[task + TASK.tiFlags] = 0;
  }
  t.is(checkComplete(m.words, m.check, 2), undefined);
});

test('I-7: a return address in freed text is found, the rest of the stack buffer is not looked at', (t) => {
  const { words, check, tasks } = checkedMachine();
  const from = 0x500000;
  t.is(checkFreedText(words, check, from, 48), undefined);
  words[tasks[0]! + TASK.size + 5] = from + 3;
  t.is(checkFreedText(words, check, from, 48), undefined, 'beyond the depth');
  words[tasks[0]! + TASK.size] = from + 3;
  t.is(checkFreedText(words, check, from, 48)?.kind, 7);
});

test('I-13: a broken list of patches is found', (t) => {
  const m = checkedMachine();
  m.words[m.booted.klp.patches + LIST.prev] = 12345;
  t.is(stable(m), 13);
});
