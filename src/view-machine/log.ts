/** The log of an execution: what the trace validator needs, in parallel arrays, in the order of execution. */

/** What an event of the log is. */
export const EVENT_READ = 0;
export const EVENT_WRITE = 1;
export const EVENT_MB = 2;
export const EVENT_RMB = 3;
export const EVENT_WMB = 4;
/** A read-side section begins (outermost of its domain). */
export const EVENT_RCU_LOCK = 5;
/** The read-side section ends. */
export const EVENT_RCU_UNLOCK = 6;
/** A grace period starts. */
export const EVENT_GP_START = 7;
/** The grace period ends, on the same CPU, in the next event that the CPU logs. */
export const EVENT_GP_END = 8;

/** Flags of reads and writes. */
export const ORDER_ACQUIRE = 1;
export const ORDER_RELEASE = 2;
/** The read of taking a lock. */
export const ORDER_LOCK_READ = 4;
/** The write of releasing a lock. */
export const ORDER_UNLOCK = 8;
/** The read of an atomic that returns no value. */
export const ORDER_NO_RETURN = 16;
/** The write half of a read-modify-write; the read is the CPU's previous event. */
export const ORDER_RMW = 32;
/** A plain access. */
export const ORDER_PLAIN = 64;
/** A read that orders later reads, as a conservative `rcu_dereference()` does. */
export const ORDER_DEPENDENT = 128;

const NONE: readonly number[] = [];

/** Events of one execution. */
export class EventLog {
  readonly cpu: number[] = [];
  readonly kind: number[] = [];
  readonly order: number[] = [];
  /** Word of an access as `location id, version` in one number; domain of an RCU event. */
  readonly place: number[] = [];
  /** Event of the write that a read read, -1 for the initial value. */
  readonly from: number[] = [];
  /** Position in the coherence order, of the write or of what was read. */
  readonly position: number[] = [];
  readonly value: number[] = [];
  /** Number of an access in its CPU's own count, which dependencies name; 0 for other events. */
  readonly number: number[] = [];
  /** Events (reads of the same CPU, by their `number`) that the address depends on. */
  readonly address: (readonly number[])[] = [];
  /** Events that the data depends on. */
  readonly data: (readonly number[])[] = [];
  /** Events that a control dependency comes from. */
  readonly control: (readonly number[])[] = [];

  /** Number of events. */
  get length(): number {
    return this.kind.length;
  }

  /** Forget all events. */
  clear(): void {
    for (const column of Object.values(this) as unknown[][]) column.length = 0;
  }

  /** Add an event that is no access; `place` is the domain of an RCU event. */
  mark(cpu: number, kind: number, place = 0): number {
    return this.access(cpu, kind, 0, place, 0, 0);
  }

  /**
   * Add an event; {@link stand} sets its place in the coherence order and {@link depend} its dependencies. Returns its
   * number.
   */
  access(
    cpu: number,
    kind: number,
    order: number,
    place: number,
    value: number,
    number: number,
  ): number {
    this.cpu.push(cpu);
    this.kind.push(kind);
    this.order.push(order);
    this.place.push(place);
    this.from.push(-1);
    this.position.push(0);
    this.value.push(value);
    this.number.push(number);
    this.address.push(NONE);
    this.data.push(NONE);
    this.control.push(NONE);
    return this.kind.length - 1;
  }

  /** Set where the newest event stands: its position, and for a read the write that it read, -1 for the initial value. */
  stand(position: number, from = -1): void {
    const newest = this.kind.length - 1;
    this.position[newest] = position;
    this.from[newest] = from;
  }

  /** Set the dependencies of the newest event. */
  depend(address: readonly number[], data: readonly number[], control: readonly number[]): void {
    const newest = this.kind.length - 1;
    this.address[newest] = address;
    this.data[newest] = data;
    this.control[newest] = control;
  }
}
