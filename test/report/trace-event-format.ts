/**
 * The rules of the Trace Event Format, as far as what we write uses it: what its definition (the document of that name by the makers of
 * trace-viewer) says of complete, instant, metadata and flow events, and what Perfetto's own pages say of files of this format: slices
 * of a thread nest or are apart, and a flow is bound to the slice around its end. Thread 0 is the idle thread there.
 */

/** An event as it stands in a file. */
interface FileEvent {
  readonly name?: unknown;
  readonly ph?: unknown;
  readonly cat?: unknown;
  readonly pid?: unknown;
  readonly tid?: unknown;
  readonly ts?: unknown;
  readonly dur?: unknown;
  readonly id?: unknown;
  readonly bp?: unknown;
  readonly s?: unknown;
  readonly args?: unknown;
}

interface Slice {
  readonly from: number;
  readonly to: number;
}

const isTime = (value: unknown): value is number =>
  typeof value === 'number' && Number.isFinite(value) && value >= 0;

const threadOf = ({ pid, tid }: FileEvent): string => `${String(pid)}/${String(tid)}`;

function commonFaults(event: FileEvent): string[] {
  const faults: string[] = [];
  if (typeof event.name !== 'string') faults.push('no name');
  for (const key of ['pid', 'tid'] as const) {
    if (!Number.isInteger(event[key]) || (event[key] as number) < 1) faults.push(`its ${key}`);
  }
  if (event.cat !== undefined && typeof event.cat !== 'string') faults.push('its categories');
  const { args } = event;
  if (args !== undefined && (typeof args !== 'object' || args === null || Array.isArray(args)))
    faults.push('arguments that are no object');
  return faults;
}

const METADATA = ['process_name', 'process_labels', 'process_sort_index', 'thread_name'];

/** Rules by phase. */
const PHASES: Readonly<Record<string, (event: FileEvent) => boolean>> = {
  X: ({ ts, dur }) => isTime(ts) && isTime(dur),
  i: ({ ts, s }) => isTime(ts) && (s === undefined || s === 'g' || s === 'p' || s === 't'),
  M: ({ name, args }) =>
    METADATA.includes(String(name)) &&
    typeof (args as { name?: unknown } | undefined)?.name === 'string',
  s: ({ ts, id, cat }) => isTime(ts) && id !== undefined && typeof cat === 'string',
  f: ({ ts, id, cat, bp }) =>
    isTime(ts) && id !== undefined && typeof cat === 'string' && (bp === undefined || bp === 'e'),
};

/** Slices of a thread that overlap without one being inside the other. */
function nestingFaults(slices: readonly Slice[], thread: string): string[] {
  const faults: string[] = [];
  const open: Slice[] = [];
  const ordered = [...slices].sort((a, b) => a.from - b.from || b.to - a.to);
  for (const slice of ordered) {
    while (open.length > 0 && open.at(-1)!.to <= slice.from) open.pop();
    const around = open.at(-1);
    if (around !== undefined && around.to < slice.to)
      faults.push(`slices of thread ${thread} overlap at ${slice.from}`);
    open.push(slice);
  }
  return faults;
}

function flowFaults(
  events: readonly FileEvent[],
  slicesOf: ReadonlyMap<string, readonly Slice[]>,
): string[] {
  const faults: string[] = [];
  const starts = new Map<string, FileEvent>();
  const keyOf = ({ cat, name, id }: FileEvent): string => [cat, name, id].map(String).join(' ');
  const isInSlice = (event: FileEvent): boolean =>
    (slicesOf.get(threadOf(event)) ?? []).some(
      ({ from, to }) => from <= (event.ts as number) && (event.ts as number) <= to,
    );
  for (const event of events.filter(({ ph }) => ph === 's')) {
    if (starts.has(keyOf(event))) faults.push(`flow ${keyOf(event)} starts twice`);
    starts.set(keyOf(event), event);
  }
  for (const event of events.filter(({ ph }) => ph === 's' || ph === 'f')) {
    const start = starts.get(keyOf(event));
    if (start === undefined) faults.push(`flow ${keyOf(event)} has no start`);
    else if ((start.ts as number) > (event.ts as number))
      faults.push(`flow ${keyOf(event)} goes back in time`);
    if (!isInSlice(event)) faults.push(`an end of flow ${keyOf(event)} is in no slice`);
  }
  const ended = new Set(events.filter(({ ph }) => ph === 'f').map(keyOf));
  for (const key of starts.keys()) if (!ended.has(key)) faults.push(`flow ${key} has no end`);
  return faults;
}

/** What is wrong with a trace file, given as its text; empty: nothing. */
export function traceFileFaults(text: string): string[] {
  const file = JSON.parse(text) as { traceEvents?: unknown; displayTimeUnit?: unknown };
  const { traceEvents, displayTimeUnit } = file;
  if (!Array.isArray(traceEvents)) return ['no list of events'];
  const faults: string[] = [];
  if (displayTimeUnit !== undefined && displayTimeUnit !== 'ms' && displayTimeUnit !== 'ns')
    faults.push('its unit of time');
  const events = traceEvents as FileEvent[];
  const slicesOf = new Map<string, Slice[]>();
  events.forEach((event, i) => {
    const rule = PHASES[String(event.ph)];
    const own = [...commonFaults(event), ...(rule?.(event) === true ? [] : ['its phase'])];
    faults.push(...own.map((fault) => `event ${i}: ${fault}`));
    if (event.ph !== 'X' || !isTime(event.ts) || !isTime(event.dur)) return;
    const slice = { from: event.ts, to: event.ts + event.dur };
    const known = slicesOf.get(threadOf(event));
    if (known === undefined) slicesOf.set(threadOf(event), [slice]);
    else known.push(slice);
  });
  for (const [thread, slices] of slicesOf) faults.push(...nestingFaults(slices, thread));
  return [...faults, ...flowFaults(events, slicesOf)];
}
