/** Events of a run as plain data: what the timeline shows and the trace export writes. */

/** One event of a flight recorder. */
export interface TimelineEvent {
  /** Position in the order of all CPUs' events; gaps are allowed. */
  readonly seq: number;
  /** CPU number, from 0. */
  readonly cpu: number;
  /** Task that was current on the CPU, by a name for people; empty if none. */
  readonly task: string;
  /** What happened, in a word or two: the event's or function's name. */
  readonly name: string;
  /** Its arguments or anything else worth knowing. */
  readonly detail: string;
  /** Marks the event as one of those that a finding rests on. */
  readonly isFinding?: boolean;
}

/** Events of one run with what they show. */
export interface Timeline {
  readonly title: string;
  /** What the run was or found, line by line; a replay command for instance. */
  readonly notes: readonly string[];
  readonly events: readonly TimelineEvent[];
}

/** Events in order of their `seq`; those of equal `seq` by CPU. */
export function inOrder(events: readonly TimelineEvent[]): TimelineEvent[] {
  return [...events].sort((a, b) => a.seq - b.seq || a.cpu - b.cpu);
}

/** The CPUs that occur, ascending. */
export function cpusOf(events: readonly TimelineEvent[]): number[] {
  return [...new Set(events.map(({ cpu }) => cpu))].sort((a, b) => a - b);
}
