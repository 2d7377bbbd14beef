/** Opens what a file declares: scenarios of kernel code, or programs over SharedArrayBuffers. */

import { existsSync, readFileSync } from 'node:fs';
import { UsageError } from '../errors.js';
import type { SessionConfig } from '../explorer/engine/config.js';
import type { Explorable } from '../explorer/engine/explorable.js';
import { loadScenario, loadScenarios, Session } from '../explorer/engine/session.js';
import { declaresPrograms, loadPrograms, ProgramSession } from '../javascript/engine/session.js';
import type { ScenarioInfo } from './task.js';

/** Whether a file declares programs. */
export function isProgramFile(file: string): boolean {
  return existsSync(file) && declaresPrograms(readFileSync(file, 'utf8'));
}

/** What a file declares. @throws UsageError when that is nothing */
export async function listFile(file: string, replace?: string): Promise<ScenarioInfo[]> {
  if (isProgramFile(file)) {
    return loadPrograms(file).map(({ name, description, compiled }) => ({
      ...{ name, kind: 'program', description, fingerprint: compiled.fingerprint },
    }));
  }
  const all = await loadScenarios(file, replace);
  return all.map(({ scenario: { name, kind, description }, fingerprint, replaced = [] }) => ({
    ...{ name, kind, description, fingerprint },
    ...(replaced.length === 0 ? {} : { replaced }),
  }));
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
    return new Session(await loadScenario(reference), config);
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
