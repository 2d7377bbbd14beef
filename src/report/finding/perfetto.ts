/** A recording as trace-event JSON, which Perfetto and chrome://tracing open: tracks for CPUs and tasks, flows for what was read. */

import type { RecordedStep, Recording } from '../../explorer/findings/recording.js';
import { eventText } from './event-text.js';

/** One record of the trace-event format; times are virtual microseconds, one a step. */
export interface TraceEventRecord {
  readonly name: string;
  readonly cat?: string;
  /** Phase: metadata, complete slice, instant, begin and end of a flow. */
  readonly ph: 'M' | 'X' | 'i' | 's' | 'f';
  readonly pid: number;
  readonly tid: number;
  readonly ts?: number;
  readonly dur?: number;
  readonly id?: number;
  readonly bp?: 'e';
  readonly s?: 't';
  readonly args?: Readonly<Record<string, string | number>>;
}

/** A whole trace file. */
export interface TraceFileJson {
  readonly displayTimeUnit: 'ms';
  readonly otherData: Readonly<Record<string, string>>;
  readonly traceEvents: readonly TraceEventRecord[];
}

const CPUS = 1;
const TASKS = 2;
/** Of operations and of the flows between them: some readers connect a flow only to slices of its own category. */
const OPERATION = 'operation';

/** Thread of a CPU or a task: Perfetto takes thread 0 for the idle one, whatever its process. */
const threadOf = (n: number): number => n + 1;

const metadata = (name: string, pid: number, tid: number, value: string): TraceEventRecord => ({
  name,
  ph: 'M',
  pid,
  tid,
  args: { name: value },
});

/** Consecutive steps of one CPU with the same key are one slice. */
function slices(
  steps: readonly RecordedStep[],
  key: (step: RecordedStep) => string | undefined,
  make: (name: string, first: number, last: number) => TraceEventRecord,
): TraceEventRecord[] {
  const records: TraceEventRecord[] = [];
  const open = new Map<number, { name: string; first: number; last: number }>();
  const close = (cpu: number): void => {
    const slice = open.get(cpu);
    if (slice) records.push(make(slice.name, slice.first, slice.last));
    open.delete(cpu);
  };
  steps.forEach((step, i) => {
    const name = key(step);
    const slice = open.get(step.cpu);
    if (slice !== undefined && slice.name === name) slice.last = i;
    else {
      close(step.cpu);
      if (name !== undefined) open.set(step.cpu, { name, first: i, last: i });
    }
  });
  for (const cpu of [...open.keys()]) close(cpu);
  return records;
}

function operation(recording: Recording, step: RecordedStep, i: number): TraceEventRecord {
  const word = recording.words[step.addr]?.name;
  const { name, detail } =
    step.event === undefined ? { name: step.name, detail: '' } : eventText(recording, step.event);
  const args: Record<string, string | number> = {
    step: i + 1,
    kind: step.isDecisive ? 'decisive' : step.kind,
    where: recording.stacks[step.stack]?.[0] ?? '',
    ...(word === undefined ? {} : { word, value: step.value, newest: step.newest }),
    ...(detail === '' ? {} : { detail }),
    ...(step.weak === undefined ? {} : { weak: step.weak }),
  };
  return { name, cat: OPERATION, ph: 'X', pid: CPUS, tid: threadOf(step.cpu), ts: i, dur: 1, args };
}

/** Arrows from stores to the reads on other CPUs that saw them; those to a word of interrupts are its IPIs. */
function flows({ steps, words }: Recording): TraceEventRecord[] {
  return steps.flatMap((step, i): TraceEventRecord[] => {
    const source = step.from === undefined ? undefined : steps[step.from];
    if (source === undefined || step.from === undefined || source.cpu === step.cpu) return [];
    const word = words[step.addr]?.name ?? '';
    const common = {
      name: `${word.endsWith('.ipi') ? 'ipi' : 'rf'} ${word}`,
      cat: OPERATION,
      pid: CPUS,
    };
    return [
      { ...common, ph: 's', tid: threadOf(source.cpu), ts: step.from, id: i },
      { ...common, ph: 'f', bp: 'e', tid: threadOf(step.cpu), ts: i, id: i },
    ];
  });
}

/** Make the trace file of a recording. */
export function perfettoTrace(recording: Recording): TraceFileJson {
  const { scenario, verdict, command, steps, tasks, cpus } = recording;
  const taskName = (id: number): string | undefined => tasks[id]?.name;
  return {
    displayTimeUnit: 'ms',
    otherData: { scenario, verdict: verdict.key, command },
    traceEvents: [
      metadata('process_name', CPUS, 1, `${verdict.key} in ${scenario}`),
      metadata('process_name', TASKS, 1, 'tasks'),
      ...Array.from({ length: cpus }, (_, cpu) =>
        metadata('thread_name', CPUS, threadOf(cpu), `CPU ${cpu}`),
      ),
      ...tasks.map(({ name }, id) => metadata('thread_name', TASKS, threadOf(id), name)),
      ...slices(
        steps,
        ({ task }) => (task < 0 ? undefined : String(task)),
        (id, first, last) => ({
          name: `CPU ${steps[first]?.cpu ?? 0}`,
          cat: 'task',
          ph: 'X',
          pid: TASKS,
          tid: threadOf(Number(id)),
          ts: first,
          dur: last - first + 1,
          args: { task: taskName(Number(id)) ?? '' },
        }),
      ),
      ...steps.map((step, i) => operation(recording, step, i)),
      ...flows(recording),
    ],
  };
}
