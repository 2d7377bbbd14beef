/** Trace-event JSON, as chrome://tracing and Perfetto open it: a track per CPU, a slice per stay of a task, an instant per event. */

import { cpusOf, inOrder, type Timeline, type TimelineEvent } from './events.js';

/** One record of the trace-event format; times are in microseconds, one per step of `seq`. */
export interface TraceRecord {
  readonly name: string;
  /** Phase: metadata, complete slice or instant. */
  readonly ph: 'M' | 'X' | 'i';
  readonly pid: number;
  readonly tid: number;
  readonly ts?: number;
  readonly dur?: number;
  /** Scope of an instant: its thread. */
  readonly s?: 't';
  readonly cat?: string;
  readonly args?: Readonly<Record<string, string | number>>;
}

/** A whole trace file. */
export interface TraceFile {
  readonly displayTimeUnit: 'ms';
  readonly otherData: Readonly<Record<string, string>>;
  readonly traceEvents: readonly TraceRecord[];
}

const PID = 1;

/** Thread of a CPU: Perfetto takes thread 0 for the idle one, whatever its process. */
const threadOf = (cpu: number): number => cpu + 1;

const naming = (name: string, tid: number, value: string): TraceRecord => ({
  name,
  ph: 'M',
  pid: PID,
  tid,
  args: { name: value },
});

const instant = ({ seq, cpu, task, name, detail, isFinding }: TimelineEvent): TraceRecord => ({
  name,
  ph: 'i',
  s: 't',
  pid: PID,
  tid: threadOf(cpu),
  ts: seq,
  cat: isFinding === true ? 'finding' : 'event',
  args: { task, detail },
});

/** The stays of tasks on one CPU: from a task's first event to the next task's first, or one step past its last. */
function staysOf(events: readonly TimelineEvent[]): TraceRecord[] {
  const starts = events.filter(({ task }, i) => i === 0 || task !== events[i - 1]?.task);
  const end = (events.at(-1)?.seq ?? 0) + 1;
  return starts
    .map(({ seq, cpu, task }, i): TraceRecord => {
      const dur = (starts[i + 1]?.seq ?? end) - seq;
      return { name: task, ph: 'X', pid: PID, tid: threadOf(cpu), ts: seq, dur, cat: 'task' };
    })
    .filter(({ name }) => name !== '');
}

/** Make the trace file of a timeline; `JSON.stringify` writes it. */
export function traceFileOf({ title, notes, events }: Timeline): TraceFile {
  const ordered = inOrder(events);
  const cpus = cpusOf(ordered);
  return {
    displayTimeUnit: 'ms',
    otherData: { title, notes: notes.join('\n') },
    traceEvents: [
      naming('process_name', 1, title),
      ...cpus.map((cpu) => naming('thread_name', threadOf(cpu), `CPU ${cpu}`)),
      ...cpus.flatMap((cpu) => staysOf(ordered.filter((event) => event.cpu === cpu))),
      ...ordered.map(instant),
    ],
  };
}
