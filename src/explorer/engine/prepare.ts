/** Makes a scenario ready for many executions: builds its machine and executes its preparation. */

import { UsageError } from '../../errors.js';
import { Ablation } from '../../memory/sites.js';
import type { Machine, Scenario } from '../../scenario/declare.js';
import { checkMachine } from '../../scenario/validate.js';
import { checkBodies, ForeignBody, nothing } from './bodies.js';
import { Execution } from './execution.js';
import type { Prepared } from './prepared.js';
import { ReplayStrategy } from '../strategies/replay.js';
import { DEFAULT_SCHEDULE } from './schedule.js';
import { lineOf, placeOf } from './place.js';
import { ScMemory } from './sc-memory.js';

/** Operations that preparing a machine may take. */
const PREPARE_STEPS = 10_000_000;

/**
 * Build a scenario's machine and execute its preparation.
 *
 * @throws UsageError when the scenario's own code throws or does not finish
 */
export function prepare(scenario: Scenario): Prepared {
  const machine = buildMachine(scenario);
  const image = new Int32Array(machine.map.words);
  machine.init?.(image);
  if (!machine.prepare) return { scenario, machine, image };
  const memory = executePreparation(scenario, machine, image);
  machine.settle?.(memory);
  return { scenario, machine, image: memory };
}

function executePreparation(scenario: Scenario, machine: Machine, image: Int32Array): Int32Array {
  const { prepare: body, idle = nothing, idleCurrent } = machine;
  const bodies = machine.bodies.map((_, i) => (i === 0 && body ? body : idle));
  const current = machine.bodies.map((_, i) =>
    i === 0 ? (machine.current?.[0] ?? 0) : (idleCurrent?.(i) ?? 0),
  );
  const memory = new ScMemory();
  const boot = { scenario, machine: { ...machine, bodies, current }, image };
  const execution = new Execution(boot, {
    memory,
    fencesInteract: false,
    ablation: new Ablation(),
    steps: PREPARE_STEPS,
  });
  const reason = execution.run(new ReplayStrategy(DEFAULT_SCHEDULE));
  if (reason !== 'ended') {
    const why = reason === 'threw' ? withPlace(execution.thrown) : reason;
    throw new UsageError(`scenario ${scenario.name}: preparing its machine ends in: ${why}`);
  }
  return memory.words;
}

function withPlace(error: unknown): string {
  const what = error instanceof UsageError ? error.message : lineOf(error);
  const place = placeOf(error);
  return place === undefined ? what : `${what} (${place})`;
}

function buildMachine(scenario: Scenario): Machine {
  let machine: Machine;
  try {
    machine = scenario.build();
  } catch (error) {
    throw new UsageError(`scenario ${scenario.name}: build() throws: ${withPlace(error)}`);
  }
  try {
    checkMachine(scenario.name, machine);
  } catch (error) {
    throw error instanceof UsageError ? new ForeignBody(error.message, scenario.name) : error;
  }
  checkBodies(scenario, machine);
  return machine;
}
