/** A candidate execution of the axioms engine as a log, so that the literal model can judge it. */
import { INITIAL, type Candidate } from '../../src/litmus/axioms/candidate.js';
import { EV, type TraceEvent, type TraceFence } from '../../src/litmus/axioms/event.js';
import type { PlacedTrace } from '../../src/litmus/axioms/placed-trace.js';
import {
  EVENT_GP_END,
  EVENT_GP_START,
  EVENT_MB,
  EVENT_RCU_LOCK,
  EVENT_RCU_UNLOCK,
  EVENT_READ,
  EVENT_RMB,
  EVENT_WMB,
  EVENT_WRITE,
  EventLog,
  ORDER_ACQUIRE,
  ORDER_LOCK_READ,
  ORDER_NO_RETURN,
  ORDER_RELEASE,
  ORDER_RMW,
  ORDER_UNLOCK,
} from '../../src/view-machine/log.js';

const ACCESS = EV.read | EV.write;

/** Kind of the log's fence; null where the log has none that means the same, undefined for none at all. */
function fenceKind(
  { kind, before }: TraceFence,
  events: readonly TraceEvent[],
): number | null | undefined {
  const last = events[before - 1]?.classes ?? 0;
  const next = events[before]?.classes ?? 0;
  switch (kind) {
    case 'mb':
      return EVENT_MB;
    case 'rmb':
      return EVENT_RMB;
    case 'wmb':
      return EVENT_WMB;
    case 'barrier':
      return undefined;
    // Right beside what they go with, these are full fences.
    case 'before-atomic':
      return (next & EV.rmw) !== 0 ? EVENT_MB : null;
    case 'after-atomic':
      return (last & EV.rmw) !== 0 ? EVENT_MB : null;
    case 'after-spinlock':
      return (last & EV.lockWrite) !== 0 ? EVENT_MB : null;
    default:
      return null;
  }
}

function orderOf({ classes, closesRmw }: TraceEvent): number {
  const has = (bits: number, order: number): number => ((classes & bits) !== 0 ? order : 0);
  return (
    has(EV.acquire, ORDER_ACQUIRE) |
    has(EV.release, ORDER_RELEASE) |
    has(EV.lockRead, ORDER_LOCK_READ) |
    has(EV.unlock, ORDER_UNLOCK) |
    has(EV.noReturn, ORDER_NO_RETURN) |
    (closesRmw ? ORDER_RMW : 0)
  );
}

class LogWriter {
  readonly log = new EventLog();
  /** Index in the log of each event of the candidate. */
  readonly #index = new Map<number, number>();
  readonly #candidate: Candidate;
  readonly #position = new Map<number, number>();

  constructor(candidate: Candidate) {
    this.#candidate = candidate;
    for (const order of candidate.co) order.forEach((write, i) => this.#position.set(write, i + 1));
  }

  /** False if the thread has something that the log cannot say. */
  thread(placed: PlacedTrace, cpu: number): boolean {
    const { events, fences } = placed.trace;
    const numbers: number[] = [];
    let [number, depth] = [0, 0];
    for (let i = 0; i <= events.length; i++) {
      for (const fence of fences.filter(({ before }) => before === i)) {
        const kind = fenceKind(fence, events);
        if (kind === null) return false;
        if (kind !== undefined) this.log.mark(cpu, kind);
      }
      const event = events[i];
      if (event === undefined) continue;
      if ((event.classes & EV.plain) !== 0) return false;
      if ((event.classes & ACCESS) !== 0) {
        numbers[i] = ++number;
        this.#access(placed.offset + i, event, cpu, number, numbers);
      } else depth = this.#mark(event, cpu, depth);
    }
    return true;
  }

  /** Place in coherence order. Lock reads after an ordinary write have no source, and unlocks without a lock no place: they
   * are before and after nothing. */
  #placeOf(write: number): number {
    return write === INITIAL ? 0 : (this.#position.get(write) ?? NaN);
  }

  #access(e: number, event: TraceEvent, cpu: number, number: number, numbers: number[]): void {
    const { location, value } = event;
    const isRead = (event.classes & EV.read) !== 0;
    const source = isRead ? this.#candidate.sourceOf(e) : INITIAL;
    const position = this.#placeOf(isRead ? source : e);
    const kind = isRead ? EVENT_READ : EVENT_WRITE;
    const order = orderOf(event);
    const at = this.log.access(cpu, kind, order, location, value, number);
    // The source is an event of the candidate still: `settle` replaces it.
    this.log.stand(position, source);
    this.#index.set(e, at);
    const named = (reads: readonly number[]): number[] => reads.map((r) => numbers[r] ?? 0);
    this.log.depend(named(event.addr), named(event.data), named(event.ctrl));
  }

  /** Marks of RCU; only the outermost section of a domain counts, and tests nest none but those of RCU. */
  #mark({ classes, location }: TraceEvent, cpu: number, depth: number): number {
    const domain = location + 1;
    if ((classes & (EV.rcuSync | EV.srcuSync)) !== 0) {
      this.log.mark(cpu, EVENT_GP_START, domain);
      this.log.mark(cpu, EVENT_GP_END, domain);
    } else if ((classes & (EV.rcuLock | EV.srcuLock)) !== 0) {
      if (depth === 0) this.log.mark(cpu, EVENT_RCU_LOCK, domain);
      return depth + 1;
    } else {
      if (depth === 1) this.log.mark(cpu, EVENT_RCU_UNLOCK, domain);
      return depth - 1;
    }
    return depth;
  }

  settle(): EventLog {
    const { from } = this.log;
    from.forEach((source, i) => (from[i] = source < 0 ? -1 : (this.#index.get(source) ?? -1)));
    return this.log;
  }
}

/** The log of a complete candidate; null if it has a plain access, or a fence that the log does not know. */
export function logOf(candidate: Candidate): EventLog | null {
  candidate.settleLocks();
  const writer = new LogWriter(candidate);
  for (const [cpu, placed] of candidate.threads.entries()) {
    if (!writer.thread(placed, cpu)) return null;
  }
  return writer.settle();
}
