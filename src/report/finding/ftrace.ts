/** A recording in the kernel's textual trace format, as `trace` and `trace_pipe` of tracefs print it. */

import type { RecordedStep, Recording } from '../../explorer/findings/recording.js';
import { TRACE_SCHED_SWITCH, TRACE_SCHED_WAKEUP } from '../../kernel/trace.js';
import { eventText } from './event-text.js';

/** Virtual microseconds that one step takes. */
const STEP_US = 1;

/** `klpTrySwitchTask` → `klp_try_switch_task`. */
export function kernelName(frame: string): string {
  const name = frame.split(' ')[0] ?? '';
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

const HEADER = (cpus: number, entries: number): string[] => [
  '# tracer: function',
  '#',
  `# entries-in-buffer/entries-written: ${entries}/${entries}   #P:${cpus}`,
  '#',
  '#                                _-----=> irqs-off/BH-disabled',
  '#                               / _----=> need-resched',
  '#                              | / _---=> hardirq/softirq',
  '#                              || / _--=> preempt-depth',
  '#                              ||| / _-=> migrate-disable',
  '#                              |||| /     delay',
  '#           TASK-PID     CPU#  |||||  TIMESTAMP  FUNCTION',
  '#              | |         |   |||||     |         |',
];

interface Task {
  readonly comm: string;
  readonly pid: string;
}

function taskOf(name: string | undefined): Task {
  const at = name?.lastIndexOf(':') ?? -1;
  if (name === undefined || at < 0) return { comm: name ?? '<idle>', pid: '0' };
  return { comm: name.slice(0, at), pid: name.slice(at + 1) };
}

/** The idle tasks have one name in front of a line, whatever they are called. */
const shownAs = (task: Task): Task => (task.pid === '0' ? { comm: '<idle>', pid: '0' } : task);

/** Writes the lines of one recording. */
class TraceWriter {
  readonly #recording: Recording;
  readonly #frames: (readonly string[])[];
  readonly #depth: number[];
  readonly lines: string[] = [];

  constructor(recording: Recording) {
    this.#recording = recording;
    this.#frames = Array.from({ length: recording.cpus }, () => []);
    this.#depth = Array.from({ length: recording.cpus }, () => 0);
  }

  step(step: RecordedStep, index: number): void {
    const us = index * STEP_US;
    this.#functions(step, us);
    if (step.name === 'preemptDisable' || step.name === 'preemptEnable') {
      this.#depth[step.cpu] = step.value;
    }
    if (step.event !== undefined) this.#line(step, us, this.#event(step.event));
  }

  /** A line for each function that is entered between the last step of the CPU and this one. */
  #functions(step: RecordedStep, us: number): void {
    const stack = (this.#recording.stacks[step.stack] ?? []).map(kernelName).reverse();
    const last = this.#frames[step.cpu] ?? [];
    const same = stack.findIndex((name, i) => name !== last[i]);
    for (let i = same < 0 ? stack.length : same; i < stack.length; i++) {
      this.#line(step, us, `${stack[i] ?? '?'} <-${stack[i - 1] ?? 'ret_from_fork'}`);
    }
    this.#frames[step.cpu] = stack;
  }

  #event(event: readonly [number, number, number, number]): string {
    const [number, a, b] = event;
    const { named } = this.#recording;
    const task = (addr: number): Task => taskOf(named[addr]);
    if (number === TRACE_SCHED_SWITCH) {
      const [prev, next] = [task(a), task(b)];
      return (
        `sched_switch: prev_comm=${prev.comm} prev_pid=${prev.pid} prev_prio=120 prev_state=S ==> ` +
        `next_comm=${next.comm} next_pid=${next.pid} next_prio=120`
      );
    }
    if (number === TRACE_SCHED_WAKEUP) {
      const { comm, pid } = task(a);
      return `sched_wakeup: comm=${comm} pid=${pid} prio=120 target_cpu=${String(b).padStart(3, '0')}`;
    }
    const { name, detail } = eventText(this.#recording, event);
    // The space stays where nothing follows, as in the kernel: parsers look for it.
    return `${name.replace(/ /g, '_')}: ${detail}`;
  }

  #line(step: RecordedStep, us: number, text: string): void {
    const { comm, pid } = shownAs(taskOf(this.#recording.tasks[step.task]?.name));
    const seconds = `${Math.floor(us / 1e6)}.${String(us % 1e6).padStart(6, '0')}`;
    const depth = Math.min(15, this.#depth[step.cpu] ?? 0).toString(16);
    const who = `${comm.slice(0, 16).padStart(16)}-${pid.padEnd(7)}`;
    const flags = `...${depth === '0' ? '.' : depth}.`;
    this.lines.push(
      `${who} [${String(step.cpu).padStart(3, '0')}] ${flags} ${seconds.padStart(12)}: ${text}`,
    );
  }
}

/**
 * The textual trace of a recording.
 *
 * @returns one step a virtual microsecond; functions as the function tracer prints them, events as trace events
 */
export function ftraceText(recording: Recording): string {
  const writer = new TraceWriter(recording);
  recording.steps.forEach((step, i) => writer.step(step, i));
  return [...HEADER(recording.cpus, writer.lines.length), ...writer.lines, ''].join('\n');
}
