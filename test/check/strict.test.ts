import test from 'ava';
import { StrictChecks } from '../../src/check/strict.js';
import { MODULE } from '../../src/kernel/module.js';
import { TASK } from '../../src/kernel/task.js';
import { functionWords } from '../../src/kernel/text.js';
import { KLP_PATCH, KLP_PATCHED, KLP_UNPATCHED } from '../../src/livepatch/layout.js';
import { checkedMachine, marked } from './machine.js';

/** A machine on which both patches are loaded; a task can be put into any version of f. */
function twoPatches() {
  const machine = checkedMachine();
  const { booted, words, check, code, tasks, enable } = machine;
  const { kernel, klp } = booted;
  const patches = [0, 1].map((image) => {
    const mod = kernel.modules + image * MODULE.size;
    words[mod + MODULE.name] = kernel.images[image]!.name;
    words[mod + MODULE.imageIndex] = image;
    words[mod + MODULE.text] = kernel.moduleText + image * kernel.slotWords;
    const patch = klp.patchCache.base + image * klp.patchCache.stride;
    words[patch + KLP_PATCH.mod] = mod;
    return patch;
  });
  const strict = new StrictChecks(words, check, code, () => false);
  const [task] = tasks as [number];
  words[task + TASK.depth] = 0;
  const f = [booted.symbol('f'), kernel.moduleText, kernel.moduleText + kernel.slotWords];
  const sleepIn = (version: 0 | 1 | 2): void => {
    // Behind the trace site.
    words[task + TASK.pc] = f[version]! + functionWords(marked('f', 0, 1)) - 1;
  };
  return { strict, patches, task, enable, sleepIn };
}

test('I-6: when a patch is complete nobody is in what it replaces', (t) => {
  const { strict, patches, task, enable, sleepIn } = twoPatches();
  enable(0, 1);
  enable(1, 2);
  sleepIn(2);
  t.is(strict.completed(patches[1]!, KLP_PATCHED), 0);
  for (const below of [0, 1] as const) {
    sleepIn(below);
    t.is(strict.completed(patches[1]!, KLP_PATCHED), task);
  }
});

test('I-6: who is in a function of a patch above the one that is complete is where he belongs', (t) => {
  const { strict, patches, task, enable, sleepIn } = twoPatches();
  enable(0, 1);
  enable(1, 2);
  sleepIn(2);
  // As after the disabling of the lower patch was reversed.
  t.is(strict.completed(patches[0]!, KLP_PATCHED), 0);
  sleepIn(0);
  t.is(strict.completed(patches[0]!, KLP_PATCHED), task);
});

test('I-6: when a patch has gone nobody is in it', (t) => {
  const { strict, patches, task, enable, sleepIn } = twoPatches();
  enable(0, 1);
  sleepIn(0);
  t.is(strict.completed(patches[0]!, KLP_UNPATCHED), 0);
  sleepIn(1);
  t.is(strict.completed(patches[0]!, KLP_UNPATCHED), task);
});
