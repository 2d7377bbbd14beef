/** The engines that `--on` names. Each is made when it is first asked for, once a process or worker. */
import { UsageError } from '../errors.js';
import type { MemoryKind } from '../memory/backend.js';
import type { Engine } from './engine.js';

async function threads(memory: MemoryKind): Promise<Engine> {
  return new (await import('./on-threads/run-threads.js')).ThreadsEngine(memory);
}

const ENGINES: Readonly<Record<string, () => Promise<Engine>>> = {
  axioms: async () => (await import('./axioms/checker.js')).axiomsEngine,
  machine: async () => (await import('./on-machine/machine-engine.js')).machineEngine,
  'threads-atomics': () => threads('atomics'),
  'threads-wasm': () => threads('wasm'),
  'threads-weak': () => threads('weak'),
};

/** Names that {@link loadEngine} accepts. */
export const ENGINE_NAMES: readonly string[] = Object.keys(ENGINES);

const loaded = new Map<string, Promise<Engine>>();

/** The engine called `name`.
 * @throws UsageError if there is none */
export function loadEngine(name: string): Promise<Engine> {
  const known = loaded.get(name);
  if (known !== undefined) return known;
  const make = ENGINES[name];
  if (make !== undefined) {
    const engine = make();
    loaded.set(name, engine);
    return engine;
  }
  throw new UsageError(`unknown engine "${name}": expected ${ENGINE_NAMES.join(', ')}`);
}

/** Close every engine made so far. */
export async function closeEngines(): Promise<void> {
  const engines = await Promise.all(loaded.values());
  loaded.clear();
  for (const engine of engines) await engine.close?.();
}
