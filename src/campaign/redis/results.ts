/** Reads the results of a campaign from a server, as they come, into a ledger. */

import type { Redis } from 'ioredis';
import { rangeName, type Ledger, type WorkRange } from '../plan/ledger.js';
import type { Tally } from '../work/tally.js';
import type { CampaignKeys } from './keys.js';

/** Results that are read at a time. */
const CHUNK = 500;

/** Follows the results of one campaign. */
export class ResultReader {
  readonly #redis: Redis;
  readonly #keys: CampaignKeys;
  readonly #ledger: Ledger;
  readonly #byName: ReadonlyMap<string, WorkRange>;
  #read = 0;

  constructor(redis: Redis, keys: CampaignKeys, ledger: Ledger) {
    this.#redis = redis;
    this.#keys = keys;
    this.#ledger = ledger;
    this.#byName = new Map([...ledger.ranges()].map((range) => [rangeName(range), range]));
  }

  /** Read all results again: a server that lost its last writes may have different results now. */
  rewind(): void {
    this.#read = 0;
  }

  /** Count the results that came since the last look. A server may repeat results that it lost; each counts once. */
  async collect(onRange: (range: WorkRange) => void = () => undefined): Promise<void> {
    const length = await this.#redis.llen(this.#keys.order);
    if (length < this.#read) this.rewind();
    for (;;) {
      const names = await this.#redis.lrange(this.#keys.order, this.#read, this.#read + CHUNK - 1);
      if (names.length === 0) return;
      const texts = await this.#redis.hmget(this.#keys.results, ...names);
      names.forEach((name, i) => {
        const range = this.#byName.get(name);
        const text = texts[i];
        if (range === undefined || text === null || text === undefined) return;
        if (this.#ledger.add(range, JSON.parse(text) as Tally)) onRange(range);
      });
      this.#read += names.length;
    }
  }
}
