/** The shell's machine as a system that the explorer executes: its requests come from outside, in virtual time. */

import type { KernelVersion } from '../../kernel/versions.js';
import { system, type SystemScenario } from '../../scenario/declare.js';
import { bootKernelSystem } from '../../scenario/kernel-system.js';
import { OPERATIONS_OF_A_JIFFY, OVER_SYMBOL, SHELL_SYMBOL, shellScenario } from './layout.js';
import { prepareShell, shellDeclaration } from './machine.js';

/** Jiffies that a script may take: more than a day. */
const LONGEST = 10_000_000;

function shellSystem(version: KernelVersion): SystemScenario {
  return system({
    name: shellScenario(version),
    description: `A shell's machine of kernel ${version}, which does what it is asked from outside.`,
    script: [],
    build: () => {
      const machine = bootKernelSystem({
        declaration: shellDeclaration({ cpus: 2, version }),
        done: OVER_SYMBOL,
        jiffies: LONGEST,
        busy: { operations: OPERATIONS_OF_A_JIFFY, jiffies: LONGEST },
      });
      const { booted } = machine;
      return {
        ...machine,
        ctx: { ...machine.ctx, shell: booted.symbol(SHELL_SYMBOL) },
        init: (words) => {
          booted.init(words);
          prepareShell(words, booted);
        },
      };
    },
    observe: () => 'over',
    outcomes: { over: { grade: 'acceptable', reason: 'the script came to its end' } },
    bounds: { steps: 400_000_000 },
  });
}

export const shell61 = shellSystem('6.1');
export const shell65 = shellSystem('6.5');
export const shell612 = shellSystem('6.12');
export const shell73 = shellSystem('7.3');
