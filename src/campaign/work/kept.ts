/** Sessions and strategies that a worker keeps from one task to the next: a cache with a bound. */

import { SimulatorBug } from '../../errors.js';
import { isSearch, type SessionConfig, type StrategyConfig } from '../../explorer/engine/config.js';
import { Session } from '../../explorer/engine/session.js';
import type { ProgramSession } from '../../javascript/engine/session.js';
import type { Strategy } from '../../explorer/engine/strategy.js';
import type { PctParameters } from '../../explorer/strategies/pct.js';
import type { ScenarioReference } from '../../scenario/reference.js';
import { openSession } from '../scenarios/programs.js';
import { SetUps } from '../scenarios/set-up.js';
import { createStrategy, pctParameters } from './range.js';

/** A session of either kind. */
export type AnySession = Session | ProgramSession;

/** Sessions kept; each holds a machine's memory and its log. */
const MOST_SESSIONS = 8;
const MOST_STRATEGIES = 8;

/** Keeps the values used last. */
class Kept<T> {
  readonly #most: number;
  readonly #values = new Map<string, T>();

  constructor(most: number) {
    this.#most = most;
  }

  /** The value of a key; it is created if the cache does not have it. */
  get(key: string, make: () => T): T {
    const value = this.#values.get(key) ?? make();
    this.#values.delete(key);
    this.#values.set(key, value);
    for (const oldest of this.#values.keys()) {
      if (this.#values.size <= this.#most) break;
      this.#values.delete(oldest);
    }
    return value;
  }

  /** Forget a value. */
  drop(key: string): void {
    this.#values.delete(key);
  }

  get size(): number {
    return this.#values.size;
  }
}

/** A strategy in the middle of its campaign. */
export interface KeptStrategy {
  readonly strategy: Strategy;
  readonly pct: PctParameters | undefined;
  /** The execution that comes next, for a strategy whose state is the search. */
  next: number;
}

/** What one worker keeps. */
export class Sessions {
  readonly #sessions = new Kept<Promise<AnySession>>(MOST_SESSIONS);
  readonly #strategies = new Kept<KeptStrategy>(MOST_STRATEGIES);
  readonly #setUps = new SetUps();

  /** @throws UsageError when a user's scenario of kernel code is not set up alike each time */
  checkSetUp(scenario: ScenarioReference): Promise<void> {
    return this.#setUps.check(scenario);
  }

  /** The session of a configuration. @throws UsageError when its scenario cannot be loaded */
  session(config: SessionConfig): Promise<AnySession> {
    const key = JSON.stringify(config);
    return this.#sessions.get(key, async () => {
      try {
        const session = await openSession(config);
        if (session instanceof Session) await this.#setUps.check(config.scenario, session.loaded);
        return session;
      } catch (error) {
        this.#sessions.drop(key);
        throw error;
      }
    });
  }

  /**
   * A strategy over a session, to go on at execution `from`.
   *
   * @throws SimulatorBug when the strategy has state, and it is not the state after execution `from` - 1
   */
  strategy(
    session: AnySession,
    config: SessionConfig,
    wanted: StrategyConfig,
    from: number,
  ): KeptStrategy {
    const key = JSON.stringify([config, wanted]);
    const make = (): KeptStrategy => ({
      strategy: createStrategy(wanted, session),
      pct: wanted.kind === 'pct' ? pctParameters(session, wanted.depth) : undefined,
      next: 0,
    });
    // A search that begins again starts with nothing tried.
    if (isSearch(wanted) && from === 0) this.#strategies.drop(key);
    const kept = this.#strategies.get(key, make);
    if (isSearch(wanted) && kept.next !== from) {
      throw new SimulatorBug(`a search at ${kept.next} was asked for ${from}`);
    }
    return kept;
  }
}
