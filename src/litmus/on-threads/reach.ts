/** What a backend on a processor cannot show, however long a shape runs. */

import type { MemoryKind } from '../../memory/backend.js';
import type { LitmusOperation } from './program.js';
import type { LitmusShape, Relaxation } from './shape.js';

/** Whether a shape's weak outcome can appear, and if not, why. */
export interface Reach {
  readonly reachable: boolean;
  readonly why: string;
}

const NEVER = 'the model forbids it';

/** Whether every access of a shape is of a kind that `relaxed` accepts. */
function all(shape: LitmusShape, relaxed: (operation: LitmusOperation) => boolean): boolean {
  return shape.program.threads.every(({ body }) => body.every(relaxed));
}

const isPlain = (operation: LitmusOperation): boolean =>
  !('order' in operation) || operation.order === 'plain';

const isRelaxed = (operation: LitmusOperation): boolean =>
  !('order' in operation) || ['plain', 'once', 'dependent'].includes(operation.order);

function onProcessor(relaxation: Relaxation, arch: string): Reach {
  if (relaxation === 'non-multi-copy-atomic') {
    const none = 'a store reaches all processors at once';
    return { reachable: arch === 'ppc64', why: none };
  }
  if (arch !== 'x64' && arch !== 'ia32') return { reachable: true, why: '' };
  const why = `${arch} keeps the order of stores, of loads, and of a load before a store`;
  return relaxation === 'store-load' ? { reachable: true, why: '' } : { reachable: false, why };
}

function onWeak(relaxation: Relaxation): Reach {
  if (relaxation === 'load-store') {
    return { reachable: false, why: 'the emulation carries out no store before an older load' };
  }
  if (relaxation === 'non-multi-copy-atomic') {
    return { reachable: false, why: 'the emulation shows a store to all CPUs at once' };
  }
  return { reachable: true, why: '' };
}

/**
 * Whether the outcome of a shape that no interleaving gives can appear.
 *
 * @param shape the shape
 * @param memory the backend
 * @param arch the processor, as `process.arch` names it
 */
export function reachOf(shape: LitmusShape, memory: MemoryKind, arch: string): Reach {
  const { relaxation } = shape;
  if (relaxation === 'none') return { reachable: false, why: NEVER };
  if (memory === 'weak') return onWeak(relaxation);
  if (memory === 'atomics' && !all(shape, isPlain)) {
    return { reachable: false, why: "JavaScript's Atomics are sequentially consistent" };
  }
  if (memory === 'wasm' && !all(shape, isRelaxed)) {
    return { reachable: false, why: "WebAssembly's atomics are sequentially consistent" };
  }
  return onProcessor(relaxation, arch);
}
