/** The final states that interleavings of a litmus program give: sequential consistency, by exhaustion. */

import { AtomicsCpu } from '../../memory/atomics.js';
import type { CpuContext } from '../../memory/cpu.js';
import { FIRST_VALID_ADDR, type Addr, type CpuId } from '../../memory/struct.js';
import { compileExpression, compileThread, type LitmusStep } from './compile.js';
import { POINTER_BASE, type LitmusProgram } from './program.js';

const LOCATIONS: Addr = FIRST_VALID_ADDR + 16;
const EMPTY = new Int32Array(0);

/** Where an execution stands: the words, every thread's registers, and how far every thread got. */
interface Standing {
  readonly words: Int32Array;
  readonly registers: readonly Int32Array[];
  readonly at: readonly number[];
}

class Interleavings {
  readonly found = new Set<string>();
  readonly #program: LitmusProgram;
  readonly #steps: readonly LitmusStep[][];
  readonly #cpu: AtomicsCpu;
  readonly #words: Int32Array;

  constructor(program: LitmusProgram) {
    const size = Math.max(LOCATIONS, POINTER_BASE) + program.locations.length;
    this.#words = new Int32Array(size);
    this.#cpu = new AtomicsCpu(0 as CpuId, {} as CpuContext, {
      words: this.#words,
      localBase: FIRST_VALID_ADDR,
      standsForOthers: true,
    });
    const bases = program.locations.map((_, i) => LOCATIONS + i);
    this.#steps = program.threads.map(({ body }) => compileThread(body, bases));
    this.#program = program;
  }

  initial(): Standing {
    const { locations, threads } = this.#program;
    return {
      words: Int32Array.from(locations, (init) => compileExpression(init)(EMPTY)),
      registers: threads.map(({ registers }) =>
        Int32Array.from(registers, (init) => compileExpression(init)(EMPTY)),
      ),
      at: threads.map(() => 0),
    };
  }

  explore(standing: Standing): void {
    let ended = true;
    for (const [thread, at] of standing.at.entries()) {
      const step = this.#steps[thread]?.[at];
      if (!step) continue;
      ended = false;
      if (this.#mayRun(standing, thread, at)) this.explore(this.#take(standing, thread, step));
    }
    if (ended) this.found.add(this.#observe(standing));
  }

  #mayRun({ words }: Standing, thread: number, at: number): boolean {
    const operation = this.#program.threads[thread]?.body[at];
    if (operation?.kind !== 'lock' || typeof operation.at === 'number') return true;
    return !('loc' in operation.at) || words[operation.at.loc] === 0;
  }

  #take(standing: Standing, thread: number, step: LitmusStep): Standing {
    this.#words.set(standing.words, LOCATIONS);
    const registers = standing.registers.map((regs) => regs.slice());
    step(this.#cpu, registers[thread] ?? EMPTY, 0);
    const end = LOCATIONS + standing.words.length;
    const at = standing.at.map((n, i) => (i === thread ? n + 1 : n));
    return { words: this.#words.slice(LOCATIONS, end), registers, at };
  }

  #observe({ words, registers }: Standing): string {
    const values = this.#program.observed.map((place) =>
      'location' in place ? words[place.location] : registers[place.thread]?.[place.reg],
    );
    return values.join(', ');
  }
}

/**
 * All final states of a program's interleavings, each as the values of the observed places, joined by `, `.
 *
 * @param program a small program: every interleaving is executed
 */
export function sequentialStates(program: LitmusProgram): ReadonlySet<string> {
  const interleavings = new Interleavings(program);
  interleavings.explore(interleavings.initial());
  return interleavings.found;
}
