/** What `bench:find` looks for, and how long one build takes to find it. Modules of the build that is measured are its own. */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type * as demonstrations from '../src/catalog/demonstrations.js';
import type * as pastBugs from '../src/catalog/history.js';
import type * as scenarios from '../src/campaign/scenarios/find-scenario.js';
import type * as ranges from '../src/campaign/work/range.js';
import { configOf, type StrategyConfig } from '../src/explorer/engine/config.js';
import type * as sessions from '../src/explorer/engine/session.js';

/** A bug that can be found. */
export interface FindRow {
  /** What reports call it: `unwatched-call without O-19`, or the number of a bug of the past. */
  readonly name: string;
  readonly scenario: string;
  /** Numbers of the ordering sites that are removed. */
  readonly removed: readonly number[];
  /** Key of the outcome. */
  readonly finds: string;
}

/** What is measured. */
export interface FindRequest {
  readonly row: FindRow;
  readonly strategy: StrategyConfig['kind'];
  /** Seeds 1 … `seeds`. */
  readonly seeds: number;
  /** Executions after which a seed is given up. */
  readonly most: number;
}

/** How one seed went. */
export interface FindRun {
  /** Executions up to the first finding, or all that were tried. */
  readonly executions: number;
  readonly seconds: number;
  /** It was given up: the finding would have come later. */
  readonly isCensored: boolean;
}

/** What those strategies are told that can be told more. */
const TOLD = { depth: 3, history: 3 } as const;

/** The modules of a built checkout. */
export class Build {
  readonly #root: string;

  /** @param root folder that holds `dist` */
  constructor(root: string) {
    this.#root = root;
  }

  /** A module by the names that it has had. */
  async #module<T>(...names: readonly string[]): Promise<T> {
    const files = names.map((name) => join(this.#root, 'dist', 'src', name));
    const file = files.find((each) => existsSync(each)) ?? files[0] ?? '';
    return (await import(pathToFileURL(file).href)) as T;
  }

  /** Every row of the ablation matrix that finds something, and every bug of the past that a race shows. */
  async rows(): Promise<FindRow[]> {
    const { DEMONSTRATIONS } = await this.#module<typeof demonstrations>(
      'catalog/demonstrations.js',
    );
    const { HISTORY } = await this.#module<typeof pastBugs>('catalog/history.js');
    const removals = DEMONSTRATIONS.flatMap(({ scenario, sites, finds }): FindRow[] => {
      const without = sites.map((site) => `O-${String(site).padStart(2, '0')}`).join('+');
      const name = `${scenario} without ${without}`;
      return finds === undefined ? [] : [{ name, scenario, removed: sites, finds }];
    });
    const bugs = HISTORY.flatMap((bug): FindRow[] => {
      if (bug.kind !== 'race') return [];
      const { scenario, removed = [] } = bug.before;
      return [{ name: bug.id, scenario, removed, finds: bug.shows }];
    });
    return [...removals, ...bugs];
  }

  /** Look for a row's bug with each seed. */
  async find({ row, strategy: kind, seeds, most }: FindRequest): Promise<FindRun[]> {
    const { findScenario } = await this.#module<typeof scenarios>(
      'campaign/scenarios/find-scenario.js',
      'campaign/find-scenario.js',
      'explorer/catalog-lookup.js',
    );
    const { createStrategy, exploreRange } = await this.#module<typeof ranges>(
      'campaign/work/range.js',
      'campaign/range.js',
      'explorer/explore.js',
    );
    const { loadScenario, Session } = await this.#module<typeof sessions>(
      'explorer/engine/session.js',
      'explorer/session.js',
    );
    const { file, name = row.scenario } = findScenario(row.scenario);
    const loaded = await loadScenario({ file, name });
    const session = new Session(loaded, { memory: 'lkmm', ablated: row.removed });
    const limits = { from: 0, to: most, deadline: Infinity, stopAt: { key: row.finds } } as const;
    const runs: FindRun[] = [];
    for (let seed = 1; seed <= seeds; seed++) {
      const started = performance.now();
      const strategy = createStrategy(configOf(kind, { ...TOLD, seed }), session);
      const { tally } = exploreRange(session, strategy, limits);
      const seconds = (performance.now() - started) / 1000;
      const found = tally.outcomes.find(({ key }) => key === row.finds);
      const executions = found === undefined ? most : found.firstRun + 1;
      runs.push({ executions, seconds, isCensored: found === undefined });
    }
    return runs;
  }
}
