/** Whose writes depend on what others write. Where that goes round in no circle, each thread has to be run once only: after
 * those that its reads depend on. */
import type { Expression, LitmusTest, LocationId, Statement } from '../syntax/ast.js';
import { locationOf } from '../syntax/values.js';
import { hasJumps } from '../syntax/walk.js';
import type { Rules } from '../model.js';

/** What the text of a thread says of its accesses. */
interface Accesses {
  readonly reads: Set<LocationId>;
  /** Locations whose writes depend, or may depend, on what was read. */
  readonly reactive: Set<LocationId>;
  /** What every run that comes to its end writes, in the order of the text. */
  readonly fixed: Map<LocationId, Set<number>>;
}

/** Finds the accesses of a thread in its text. */
class Reader {
  readonly found: Accesses = { reads: new Set(), reactive: new Set(), fixed: new Map() };
  readonly #test: LitmusTest;
  readonly #rules: Rules;

  constructor(test: LitmusTest, rules: Rules) {
    this.#test = test;
    this.#rules = rules;
  }

  /** False if the text does not say all. */
  read(statements: readonly Statement[], isConditional: boolean): boolean {
    return statements.every((statement) => this.#statement(statement, isConditional));
  }

  #statement(statement: Statement, isConditional: boolean): boolean {
    switch (statement.kind) {
      case 'if':
        return this.read(statement.then, true) && this.read(statement.otherwise, true);
      case 'load':
        return this.#access(statement.address, this.found.reads);
      case 'rmw':
      case 'cmpxchg':
      case 'add-unless':
        return (
          this.#access(statement.address, this.found.reads) &&
          this.#access(statement.address, this.found.reactive)
        );
      case 'store':
        if (isConditional || statement.value.kind !== 'constant') {
          return this.#access(statement.address, this.found.reactive);
        }
        return this.#fixed(statement.address, statement.value.value);
      case 'srcu-lock':
      case 'srcu-unlock':
        return !this.#rules.srcuByValue;
      default:
        return true;
    }
  }

  #locationOf(address: Expression): LocationId {
    return address.kind === 'constant' ? locationOf(this.#test, address.value) : -1;
  }

  #access(address: Expression, into: Set<LocationId>): boolean {
    const location = this.#locationOf(address);
    into.add(location);
    return location >= 0;
  }

  #fixed(address: Expression, value: number): boolean {
    const location = this.#locationOf(address);
    const values = this.found.fixed.get(location);
    if (values === undefined) this.found.fixed.set(location, new Set([value]));
    else values.add(value);
    return location >= 0;
  }
}

/** An order to run the threads in. */
export interface Flow {
  /** Every thread, after those that its reads depend on. */
  readonly order: readonly number[];
  /** By thread, the values that it writes by location whatever it reads. */
  readonly fixed: readonly ReadonlyMap<LocationId, ReadonlySet<number>>[];
  /** By thread: may it write other values, too? */
  readonly isReactive: readonly boolean[];
}

/** How values go from thread to thread; null if they may go round, or if the text of the test does not say. It says nothing of paths
 * that end early, see `faults` of `trace.ts`. */
export function flowOf(test: LitmusTest, rules: Rules): Flow | null {
  const threads: Accesses[] = [];
  for (const { body } of test.threads) {
    const reader = new Reader(test, rules);
    if (!reader.read(body, hasJumps(body))) return null;
    threads.push(reader.found);
  }
  const order: number[] = [];
  const left = new Set(threads.keys());
  while (left.size > 0) {
    const before = left.size;
    for (const t of left) {
      if (!isReady(t, left, threads)) continue;
      order.push(t);
      left.delete(t);
    }
    if (left.size === before) return null;
  }
  return {
    order,
    fixed: threads.map(({ fixed }) => fixed),
    isReactive: threads.map(({ reactive }) => reactive.size > 0),
  };
}

/** Do the reads of a thread depend on no other one of `left`? */
function isReady(t: number, left: ReadonlySet<number>, threads: readonly Accesses[]): boolean {
  const { reads = new Set<LocationId>() } = threads[t] ?? {};
  for (const other of left) {
    if (other === t) continue;
    for (const location of threads[other]?.reactive ?? []) if (reads.has(location)) return false;
  }
  return true;
}
