/** The engines that `--on` names. Each is loaded when it is first asked for. */
import { UsageError } from '../errors.js';
import type { Engine } from './engine.js';

const ENGINES: Readonly<Record<string, () => Promise<Engine>>> = {
  axioms: async () => (await import('./checker.js')).axiomsEngine,
};

/** Names that {@link loadEngine} accepts. */
export const ENGINE_NAMES: readonly string[] = Object.keys(ENGINES);

/** The engine called `name`.
 * @throws UsageError if there is none */
export async function loadEngine(name: string): Promise<Engine> {
  const load = ENGINES[name];
  if (load !== undefined) return load();
  throw new UsageError(`unknown engine "${name}": expected ${ENGINE_NAMES.join(', ')}`);
}
