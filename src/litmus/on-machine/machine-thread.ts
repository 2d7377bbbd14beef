/** Executes one thread of a litmus test on the view machine, one scheduling point at a time, tracking dependencies. */

import { SimulatorBug } from '../../errors.js';
import type { ViewMachine } from '../../view-machine/view-machine.js';
import {
  FENCE_MB,
  FENCE_RMB,
  FENCE_WMB,
  RMW_ADD_UNLESS,
  RMW_CMPXCHG,
  RMW_FULL,
} from '../../memory/model.js';
import type { CpuId } from '../../memory/struct.js';
import {
  type AddUnlessInstruction,
  type CmpxchgInstruction,
  type Expression,
  type FenceInstruction,
  type Instruction,
  type LitmusTest,
  type LitmusThread,
  type LoadInstruction,
  type RmwInstruction,
  type SourceSpan,
  type StoreInstruction,
} from '../syntax/ast.js';
import { IllegalOperation, isTrue } from '../axioms/arithmetic.js';
import {
  compute,
  LOAD_ORDERS,
  type MachineWords,
  NotOnMachine,
  operationOf,
  type PendingLoad,
  type PendingStore,
  refusal,
  RMW_ORDERS,
  STORE_ORDERS,
} from './machine-access.js';
import { NO_ROUNDS, type Rounds, type Step, stepsOf, takeJump } from '../syntax/steps.js';
import { evaluate, sourcesOf, union } from './machine-program.js';

const NONE: readonly number[] = [];

/** What a thread is in the middle of. */
type Phase = 'ready' | 'owes-fence' | 'in-grace-period';

/** One thread while a test runs. */
export class MachineThread {
  readonly #test: LitmusTest;
  readonly #thread: LitmusThread;
  readonly #machine: ViewMachine;
  readonly #words: MachineWords;
  readonly #cpu: CpuId;
  readonly #steps: readonly Step[];
  /** For each step, the machine's address that it always accesses, as far as that is known; 0 otherwise. */
  readonly #fixed: Int32Array;
  /** Values of the registers. */
  readonly registers: number[] = [];
  /** For each register, the reads its value came from. */
  readonly #sources: (readonly number[])[] = [];
  /** For each branch the thread is in, the reads that decided it and the branches around it, and the step it ends at. */
  readonly #control: { readonly join: number; readonly from: readonly number[] }[] = [];
  #rounds: Rounds = NO_ROUNDS;
  /** Read-side sections that the thread is in, by domain. */
  readonly #open: number[] = [];
  /** True once a loop was to go back more often than it may: the execution counts for nothing. */
  isCut = false;
  #at = 0;
  #phase: Phase;

  constructor(test: LitmusTest, thread: number, machine: ViewMachine, words: MachineWords) {
    this.#test = test;
    this.#thread = test.threads[thread] as LitmusThread;
    this.#machine = machine;
    this.#words = words;
    this.#cpu = thread as CpuId;
    this.#steps = stepsOf(test, thread);
    this.#fixed = new Int32Array(this.#steps.length);
    this.#phase = 'ready';
  }

  /** Back to the start. */
  reset(): void {
    this.#at = 0;
    this.#phase = 'ready';
    this.#control.length = 0;
    this.#rounds = NO_ROUNDS;
    this.#open.length = 0;
    this.isCut = false;
    for (const [i, { init }] of this.#thread.registers.entries()) {
      this.registers[i] = init;
      this.#sources[i] = NONE;
    }
    this.#skipLocal();
  }

  /** Whether the thread has nothing left to do. */
  get isDone(): boolean {
    return this.#at >= this.#steps.length;
  }

  /** The instruction that the thread's next step is, null if that is something else. */
  #next<K extends Instruction['kind']>(kind: K): Extract<Instruction, { kind: K }> | null {
    const step = this.#steps[this.#at];
    if (this.#phase !== 'ready' || step?.kind !== 'instruction') return null;
    const { instruction } = step;
    return instruction.kind === kind ? (instruction as Extract<Instruction, { kind: K }>) : null;
  }

  /** The load that the thread's next step is, null if that is something else. */
  pendingLoad(): PendingLoad | null {
    const load = this.#next('load');
    return load && { address: this.#address(load.address), into: load.into };
  }

  /** The store that the thread's next step is, null if that is something else. */
  pendingStore(): PendingStore | null {
    const store = this.#next('store');
    return store && { address: this.#address(store.address), word: this.#value(store.value) };
  }

  /** Run to the next scheduling point; false if the thread is blocked. */
  step(): boolean {
    if (this.#phase === 'in-grace-period' && !this.#machine.rcuEnd(this.#cpu)) return false;
    if (this.#phase === 'owes-fence') this.#machine.rmwEnd(this.#cpu);
    if (this.#phase !== 'ready') {
      this.#phase = 'ready';
      this.#advance();
      return true;
    }
    const step = this.#steps[this.#at] as Step & { kind: 'instruction' };
    if (!this.#execute(step.instruction)) return false;
    if ((this.#phase as Phase) === 'ready') this.#advance();
    return true;
  }

  #advance(): void {
    this.#goTo(this.#at + 1);
    this.#skipLocal();
  }

  /** Go on at a step; branches that end there are over. */
  #goTo(at: number): void {
    this.#at = at;
    while (this.#control.at(-1)?.join === at) this.#control.pop();
  }

  /** Run what touches no memory. */
  #skipLocal(): void {
    for (;;) {
      const step = this.#steps[this.#at];
      if (step === undefined) return;
      if (step.kind === 'instruction') {
        if (step.instruction.kind !== 'assign') return;
        const { into, value } = step.instruction;
        this.#set(into, this.#evaluate(value), sourcesOf(value, this.#sources));
        this.#goTo(this.#at + 1);
      } else if (step.kind === 'branch') this.#branch(step);
      else if (!this.#jump(step)) return;
    }
  }

  #branch({ condition, target, join }: Step & { kind: 'branch' }): void {
    const from = union(this.#controls(), sourcesOf(condition, this.#sources));
    const holds = isTrue(this.#evaluate(condition));
    this.#control.push({ join, from });
    this.#goTo(holds ? this.#at + 1 : target);
  }

  /** False if the loop may go back no more. */
  #jump(step: Step & { kind: 'jump' }): boolean {
    const rounds = takeJump(step, this.#at, this.#rounds);
    if (rounds === null) {
      this.isCut = true;
      this.#at = this.#steps.length;
      return false;
    }
    this.#rounds = rounds;
    this.#goTo(step.target);
    return true;
  }

  #controls(): readonly number[] {
    return this.#control.at(-1)?.from ?? NONE;
  }

  #set(register: number, value: number, sources: readonly number[]): void {
    this.registers[register] = value;
    this.#sources[register] = sources;
  }

  /** Statement of the step that the thread is at. */
  #statement(): SourceSpan {
    const step = this.#steps[this.#at];
    if (step?.kind === 'instruction') return step.instruction.at;
    return step?.at ?? { line: 1, column: 1, text: '' };
  }

  #evaluate(expression: Expression): number {
    try {
      return evaluate(expression, this.registers);
    } catch (error) {
      if (!(error instanceof IllegalOperation)) throw error;
      throw refusal(this.#test, this.#statement(), error);
    }
  }

  #address(expression: Expression): number {
    const fixed = this.#fixed[this.#at] as number;
    if (fixed > 0) return fixed;
    const address = this.#words.address(this.#evaluate(expression), this.#statement());
    const step = this.#steps[this.#at];
    if (step?.kind === 'instruction') this.#words.use(address, step.instruction);
    if (expression.kind === 'constant') this.#fixed[this.#at] = address;
    return address;
  }

  #depend(address: Expression, data: readonly number[], control = NONE): void {
    const controls = union(this.#controls(), control);
    this.#machine.depend(this.#cpu, sourcesOf(address, this.#sources), data, controls);
  }

  #of(expression: Expression): readonly number[] {
    return sourcesOf(expression, this.#sources);
  }

  #value(expression: Expression): number {
    return this.#words.toWord(this.#evaluate(expression));
  }

  /** The value just read or computed; it came from the CPU's access number `event` and from `also`. */
  #receive(into: number, word: number, event: number, also: readonly number[] = NONE): true {
    if (into >= 0) this.#set(into, this.#words.fromWord(word), union([event], also));
    return true;
  }

  #execute(i: Instruction): boolean {
    switch (i.kind) {
      case 'load':
        return this.#load(i);
      case 'store':
        return this.#store(i);
      case 'rmw':
        return this.#rmw(i);
      case 'cmpxchg':
        return this.#cmpxchg(i);
      case 'add-unless':
        return this.#addUnless(i);
      case 'fence':
        return this.#fence(i);
      case 'assign':
        throw new SimulatorBug('an assignment is no scheduling point');
      default:
        return this.#synchronise(i);
    }
  }

  #load(i: LoadInstruction): boolean {
    this.#depend(i.address, NONE);
    const word = this.#machine.load(this.#cpu, this.#address(i.address), LOAD_ORDERS[i.order]);
    return this.#receive(i.into, word, this.#machine.lastEvent(this.#cpu));
  }

  #store(i: StoreInstruction): boolean {
    this.#depend(i.address, this.#of(i.value));
    const [value, order] = [this.#value(i.value), STORE_ORDERS[i.order]];
    this.#machine.store(this.#cpu, this.#address(i.address), value, order);
    return true;
  }

  #rmw(i: RmwInstruction): boolean {
    this.#depend(i.address, this.#of(i.operand));
    const [op, operand] = operationOf(i, this.#value(i.operand));
    const address = this.#address(i.address);
    const old = this.#machine.rmw(this.#cpu, address, op, operand, 0, RMW_ORDERS[i.order]);
    this.#requireNumbers(i, old, operand);
    const event = this.#machine.lastEvent(this.#cpu) - 1;
    if (i.result === 'old') this.#receive(i.into, old, event);
    if (i.result === 'new') {
      this.#receive(i.into, compute(op, old, operand), event, this.#of(i.operand));
    }
    if (i.order === 'full') this.#phase = 'owes-fence';
    return true;
  }

  /** The machine computes with words; for pointers and large numbers these are only names. */
  #requireNumbers({ operation, at }: RmwInstruction, ...words: readonly number[]): void {
    if (operation === 'set' || words.every((word) => !this.#words.isNamed(word))) return;
    throw new NotOnMachine(this.#test, at, 'the machine computes in memory with numbers only');
  }

  #cmpxchg(i: CmpxchgInstruction): boolean {
    this.#depend(i.address, this.#of(i.replacement), this.#of(i.expected));
    const expected = this.#value(i.expected);
    const replacement = this.#value(i.replacement);
    const old = this.#conditional(i, RMW_CMPXCHG, replacement, expected, RMW_ORDERS[i.order]);
    return this.#receive(i.into, old.word, old.event);
  }

  #addUnless(i: AddUnlessInstruction): boolean {
    this.#depend(i.address, this.#of(i.addend), this.#of(i.unless));
    const unless = this.#value(i.unless);
    const addend = this.#value(i.addend);
    const old = this.#conditional(i, RMW_ADD_UNLESS, addend, unless, RMW_FULL);
    return this.#receive(i.into, old.word === unless ? 0 : 1, old.event, this.#of(i.unless));
  }

  #conditional(
    { address }: { address: Expression },
    op: number,
    operand: number,
    expected: number,
    order: number,
  ): { word: number; event: number } {
    const machine = this.#machine;
    const word = machine.rmw(this.#cpu, this.#address(address), op, operand, expected, order);
    const succeeded = (word === expected) === (op === RMW_CMPXCHG);
    if (succeeded && order === RMW_FULL) this.#phase = 'owes-fence';
    return { word, event: machine.lastEvent(this.#cpu) - (succeeded ? 1 : 0) };
  }

  #fence(i: FenceInstruction): boolean {
    if (i.fence === 'barrier') return true;
    const kind = i.fence === 'rmb' ? FENCE_RMB : i.fence === 'wmb' ? FENCE_WMB : FENCE_MB;
    this.#machine.fence(this.#cpu, kind);
    return true;
  }

  #synchronise(
    i: Exclude<
      Instruction,
      { kind: 'load' | 'store' | 'rmw' | 'cmpxchg' | 'add-unless' | 'fence' }
    >,
  ): boolean {
    const machine = this.#machine;
    const cpu = this.#cpu;
    switch (i.kind) {
      case 'lock':
        return machine.lock(cpu, this.#address(i.address));
      case 'unlock':
        this.#words.unlock(machine, cpu, this.#address(i.address), i.at);
        return true;
      case 'trylock':
        return this.#trylock(this.#address(i.address), i.into);
      case 'is-locked':
        return this.#load({ ...i, kind: 'load', order: 'once' });
      case 'srcu-lock':
        this.#set(i.into, i.cookie, NONE);
        return this.#enter(this.#address(i.address));
      case 'srcu-unlock':
        return this.#leave(this.#address(i.address), i);
      case 'rcu-lock':
        return this.#enter(0);
      case 'rcu-unlock':
        return this.#leave(0, i);
      case 'synchronize-rcu':
        return this.#gracePeriod(0);
      case 'synchronize-srcu':
        return this.#gracePeriod(this.#address(i.address));
      case 'assign':
        throw new SimulatorBug('an assignment is no scheduling point');
    }
  }

  /** Enter a read-side section of RCU, or of an SRCU domain by its address. */
  #enter(domain: number): boolean {
    this.#open[domain] = (this.#open[domain] ?? 0) + 1;
    this.#machine.rcuReadLock(this.#cpu, domain);
    return true;
  }

  #leave(domain: number, { at }: Instruction): boolean {
    const open = this.#open[domain] ?? 0;
    if (open === 0) throw new NotOnMachine(this.#test, at, 'the end of a section that is not open');
    this.#open[domain] = open - 1;
    this.#machine.rcuReadUnlock(this.#cpu, domain);
    return true;
  }

  #trylock(address: number, into: number): boolean {
    const machine = this.#machine;
    machine.depend(this.#cpu, NONE, NONE, NONE);
    const taken = machine.trylock(this.#cpu, address);
    const event = machine.lastEvent(this.#cpu) - (taken ? 1 : 0);
    return this.#receive(into, taken ? 1 : 0, event);
  }

  #gracePeriod(domain: number): boolean {
    this.#machine.rcuStart(this.#cpu, domain);
    this.#phase = 'in-grace-period';
    return true;
  }
}
