/** A booted machine with two patches of one function group each, and the words of the checks behind it. */

import { ConsistencyOracle } from '../../src/check/consistency.js';
import { CHECK, claimCheck, type CheckLayout } from '../../src/check/layout.js';
import { CodeMap } from '../../src/check/versions.js';
import { asm, type FunctionSource } from '../../src/kernel/text.js';
import { createSharedMemory } from '../../src/memory/map.js';
import { bootMachine, type BootedMachine } from '../../src/scenario/boot.js';

/** A function of a group in a version. */
export const marked = (name: string, version: number, group: number): FunctionSource => ({
  name,
  code: [asm.mark(version, group), asm.sleep(0), asm.ret],
});

/** What the tests look at. */
export interface CheckedMachine {
  readonly booted: BootedMachine;
  readonly words: Int32Array;
  readonly check: CheckLayout;
  readonly code: CodeMap;
  readonly oracle: ConsistencyOracle;
  /** Initial tasks: one that sleeps in f. */
  readonly tasks: readonly number[];
  /** Declare the patch of an image enabled, as number `at`. */
  readonly enable: (image: number, at: number) => void;
}

/** Groups: f is 1, g is 2. Image 0 patches f and g, image 1 patches f. */
export function checkedMachine(): CheckedMachine {
  const patch = (names: readonly string[], v: number) => ({
    objects: [{ funcs: names.map((name) => ({ oldName: name, newName: `${name}_${v}` })) }],
  });
  const booted = bootMachine({
    cpus: 2,
    vmlinux: {
      functions: [marked('f', 0, 1), marked('g', 0, 2), { name: 'sys', code: [asm.ret] }],
    },
    modules: [
      {
        name: 'A',
        functions: [marked('f_1', 1, 1), marked('g_1', 1, 2)],
        patch: patch(['f', 'g'], 1),
      },
      { name: 'B', functions: [marked('f_2', 2, 1)], patch: patch(['f'], 2) },
    ],
    initialTasks: [{ comm: 'sleeper', thread: 'sys', sleepingIn: ['sys', 'f'] }],
  });
  const check = claimCheck(booted.map, booted.kernel, booted.klp, booted.localBase);
  const { words } = createSharedMemory(booted.map.words);
  const tasks = booted.init(words);
  const code = new CodeMap(words, booted.kernel, booted.layout.sources);
  return {
    booted,
    words,
    check,
    code,
    oracle: new ConsistencyOracle(words, check, code),
    tasks,
    enable: (image, at) => {
      words[check.notes + CHECK.live] = (words[check.notes + CHECK.live] ?? 0) | (1 << image);
      words[check.notes + CHECK.enabledAt + image] = at;
    },
  };
}
