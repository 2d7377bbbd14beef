/** Enumerates the traces of a thread: its paths, for every value its reads may return. */
import type {
  AddUnlessInstruction,
  CmpxchgInstruction,
  Expression,
  Instruction,
  LitmusTest,
  LoadInstruction,
  LocationId,
  RmwInstruction,
  RmwOrder,
  SourceSpan,
  SrcuInstruction,
  Statement,
  StoreInstruction,
} from '../syntax/ast.js';
import type { Rules } from '../model.js';
import {
  applyOperator,
  applyRmw,
  areEqual,
  IllegalOperation,
  isTrue,
  UndeterminedValue,
} from './arithmetic.js';
import {
  EV,
  isOrdinaryWrite,
  readClass,
  writeClass,
  type Trace,
  type TraceEvent,
} from './event.js';
import { join, NONE, PartialRun, type Dependencies, type Frame } from './partial-run.js';
import type { Places } from './places.js';

/** Values that a read of `location` may return from elsewhere: other threads and the initial state. */
export interface ReadDomain {
  /** Values that other threads may write. An instruction that writes what it reads asks for those it has no part in. */
  foreign(location: LocationId, reader: Instruction): readonly number[];
  /** False when no more traces are wanted: time is up. */
  proceed(): boolean;
}

const LOAD_CLASSES = { plain: EV.plain, once: 0, acquire: EV.acquire } as const;
const STORE_CLASSES = { plain: EV.plain, once: 0, release: EV.release } as const;

/** A path up to a statement that cannot be executed. */
export interface FaultyTrace extends Pick<Trace, 'thread' | 'events'> {
  readonly at: SourceSpan;
  readonly problem: string;
}

/** Enumerates the traces of one thread. */
export class TraceEnumerator {
  readonly #test: LitmusTest;
  readonly #thread: number;
  readonly #places: Places;
  readonly #domain: ReadDomain;
  readonly #rules: Rules;
  readonly #traces: Trace[] = [];
  /** Where paths end that do what a test must not do, if the values that they read are real. */
  readonly faults: FaultyTrace[] = [];

  constructor(test: LitmusTest, thread: number, places: Places, domain: ReadDomain, rules: Rules) {
    this.#test = test;
    this.#thread = thread;
    this.#places = places;
    this.#domain = domain;
    this.#rules = rules;
  }

  /** All traces that come to an end; others are in {@link faults}. */
  enumerate(): Trace[] {
    const thread = this.#test.threads[this.#thread];
    if (thread === undefined) return [];
    const values = thread.registers.map(({ init }) => init);
    const run = new PartialRun(
      values,
      values.map(() => NONE),
      [],
      [],
    );
    this.#run(run, { statements: thread.body, index: 0, ctrl: NONE, next: null });
    return this.#traces;
  }

  #run(run: PartialRun, start: Frame): void {
    let frame: Frame | null = start;
    while (frame !== null) {
      const statement: Statement | undefined = frame.statements[frame.index];
      if (statement === undefined) {
        frame = frame.next;
        continue;
      }
      const next = this.#attempt(run, statement.at, () => this.#next(run, statement, frame));
      if (next === undefined) return;
      frame = next;
    }
    const { events, fences, values } = run;
    this.#traces.push({ thread: this.#thread, events, fences, registers: values });
  }

  /** Execute `statement`, the next one of `frame`; undefined if the run ended or went on in forks. */
  #next(run: PartialRun, statement: Statement, frame: Frame | null): Frame | undefined {
    if (frame === null) return undefined;
    const rest: Frame = { ...frame, index: frame.index + 1 };
    if (statement.kind !== 'if') return this.#step(run, statement, rest) ? rest : undefined;
    const { value, from } = run.evaluate(statement.condition);
    const statements = isTrue(value) ? statement.then : statement.otherwise;
    return { statements, index: 0, ctrl: join(frame.ctrl, from), next: rest };
  }

  /** What `action` returns; undefined if it computes what has no value, which is a fault, or what no value is known of. */
  #attempt<T>(run: PartialRun, at: SourceSpan, action: () => T): T | undefined {
    try {
      return action();
    } catch (error) {
      if (error instanceof UndeterminedValue) return undefined;
      if (!(error instanceof IllegalOperation)) throw error;
      const { events } = run;
      this.faults.push({ thread: this.#thread, events, at, problem: error.message });
      return undefined;
    }
  }

  /** Execute one instruction; false if the run ended or went on in forks. */
  #step(run: PartialRun, instruction: Instruction, rest: Frame): boolean {
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

  #mark(run: PartialRun, { at }: Instruction, classes: number): boolean {
    this.#push(run, { classes, location: -1, value: 0, at });
    return true;
  }

  /** Locks and SRCU: their address is a lock or a domain. */
  #domainOperation(
    run: PartialRun,
    instruction: Instruction & { kind: `${string}lock` | 'is-locked' | `${string}srcu` },
    rest: Frame,
  ): boolean {
    if (!('address' in instruction)) return true;
    const { at, address } = instruction;
    const common = { ...this.#target(run, address), at, ctrl: rest.ctrl };
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
    run: PartialRun,
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
    });
  }

  #takeLock(
    run: PartialRun,
    common: Partial<TraceEvent> & Pick<TraceEvent, 'location' | 'at'>,
  ): void {
    const read = EV.read | EV.lockRead | EV.acquire;
    this.#push(run, { ...common, classes: read, value: 0 });
    const write = EV.write | EV.lockWrite;
    this.#push(run, { ...common, classes: write, value: 1, closesRmw: true });
  }

  /** trylock and spin_is_locked(): both answers are tried. */
  #lockTest(
    run: PartialRun,
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

  #load(run: PartialRun, instruction: LoadInstruction, rest: Frame): boolean {
    const { location, addr } = this.#target(run, instruction.address);
    const classes = EV.read | LOAD_CLASSES[instruction.order];
    const { at, into } = instruction;
    return this.#guess(run, location, instruction, rest, (fork, value) => {
      fork.set(into, value, [fork.events.length]);
      this.#push(fork, { classes, location, value, addr, ctrl: rest.ctrl, at });
    });
  }

  #store(run: PartialRun, instruction: StoreInstruction, ctrl: Dependencies): boolean {
    const target = this.#target(run, instruction.address);
    const { value, from } = run.evaluate(instruction.value);
    const classes = EV.write | STORE_CLASSES[instruction.order];
    const { at } = instruction;
    this.#push(run, { classes, ...target, value, data: from, ctrl, at, writer: instruction });
    return true;
  }

  #rmw(run: PartialRun, instruction: RmwInstruction, rest: Frame): boolean {
    const { operation, order, result, into } = instruction;
    const operand = run.evaluate(instruction.operand);
    return this.#readModifyWrite(run, instruction, rest, (fork, old) => {
      const stored = applyRmw(operation, old, operand.value);
      const read = [fork.events.length];
      const data = operation === 'set' ? operand.from : join(operand.from, read);
      if (result === 'old') fork.set(into, old, read);
      if (result === 'new') fork.set(into, stored, join(operand.from, read));
      return { order, stored, data, ctrl: NONE };
    });
  }

  #cmpxchg(run: PartialRun, instruction: CmpxchgInstruction, rest: Frame): boolean {
    const expected = run.evaluate(instruction.expected);
    const replacement = run.evaluate(instruction.replacement);
    return this.#readModifyWrite(run, instruction, rest, (fork, old) => {
      fork.set(instruction.into, old, [fork.events.length]);
      if (!areEqual(old, expected.value)) return null;
      const { value: stored, from: data } = replacement;
      return { order: instruction.order, stored, data, ctrl: expected.from };
    });
  }

  #addUnless(run: PartialRun, instruction: AddUnlessInstruction, rest: Frame): boolean {
    const addend = run.evaluate(instruction.addend);
    const unless = run.evaluate(instruction.unless);
    return this.#readModifyWrite(run, instruction, rest, (fork, old) => {
      const read = [fork.events.length];
      const added = !areEqual(old, unless.value);
      fork.set(instruction.into, Number(added), join(read, unless.from));
      if (!added) return null;
      const stored = applyOperator('+', old, addend.value);
      return { order: 'full', stored, data: join(addend.from, read), ctrl: unless.from };
    });
  }

  /** Read, then write what `decide` says; null is a failure: a relaxed read alone, in the set RMW all the same. */
  #readModifyWrite(
    run: PartialRun,
    instruction: RmwInstruction | CmpxchgInstruction | AddUnlessInstruction,
    rest: Frame,
    decide: (fork: PartialRun, old: number) => RmwDecision | null,
  ): boolean {
    const target = this.#target(run, instruction.address);
    const { at } = instruction;
    const common = { ...target, ctrl: rest.ctrl, at };
    return this.#guess(run, target.location, instruction, rest, (fork, value) => {
      const decision = decide(fork, value);
      if (decision === null) {
        this.#push(fork, { ...common, classes: EV.read | EV.rmw, value });
        return;
      }
      const { order, stored, data, ctrl } = decision;
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
        ctrl: join(rest.ctrl, ctrl),
        closesRmw: true,
        writer: instruction,
      });
      if (order === 'full') mb();
    });
  }

  /** Continue with every value that a read of `location` may return. Returns false: the run went on in forks. */
  #guess(
    run: PartialRun,
    location: LocationId,
    reader: Instruction,
    rest: Frame,
    then: (fork: PartialRun, value: number) => void,
  ): boolean {
    const values = this.#readable(run, location, reader);
    values.forEach((value, i) => {
      if (!this.#domain.proceed()) return;
      const fork = i === values.length - 1 ? run : run.fork();
      const done = this.#attempt(fork, reader.at, () => {
        then(fork, value);
        return true;
      });
      if (done === true) this.#run(fork, rest);
    });
    return false;
  }

  /** The last own write, or the initial value before any; and what other threads may write. */
  #readable(run: PartialRun, location: LocationId, reader: Instruction): number[] {
    let own = this.#test.locations[location]?.init ?? 0;
    for (const event of run.events) {
      if (event.location === location && isOrdinaryWrite(event.classes)) own = event.value;
    }
    return [...new Set([own, ...this.#domain.foreign(location, reader)])];
  }

  #target(run: PartialRun, address: Expression): { location: number; addr: Dependencies } {
    const { value, from } = run.evaluate(address);
    return { location: this.#places.locationOf(value), addr: from };
  }

  #push(
    run: PartialRun,
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
  /** What decided that there is a write. */
  readonly ctrl: Dependencies;
}
