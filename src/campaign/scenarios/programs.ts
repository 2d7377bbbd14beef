/** Opens what a file declares: scenarios of kernel code, or programs over SharedArrayBuffers. */

import { existsSync, readFileSync } from 'node:fs';
import { UsageError } from '../../errors.js';
import type { SessionConfig } from '../../explorer/engine/config.js';
import type { Explorable } from '../../explorer/engine/explorable.js';
import { loadScenario, loadScenarios, Session } from '../../explorer/engine/session.js';
import { declaresPrograms, loadPrograms, ProgramSession } from '../../javascript/engine/session.js';
import { RandomStrategy } from '../../explorer/strategies/random.js';
import type { FileListing } from './scenario-index.js';
import type { ProgramOperation } from '../work/task.js';

/** Whether a file declares programs. */
function isProgramFile(file: string): boolean {
  return existsSync(file) && declaresPrograms(readFileSync(file, 'utf8'));
}

/** What a file declares. @throws UsageError when it declares nothing */
export async function listFile(file: string, replace?: string): Promise<FileListing> {
  if (isProgramFile(file)) {
    const scenarios = loadPrograms(file).map((loaded) => {
      const { name, description, compiled } = loaded;
      // Errors of a program show when it is set up: better now than in the middle of a campaign.
      new ProgramSession(loaded, { memory: 'sc', ablated: [] });
      return { name, kind: 'program', description, fingerprint: compiled.fingerprint };
    });
    // Chance and time of a program are drawn from the seed.
    return { scenarios, varies: false };
  }
  const all = await loadScenarios(file, replace);
  const scenarios = all.map(({ scenario, fingerprint, replaced = [] }) => ({
    ...{ name: scenario.name, kind: scenario.kind, description: scenario.description, fingerprint },
    ...(replaced.length === 0 ? {} : { replaced }),
    ...(scenario.ablations === undefined ? {} : { ablations: scenario.ablations }),
  }));
  return { scenarios, varies: all.some(({ varies }) => varies === true) };
}

/** A session over a scenario or program. @throws UsageError when it cannot be loaded, or not over such a memory */
export async function openSession(config: SessionConfig): Promise<Session | ProgramSession> {
  const { scenario: reference } = config;
  if (!isProgramFile(reference.file)) {
    if (config.memory === 'js') {
      throw new UsageError(
        `--memory js is for programs over SharedArrayBuffers; ${reference.name} is kernel code`,
      );
    }
    return new Session(await loadScenario(reference), config, { log: config.axioms === true });
  }
  if (config.axioms === true) {
    throw new UsageError(
      `--axioms asks the axioms of the kernel's memory model; ${reference.name} is a JavaScript program`,
    );
  }
  const all = loadPrograms(reference.file);
  const found = all.find(({ name }) => name === reference.name);
  if (found === undefined) {
    const names = all.map(({ name }) => name).join(', ');
    throw new UsageError(`${reference.file} has no program ${reference.name}; it has: ${names}`);
  }
  return new ProgramSession(found, config);
}

/** Whether a session is one of a program. */
export function isProgramSession(session: Explorable): session is ProgramSession {
  return session instanceof ProgramSession;
}

/** Execute a program a few times at random. */
function look(session: ProgramSession, executions: number, each: () => void): void {
  const strategy = new RandomStrategy(1);
  for (let run = 0; run < executions; run++) {
    strategy.begin(run);
    session.execute(strategy);
    each();
  }
}

/** The operations of `Atomics` in a program's sources. */
export function atomicsOf(session: ProgramSession, executions: number): ProgramOperation[] {
  const { sites, reached } = session.machine.runtime;
  look(session, executions, () => undefined);
  return sites.sites.flatMap(({ operation, text }, site) =>
    operation.startsWith('Atomics.') && operation !== 'Atomics.wait'
      ? [{ site, place: sites.place(site), text, isReached: reached[site] === 1 }]
      : [],
  );
}

/** The data races that a few executions show: at most one of each. */
export function racesOf(session: ProgramSession, executions: number): string[] {
  const found = new Set<string>();
  look(session, executions, () => {
    const race = session.describeRace();
    if (race !== '') found.add(race);
  });
  return [...found].sort();
}
