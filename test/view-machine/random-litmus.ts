/** Random litmus programs for fast-check: dependencies, read-modify-writes, fences, locks, RCU and SRCU sections. */

import fc from 'fast-check';
import {
  type Expression,
  type Instruction,
  type LitmusRegister,
  type LitmusTest,
  type RmwOrder,
  type SourceSpan,
  type Statement,
} from '../../src/litmus/syntax/ast.js';
import { addressOf } from '../../src/litmus/syntax/values.js';

/** How likely each kind of statement is, and how large programs get. */
export interface Mix {
  readonly threads: { readonly min: number; readonly max: number };
  readonly statements: { readonly min: number; readonly max: number };
  readonly locations: number;
  readonly fences: number;
  readonly locks: number;
  readonly rcu: number;
  readonly rmws: number;
}

const AT: SourceSpan = { line: 1, column: 1, text: '' };
const RMW_ORDERS: readonly RmwOrder[] = ['full', 'acquire', 'release', 'relaxed', 'void'];

/** A statement before registers are numbered: `register` picks one of those set so far, if any. */
type Draft =
  | { kind: 'load'; order: number; location: number; address: number }
  | { kind: 'store'; order: number; location: number; address: number; data: number; if: number }
  | { kind: 'rmw'; op: number; order: number; location: number; data: number }
  | { kind: 'fence'; fence: number }
  | { kind: 'sync'; domain: number }
  | { kind: 'section'; lock: number; trylock: boolean; body: Draft[] }
  | { kind: 'reader'; domain: number; body: Draft[] };

/** One dependency in three draws: 0 is none. */
const dependency = fc.oneof(
  { weight: 2, arbitrary: fc.constant(0) },
  { weight: 1, arbitrary: fc.integer({ min: 1, max: 8 }) },
);

function access({ locations, rmws, fences }: Mix): fc.Arbitrary<Draft> {
  const location = fc.nat(locations - 1);
  const load = fc.record({
    kind: fc.constant('load' as const),
    order: fc.nat(5),
    location,
    address: dependency,
  });
  const store = fc.record({
    kind: fc.constant('store' as const),
    order: fc.nat(5),
    location,
    address: dependency,
    data: dependency,
    if: dependency,
  });
  const rmw = fc.record({
    kind: fc.constant('rmw' as const),
    op: fc.nat(5),
    order: fc.nat(4),
    location,
    data: dependency,
  });
  const fence = fc.record({ kind: fc.constant('fence' as const), fence: fc.nat(4) });
  return fc.oneof(
    { weight: 12, arbitrary: load },
    { weight: 10, arbitrary: store },
    { weight: rmws, arbitrary: rmw },
    { weight: fences, arbitrary: fence },
  );
}

function statement(mix: Mix): fc.Arbitrary<Draft> {
  const body = fc.array(access(mix), { minLength: 1, maxLength: 3 });
  return fc.oneof(
    { weight: 24, arbitrary: access(mix) },
    {
      weight: mix.locks,
      arbitrary: fc.record({
        kind: fc.constant('section' as const),
        lock: fc.nat(1),
        trylock: fc.nat(5).map((n) => n === 0),
        body,
      }),
    },
    {
      weight: mix.rcu,
      arbitrary: fc.record({ kind: fc.constant('reader' as const), domain: fc.nat(2), body }),
    },
    {
      weight: mix.rcu,
      arbitrary: fc.record({ kind: fc.constant('sync' as const), domain: fc.nat(2) }),
    },
  );
}

/** Turns drafts into statements; one per thread. */
class Builder {
  readonly registers: LitmusRegister[] = [];
  readonly #mix: Mix;
  readonly #thread: number;
  #stores = 0;

  constructor(mix: Mix, thread: number) {
    this.#mix = mix;
    this.#thread = thread;
  }

  #fresh(): number {
    const name = `r${this.registers.length}`;
    return this.registers.push({ name, init: 0, temporary: false }) - 1;
  }

  /** 0, with a dependency on one of the registers. */
  #zero(pick: number): Expression {
    const constant: Expression = { kind: 'constant', value: 0 };
    if (pick === 0 || this.registers.length === 0) return constant;
    const register = (this.registers.length - 1 - (pick % 3) + 3) % this.registers.length;
    const operand: Expression = { kind: 'register', register };
    return { kind: 'binary', operator: '^', left: operand, right: operand };
  }

  #plus(value: number, pick: number): Expression {
    const right = this.#zero(pick);
    const left: Expression = { kind: 'constant', value };
    return right.kind === 'constant' ? left : { kind: 'binary', operator: '+', left, right };
  }

  #lock(n: number): Expression {
    return { kind: 'constant', value: addressOf(this.#mix.locations + n) };
  }

  #srcu(): Expression {
    return { kind: 'constant', value: addressOf(this.#mix.locations + 2) };
  }

  build(drafts: readonly Draft[]): Statement[] {
    return drafts.flatMap((draft) => this.#statements(draft));
  }

  #statements(draft: Draft): Statement[] {
    switch (draft.kind) {
      case 'load': {
        const order = (['once', 'once', 'once', 'acquire', 'once', 'once'] as const)[draft.order]!;
        const address = this.#plus(addressOf(draft.location), draft.address);
        return [{ kind: 'load', order, address, into: this.#fresh(), at: AT }];
      }
      case 'store':
        return [this.#store(draft)];
      case 'rmw':
        return [this.#rmw(draft)];
      case 'fence': {
        const fence = (['mb', 'rmb', 'wmb', 'rmb', 'wmb'] as const)[draft.fence]!;
        return [{ kind: 'fence', fence, at: AT }];
      }
      case 'sync':
        return draft.domain === 2
          ? [{ kind: 'synchronize-srcu', address: this.#srcu(), at: AT }]
          : [{ kind: 'synchronize-rcu', at: AT }];
      case 'section':
        return this.#section(draft);
      case 'reader':
        return this.#reader(draft);
    }
  }

  #store(draft: Draft & { kind: 'store' }): Statement {
    const order = (['once', 'once', 'once', 'release', 'once', 'once'] as const)[draft.order]!;
    const address = this.#plus(addressOf(draft.location), draft.address);
    const value = this.#plus(100 * (this.#thread + 1) + this.#stores++, draft.data);
    const store: Statement = { kind: 'store', order, address, value, at: AT };
    if (draft.if === 0 || this.registers.length === 0) return store;
    const left = this.#zero(draft.if);
    const condition: Expression = { kind: 'binary', operator: '==', left, right: left };
    return { kind: 'if', condition, then: [store], otherwise: [], at: AT };
  }

  #rmw(draft: Draft & { kind: 'rmw' }): Instruction {
    const address: Expression = { kind: 'constant', value: addressOf(draft.location) };
    const operand = this.#plus(1000 * (this.#thread + 1) + this.#stores++, draft.data);
    const order = RMW_ORDERS[draft.order]!;
    const zero: Expression = { kind: 'constant', value: 0 };
    if (draft.op === 0 && order !== 'void') {
      const into = this.#fresh();
      return {
        kind: 'cmpxchg',
        order,
        address,
        expected: zero,
        replacement: operand,
        into,
        at: AT,
      };
    }
    if (draft.op === 1 && order === 'full') {
      const into = this.#fresh();
      return { kind: 'add-unless', address, addend: operand, unless: zero, into, at: AT };
    }
    const operation = (['set', 'add', 'set', 'add', 'or', 'xor'] as const)[draft.op]!;
    const result = order === 'void' ? 'none' : draft.op % 2 === 0 ? 'old' : 'new';
    const into = order === 'void' ? -1 : this.#fresh();
    return { kind: 'rmw', operation, order, address, operand, result, into, at: AT };
  }

  #section(draft: Draft & { kind: 'section' }): Statement[] {
    const address = this.#lock(draft.lock);
    const unlock: Statement = { kind: 'unlock', address, at: AT };
    if (!draft.trylock) {
      return [{ kind: 'lock', address, at: AT }, ...this.build(draft.body), unlock];
    }
    const into = this.#fresh();
    const then = [...this.build(draft.body), unlock];
    const condition: Expression = { kind: 'register', register: into };
    return [
      { kind: 'trylock', address, into, at: AT },
      { kind: 'if', condition, then, otherwise: [], at: AT },
    ];
  }

  #reader(draft: Draft & { kind: 'reader' }): Statement[] {
    const body = this.build(draft.body);
    if (draft.domain !== 2) {
      return [{ kind: 'rcu-lock', at: AT }, ...body, { kind: 'rcu-unlock', at: AT }];
    }
    const address = this.#srcu();
    const into = this.#fresh();
    const cookie: Expression = { kind: 'constant', value: 7 };
    return [
      { kind: 'srcu-lock', address, into, cookie: 7, at: AT },
      ...body,
      { kind: 'srcu-unlock', address, cookie, at: AT },
    ];
  }
}

function assemble(mix: Mix, threads: readonly Draft[][]): LitmusTest {
  const data = Array.from({ length: mix.locations }, (_, i) => ({
    name: `x${i}`,
    kind: 'data' as const,
    init: 0,
  }));
  const lock = (name: string) => ({ name, kind: 'lock' as const, init: 0 });
  return {
    name: 'random',
    file: 'random',
    locations: [...data, lock('l0'), lock('l1'), { name: 's', kind: 'srcu', init: 0 }],
    threads: threads.map((drafts, i) => {
      const builder = new Builder(mix, i);
      const body = builder.build(drafts);
      return { registers: builder.registers, body };
    }),
    condition: { quantifier: 'exists', proposition: { kind: 'true' }, text: 'true' },
    filter: null,
    observed: [],
  };
}

/** A random litmus test of a mix. */
export function randomLitmus(mix: Mix): fc.Arbitrary<LitmusTest> {
  const { statements, threads } = mix;
  const thread = fc.array(statement(mix), {
    minLength: statements.min,
    maxLength: statements.max,
    size: 'max',
  });
  return fc
    .array(thread, { minLength: threads.min, maxLength: threads.max, size: 'max' })
    .map((drafts) => assemble(mix, drafts));
}

/** Mixes that between them exercise every rule of the machine. */
export const MIXES = {
  core: {
    threads: { min: 2, max: 4 },
    statements: { min: 3, max: 7 },
    locations: 3,
    fences: 6,
    locks: 0,
    rcu: 0,
    rmws: 3,
  },
  tight: {
    threads: { min: 2, max: 4 },
    statements: { min: 4, max: 8 },
    locations: 2,
    fences: 5,
    locks: 0,
    rcu: 0,
    rmws: 2,
  },
  locks: {
    threads: { min: 2, max: 4 },
    statements: { min: 2, max: 5 },
    locations: 3,
    fences: 4,
    locks: 20,
    rcu: 0,
    rmws: 1,
  },
  rcu: {
    threads: { min: 2, max: 4 },
    statements: { min: 2, max: 5 },
    locations: 3,
    fences: 3,
    locks: 1,
    rcu: 10,
    rmws: 1,
  },
} as const satisfies Record<string, Mix>;
