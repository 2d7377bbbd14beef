/** Enumerates the traces of a thread: its paths, for every value its reads may return. */
import {
  locationOf,
  type AddUnlessInstruction,
  type CmpxchgInstruction,
  type Expression,
  type Instruction,
  type LitmusTest,
  type LoadInstruction,
  type LocationId,
  type RmwInstruction,
  type RmwOrder,
  type SrcuInstruction,
  type Statement,
  type StoreInstruction,
} from '../syntax/ast.js';
import { applyOperator, applyRmw } from './arithmetic.js';
import type { Rules } from '../model.js';
import { EV, type Trace, type TraceEvent, type TraceFence } from './event.js';

/** Reads that a value came from: event indices, ascending. */
type Dependencies = readonly number[];

const NONE: Dependencies = [];

function join(a: Dependencies, b: Dependencies): Dependencies {
  if (a.length === 0) return b;
  if (b.length === 0) return a;
  return [...new Set([...a, ...b])].sort((x, y) => x - y);
}

/** What is left to run: statements from `index` on under the branches that `ctrl` decided, then `next`. */
interface Frame {
  readonly statements: readonly Statement[];
  readonly index: number;
  readonly ctrl: Dependencies;
  readonly next: Frame | null;
}

interface Evaluated {
  readonly value: number;
  readonly from: Dependencies;
}

/** The state of one partial run of a thread. */
class Run {
  readonly values: number[];
  readonly from: Dependencies[];
  readonly events: TraceEvent[];
  readonly fences: TraceFence[];

  constructor(values: number[], from: Dependencies[], events: TraceEvent[], fences: TraceFence[]) {
    this.values = values;
    this.from = from;
    this.events = events;
    this.fences = fences;
  }

  fork(): Run {
    return new Run([...this.values], [...this.from], [...this.events], [...this.fences]);
  }

  evaluate(expression: Expression): Evaluated {
    if (expression.kind === 'constant') return { value: expression.value, from: NONE };
    if (expression.kind === 'register') {
      const { register } = expression;
      return { value: this.values[register] ?? 0, from: this.from[register] ?? NONE };
    }
    const left = this.evaluate(expression.left);
    const right = this.evaluate(expression.right);
    return {
      value: applyOperator(expression.operator, left.value, right.value),
      from: join(left.from, right.from),
    };
  }

  set(register: number, value: number, from: Dependencies): void {
    if (register < 0) return;
    this.values[register] = value;
    this.from[register] = from;
  }
}

/** Values that a read of `location` may return from elsewhere: other threads and the initial state. */
export interface ReadDomain {
  /** Values that other threads may write. An instruction that writes what it reads asks for those it has no part in. */
  foreign(location: LocationId, reader: Instruction): readonly number[];
  /** False when no more traces are wanted: time is up. */
  proceed(): boolean;
}

const LOAD_CLASSES = { plain: EV.plain, once: 0, acquire: EV.acquire } as const;
const STORE_CLASSES = { plain: EV.plain, once: 0, release: EV.release } as const;

/** Enumerates the traces of one thread. */
export class TraceEnumerator {
  readonly #test: LitmusTest;
  readonly #thread: number;
  readonly #domain: ReadDomain;
  readonly #rules: Rules;
  readonly #traces: Trace[] = [];

  constructor(test: LitmusTest, thread: number, domain: ReadDomain, rules: Rules) {
    this.#test = test;
    this.#thread = thread;
    this.#domain = domain;
    this.#rules = rules;
  }

  /** All traces. A path that follows a pointer to nowhere, as a wrong guess may, is dropped. */
  enumerate(): Trace[] {
    const thread = this.#test.threads[this.#thread];
    if (thread === undefined) return [];
    const values = thread.registers.map(({ init }) => init);
    const run = new Run(
      values,
      values.map(() => NONE),
      [],
      [],
    );
    this.#run(run, { statements: thread.body, index: 0, ctrl: NONE, next: null });
    return this.#traces;
  }

  #run(run: Run, start: Frame): void {
    let frame: Frame | null = start;
    while (frame !== null) {
      const statement: Statement | undefined = frame.statements[frame.index];
      if (statement === undefined) {
        frame = frame.next;
        continue;
      }
      const { ctrl } = frame;
      const rest: Frame = { ...frame, index: frame.index + 1 };
      if (statement.kind === 'if') {
        const { value, from } = run.evaluate(statement.condition);
        const statements = value !== 0 ? statement.then : statement.otherwise;
        frame = { statements, index: 0, ctrl: join(ctrl, from), next: rest };
        continue;
      }
      if (!this.#step(run, statement, rest)) return;
      frame = rest;
    }
    const { events, fences, values } = run;
    this.#traces.push({ thread: this.#thread, events, fences, registers: values });
  }

  /** Execute one instruction; false if the run ended or went on in forks. */
  #step(run: Run, instruction: Instruction, rest: Frame): boolean {
    const { at } = instruction;
    switch (instruction.kind) {
      case 'assign': {
        const { value, from } = run.evaluate(instruction.value);
        run.set(instruction.into, value, from);
        return true;
      }
      case 'fence':
        run.fences.push({ kind: instruction.fence, before: run.events.length, at });
        return true;
      case 'rcu-lock':
        return this.#mark(run, instruction, EV.rcuLock);
      case 'rcu-unlock':
        return this.#mark(run, instruction, EV.rcuUnlock);
      case 'synchronize-rcu':
        return this.#mark(run, instruction, EV.rcuSync);
      case 'load':
        return this.#load(run, instruction, rest);
      case 'store':
        return this.#store(run, instruction, rest.ctrl);
      case 'rmw':
        return this.#rmw(run, instruction, rest);
      case 'cmpxchg':
        return this.#cmpxchg(run, instruction, rest);
      case 'add-unless':
        return this.#addUnless(run, instruction, rest);
      default:
        return this.#domainOperation(run, instruction, rest);
    }
  }

  #mark(run: Run, { at }: Instruction, classes: number): boolean {
    this.#push(run, { classes, location: -1, value: 0, at });
    return true;
  }

  /** Locks and SRCU: their address is a lock or a domain. */
  #domainOperation(
    run: Run,
    instruction: Instruction & { kind: `${string}lock` | 'is-locked' | `${string}srcu` },
    rest: Frame,
  ): boolean {
    if (!('address' in instruction)) return true;
    const { at, address } = instruction;
    const target = this.#target(run, address);
    if (target === null) return false;
    const { location, addr } = target;
    const common = { location, addr, at, ctrl: rest.ctrl };
    switch (instruction.kind) {
      case 'lock':
        this.#takeLock(run, common);
        return true;
      case 'unlock':
        this.#push(run, { ...common, classes: EV.write | EV.unlock | EV.release, value: 0 });
        return true;
      case 'trylock':
      case 'is-locked':
        this.#lockTest(run, instruction.kind, instruction.into, common, rest);
        return false;
      case 'srcu-lock':
        return this.#srcuLock(run, instruction, common, rest);
      case 'srcu-unlock': {
        const { value, from } = run.evaluate(instruction.cookie);
        const store = this.#rules.srcuByValue ? EV.write : 0;
        const classes = EV.srcuUnlock | store;
        this.#push(run, { ...common, classes, value, data: from, writer: instruction });
        return true;
      }
      case 'synchronize-srcu':
        this.#push(run, { ...common, classes: EV.srcuSync, value: 0 });
        return true;
    }
  }

  /** A mark with a value of its own, or a read of the domain that any index may come from: {@link Rules}. */
  #srcuLock(
    run: Run,
    instruction: SrcuInstruction & { kind: 'srcu-lock' },
    common: Pick<TraceEvent, 'location' | 'addr' | 'ctrl' | 'at'>,
    rest: Frame,
  ): boolean {
    const { into, cookie } = instruction;
    if (!this.#rules.srcuByValue) {
      run.set(into, cookie, NONE);
      this.#push(run, { ...common, classes: EV.srcuLock, value: cookie });
      return true;
    }
    return this.#guess(run, common.location, instruction, rest, (fork, value) => {
      fork.set(into, value, [fork.events.length]);
      this.#push(fork, { ...common, classes: EV.read | EV.srcuLock, value });
      return true;
    });
  }

  #takeLock(run: Run, common: Partial<TraceEvent> & Pick<TraceEvent, 'location' | 'at'>): void {
    const read = EV.read | EV.lockRead | EV.acquire;
    this.#push(run, { ...common, classes: read, value: 0 });
    const write = EV.write | EV.lockWrite;
    this.#push(run, { ...common, classes: write, value: 1, closesRmw: true });
  }

  /** trylock and spin_is_locked(): both answers are tried. */
  #lockTest(
    run: Run,
    kind: 'trylock' | 'is-locked',
    into: number,
    common: Partial<TraceEvent> & Pick<TraceEvent, 'location' | 'at'>,
    rest: Frame,
  ): void {
    const no = run.fork();
    const from = [run.events.length];
    if (kind === 'trylock') this.#takeLock(run, common);
    else this.#push(run, { ...common, classes: EV.read | EV.isLocked, value: 1 });
    run.set(into, 1, from);
    this.#run(run, rest);
    const classes = EV.read | (kind === 'trylock' ? EV.lockFail : EV.isUnlocked);
    this.#push(no, { ...common, classes, value: kind === 'trylock' ? 1 : 0 });
    no.set(into, 0, from);
    this.#run(no, rest);
  }

  #load(run: Run, instruction: LoadInstruction, rest: Frame): boolean {
    const target = this.#target(run, instruction.address);
    if (target === null) return false;
    const { location, addr } = target;
    const classes = EV.read | LOAD_CLASSES[instruction.order];
    const { at, into } = instruction;
    return this.#guess(run, location, instruction, rest, (fork, value) => {
      fork.set(into, value, [fork.events.length]);
      this.#push(fork, { classes, location, value, addr, ctrl: rest.ctrl, at });
      return true;
    });
  }

  #store(run: Run, instruction: StoreInstruction, ctrl: Dependencies): boolean {
    const target = this.#target(run, instruction.address);
    if (target === null) return false;
    const { value, from } = run.evaluate(instruction.value);
    const classes = EV.write | STORE_CLASSES[instruction.order];
    const { at } = instruction;
    this.#push(run, { classes, ...target, value, data: from, ctrl, at, writer: instruction });
    return true;
  }

  #rmw(run: Run, instruction: RmwInstruction, rest: Frame): boolean {
    const { operation, order, result, into } = instruction;
    const operand = run.evaluate(instruction.operand);
    return this.#readModifyWrite(run, instruction, rest, (fork, old) => {
      const stored = applyRmw(operation, old, operand.value);
      const read = [fork.events.length];
      const data = operation === 'set' ? operand.from : join(operand.from, read);
      if (result === 'old') fork.set(into, old, read);
      if (result === 'new') fork.set(into, stored, join(operand.from, read));
      return { order, stored, data };
    });
  }

  #cmpxchg(run: Run, instruction: CmpxchgInstruction, rest: Frame): boolean {
    const expected = run.evaluate(instruction.expected);
    const replacement = run.evaluate(instruction.replacement);
    return this.#readModifyWrite(run, instruction, rest, (fork, old) => {
      fork.set(instruction.into, old, [fork.events.length]);
      if (old !== expected.value) return null;
      const data = join(replacement.from, expected.from);
      return { order: instruction.order, stored: replacement.value, data };
    });
  }

  #addUnless(run: Run, instruction: AddUnlessInstruction, rest: Frame): boolean {
    const addend = run.evaluate(instruction.addend);
    const unless = run.evaluate(instruction.unless);
    return this.#readModifyWrite(run, instruction, rest, (fork, old) => {
      const read = [fork.events.length];
      const added = old !== unless.value;
      fork.set(instruction.into, Number(added), join(read, unless.from));
      if (!added) return null;
      return { order: 'full', stored: old + addend.value, data: join(addend.from, read) };
    });
  }

  /** Read, then write what `decide` says; null means a plain failure: a relaxed read alone. */
  #readModifyWrite(
    run: Run,
    instruction: RmwInstruction | CmpxchgInstruction | AddUnlessInstruction,
    rest: Frame,
    decide: (fork: Run, old: number) => RmwDecision | null,
  ): boolean {
    const target = this.#target(run, instruction.address);
    if (target === null) return false;
    const { at } = instruction;
    const common = { ...target, ctrl: rest.ctrl, at };
    return this.#guess(run, target.location, instruction, rest, (fork, value) => {
      const decision = decide(fork, value);
      if (decision === null) {
        this.#push(fork, { ...common, classes: EV.read, value });
        return true;
      }
      const { order, stored, data } = decision;
      const mb = (): unknown =>
        fork.fences.push({ kind: 'mb', before: fork.events.length, at, ofRmw: true });
      if (order === 'full') mb();
      this.#push(fork, { ...common, classes: EV.read | EV.rmw | readClass(order), value });
      const classes = EV.write | EV.rmw | writeClass(order);
      this.#push(fork, {
        ...common,
        classes,
        value: stored,
        data,
        closesRmw: true,
        writer: instruction,
      });
      if (order === 'full') mb();
      return true;
    });
  }

  /** Continue with every value that a read of `location` may return. Returns false: the run went on in forks. */
  #guess(
    run: Run,
    location: LocationId,
    reader: Instruction,
    rest: Frame,
    then: (fork: Run, value: number) => boolean,
  ): boolean {
    const values = this.#readable(run, location, reader);
    values.forEach((value, i) => {
      if (!this.#domain.proceed()) return;
      const fork = i === values.length - 1 ? run : run.fork();
      if (then(fork, value)) this.#run(fork, rest);
    });
    return false;
  }

  /** The last own write, or the initial value before any; and what other threads may write. */
  #readable(run: Run, location: LocationId, reader: Instruction): number[] {
    let own = this.#test.locations[location]?.init ?? 0;
    for (const event of run.events) {
      if (event.location === location && (event.classes & EV.write) !== 0) own = event.value;
    }
    return [...new Set([own, ...this.#domain.foreign(location, reader)])];
  }

  #target(run: Run, address: Expression): { location: number; addr: Dependencies } | null {
    const { value, from } = run.evaluate(address);
    const location = locationOf(this.#test, value);
    return location < 0 ? null : { location, addr: from };
  }

  #push(
    run: Run,
    event: Partial<TraceEvent> & Pick<TraceEvent, 'classes' | 'location' | 'value' | 'at'>,
  ): void {
    run.events.push({
      addr: NONE,
      data: NONE,
      ctrl: NONE,
      closesRmw: false,
      writer: null,
      ...event,
    });
  }
}

interface RmwDecision {
  readonly order: RmwOrder;
  readonly stored: number;
  readonly data: Dependencies;
}

function readClass(order: RmwOrder): number {
  if (order === 'acquire') return EV.acquire;
  if (order === 'full') return EV.mb;
  return order === 'void' ? EV.noReturn : 0;
}

function writeClass(order: RmwOrder): number {
  if (order === 'release') return EV.release;
  return order === 'full' ? EV.mb : 0;
}
