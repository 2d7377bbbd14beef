/** What the worker threads of the tests do with the primitives. */

import {
  Barrier,
  Condition,
  Mutex,
  Once,
  Semaphore,
  SpinLock,
  type BarrierObject,
  type SharedWords,
} from '../../src/sync/index.js';

/** The words that all players of one test share, and how often they act. */
export interface Stage {
  readonly lock: SharedWords;
  readonly sem: SharedWords;
  readonly spare: SharedWords;
  readonly cond: SharedWords;
  readonly once: SharedWords;
  readonly barrier: BarrierObject;
  /** Plain data: see {@link TALLY}. */
  readonly tally: SharedWords;
  readonly rounds: number;
}

/** Words of `Stage.tally`. */
export const TALLY = {
  sum: 0, // plain increments under the lock
  inside: 1, // threads in the section now
  overlaps: 2, // times that a thread found another inside
  arrived: 3, // handshakes with the main thread
  timeouts: 4,
  lasts: 5, // times that Barrier.wait returned true
  level: 6, // items in the buffer
  consumed: 7,
  early: 8, // times that something was seen before it was ready
  perGeneration: 16, // from here: arrivals of each barrier generation
} as const;

/** A new stage: everything free and zero. */
export function newStage(given: {
  rounds: number;
  party?: number;
  permits?: number;
  generations?: number;
}): Stage {
  const words = TALLY.perGeneration + (given.generations ?? 0);
  return {
    lock: Mutex.init(),
    sem: Semaphore.init(given.permits ?? 0),
    spare: Semaphore.init(0),
    cond: Condition.init(),
    once: Once.init(),
    barrier: Barrier.init(given.party ?? 1),
    tally: new Int32Array(new SharedArrayBuffer(words * 4)),
    rounds: given.rounds,
  };
}

/** What a worker is told. */
export interface Part {
  readonly role: RoleName;
  readonly stage: Stage;
  readonly threadId: number;
}

/** The critical section: plain increments, which two threads at once would lose, and a count of who is inside. */
function section(tally: SharedWords): void {
  if (Atomics.add(tally, TALLY.inside, 1) !== 0) Atomics.add(tally, TALLY.overlaps, 1);
  tally[TALLY.sum]! += 1;
  Atomics.sub(tally, TALLY.inside, 1);
}

function arrive({ tally }: Stage): void {
  Atomics.add(tally, TALLY.arrived, 1);
}

/** A deadline that has passed, is about to pass, or comes soon, depending on the round and the thread. */
const soon = (round: number, threadId: number): number => Date.now() + ((round + threadId) % 3) - 1;

/** Every role, by name. */
export const roles = {
  /** Increments under a mutex. */
  mutex: ({ lock, tally, rounds }: Stage, me: number) => {
    for (let i = 0; i < rounds; i++) {
      Mutex.lock(lock, me);
      section(tally);
      Mutex.unlock(lock, me);
    }
  },

  /** Increments under a mutex that is asked for in all three ways, with deadlines that come while it is being handed over. */
  mixedMutex: ({ lock, tally, rounds }: Stage, me: number) => {
    for (let i = 0; i < rounds; i++) {
      let isTaken = Mutex.tryLock(lock, me);
      if (!isTaken && i % 2 === 0) isTaken = Mutex.timedLock(lock, me, soon(i, me));
      if (!isTaken) {
        Atomics.add(tally, TALLY.timeouts, 1);
        Mutex.lock(lock, me);
      }
      section(tally);
      Mutex.unlock(lock, me);
    }
  },

  /** The section with no lock at all; each player stays inside until all have come in. */
  unlocked: ({ tally, rounds }: Stage) => {
    if (Atomics.add(tally, TALLY.inside, 1) !== 0) Atomics.add(tally, TALLY.overlaps, 1);
    Atomics.notify(tally, TALLY.inside);
    for (let seen = 0; seen < rounds; seen = Atomics.load(tally, TALLY.inside)) {
      Atomics.wait(tally, TALLY.inside, seen);
    }
  },

  /** Increments under a spin lock. */
  spin: ({ lock, tally, rounds }: Stage, me: number) => {
    for (let i = 0; i < rounds; i++) {
      SpinLock.lock(lock, me);
      section(tally);
      SpinLock.unlock(lock, me);
    }
  },

  /** Takes the mutex, says so, and ends without giving it back. */
  deserter: (stage: Stage, me: number) => {
    Mutex.lock(stage.lock, me);
    arrive(stage);
  },

  /** Takes the mutex, says so, and stays alive with it until it is terminated. */
  hostageTaker: (stage: Stage, me: number) => {
    Mutex.lock(stage.lock, me);
    arrive(stage);
    Semaphore.wait(stage.spare);
  },

  /** Takes permits, one after another, and says so each time. */
  taker: (stage: Stage) => {
    for (let i = 0; i < stage.rounds; i++) {
      Semaphore.wait(stage.sem);
      Semaphore.post(stage.spare);
    }
  },

  /** Takes a permit with deadlines that mostly pass, until it has had `rounds`. */
  impatientTaker: (stage: Stage, me: number) => {
    for (let taken = 0, i = 0; taken < stage.rounds; i++) {
      if (Semaphore.timedWait(stage.sem, soon(i, me))) taken++;
      else Atomics.add(stage.tally, TALLY.timeouts, 1);
    }
  },

  /** Gives permits, two in a row, and waits until both have been taken. */
  poster: (stage: Stage) => {
    for (let i = 0; i < stage.rounds; i++) {
      Semaphore.post(stage.sem);
      Semaphore.post(stage.sem);
      Semaphore.wait(stage.spare);
      Semaphore.wait(stage.spare);
    }
  },

  /** Puts an item into a buffer of one. */
  producer: ({ lock, cond, tally, rounds }: Stage, me: number) => {
    for (let i = 0; i < rounds; i++) {
      Mutex.lock(lock, me);
      while (tally[TALLY.level] === 1) Condition.wait(cond, lock, me);
      tally[TALLY.level]! += 1;
      Condition.broadcast(cond);
      Mutex.unlock(lock, me);
    }
  },

  /** Takes an item out of a buffer of one, every other time with a deadline that comes soon. */
  consumer: ({ lock, cond, tally, rounds }: Stage, me: number) => {
    for (let i = 0; i < rounds; i++) {
      Mutex.lock(lock, me);
      while (tally[TALLY.level] === 0) {
        if (i % 2 === 0) Condition.wait(cond, lock, me);
        else if (!Condition.timedWait(cond, lock, me, soon(i, me))) tally[TALLY.timeouts]! += 1;
      }
      tally[TALLY.level]! -= 1;
      tally[TALLY.consumed]! += 1;
      Condition.broadcast(cond);
      Mutex.unlock(lock, me);
    }
  },

  /** Waits once until it is notified; announces the wait beforehand, with the mutex held. */
  listener: (stage: Stage, me: number) => {
    Mutex.lock(stage.lock, me);
    arrive(stage);
    while (stage.tally[TALLY.level] === 0) Condition.wait(stage.cond, stage.lock, me);
    stage.tally[TALLY.level]! -= 1;
    Mutex.unlock(stage.lock, me);
  },

  /** Passes a barrier again and again, and looks each time whether the whole party has arrived. */
  marcher: ({ barrier, tally, rounds }: Stage, me: number) => {
    const party = Atomics.load(barrier.barrier, 0);
    for (let i = 0; i < rounds; i++) {
      Atomics.add(tally, TALLY.perGeneration + i, 1);
      if (Barrier.wait(barrier, me)) Atomics.add(tally, TALLY.lasts, 1);
      if (Atomics.load(tally, TALLY.perGeneration + i) !== party)
        Atomics.add(tally, TALLY.early, 1);
    }
  },

  /** Passes a barrier whose party is smaller than the crew, as long as there are tickets (`rounds` in all). */
  straggler: ({ barrier, tally, rounds }: Stage, me: number) => {
    while (Atomics.add(tally, TALLY.sum, 1) < rounds) {
      if (Barrier.wait(barrier, me)) Atomics.add(tally, TALLY.lasts, 1);
    }
  },

  /** Executes a once whose function takes a while, and looks whether it is complete on return. */
  initialiser: (stage: Stage) => {
    const { once, tally, sem } = stage;
    arrive(stage);
    Once.execute(once, () => {
      Semaphore.wait(sem);
      tally[TALLY.sum]! += 1;
    });
    if (tally[TALLY.sum] !== 1 || !Once.isExecuted(once)) Atomics.add(tally, TALLY.early, 1);
  },

  /** Executes a once whose function throws, until another player's has not. */
  failingInitialiser: ({ once, tally }: Stage, me: number) => {
    try {
      Once.execute(once, () => {
        if (me !== 1) throw new Error('not me');
        tally[TALLY.sum]! += 1;
      });
    } catch {
      Atomics.add(tally, TALLY.timeouts, 1);
    }
  },
} satisfies Record<string, (stage: Stage, me: number) => void>;

/** Name of a role. */
export type RoleName = keyof typeof roles;
