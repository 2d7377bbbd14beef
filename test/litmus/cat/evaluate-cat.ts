/** Runs a model in the cat language on one candidate execution, whose choices of `with` it makes itself. */
import {
  alone,
  combine,
  elementsOf,
  EMPTY,
  isEmpty,
  isFixed,
  sameValue,
  Scope,
  type CatValue,
  type Choices,
  type Closure,
  type Native,
} from './operations.js';
import type { CatBinding, CatExpression, CatStatement } from './parse-cat.js';
import { EventSet, Pairs } from './values.js';

/** What a model starts with. */
export interface CatWorld {
  /** Events of the execution. */
  readonly size: number;
  readonly names: ReadonlyMap<string, EventSet | Pairs>;
  /** Those of {@link names} that differ between the candidates of an event structure. */
  readonly changing: ReadonlySet<string>;
  /** Values of expressions that are the same for all candidates of the event structure. */
  readonly known: Map<CatExpression, CatValue>;
  /** Whether an expression is the same for all candidates. */
  readonly isFixed: Map<CatExpression, boolean>;
  /** Do two events have the same value? */
  sameValue(a: number, b: number): boolean;
  /** The orders of all writes of each location that are in line with `co0`. */
  orders(writes: EventSet, co0: Pairs): Iterable<Pairs>;
}

/** A choice of everything that a model leaves open. */
export interface CatExecution {
  readonly flags: ReadonlySet<string>;
  readonly co: Pairs;
}

/** Parsed files of a model, by name. */
export type CatFiles = ReadonlyMap<string, readonly CatStatement[]>;

/** Evaluates one candidate. */
export class CatRun {
  readonly #world: CatWorld;
  readonly #files: CatFiles;

  constructor(world: CatWorld, files: CatFiles) {
    this.#world = world;
    this.#files = files;
  }

  /** Executions that pass every check; `broken` learns the names of the checks that others fail. */
  run(files: readonly string[], broken: (check: string) => void = () => undefined): CatExecution[] {
    const scope = new Scope(null);
    const { names, changing } = this.#world;
    for (const [name, value] of names) scope.set(name, value, !changing.has(name));
    const statements = files.flatMap((file) => this.#included(file));
    const found: CatExecution[] = [];
    this.#from(
      statements,
      0,
      scope,
      new Set<string>(),
      (last, flags) => {
        const co = this.#pairs(last.get('co') ?? EMPTY);
        found.push({ flags, co });
      },
      broken,
    );
    return found;
  }

  #included(file: string): CatStatement[] {
    if (file === 'cross.cat') return [];
    if (file === 'cos-opt.cat') return [{ kind: 'with', name: 'co', from: { kind: 'empty' } }];
    const statements = this.#files.get(file);
    if (statements === undefined) throw new Error(`cat: there is no file ${file}`);
    return statements.flatMap((s) => (s.kind === 'include' ? this.#included(s.file) : [s]));
  }

  #from(
    statements: readonly CatStatement[],
    start: number,
    scope: Scope,
    flags: ReadonlySet<string>,
    done: (scope: Scope, flags: ReadonlySet<string>) => void,
    broken: (check: string) => void,
  ): void {
    for (let i = start; i < statements.length; i++) {
      const statement = statements[i]!;
      if (statement.kind === 'let') this.#bind(scope, statement);
      else if (statement.kind === 'check') {
        const holds = this.#holds(statement, scope);
        if (statement.isFlag) {
          if (holds) flags = new Set([...flags, statement.name]);
        } else if (!holds) {
          broken(statement.name);
          return;
        }
      } else if (statement.kind === 'with') {
        for (const value of this.#options(statement, scope)) {
          const inner = new Scope(scope);
          inner.set(statement.name, value);
          if (statement.name === 'co') this.#derive(inner, value as Pairs);
          this.#from(statements, i + 1, inner, flags, done, broken);
        }
        return;
      }
    }
    done(scope, flags);
  }

  /** What cos-opt.cat defines beside co. */
  #derive(scope: Scope, co: Pairs): void {
    const [ext, int] = [this.#pairs(scope.get('ext')!), this.#pairs(scope.get('int')!)];
    const rf = this.#pairs(scope.get('rf')!);
    const fr = this.#difference(rf.inverse().then(co), this.#pairs(scope.get('id')!)) as Pairs;
    for (const [name, all] of [
      ['co', co],
      ['fr', fr],
    ] as const) {
      scope.set(name, all);
      scope.set(`${name}e`, this.#meet(all, ext));
      scope.set(`${name}i`, this.#meet(all, int));
    }
  }

  #options({ name, from }: CatStatement & { kind: 'with' }, scope: Scope): Iterable<CatValue> {
    if (name === 'co') {
      return this.#world.orders(this.#set(scope.get('W')!), this.#pairs(scope.get('co0')!));
    }
    const value = this.#value(from, scope);
    return value instanceof EventSet || value instanceof Pairs || value.kind !== 'choices'
      ? [value]
      : value.all;
  }

  #holds(check: CatStatement & { kind: 'check' }, scope: Scope): boolean {
    const value = this.#value(check.value, scope);
    const holds =
      check.test === 'empty'
        ? isEmpty(value)
        : check.test === 'acyclic'
          ? !this.#pairs(value).closed().hasLoop()
          : !this.#pairs(value).hasLoop();
    return holds !== check.isNegated;
  }

  #bind(
    scope: Scope,
    { isRecursive, bindings }: { isRecursive: boolean; bindings: readonly CatBinding[] },
  ): void {
    if (!isRecursive) {
      const values = bindings.map((binding) => this.#bound(binding, scope));
      const fixed = bindings.map(
        ({ parameters, value }) => parameters.length === 0 && this.#isFixed(value, scope),
      );
      bindings.forEach(({ name }, i) => {
        scope.set(name, values[i]!, fixed[i]);
      });
      return;
    }
    for (const { name } of bindings) scope.set(name, EMPTY);
    for (let changed = true; changed;) {
      changed = false;
      for (const { name, value } of bindings) {
        const now = this.#value(value, scope);
        if (!sameValue(scope.get(name)!, now)) changed = true;
        scope.set(name, now);
      }
    }
  }

  /** Functions of the models are called before a name that they use is bound again. */
  #bound({ parameters, value }: CatBinding, scope: Scope): CatValue {
    if (parameters.length === 0) return this.#value(value, scope);
    return {
      kind: 'closure',
      call: (args) => {
        const inner = new Scope(scope);
        parameters.forEach((parameter, i) => {
          inner.set(parameter, args[i] ?? EMPTY);
        });
        return this.#value(value, inner);
      },
    };
  }

  #isFixed(e: CatExpression, scope: Scope): boolean {
    const { isFixed: decided } = this.#world;
    const before = decided.get(e);
    if (before !== undefined) return before;
    const fixed = isFixed(e, scope);
    decided.set(e, fixed);
    return fixed;
  }

  #value(e: CatExpression, scope: Scope): CatValue {
    if (e.kind === 'name' || !this.#isFixed(e, scope)) return this.#compute(e, scope);
    const { known } = this.#world;
    const before = known.get(e);
    if (before !== undefined) return before;
    const value = this.#compute(e, scope);
    known.set(e, value);
    return value;
  }

  #compute(e: CatExpression, scope: Scope): CatValue {
    switch (e.kind) {
      case 'name': {
        const value = scope.get(e.name) ?? this.#native(e.name);
        if (value === undefined) throw new Error(`cat: unknown name ${e.name}`);
        return value;
      }
      case 'tag':
      case 'empty':
        return EMPTY;
      case 'set':
        return e.items
          .map((item) => this.#value(item, scope))
          .reduce((a, b) => this.#join(a, b), EMPTY);
      case 'unary':
        return this.#unary(e.operator, this.#value(e.operand, scope));
      case 'binary':
        return this.#binary(e.operator, this.#value(e.left, scope), this.#value(e.right, scope));
      case 'apply': {
        const callee = this.#value(e.callee, scope);
        if (!('kind' in callee) || callee.kind !== 'closure') throw new Error('cat: no function');
        return callee.call(e.args.map((arg) => this.#value(arg, scope)));
      }
      case 'try': {
        const { first } = e;
        const known = first.kind !== 'name' || scope.get(first.name) !== undefined;
        return this.#value(known ? first : e.second, scope);
      }
      case 'let': {
        const inner = new Scope(scope);
        this.#bind(inner, e);
        return this.#value(e.body, inner);
      }
    }
  }

  #native(name: string): CatValue | undefined {
    const natives: Readonly<Record<string, Native>> = {
      domain: ([r]) => EventSet.of(this.#world.size, (e) => !this.#pairs(r!).isAlone(e)),
      range: ([r]) => {
        const inverse = this.#pairs(r!).inverse();
        return EventSet.of(this.#world.size, (e) => !inverse.isAlone(e));
      },
      fencerel: ([s]) => {
        const po = this.#pairs(this.#world.names.get('po')!);
        return po.then(this.#identity(s!)).then(po);
      },
      singlestep: ([r]) => {
        const pairs = this.#pairs(r!);
        return this.#difference(pairs, pairs.then(pairs));
      },
      'different-values': ([r]) => {
        const pairs = this.#pairs(r!);
        const world = this.#world;
        return Pairs.of(world.size, (a, b) => pairs.has(a, b) && !world.sameValue(a, b));
      },
      map: ([f, over]) => {
        const { call } = f as Closure;
        return { kind: 'choices', all: elementsOf(over!).map((element) => call([element])) };
      },
      cross: ([choices]) => ({ kind: 'choices', all: this.#cross(choices as Choices) }),
    };
    const call = natives[name];
    return call === undefined ? undefined : { kind: 'closure', call };
  }

  /** One of each list, all joined. */
  #cross({ all }: Choices): CatValue[] {
    return all.reduce<CatValue[]>(
      (sums, list) => sums.flatMap((sum) => (list as Choices).all.map((v) => this.#join(sum, v))),
      [EMPTY],
    );
  }

  #unary(operator: string, operand: CatValue): CatValue {
    const { size } = this.#world;
    switch (operator) {
      case '~':
        if (operand instanceof Pairs) return Pairs.of(size, (a, b) => !operand.has(a, b));
        return EventSet.of(size, (e) => !this.#set(operand).has(e));
      case '[]':
        return this.#identity(operand);
      case '+':
        return this.#pairs(operand).closed();
      case '*':
        return this.#join(this.#pairs(operand).closed(), this.#everything());
      case '?':
        return this.#join(this.#pairs(operand), this.#everything());
      default:
        return this.#pairs(operand).inverse();
    }
  }

  #everything(): Pairs {
    return Pairs.of(this.#world.size, (a, b) => a === b);
  }

  #identity(value: CatValue): Pairs {
    const set = this.#set(value);
    return Pairs.of(this.#world.size, (a, b) => a === b && set.has(a));
  }

  #binary(operator: string, left: CatValue, right: CatValue): CatValue {
    switch (operator) {
      case '|':
      case '++':
        return this.#join(left, right);
      case ';':
        return this.#pairs(left).then(this.#pairs(right));
      case '\\':
        return this.#difference(left, right);
      case '&':
        return this.#meet(left, right);
      default: {
        const [from, to] = [this.#set(left), this.#set(right)];
        return Pairs.of(this.#world.size, (a, b) => from.has(a) && to.has(b));
      }
    }
  }

  #join(left: CatValue, right: CatValue): CatValue {
    if ('kind' in left && left.kind === 'empty') return alone(right, this.#world.size);
    if ('kind' in right && right.kind === 'empty') return alone(left, this.#world.size);
    return combine(alone(left, this.#world.size), alone(right, this.#world.size), (a, b) => a | b);
  }

  #meet(left: CatValue, right: CatValue): CatValue {
    if (isEmpty(left) || isEmpty(right)) return EMPTY;
    return combine(left, right, (a, b) => a & b);
  }

  #difference(left: CatValue, right: CatValue): CatValue {
    if (isEmpty(left) || isEmpty(right)) return left;
    return combine(left, right, (a, b) => a & ~b);
  }

  #set(value: CatValue): EventSet {
    if (value instanceof EventSet) return value;
    if ('kind' in value && value.kind === 'empty') return new EventSet(this.#world.size);
    throw new Error('cat: expected a set of events');
  }

  #pairs(value: CatValue): Pairs {
    if (value instanceof Pairs) return value;
    if ('kind' in value && value.kind === 'empty') return new Pairs(this.#world.size);
    throw new Error('cat: expected a relation');
  }
}
