/** Executes a token's schedule and writes down everything that a page or a trace of it shows. */

import { orderingOf } from '../../catalog/orderings.js';
import { CHOOSE_READ, CHOOSE_WRITE } from '../../memory/model.js';
import type { EventLog } from '../../view-machine/log.js';
import { tasksOfEvent } from '../../scenario/task-name.js';
import type { CpuState } from '../engine/cpu-state.js';
import { ACCESS_WAITED, OPERATIONS } from '../engine/operations.js';
import { Recorder, type StoryStep } from '../engine/recorder.js';
import { decisiveSteps } from './decisive.js';
import type { Session } from '../engine/session.js';
import type { Schedule } from '../engine/schedule.js';
import { CHOOSE_EARLY, CHOOSE_INTERRUPT, CHOOSE_SLEEPER } from '../engine/strategy.js';
import { DataFlow } from './data-flow.js';
import type { MissingOrder, RecordedStep, Recording, StepKind } from './recording.js';
import { excerptsOf } from './sources.js';
import { decodeToken } from './token.js';

/** Kinds of the operations whose name does not say it. */
const KINDS: Readonly<Record<string, StepKind>> = {
  spinLock: 'lock',
  spinTrylock: 'lock',
  spinUnlock: 'unlock',
  smpMb: 'fence',
  smpRmb: 'fence',
  smpWmb: 'fence',
  xchg: 'update',
  cmpxchg: 'update',
  fetchAdd: 'update',
  atomicAdd: 'update',
  setBit: 'update',
  clearBit: 'update',
  testAndSetBit: 'update',
  testAndClearBit: 'update',
  read: 'read',
  readOnce: 'read',
  loadAcquire: 'read',
  testBit: 'read',
  rcuDereference: 'read',
  get: 'read',
  peek: 'read',
  write: 'write',
  writeOnce: 'write',
  storeRelease: 'write',
  rcuAssignPointer: 'write',
  set: 'write',
};

const WAITS: ReadonlySet<string> = new Set(
  OPERATIONS.filter(({ access }) => access === ACCESS_WAITED).map(({ name }) => name),
);

function kindOf(step: StoryStep): StepKind {
  if (step.name.startsWith('trace ')) return 'event';
  const known = KINDS[step.name];
  if (known !== undefined) return known;
  return WAITS.has(step.name) || step.name.endsWith('(held)') ? 'wait' : 'local';
}

/** A recorder that also notes how much the memory had logged, and which task each CPU executes. */
export class FlowRecorder extends Recorder {
  /** Events in the memory's log after each step. */
  readonly logged: number[] = [];
  readonly tasks: number[] = [];
  readonly events: (readonly [number, number, number, number] | undefined)[] = [];
  readonly #log: EventLog | undefined;

  constructor(newest: (addr: number) => number, log: EventLog | undefined) {
    super(newest);
    this.#log = log;
  }

  override operation(cpu: CpuState, code: number, addr: number, value: number): void {
    super.operation(cpu, code, addr, value);
    this.#note(cpu);
  }

  override event(cpu: CpuState, event: number, a: number, b: number, c: number): void {
    super.event(cpu, event, a, b, c);
    this.#note(cpu, [event, a, b, c]);
  }

  #note(cpu: CpuState, event?: readonly [number, number, number, number]): void {
    this.logged.push(this.#log?.length ?? 0);
    this.tasks.push(cpu.registers.current);
    this.events.push(event);
  }
}

/** What a recording cannot know by itself. */
export interface RecordOptions {
  /** Command that replays the token. */
  readonly command: string;
  /** Removed sites that the finding needs; default: all that are removed. */
  readonly needed?: readonly number[];
}

/**
 * Record the execution that a token holds.
 *
 * @param session of the token's scenario and memory, made with `log: true`
 */
export function record(session: Session, token: string, options: RecordOptions): Recording {
  const { execution, scenario, prepared } = session;
  const { schedule, memory } = decodeToken(token);
  session.replay(schedule); // It may show that data races have to be looked for.
  const { verdict, recorder, builder, steps } = written(session, schedule);
  const blocked = execution.cpus
    .filter((cpu) => cpu.waiting !== 0)
    .map(({ id }) => ({
      cpu: id,
      stack: recorder.steps.findLast((step) => step.cpu === id)?.stack ?? [],
    }));
  const { map } = prepared.machine;
  const words = Object.fromEntries(
    [...builder.touched]
      .sort((a, b) => a - b)
      .map((addr) => [addr, { name: map.nameOf(addr), initial: prepared.image[addr] ?? 0 }]),
  );
  return {
    scenario: scenario.name,
    description: scenario.description,
    memory,
    token,
    command: options.command,
    verdict,
    cpus: execution.cpus.length,
    tasks: builder.tasks,
    named: builder.named,
    words,
    stacks: builder.stacks,
    steps,
    sources: excerptsOf(builder.stacks),
    missing: missingOrders(recorder.steps, options.needed),
    blocked,
  };
}

function written(session: Session, schedule: Schedule) {
  const { execution } = session;
  const recorder = new FlowRecorder((addr) => execution.read(addr), session.log);
  execution.attach(recorder);
  try {
    const verdict = session.replay(schedule);
    const builder = new Builder(session, recorder);
    return { verdict, recorder, builder, steps: builder.steps() };
  } finally {
    execution.detach(recorder);
  }
}

/** The steps of one execution, with what each read from, and the stacks that they name by number. */
export function recordSteps(
  session: Session,
  schedule: Schedule,
): Pick<Recording, 'steps' | 'stacks'> {
  const { steps, builder } = written(session, schedule);
  return { steps, stacks: builder.stacks };
}

function missingOrders(
  steps: readonly StoryStep[],
  needed: readonly number[] | undefined,
): MissingOrder[] {
  const effective = [...new Set(steps.flatMap(({ ablated }) => ablated))];
  return effective
    .filter((site) => needed === undefined || needed.includes(site))
    .map((id) => {
      const { kernel, claim } = orderingOf(id);
      return { site: `O-${String(id).padStart(2, '0')}`, kernel, claim };
    });
}

/** An execution whose steps are written down. */
export type Recorded = Pick<Session, 'execution' | 'prepared' | 'log'>;

/** Makes the steps of a recording, sharing stacks and task names between them. */
export class Builder {
  readonly stacks: string[][] = [];
  readonly tasks: { name: string; addr: number }[] = [];
  /** Names of the tasks that events are about. */
  readonly named: Record<number, string> = {};
  readonly touched = new Set<number>();
  readonly #stackIds = new Map<string, number>();
  /** Where each CPU was last: it is still there when its wait ends. */
  readonly #lastStack = new Map<number, readonly string[]>();
  readonly #taskIds = new Map<number, number>();
  readonly #session: Recorded;
  readonly #recorder: FlowRecorder;

  constructor(session: Recorded, recorder: FlowRecorder) {
    this.#session = session;
    this.#recorder = recorder;
  }

  steps(): RecordedStep[] {
    const { steps, logged, events } = this.#recorder;
    const flow = new DataFlow(this.#session.log);
    const decisive = decisiveSteps(steps);
    return steps.map((step, i) => {
      const kind = kindOf(step);
      if (step.addr !== 0) this.touched.add(step.addr);
      const event = events[i];
      for (const task of event === undefined ? [] : tasksOfEvent(event)) this.#name(task);
      const weak = weakness(step);
      const newest = step.name === 'set' ? step.value : step.newest;
      return {
        cpu: step.cpu,
        position: step.step,
        kind,
        name: step.name,
        addr: step.addr,
        value: step.value,
        newest,
        ...flow.next(i, { ...step, newest }, kind, logged[i] ?? 0),
        ...(weak === undefined ? {} : { weak }),
        ablated: step.ablated,
        ...(event === undefined ? {} : { event }),
        task: this.#task(this.#recorder.tasks[i] ?? 0),
        stack: this.#stack(step),
        isDecisive: decisive.has(i),
      };
    });
  }

  #stack({ cpu, stack: own }: StoryStep): number {
    const stack = own.length > 0 ? own : (this.#lastStack.get(cpu) ?? []);
    this.#lastStack.set(cpu, stack);
    const key = stack.join('\n');
    let id = this.#stackIds.get(key);
    if (id === undefined) {
      id = this.stacks.push([...stack]) - 1;
      this.#stackIds.set(key, id);
    }
    return id;
  }

  #task(addr: number): number {
    if (addr === 0) return -1;
    let id = this.#taskIds.get(addr);
    if (id === undefined) {
      id = this.tasks.push({ name: this.#name(addr), addr }) - 1;
      this.#taskIds.set(addr, id);
    }
    return id;
  }

  #name(addr: number): string {
    const { execution, prepared } = this.#session;
    return (this.named[addr] ??= prepared.machine.nameOfTask?.(execution, addr) ?? `task@${addr}`);
  }
}

function weakness({ choices }: StoryStep): string | undefined {
  const choice = choices.find(({ value }) => value !== 0);
  if (choice === undefined) return undefined;
  switch (choice.kind) {
    case CHOOSE_READ:
      return `old value ${choice.value} of ${choice.n - 1}`;
    case CHOOSE_WRITE:
      return 'takes effect before a store that others see later';
    case CHOOSE_SLEEPER:
      return 'not the one that sleeps longest';
    case CHOOSE_EARLY:
      return 'without a wake-up';
    case CHOOSE_INTERRUPT:
      return 'after an interrupt';
    default:
      return 'fails';
  }
}
