/** The engine `machine`: random executions on the view machine, and directed ones for states that these did not show. */

import type { Engine, EngineResult } from '../engine.js';
import { NotOnMachine } from './machine-access.js';
import { seekOnMachine } from './machine-seek.js';
import { runOnMachine } from './run-machine.js';

const DEFAULT_RUNS = 2500;
const DEFAULT_SEED = 1;

/** Whether time is left, as a thing to be asked, and whether it ran out when it was asked last. */
class Deadline {
  isOver = false;
  readonly #end: number;

  constructor(timeLimitMs: number) {
    this.#end = performance.now() + timeLimitMs;
  }

  readonly check = (): boolean => (this.isOver = performance.now() >= this.#end);
}

/** The result of a test that the machine cannot run, if that is what an error says. */
function skippedBy(error: unknown): EngineResult {
  if (!(error instanceof NotOnMachine)) throw error;
  return { states: [], flags: [], complete: false, runs: 0, skipped: error.message };
}

/** Random executions with mixed strategies, 2500 unless told otherwise. */
export const machineEngine: Engine = {
  name: 'machine',
  run(test, { timeLimitMs, runs = DEFAULT_RUNS, seed = DEFAULT_SEED }) {
    const deadline = new Deadline(timeLimitMs);
    try {
      const result = runOnMachine(test, { runs, seed, shouldStop: deadline.check });
      const { states, runs: ended, deadlocks, cuts } = result;
      const made = ended + deadlocks + cuts;
      return { states, flags: [], complete: !deadline.isOver, isCut: cuts > 0, runs: made };
    } catch (error) {
      return skippedBy(error);
    }
  },
  seek(test, goals, { timeLimitMs, runs = DEFAULT_RUNS, seed = DEFAULT_SEED }) {
    const deadline = new Deadline(timeLimitMs);
    try {
      const result = seekOnMachine(test, goals, { runs, seed, shouldStop: deadline.check });
      return { states: result.states, flags: [], complete: !deadline.isOver, runs: result.runs };
    } catch (error) {
      return skippedBy(error);
    }
  },
};
