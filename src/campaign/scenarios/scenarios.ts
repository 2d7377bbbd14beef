/** Which scenarios there are, and which one a user means. */

import { UsageError } from '../../errors.js';
import { catalogModule } from '../../explorer/build/modules.js';
import { findScenario } from './find-scenario.js';
import { replacing } from './replace.js';
import { isOfCatalogue } from '../options/replay-command.js';
import { indexedScenarios, type ScenarioInfo } from './scenario-index.js';
import { checkWorlds } from './worlds.js';
import type { Workers } from '../work/workers.js';

/** Milliseconds that loading a scenario may take. */
const LOAD_MS = 10_000;

/** A scenario and the file that exports it. */
export interface Chosen extends ScenarioInfo {
  readonly file: string;
}

/** Every scenario of the catalogue; nothing is loaded. */
export function catalogueScenarios(): Chosen[] {
  return indexedScenarios().map(({ module, ...info }) => ({
    ...info,
    file: catalogModule(module),
  }));
}

/** What a file exports. */
interface Listed {
  readonly all: readonly Chosen[];
  /** Whether loading the file may give something else each time. */
  readonly varies: boolean;
}

/** The scenarios that a file exports. */
export async function scenariosOf(
  workers: Workers,
  file: string,
  signal?: AbortSignal,
  replace?: string,
): Promise<Listed> {
  if (isOfCatalogue(file) && replace === undefined) {
    const all = catalogueScenarios().filter((info) => info.file === file);
    return { all, varies: false };
  }
  const request = { file, ...replacing(replace) };
  const { scenarios, varies } = await workers.run('list', request, { ms: LOAD_MS, signal });
  return { all: scenarios.map((info) => ({ ...info, file })), varies };
}

/** The complaint that a file and a name do not say which scenario is meant, with what would. */
function whichScenario(file: string, name: string | undefined, all: readonly Chosen[]): string {
  if (all.length === 0) return `${file} exports no scenario`;
  const names = all.map((info) => `${file}#${info.name}`).join(', ');
  return name === undefined
    ? `${file} has several scenarios: give one of ${names}`
    : `${file} has no scenario ${name}: give one of ${names}`;
}

/**
 * The scenario that a user means.
 *
 * @param text `NAME` of the catalogue, `FILE` or `FILE#NAME`
 * @param replace file that replaces kernel functions
 * @throws UsageError when there is no such scenario, the file has several, or it is another one each time
 */
export async function chooseScenario(
  workers: Workers,
  text: string,
  signal?: AbortSignal,
  replace?: string,
): Promise<Chosen> {
  const { file, name } = findScenario(text);
  const { all, varies } = await scenariosOf(workers, file, signal, replace);
  // `NAME@RELEASE` is the scenario NAME on that kernel.
  const [whole = '', version] = (name ?? text).split('@', 2);
  // `NAME:PARAMETERS` is the scenario NAME with others.
  const [base = ''] = whole.split(':', 1);
  const isAny = base === '' || (name === undefined && version === undefined);
  const fitting = all.filter((info) => isAny || info.name === base);
  // A file may hold variants of the scenario that it is named after.
  const info = fitting.length === 1 ? fitting[0] : fitting.find((i) => i.name === base);
  if (info !== undefined) {
    const parameters = whole.slice(base.length);
    const kernel = version === undefined ? '' : `@${version}`;
    const chosen = { ...info, name: `${info.name}${parameters}${kernel}` };
    if (varies) await checkWorlds({ file, name: chosen.name, ...replacing(replace) }, signal);
    return chosen;
  }
  throw new UsageError(whichScenario(file, name, all));
}
