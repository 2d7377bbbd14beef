/** Runs a scenario on real threads, again and again: one thread for each CPU, with the bodies as compiled. */

import { pathToFileURL } from 'node:url';
import { UsageError } from '../errors.js';
import { createNativeCpu, type MemoryKind as NativeKind } from '../memory/backend.js';
import type { CpuContext } from '../memory/cpu.js';
import { Ablation, type SiteId } from '../memory/sites.js';
import type { CpuId } from '../memory/struct.js';
import { ATOMIC_SLEEP, AtomicSleep, KernelFault, MachineStopped } from '../memory/fault.js';
import type { NativeCpu } from '../memory/native.js';
import type { Ending, Machine, Scenario, TraceEvent } from '../scenario/declare.js';
import { EVENT_NUMBERS, EventTrace } from '../scenario/event-trace.js';
import type { ScenarioReference } from '../scenario/reference.js';
import {
  NativeTurn,
  OVER_BY_ATOMIC_SLEEP,
  OVER_BY_DEADLOCK,
  OVER_BY_FINDING,
  OVER_BY_OOPS,
  TURN,
} from './native-turn.js';
import type { WasmMemory } from '../memory/wasm-memory.js';
import { Rendezvous, RENDEZVOUS_WORDS } from './rendezvous.js';
import { loadReplaced } from './replaced-modules.js';

/** Words of the control block: those of the barrier, length of the trace, two for stopping, and the words of a turn. */
const TRACED = RENDEZVOUS_WORDS;
/** Request to end the race, and what CPU 0 has told the others about it. */
const STOP = 3;
const LAST = 4;
const TURN_WORDS = 5;
const HEADER = TURN_WORDS + TURN.size;
/** Numbers of trace events that one execution may leave; those of whole machines leave thousands. */
const TRACE_WORDS = 500_000;

/** Words that a control block has. */
export const CONTROL_WORDS = HEADER + TRACE_WORDS;

/** What one thread of a race is told. */
export interface RaceThreadTask {
  readonly scenario: ScenarioReference;
  readonly cpu: number;
  readonly cpus: number;
  readonly kind: NativeKind;
  readonly seed: number;
  readonly ablated: readonly number[];
  readonly memory: WasmMemory;
  readonly control: SharedArrayBuffer;
  readonly executions: number;
  /** The scenario is of the catalogue. Default false. */
  readonly isOwn?: boolean;
  /** Memory that every execution starts from, made by the explorer: it executes the preparation of the machine. */
  readonly image: SharedArrayBuffer;
}

/** Load a scenario as it was compiled, for threads. Its `klp-smp` is this package, also where no `node_modules` has one. */
export async function loadNative({ file, name }: ScenarioReference): Promise<Scenario> {
  loadReplaced({ with: '', sources: {} });
  const module = (await import(pathToFileURL(file).href)) as Record<string, unknown>;
  return Object.values(module).find(
    (value) => (value as { name?: unknown } | null)?.name === name,
  ) as Scenario;
}

/** Whether a machine needs nothing but its bodies: no clock, no interrupts, no preparation. */
export function isBare(machine: Machine): boolean {
  return (
    (machine.interrupt ?? machine.prepare ?? machine.busyTime ?? machine.haltEnds) === undefined
  );
}

/** Ask the threads of a race to end before their next execution. */
export function stopRace(control: SharedArrayBuffer): void {
  Atomics.store(new Int32Array(control), STOP, 1);
}

/** One CPU of an execution after the other, on the CPU's thread. */
class RaceThread {
  readonly #task: RaceThreadTask;
  readonly #machine: Machine;
  readonly #words: Int32Array;
  readonly #control: Int32Array;
  readonly #turn: NativeTurn;

  constructor(task: RaceThreadTask, machine: Machine) {
    this.#task = task;
    this.#machine = machine;
    this.#words = new Int32Array(task.memory.buffer);
    this.#control = new Int32Array(task.control);
    const turn = this.#control.subarray(TURN_WORDS, HEADER);
    this.#turn = new NativeTurn(this.#words, turn, machine);
  }

  /** A CPU as it is switched on. */
  createCpu(execution: number): NativeCpu {
    const { task, machine } = { task: this.#task, machine: this.#machine };
    const id = task.cpu as CpuId;
    const checks = machine.concurrentChecks?.listen(this.#words, id, {
      onFinding: () => this.#turn.end(OVER_BY_FINDING),
      quiesce: () => cpu.quiesce(),
    });
    const cpu: NativeCpu = createNativeCpu(task.kind, id, machine.ctx as CpuContext, {
      words: this.#words,
      memory: task.memory,
      localBase: machine.localBase,
      isChecked: task.isOwn !== true,
      ablation: new Ablation(task.ablated as readonly SiteId[]),
      weak: { seed: task.seed + execution * task.cpus },
      trace: (event, a, b, c) => {
        const at = Atomics.add(this.#control, TRACED, EVENT_NUMBERS);
        if (at + EVENT_NUMBERS <= TRACE_WORDS) {
          this.#control.set([task.cpu, event, a, b, c], HEADER + at);
        }
        checks?.(event, a, b, c);
      },
    });
    this.#turn.listenTo(cpu);
    return cpu;
  }

  /** Begin another execution; by CPU 0, while no CPU executes. */
  reset(image: Int32Array): void {
    this.#words.set(image);
    Atomics.store(this.#control, TRACED, 0);
    this.#turn.reset();
  }

  /** Execute a body that ends. */
  executeBare(cpu: NativeCpu): void {
    this.#start(cpu);
    try {
      this.#machine.bodies[this.#task.cpu]?.(cpu);
    } catch (error) {
      if (!(error instanceof MachineStopped)) throw error;
    }
    cpu.quiesce();
    this.#turn.leave(cpu);
  }

  /** Execute until the machine has come to its end. */
  executeWhole(cpu: NativeCpu): void {
    this.#turn.equip(cpu);
    try {
      this.#start(cpu);
      this.#machine.bodies[this.#task.cpu]?.(cpu);
      this.#turn.restAtEnd(cpu);
    } catch (error) {
      if (error instanceof MachineStopped) return;
      if (!(error instanceof KernelFault)) throw error;
      this.#turn.end(error instanceof AtomicSleep ? OVER_BY_ATOMIC_SLEEP : OVER_BY_OOPS);
    }
  }

  #start(cpu: NativeCpu): void {
    cpu.current = this.#machine.current?.[this.#task.cpu] ?? 0;
    // The memory was written without the backend's knowledge: values that it read before are no longer valid.
    cpu.smpMb();
  }

  /** What the execution that has just ended showed. */
  outcome(scenario: Scenario): string {
    if (this.#turn.reason === OVER_BY_OOPS) return 'oops';
    if (this.#turn.reason === OVER_BY_ATOMIC_SLEEP) return ATOMIC_SLEEP;
    if (this.#turn.reason === OVER_BY_DEADLOCK) return 'deadlock';
    const [found] = this.#machine.concurrentChecks?.findings(this.#words) ?? [];
    return found?.key ?? scenario.observe(endingOf(this.#words, this.#control), this.#machine);
  }
}

/** Be one CPU of a race. CPU 0 prepares and judges each execution. Returns its counts; those of others are empty. */
export async function runRaceThread(task: RaceThreadTask): Promise<Record<string, number>> {
  const scenario = await loadNative(task.scenario);
  const machine = scenario.build();
  const image = new Int32Array(task.image);
  // The hooks of a machine learn here where its preparation left off; what they write is in the image already.
  machine.settle?.(image.slice());
  const thread = new RaceThread(task, machine);
  const bare = isBare(machine);
  const control = new Int32Array(task.control);
  const all = new Rendezvous(control, task.cpus);
  const counts: Record<string, number> = {};
  let cpu = thread.createCpu(0);
  for (let i = 0; i < task.executions; i++) {
    if (task.cpu === 0) thread.reset(image);
    if (!bare) cpu = thread.createCpu(i);
    if (task.cpu === 0) Atomics.store(control, LAST, Atomics.load(control, STOP));
    all.wait();
    if (Atomics.load(control, LAST) !== 0) break;
    if (bare) thread.executeBare(cpu);
    else thread.executeWhole(cpu);
    all.wait();
    if (task.cpu !== 0) continue;
    const key = thread.outcome(scenario);
    counts[key] = (counts[key] ?? 0) + 1;
  }
  return counts;
}

function endingOf(words: Int32Array, control: Int32Array): Ending {
  const length = Atomics.load(control, TRACED);
  if (length > TRACE_WORDS) throw new UsageError('an execution leaves too many trace events');
  const traced = new EventTrace([...control.subarray(HEADER, HEADER + length)]);
  return {
    read: (addr) => Atomics.load(words, addr),
    traced,
    get events(): TraceEvent[] {
      return traced.list();
    },
  };
}
