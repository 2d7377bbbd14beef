/** Makes a scenario ready for many executions: builds its machine and executes its preparation. */

import { UsageError } from '../../errors.js';
import { Ablation } from '../../memory/sites.js';
import type { KernelBody, Machine, Scenario } from '../../scenario/declare.js';
import { Execution } from './execution.js';
import type { Prepared } from './prepared.js';
import { ReplayStrategy } from '../strategies/replay.js';
import { DEFAULT_SCHEDULE } from './schedule.js';
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
    const why = reason === 'threw' ? String(execution.thrown) : reason;
    throw new UsageError(`scenario ${scenario.name}: preparing its machine ends in: ${why}`);
  }
  return memory.words;
}

/** Body of a CPU that has nothing to do; in the form that resumable code has. */
const nothing = function* (): Generator<undefined, void, undefined> {
  // Ends at once.
} as unknown as KernelBody;

function buildMachine(scenario: Scenario): Machine {
  let machine: Machine;
  try {
    machine = scenario.build();
  } catch (error) {
    throw new UsageError(`scenario ${scenario.name}: build() throws: ${String(error)}`);
  }
  if (machine.bodies.length < 1 || machine.bodies.length > 31) {
    throw new UsageError(
      `scenario ${scenario.name} has ${machine.bodies.length} CPUs; accepted are 1 to 31`,
    );
  }
  return machine;
}
