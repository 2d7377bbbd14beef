/** A race on real threads: one thread for each CPU, the same bodies as they were compiled, again and again. */

import { pathToFileURL } from 'node:url';
import { UsageError } from '../errors.js';
import { createNativeCpu, type MemoryKind as NativeKind } from '../memory/backend.js';
import type { CpuContext } from '../memory/cpu.js';
import { Ablation, type SiteId } from '../memory/sites.js';
import type { CpuId } from '../memory/struct.js';
import type { Ending, RaceScenario, TraceEvent } from '../scenario/declare.js';
import type { ScenarioReference } from './config.js';

/** Words of the control block: arrivals at the barrier, its generation, length of the trace. */
const ARRIVED = 0;
const GENERATION = 1;
const TRACED = 2;
const HEADER = 3;
/** Numbers of trace events that one execution may leave. */
const TRACE_WORDS = 5000;
/** Turns of a spin wait at the barrier before the thread sleeps. */
const SPIN_TURNS = 2000;
/** Longest sleep at the barrier, so that a thread whose partner died does not wait for ever. */
const WAIT_MS = 10_000;

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
  readonly memory: WebAssembly.Memory;
  readonly control: SharedArrayBuffer;
  readonly executions: number;
}

/** Load a scenario as it was compiled, for threads. @throws UsageError when it needs more than threads give */
export async function loadNativeRace({ file, name }: ScenarioReference): Promise<RaceScenario> {
  const module = (await import(pathToFileURL(file).href)) as Record<string, unknown>;
  const scenario = Object.values(module).find(
    (value) => (value as { name?: unknown } | null)?.name === name,
  ) as RaceScenario;
  const machine = scenario.build();
  if (machine.interrupt ?? machine.prepare) {
    throw new UsageError(
      `${name} needs a booted kernel and interrupts, which threads of a bare race do not have: use stress`,
    );
  }
  return scenario;
}

class Rendezvous {
  readonly #words: Int32Array;
  readonly #cpus: number;

  constructor(words: Int32Array, cpus: number) {
    this.#words = words;
    this.#cpus = cpus;
  }

  /** Wait until all threads are here. */
  wait(): void {
    const words = this.#words;
    const generation = Atomics.load(words, GENERATION);
    if (Atomics.add(words, ARRIVED, 1) + 1 === this.#cpus) {
      Atomics.store(words, ARRIVED, 0);
      Atomics.add(words, GENERATION, 1);
      Atomics.notify(words, GENERATION);
      return;
    }
    for (let turn = 0; turn < SPIN_TURNS; turn++) {
      if (Atomics.load(words, GENERATION) !== generation) return;
    }
    if (Atomics.wait(words, GENERATION, generation, WAIT_MS) === 'timed-out') {
      throw new UsageError('a CPU of the race did not reach its end on real threads');
    }
  }
}

/** Be one CPU of a race. CPU 0 prepares and judges each execution. Returns its counts, those of others are empty. */
export async function runRaceThread(task: RaceThreadTask): Promise<Record<string, number>> {
  const scenario = await loadNativeRace(task.scenario);
  const machine = scenario.build();
  const words = new Int32Array(task.memory.buffer);
  const control = new Int32Array(task.control);
  const image = new Int32Array(machine.map.words);
  machine.init?.(image);
  const cpu = createNativeCpu(task.kind, task.cpu as CpuId, machine.ctx as CpuContext, {
    words,
    memory: task.memory,
    localBase: machine.localBase,
    ablation: new Ablation(task.ablated as readonly SiteId[]),
    weak: { seed: task.seed },
    trace: (event, a, b, c) => {
      const at = HEADER + (Atomics.add(control, TRACED, 5) % (TRACE_WORDS - 4));
      control.set([task.cpu, event, a, b, c], at);
    },
  });
  const body = machine.bodies[task.cpu];
  const all = new Rendezvous(control, task.cpus);
  const counts: Record<string, number> = {};
  for (let i = 0; i < task.executions; i++) {
    if (task.cpu === 0) {
      words.set(image);
      Atomics.store(control, TRACED, 0);
    }
    cpu.current = machine.current?.[task.cpu] ?? 0;
    all.wait();
    // The memory was written behind the backend's back: nothing read before counts.
    cpu.smpMb();
    body?.(cpu);
    cpu.quiesce();
    all.wait();
    if (task.cpu === 0) countEnding(scenario, words, control, counts);
  }
  return counts;
}

function countEnding(
  scenario: RaceScenario,
  words: Int32Array,
  control: Int32Array,
  counts: Record<string, number>,
): void {
  const traced = [...control.subarray(HEADER, HEADER + Atomics.load(control, TRACED))];
  const ending: Ending = {
    read: (addr) => Atomics.load(words, addr),
    traced,
    get events(): TraceEvent[] {
      return Array.from({ length: traced.length / 5 }, (_, i) => {
        const [cpu = 0, event = 0, a = 0, b = 0, c = 0] = traced.slice(5 * i, 5 * i + 5);
        return { cpu: cpu as CpuId, event, a, b, c };
      });
    },
  };
  const key = scenario.observe(ending);
  counts[key] = (counts[key] ?? 0) + 1;
}
