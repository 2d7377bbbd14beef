/** Programs for tests: loads them from files or from text, and explores them. */

import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createStrategy, exploreRange } from '../../src/campaign/work/range.js';
import type { OutcomeCount, Tally } from '../../src/campaign/work/tally.js';
import type { StrategyConfig } from '../../src/explorer/engine/config.js';
import { loadPrograms, ProgramSession } from '../../src/javascript/engine/session.js';

/** Root of the checkout: sources of fixtures and examples are not compiled. */
export const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

/** A file of the checkout. */
export const fileOf = (path: string): string => join(ROOT, path);

/** A file with such a text, within the checkout's own build folder so that it can import the package. */
export function written(
  text: string,
  name = 'program.js',
  others: Record<string, string> = {},
): string {
  const base = fileOf('dist/test/javascript/written');
  mkdirSync(base, { recursive: true });
  const folder = mkdtempSync(join(base, 'p-'));
  for (const [path, content] of Object.entries({ [name]: text, ...others })) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content);
  }
  return join(folder, name);
}

/** A session over the only program of a file. */
export function sessionOf(
  file: string,
  memory: 'sc' | 'js' = 'js',
  options: {
    readonly name?: string;
    readonly racesAreErrors?: boolean;
    readonly ablated?: number[];
  } = {},
): ProgramSession {
  const all = loadPrograms(file);
  const loaded = all.find(({ name }) => name === (options.name ?? name));
  if (loaded === undefined) throw new RangeError(`no program ${options.name ?? ''}`);
  const { racesAreErrors = false, ablated = [] } = options;
  return new ProgramSession(loaded, { memory, ablated, racesAreErrors });
}

/** A program whose threads share some bytes, from the text of its threads. */
export function programText(bytes: number, threads: readonly string[], more = ''): string {
  return `import { program } from 'klp-smp/javascript';
export const it = program({
  shared: () => new SharedArrayBuffer(${bytes}),
  threads: [${threads.join(',\n')}],
  ${more}
});`;
}

/** Explore a session. */
export function explored(
  session: ProgramSession,
  strategy: StrategyConfig = { kind: 'dfs' },
  to = 1_000_000,
): { readonly tally: Tally; readonly exhausted: boolean; readonly bounded: boolean } {
  const made = createStrategy(strategy, session);
  return exploreRange(session, made, { from: 0, to, deadline: Infinity, stopAt: 'nothing' });
}

/** Keys of the outcomes, sorted. */
export function keysOf(outcomes: readonly OutcomeCount[]): string[] {
  return outcomes.map(({ key }) => key).sort();
}
