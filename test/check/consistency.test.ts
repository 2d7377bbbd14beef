import test from 'ava';
import { CHECK } from '../../src/check/layout.js';
import { TASK } from '../../src/kernel/task.js';
import { checkedMachine } from './machine.js';

const mark = (version: number, group: number): number => (version << 16) | group;
const F = 1;
const G = 2;

test('old code of one function and new code of another, with nothing in between, is a mix', (t) => {
  const { oracle, enable, tasks } = checkedMachine();
  enable(0, 1);
  t.is(oracle.mark(tasks[0]!, mark(0, F)), -1);
  t.is(oracle.mark(tasks[0]!, mark(1, G)), 0, 'names the image of the patch');
});

test('all old or all new is no mix', (t) => {
  const { oracle, enable, tasks } = checkedMachine();
  enable(0, 1);
  for (const group of [F, G, F]) t.is(oracle.mark(tasks[0]!, mark(1, group)), -1);
});

test('user mode in between makes both sides fine', (t) => {
  const { oracle, enable, tasks, words } = checkedMachine();
  enable(0, 1);
  oracle.mark(tasks[0]!, mark(0, F));
  words[tasks[0]! + TASK.userMode] = 1;
  oracle.quiesce(tasks[0]!);
  t.is(oracle.mark(tasks[0]!, mark(1, G)), -1);
});

test('a sleep inside a function of the patch is no place to be switched', (t) => {
  const { oracle, enable, tasks, words, booted } = checkedMachine();
  enable(0, 1);
  const [task] = tasks;
  oracle.mark(task!, mark(0, F));
  words[task! + TASK.pc] = booted.symbol('f') + 6;
  oracle.quiesce(task!);
  t.is(oracle.mark(task!, mark(1, G)), 0);
});

test('a sleep at the trace site of an original is one: which version runs is not decided', (t) => {
  const { oracle, enable, tasks, words, booted } = checkedMachine();
  enable(0, 1);
  const [task] = tasks;
  words[task! + TASK.depth] = 0;
  oracle.mark(task!, mark(0, G));
  words[task! + TASK.pc] = booted.symbol('f');
  oracle.quiesce(task!);
  t.is(oracle.mark(task!, mark(1, F)), -1);
});

test('a newer patch on top says nothing about an older one', (t) => {
  const { oracle, enable, tasks } = checkedMachine();
  enable(0, 1);
  enable(1, 2);
  t.is(oracle.mark(tasks[0]!, mark(1, G)), -1);
  t.is(oracle.mark(tasks[0]!, mark(2, F)), -1);
  t.is(oracle.mark(tasks[0]!, mark(1, F)), 1, 'but going below the newer one mixes its sides');
});

test('after a forced transition a task may mix until it has left all patched code', (t) => {
  const { oracle, enable, tasks, words, check } = checkedMachine();
  enable(0, 1);
  oracle.mark(tasks[0]!, mark(0, F));
  words[check.notes + CHECK.forces] = 1;
  t.is(oracle.mark(tasks[0]!, mark(1, G)), -1);
  words[tasks[0]! + TASK.userMode] = 1;
  oracle.quiesce(tasks[0]!);
  oracle.mark(tasks[0]!, mark(0, F));
  t.is(oracle.mark(tasks[0]!, mark(1, G)), 0);
});

test('a nop of a replacing patch makes the original its new side', (t) => {
  const { oracle, enable, tasks, words, check } = checkedMachine();
  enable(0, 1);
  enable(1, 2);
  words[check.notes + CHECK.nopGroups + 1] = 1 << G;
  t.is(oracle.mark(tasks[0]!, mark(2, F)), -1);
  t.is(oracle.mark(tasks[0]!, mark(0, G)), -1, 'the original is new for B');
  t.is(oracle.mark(tasks[0]!, mark(1, G)), 1);
});
