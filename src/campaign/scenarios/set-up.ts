/** Finds scenarios that are not set up alike each time: a schedule of theirs means nothing elsewhere. */

import { createHash } from 'node:crypto';
import {
  loadScenario,
  notDeterministic,
  Session,
  type LoadedScenario,
} from '../../explorer/engine/session.js';
import { RandomStrategy } from '../../explorer/strategies/random.js';
import type { ScenarioReference } from '../../scenario/reference.js';
import { isOfCatalogue } from '../options/replay-command.js';
import { enter, type World } from './world.js';

/** Executions that are compared, for as long as they take no more than so many operations together. */
const EXECUTIONS = 8;
const OPERATIONS = 20_000;

/** Set a scenario up in a world. Returns a digest of its memory and of what its first executions show. */
function digestIn(world: World, loaded: LoadedScenario): string {
  const leave = enter(world);
  try {
    const session = new Session(loaded, { memory: 'sc', ablated: [] });
    const { execution } = session;
    const digest = createHash('sha256');
    digest.update(session.prepared.image);
    const strategy = new RandomStrategy(1);
    let operations = 0;
    for (let run = 0; run < EXECUTIONS && operations < OPERATIONS; run++) {
      strategy.begin(run);
      const verdict = session.execute(strategy);
      if (verdict === undefined) continue;
      const { hash, steps } = execution;
      session.checkRepeats(verdict);
      digest.update(`${run} ${verdict.key} ${hash}\n`);
      operations += steps;
    }
    return digest.digest('hex');
  } finally {
    leave();
  }
}

/** What a worker that has loaded nothing yet answers about a scenario. */
export interface SetUpRequest {
  readonly scenario: ScenarioReference;
  readonly world: World;
}

/** Load a scenario in a world, and set it up there. */
export async function setUpIn({ scenario, world }: SetUpRequest): Promise<string> {
  const leave = enter(world);
  const loaded = await loadScenario(scenario).finally(leave);
  return digestIn(world, loaded);
}

/** Checks scenarios of users, each once. */
export class SetUps {
  readonly #checked = new Set<string>();

  /**
   * @param given the scenario, if it is loaded already
   * @throws UsageError when setting a scenario up a second time gives another one
   */
  async check(reference: ScenarioReference, given?: LoadedScenario): Promise<void> {
    const { file, name, replace } = reference;
    if (isOfCatalogue(file) && replace === undefined) return;
    const key = JSON.stringify([file, name, replace]);
    if (this.#checked.has(key)) return;
    const loaded = given ?? (await loadScenario(reference));
    if (digestIn('early', loaded) !== digestIn('late', loaded))
      throw notDeterministic(name, file, 'setUp');
    this.#checked.add(key);
  }
}
