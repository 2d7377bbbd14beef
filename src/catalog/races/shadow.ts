/** A shadow variable that is allocated, found and freed at once: O-30. */

import { klpShadowGet, klpShadowGetOrAlloc } from '../../livepatch/shadow.js';
import type { Cpu } from '../../memory/cpu.js';
import { O_30 } from '../../memory/sites.js';
import { NULL, type Addr } from '../../memory/struct.js';
import type { RaceScenario } from '../../scenario/declare.js';
import { kernelRace } from '../../scenario/kernel-race.js';
import { PATCHED_FUNCTION } from '../../scenario/patched-function.js';
import { allocOnce } from '../history/r-36-shadow-twice.js';

/** Event of the race: what a CPU read from the shadow variable, and its address. */
const TRACE_SHADOW = 1001;
/** The object that the variable belongs to, and the variable's number. */
const OBJECT = 0x1000;
const VARIABLE = 5;
/** What the constructor writes. */
const READY = 42;

function construct(cpu: Cpu, _obj: Addr, data: Addr, value: number): number {
  cpu.write(data, value);
  return 0;
}

function nothing(_cpu: Cpu): void {
  // The machine is as it booted.
}

function allocate(cpu: Cpu): void {
  const data = klpShadowGetOrAlloc(cpu, OBJECT, VARIABLE, 1, construct, READY);
  cpu.trace(TRACE_SHADOW, cpu.read(data), data);
}

function look(cpu: Cpu): void {
  const data = klpShadowGet(cpu, OBJECT, VARIABLE);
  if (data !== NULL) cpu.trace(TRACE_SHADOW, cpu.read(data), data);
}

function allocateOld(cpu: Cpu): void {
  const data = allocOnce(cpu, OBJECT, VARIABLE, READY);
  cpu.trace(TRACE_SHADOW, cpu.read(data), data);
}

function shadowRace(
  name: string,
  description: string,
  bodies: readonly ((cpu: Cpu) => void)[],
): RaceScenario {
  return kernelRace({
    name,
    description,
    declaration: PATCHED_FUNCTION,
    prepare: nothing,
    roles: bodies.map((body, i) => ({ comm: `user${i}`, sleepingIn: [], body })),
    observe(end) {
      const seen = end.events.filter(({ event }) => event === TRACE_SHADOW);
      if (seen.some(({ a }) => a !== READY)) return 'uninitialised';
      return new Set(seen.map(({ b }) => b)).size > 1 ? 'two variables' : 'one variable';
    },
    outcomes: {
      'one variable': {
        grade: 'acceptable',
        reason: 'everybody who found a variable found the same',
      },
      uninitialised: {
        grade: 'forbidden',
        reason: 'a variable was found before its constructor had run',
      },
      'two variables': { grade: 'forbidden', reason: 'one object has the same variable twice' },
    },
    bounds: { steps: 5000 },
    ablations:
      bodies[0] === allocate
        ? [
            {
              sites: [O_30],
              finds: 'uninitialised',
              why: 'the variable is in the hash before its constructor runs',
            },
          ]
        : [],
  });
}

/** CPU 0 allocates the variable; CPU 1 looks for it. */
export const shadowGet = shadowRace(
  'shadow-get',
  'klp_shadow_get_or_alloc() against klp_shadow_get().',
  [allocate, look],
);

/** Both CPUs want the variable. */
export const shadowAlloc = shadowRace('shadow-alloc', 'klp_shadow_get_or_alloc() on two CPUs.', [
  allocate,
  allocate,
]);

/** Both CPUs want the variable, with the algorithm of before 4.18. */
export const shadowOld = shadowRace(
  'shadow-old',
  'klp_shadow_get_or_alloc() of before 4.18 on two CPUs.',
  [allocateOld, allocateOld],
);
