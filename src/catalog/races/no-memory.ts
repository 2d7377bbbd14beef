/** L-3: schedule_on_each_cpu() has no memory and returns an error, which klp_synchronize_transition() ignores. */

import { SimulatorBug } from '../../errors.js';
import { CACHE, type Cache } from '../../kernel/alloc.js';
import { WARN_HANDLER_UNDEFINED } from '../../livepatch/warn-sites.js';
import { NULL } from '../../memory/struct.js';
import { race, type PredictedFinding, type RaceScenario } from '../../scenario/declare.js';
import { completePatched } from './complete-patched.js';
import { completeUnpatched } from './complete-unpatched.js';
import { reverseSwitch } from './reverse-switch.js';

/** Every object of a cache is in use. */
function exhaust(words: Int32Array, { control, count }: Cache): void {
  words[control + CACHE.head] = NULL;
  words[control + CACHE.tail] = NULL;
  words[control + CACHE.inUse] = count;
}

/** A race of the catalogue on a machine that has no memory left for the work items of schedule_on_each_cpu(). */
function withoutMemory(
  intact: RaceScenario,
  name: string,
  finding: Omit<PredictedFinding, 'sites'>,
): RaceScenario {
  return race({
    ...intact,
    name,
    description: `${intact.description.replace(/\.$/, '')}, without memory for schedule_on_each_cpu().`,
    build() {
      const machine = intact.build();
      return {
        ...machine,
        settle(words) {
          machine.settle?.(words);
          if (machine.ctx.kernel) exhaust(words, machine.ctx.kernel.batches);
        },
      };
    },
    ablations: [{ sites: [], ...finding }],
    forKernel: (version) => {
      const there = intact.forKernel?.(version);
      if (there?.kind !== 'race') throw new SimulatorBug(`${intact.name} has no kernel`);
      return withoutMemory(there, `${name}@${version}`, finding);
    },
  });
}

/** As reverse-switch: O-05 is gone although no site is removed. */
export const noMemoryReverse = withoutMemory(reverseSwitch, 'no-memory-reverse', {
  finds: 'freed',
  why: 'the reverse does not wait for the task that switches in the old direction',
});

/** As complete-unpatched: O-15 is gone. */
export const noMemoryUnpatched = withoutMemory(completeUnpatched, 'no-memory-unpatched', {
  finds: 'freed',
  why: 'the completion does not wait for the handler that holds a removed function',
});

/** As complete-patched: O-16 is gone. */
export const noMemoryPatched = withoutMemory(completePatched, 'no-memory-patched', {
  finds: `WARN ${WARN_HANDLER_UNDEFINED.id}`,
  why: 'the completion does not wait for the handler that saw func->transition',
});
