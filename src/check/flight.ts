/** The flight recorder: the last events of every CPU, in the order in which they happened. */

import { KERNEL_TRACE_NAMES, TRACE_MARK } from '../kernel/trace.js';
import { TASK } from '../kernel/task.js';
import { KLP_TRACE_NAMES } from '../livepatch/trace.js';
import { MACHINE, MACHINE_BASE } from '../memory/local.js';
import type { Addr, CpuId } from '../memory/struct.js';
import { FLIGHT_EVENT, FLIGHT_EVENTS, type CheckLayout } from './layout.js';

/** Writes the events of one CPU; only that CPU's thread may use it. */
export class FlightRecorder {
  readonly #words: Int32Array;
  readonly #base: Addr;
  #next = 0;

  constructor(words: Int32Array, layout: CheckLayout, cpu: CpuId) {
    this.#words = words;
    this.#base = layout.flight + cpu * FLIGHT_EVENTS * FLIGHT_EVENT.size;
  }

  /** Record an event; returns its place in the machine-wide order. */
  record(event: number, task: Addr, a: number, b: number, c: number): number {
    const words = this.#words;
    const seq = Atomics.add(words, MACHINE_BASE + MACHINE.traceSeq, 1) + 1;
    const at = this.#base + this.#next * FLIGHT_EVENT.size;
    this.#next = (this.#next + 1) % FLIGHT_EVENTS;
    words[at + FLIGHT_EVENT.event] = event;
    words[at + FLIGHT_EVENT.task] = task;
    words[at + FLIGHT_EVENT.a] = a;
    words[at + FLIGHT_EVENT.b] = b;
    words[at + FLIGHT_EVENT.c] = c;
    words[at + FLIGHT_EVENT.seq] = seq;
    return seq;
  }
}

/** An event, ready to be shown. */
export interface FlightEvent {
  readonly seq: number;
  readonly cpu: number;
  /** Task that was current. */
  readonly task: string;
  readonly name: string;
  readonly detail: string;
}

/** Name of a task for people: `comm:pid`. */
export function taskName(
  words: Int32Array,
  layout: Pick<CheckLayout, 'kernel'>,
  task: Addr,
): string {
  const { kernel } = layout;
  const end = kernel.tasks + kernel.taskCount * kernel.taskStride;
  if (task < kernel.tasks || task >= end || (task - kernel.tasks) % kernel.taskStride !== 0) {
    return `task@${task}`;
  }
  const comm = kernel.names[words[task + TASK.comm] ?? 0] ?? '?';
  return `${comm}:${words[task + TASK.pid] ?? 0}`;
}

/** Words as people read them: tasks and addresses by name, small numbers as they are. */
export function wordsText(words: Int32Array, layout: CheckLayout, args: readonly number[]): string {
  const { kernel, map } = layout;
  const end = kernel.tasks + kernel.taskCount * kernel.taskStride;
  const shown = args.map((value) => {
    if (value >= kernel.tasks && value < end) return taskName(words, layout, value);
    if (value <= 4096) return String(value);
    const name = map.nameOf(value);
    return name.startsWith('0x') ? String(value) : name;
  });
  return shown.join(' ');
}

/** Code that runs, as a mark holds it. */
export const markText = (mark: number): string =>
  `version ${mark >> 16} of function ${mark & 0xffff}`;

function detailOf(
  words: Int32Array,
  layout: CheckLayout,
  event: number,
  args: readonly number[],
): string {
  if (event !== TRACE_MARK) return wordsText(words, layout, args);
  const [task = 0, mark = 0] = args;
  return `${taskName(words, layout, task)} ${markText(mark)}`;
}

/**
 * The last events of all CPUs.
 *
 * @param upTo last place in the order that is wanted; default all
 * @param most how many events at the most, the newest ones
 */
export function readFlight(
  words: Int32Array,
  layout: CheckLayout,
  upTo = Infinity,
  most = 200,
): FlightEvent[] {
  const events: { seq: number; cpu: number; at: Addr }[] = [];
  for (let cpu = 0; cpu < layout.kernel.cpus; cpu++) {
    for (let i = 0; i < FLIGHT_EVENTS; i++) {
      const at = layout.flight + (cpu * FLIGHT_EVENTS + i) * FLIGHT_EVENT.size;
      const seq = words[at + FLIGHT_EVENT.seq] ?? 0;
      if (seq > 0 && seq <= upTo) events.push({ seq, cpu, at });
    }
  }
  events.sort((x, y) => x.seq - y.seq);
  return events.slice(-most).map(({ seq, cpu, at }) => {
    const event = words[at + FLIGHT_EVENT.event] ?? 0;
    const args = [FLIGHT_EVENT.a, FLIGHT_EVENT.b, FLIGHT_EVENT.c].map((o) => words[at + o] ?? 0);
    return {
      seq,
      cpu,
      task: taskName(words, layout, words[at + FLIGHT_EVENT.task] ?? 0),
      name: KERNEL_TRACE_NAMES[event] ?? KLP_TRACE_NAMES[event] ?? `event ${event}`,
      detail: detailOf(words, layout, event, args),
    };
  });
}
