/** Build step: write the index of the shipped scenarios, from their declarations alone. */

import { readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { catalogModule, fingerprintOfFile } from '../../explorer/build/modules.js';
import type { Scenario } from '../../scenario/declare.js';
import { catalogFiles } from './find-scenario.js';
import { INDEX_FILE, type IndexedScenario } from './scenario-index.js';

const isScenario = (value: unknown): value is Scenario => {
  const kind = (value as { kind?: unknown } | null)?.kind;
  return kind === 'race' || kind === 'system';
};

/** Compiled sources: where one of them is newer than the index, the index may be out of date. */
const COMPILED = fileURLToPath(new URL('../..', import.meta.url));

function isCurrent(): boolean {
  const written = statSync(INDEX_FILE, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  const isOlder = (name: string): boolean => statSync(join(COMPILED, name)).mtimeMs < written;
  return readdirSync(COMPILED, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.js'))
    .every(isOlder);
}

async function scenariosIn(module: string): Promise<IndexedScenario[]> {
  const file = catalogModule(module);
  const exports = (await import(pathToFileURL(file).href)) as Record<string, unknown>;
  const fingerprint = await fingerprintOfFile(file);
  return Object.values(exports)
    .filter(isScenario)
    .map(({ name, kind, description }) => ({ module, name, kind, description, fingerprint }));
}

if (!isCurrent()) {
  const index: IndexedScenario[] = [];
  for (const name of catalogFiles()) index.push(...(await scenariosIn(name)));
  writeFileSync(INDEX_FILE, `${JSON.stringify(index, undefined, 1)}\n`);
}
