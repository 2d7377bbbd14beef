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
  SourceSpan,
  SrcuInstruction,
  StoreInstruction,
} from '../syntax/ast.js';
import { stepsOf, takeJump, type Step } from '../syntax/steps.js';
import type { Rules } from '../model.js';
import { IllegalOperation, isTrue, UndeterminedValue } from './arithmetic.js';
import {
  EV,
  isOrdinaryWrite,
  readClass,
  writeClass,
  type Trace,
  type TraceEvent,
} from './event.js';
import {
  after,
  decided,
  FIXED,
  join,
  moved,
  NONE,
  originOfRead,
  PartialRun,
  START,
  type Dependencies,
  type Evaluated,
  type Position,
} from './partial-run.js';
import type { Places } from './places.js';
import { decisionOf, type Decide, type RmwDecision } from './rmw-decision.js';

/** Values that a read of `location` may return from elsewhere: other threads and the initial state. */
export interface ReadDomain {
  /** Values that other threads may write. An instruction that writes what it reads, for the
   * `writes`th time in this run, asks for those it has no part in. */
  foreign(location: LocationId, reader: Instruction, writes: number): readonly number[];
  /** False when no more traces are wanted: time is up. */
  proceed(): boolean;
}

const LOAD_CLASSES = { plain: EV.plain, once: 0, acquire: EV.acquire } as const;
const STORE_CLASSES = { plain: EV.plain, once: 0, release: EV.release } as const;

/** A path up to a statement that cannot be executed, or up to the end of a loop that has used up its rounds. */
export interface FaultyTrace extends Pick<Trace, 'thread' | 'events'> {
  readonly kind: 'fault' | 'cut';
  readonly at: SourceSpan;
  readonly problem: string;
}

/** What all events of one instruction have in common. */
interface Target {
  readonly location: LocationId;
  readonly addr: Dependencies;
  readonly ctrl: Dependencies;
  readonly at: SourceSpan;
}

/** An event that nothing is computed for. Written out, as all events are: copying their members would take as long as the rest. */
function eventOf({ location, addr, ctrl, at }: Target, classes: number, value: number): TraceEvent {
  return {
    classes,
    location,
    value,
    addr,
    data: NONE,
    ctrl,
    needs: null,
    at,
    closesRmw: false,
    writer: null,
  };
}

/** A write of `writer`. */
function writeOf(
  { location, addr, at }: Target,
  classes: number,
  { value, from: data, needs }: Pick<Evaluated, 'value' | 'from' | 'needs'>,
  ctrl: Dependencies,
  writer: Instruction,
): TraceEvent {
  const closesRmw = (classes & EV.rmw) !== 0;
  return { classes, location, value, addr, data, ctrl, needs, at, closesRmw, writer };
}

/** Enumerates the traces of one thread. */
export class TraceEnumerator {
  readonly #test: LitmusTest;
  readonly #thread: number;
  readonly #places: Places;
  readonly #domain: ReadDomain;
  readonly #rules: Rules;
  readonly #steps: readonly Step[];
  readonly #loops: boolean;
  readonly #traces: Trace[] = [];
  /** Ends of paths that do what a test must not do, provided that the values which they read are possible. */
  readonly faults: FaultyTrace[] = [];

  constructor(test: LitmusTest, thread: number, places: Places, domain: ReadDomain, rules: Rules) {
    this.#test = test;
    this.#thread = thread;
    this.#places = places;
    this.#domain = domain;
    this.#rules = rules;
    this.#steps = stepsOf(test, thread);
    this.#loops = this.#steps.some((step, i) => step.kind === 'jump' && step.target <= i);
  }

  /** All traces that come to an end; others are in {@link faults}. */
  enumerate(): Trace[] {
    const thread = this.#test.threads[this.#thread];
    if (thread === undefined) return [];
    const values = thread.registers.map(({ init }) => init);
    const run = new PartialRun(
      values,
      values.map(() => FIXED),
      [],
      [],
    );
    this.#run(run, START);
    return this.#traces;
  }

  #run(run: PartialRun, start: Position): void {
    let here = start;
    while (here.at < this.#steps.length) {
      const step = this.#steps[here.at];
      if (step === undefined) break;
      const next = this.#next(run, step, here);
      if (next === undefined) return;
      here = next;
    }
    const { events, fences, values } = run;
    this.#traces.push({ thread: this.#thread, events, fences, registers: values });
  }

  /** Execute a step; undefined if the run ended or went on in forks. */
  #next(run: PartialRun, step: Step, here: Position): Position | undefined {
    if (step.kind === 'jump') {
      const rounds = takeJump(step, here.at, here.rounds);
      if (rounds !== null) return moved(here, step.target, rounds);
      this.#endsAt(run, 'cut', step.at, 'a loop went on');
      return undefined;
    }
    const { at } = step.kind === 'branch' ? step : step.instruction;
    return this.#attempt(run, at, () => {
      if (step.kind === 'instruction') {
        return this.#step(run, step.instruction, here) ? after(here) : undefined;
      }
      const { value, from } = run.evaluate(step.condition);
      return decided(here, step, isTrue(value), from);
    });
  }

  #endsAt(run: PartialRun, kind: FaultyTrace['kind'], at: SourceSpan, problem: string): void {
    this.faults.push({ kind, thread: this.#thread, events: run.events, at, problem });
  }

  /** What `action` returns; undefined if it computes what has no value, which is a fault, or what no value is known of. */
  #attempt<T>(run: PartialRun, at: SourceSpan, action: () => T): T | undefined {
    try {
      return action();
    } catch (error) {
      if (error instanceof UndeterminedValue) return undefined;
      if (!(error instanceof IllegalOperation)) throw error;
      this.#endsAt(run, 'fault', at, error.message);
      return undefined;
    }
  }

  /** Execute one instruction; false if the run ended or went on in forks. */
  #step(run: PartialRun, instruction: Instruction, here: Position): boolean {
    const { at } = instruction;
    switch (instruction.kind) {
      case 'assign': {
        const evaluated = run.evaluate(instruction.value);
        run.set(instruction.into, evaluated.value, evaluated);
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
        return this.#load(run, instruction, here);
      case 'store':
        return this.#store(run, instruction, here.ctrl);
      case 'rmw':
      case 'cmpxchg':
      case 'add-unless':
        return this.#readModifyWrite(run, instruction, here);
      default:
        return this.#domainOperation(run, instruction, here);
    }
  }

  #mark(run: PartialRun, { at }: Instruction, classes: number): boolean {
    run.events.push(eventOf({ location: -1, addr: NONE, ctrl: NONE, at }, classes, 0));
    return true;
  }

  /** Locks and SRCU: their address is a lock or a domain. */
  #domainOperation(
    run: PartialRun,
    instruction: Instruction & { kind: `${string}lock` | 'is-locked' | `${string}srcu` },
    here: Position,
  ): boolean {
    if (!('address' in instruction)) return true;
    const common = this.#target(run, instruction.address, here.ctrl, instruction.at);
    switch (instruction.kind) {
      case 'lock':
        this.#takeLock(run, common);
        return true;
      case 'unlock':
        run.events.push(eventOf(common, EV.write | EV.unlock | EV.release, 0));
        return true;
      case 'trylock':
      case 'is-locked':
        this.#lockTest(run, instruction.kind, instruction.into, common, here);
        return false;
      case 'srcu-lock':
        return this.#srcuLock(run, instruction, common, here);
      case 'srcu-unlock': {
        const cookie = run.evaluate(instruction.cookie);
        const classes = EV.srcuUnlock | (this.#rules.srcuByValue ? EV.write : 0);
        run.events.push(writeOf(common, classes, cookie, here.ctrl, instruction));
        return true;
      }
      case 'synchronize-srcu':
        run.events.push(eventOf(common, EV.srcuSync, 0));
        return true;
    }
  }

  /** A mark with a value of its own, or a read of the domain that any index may come from: {@link Rules}. */
  #srcuLock(
    run: PartialRun,
    instruction: SrcuInstruction & { kind: 'srcu-lock' },
    common: Target,
    here: Position,
  ): boolean {
    const { into, cookie } = instruction;
    if (!this.#rules.srcuByValue) {
      run.set(into, cookie, FIXED);
      run.events.push(eventOf(common, EV.srcuLock, cookie));
      return true;
    }
    return this.#guess(run, common.location, instruction, here, (fork, value) => {
      fork.set(into, value, originOfRead(fork.events.length));
      fork.events.push(eventOf(common, EV.read | EV.srcuLock, value));
    });
  }

  #takeLock(run: PartialRun, common: Target): void {
    run.events.push(eventOf(common, EV.read | EV.lockRead | EV.acquire, 0));
    run.events.push({ ...eventOf(common, EV.write | EV.lockWrite, 1), closesRmw: true });
  }

  /** trylock and spin_is_locked(): both answers are tried. */
  #lockTest(
    run: PartialRun,
    kind: 'trylock' | 'is-locked',
    into: number,
    common: Target,
    here: Position,
  ): void {
    const no = run.fork();
    const from = { from: [run.events.length], needs: NONE, copyOf: -1 };
    if (kind === 'trylock') this.#takeLock(run, common);
    else run.events.push(eventOf(common, EV.read | EV.isLocked, 1));
    run.set(into, 1, from);
    this.#run(run, after(here));
    const classes = EV.read | (kind === 'trylock' ? EV.lockFail : EV.isUnlocked);
    no.events.push(eventOf(common, classes, kind === 'trylock' ? 1 : 0));
    no.set(into, 0, from);
    this.#run(no, after(here));
  }

  #load(run: PartialRun, instruction: LoadInstruction, here: Position): boolean {
    const { at, into, order, address } = instruction;
    const common = this.#target(run, address, here.ctrl, at);
    const classes = EV.read | LOAD_CLASSES[order];
    return this.#guess(run, common.location, instruction, here, (fork, value) => {
      fork.set(into, value, originOfRead(fork.events.length));
      fork.events.push(eventOf(common, classes, value));
    });
  }

  #store(run: PartialRun, instruction: StoreInstruction, ctrl: Dependencies): boolean {
    const common = this.#target(run, instruction.address, ctrl, instruction.at);
    const value = run.evaluate(instruction.value);
    const classes = EV.write | STORE_CLASSES[instruction.order];
    run.events.push(writeOf(common, classes, value, ctrl, instruction));
    return true;
  }

  /** Read, then write what is decided; a failure is a relaxed read alone, in the set RMW all the same. */
  #readModifyWrite(
    run: PartialRun,
    instruction: RmwInstruction | CmpxchgInstruction | AddUnlessInstruction,
    here: Position,
  ): boolean {
    const decide = decisionOf(run, instruction);
    const { at } = instruction;
    const common = this.#target(run, instruction.address, here.ctrl, at);
    return this.#guess(run, common.location, instruction, here, (fork, value) => {
      const read = eventOf(common, EV.read | EV.rmw, value);
      const decision = this.#decision(fork, decide, read);
      if (decision === null) {
        fork.events.push(read);
        return;
      }
      const { order, stored, data, needs, wanted, ctrl } = decision;
      const mb = (): unknown =>
        fork.fences.push({ kind: 'mb', before: fork.events.length, at, ofRmw: true });
      if (order === 'full') mb();
      const reads = EV.read | EV.rmw | readClass(order);
      fork.events.push({ ...read, classes: reads, needs: wanted });
      const written = { value: stored, from: data, needs };
      const classes = EV.write | EV.rmw | writeClass(order);
      fork.events.push(writeOf(common, classes, written, join(here.ctrl, ctrl), instruction));
      if (order === 'full') mb();
    });
  }

  /** What is decided. Where that has no value, the read has happened all the same: a path to a fault needs a write to read from. */
  #decision(run: PartialRun, decide: Decide, read: TraceEvent): RmwDecision | null {
    try {
      return decide(run, read.value);
    } catch (error) {
      run.events.push(read);
      throw error;
    }
  }

  /** Continue with every value that a read of `location` may return. Returns false: the run went on in forks. */
  #guess(
    run: PartialRun,
    location: LocationId,
    reader: Instruction,
    here: Position,
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
      if (done === true) this.#run(fork, after(here));
    });
    return false;
  }

  /** The last own write, or the initial value before any; and what other threads may write. */
  #readable(run: PartialRun, location: LocationId, reader: Instruction): number[] {
    let own = this.#test.locations[location]?.init ?? 0;
    for (const event of run.events) {
      if (event.location === location && isOrdinaryWrite(event.classes)) own = event.value;
    }
    return [
      ...new Set([
        own,
        ...this.#domain.foreign(location, reader, this.#loops ? run.writesOf(reader) : 0),
      ]),
    ];
  }

  #target(run: PartialRun, address: Expression, ctrl: Dependencies, at: SourceSpan): Target {
    const { value, from } = run.evaluate(address);
    return { location: this.#places.locationOf(value), addr: from, ctrl, at };
  }
}
