/** Words that the threads of a recorded machine share besides its memory: whose turn it is, and how far each log has come. */

/** Most CPUs of a recorded machine: the explorer's sets of CPUs are bit masks. */
export const MOST_RECORDED_CPUS = 24;
/** Most seats. */
export const SEATS = 32;

/** Indices of the words. */
export const CONTROL = {
  /** Who has the turn: its number plus one; 0: nobody. */
  turn: 0,
  /** Who waits for it, as bits: at full speed, or asleep on its bell. */
  spinning: 1,
  asleep: 2,
  /** Operations that all CPUs have executed. */
  ticket: 3,
  /** Hash over all of them, as the explorer's. */
  hash: 4,
  /** CPUs that stand still until a word changes, as bits. */
  blocked: 5,
  /** CPUs whose whole state is in the memory, as bits. */
  resting: 6,
  /** Not 0: a snapshot is wanted. */
  wanted: 7,
  /** Number of snapshots taken; a CPU that started its code before the latest one restarts it. */
  snapshots: 8,
  /** CPU that ended the recording, plus one; {@link ENDED_OUTSIDE}; 0: it goes on. */
  end: 9,
  /** Word that each CPU stands still for. */
  waitsOn: 16,
  /** Rung when a sleeping thread has to look again. */
  bells: 16 + SEATS,
  /** Where each log goes on. */
  logged: 16 + 2 * SEATS,
  /** Where each log stood at the last two snapshots, and the tickets then. */
  logStart: 16 + 3 * SEATS,
  ticketStart: 10,
  size: 16 + 5 * SEATS,
} as const;

/** Value of {@link CONTROL}`.end`: the recording was not ended by a CPU. */
export const ENDED_OUTSIDE = SEATS;

/** A recording's turns, as numbers one after the other: the CPU, its operations, and the hash after them. */
export const TURN = { cpu: 0, operations: 1, hash: 2, size: 3 } as const;

/** Instead of a CPU in a turn: the clock. Its operations are the jiffies that pass, or 0 when all CPUs are interrupted; its hash is 0. */
export const CLOCK = -1;

/** Words of one entry of a log. */
export const ENTRY = 2;

/** Words of each CPU's ring; a power of 2. */
export const RING_WORDS = 2 ** 20;
