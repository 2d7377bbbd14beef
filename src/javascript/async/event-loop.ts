/** The event loop of an agent, in the phases of Node's: timers, what comes from outside, immediates, closings. */

import type { Coroutine } from '../runtime/keys.js';
import type { Realm } from './realm.js';
import type { Job } from './timer.js';

/** Pieces of work from outside in one go. */
const MOST_AT_ONCE = 1000;

/** What the loop asks of the engine. */
export interface LoopHost {
  /** Virtual time in ms. */
  readonly now: number;
  /** Whether time passes until `due` before anything else happens; the engine chooses. */
  passes(due: number): boolean;
  /** Which of several things comes first. */
  choose(n: number, kind: number): number;
  /** Nothing is to be done until something comes from outside, or until `due`: the caller yields. */
  idle(due: number): void;
  /** The agent takes something that stands at this address. Returns whether another agent is next. */
  took(address: number): boolean;
}

/** Which choice it is, in the strategies' terms: as which of several sleepers is woken. */
const CHOOSE_SOURCE = 5;

function* guarded(realm: Realm, job: Job): Coroutine<void> {
  try {
    yield* job();
  } catch (error) {
    const isDealtWith = realm.onUncaught !== undefined && (yield* realm.onUncaught(error));
    if (!isDealtWith) throw error;
  }
}

function* microtasks(realm: Realm): Coroutine<void> {
  const queue = realm.microtasks;
  for (let i = 0; i < queue.length; i++) {
    yield* guarded(realm, queue[i] as Job);
    if (i === 1023) {
      queue.splice(0, 1024);
      i = -1;
    }
  }
  queue.length = 0;
}

/** Rejections that nobody has handled by now. Returns whether there were any. */
function* rejections(realm: Realm): Coroutine<boolean> {
  const found = realm.rejections.filter(({ isHandled }) => !isHandled);
  realm.rejections = [];
  for (const { value } of found) {
    const isDealtWith = realm.onUnhandled !== undefined && (yield* realm.onUnhandled(value));
    if (isDealtWith) continue;
    yield* guarded(realm, () => raise(value));
  }
  return found.length > 0;
}

// eslint-disable-next-line require-yield -- a job is a coroutine
function* raise(value: unknown): Coroutine {
  if (value instanceof Error) throw value;
  const error = new Error(
    `This error originated either by throwing inside of an async function without a catch block, or by rejecting a promise which was not handled with .catch(). The promise rejected with the reason "${String(value)}".`,
  ) as Error & { code: string };
  error.code = 'ERR_UNHANDLED_REJECTION';
  throw error;
}

/** Ticks and microtasks, until there are none; as after each callback. */
export function* drain(realm: Realm, beginsWithTicks = true): Coroutine<void> {
  const { ticks } = realm;
  if (!beginsWithTicks) yield* microtasks(realm);
  for (let goesOn = true; goesOn;) {
    for (let tick = ticks.shift(); tick !== undefined; tick = ticks.shift()) {
      yield* guarded(realm, tick);
    }
    yield* microtasks(realm);
    const hasRejections = realm.rejections.length > 0 && (yield* rejections(realm));
    goesOn = ticks.length > 0 || hasRejections;
  }
}

function* timers(realm: Realm, host: LoopHost): Coroutine<void> {
  for (;;) {
    const [first] = realm.timers;
    if (first === undefined || first.due > host.now) return;
    realm.timers.shift();
    yield* guarded(realm, first.job);
    if (first.repeats && !first.isCleared) {
      first.due = host.now + first.delay;
      realm.addTimer(first);
    }
    yield* drain(realm);
  }
}

/** Asked again after code of the program. */
const stillAlive = (realm: Realm): boolean => realm.isAlive;

/** What comes from outside: messages, ends of workers, and what the engine itself has settled. */
function* poll(realm: Realm, host: LoopHost): Coroutine<boolean> {
  let hasWorked = false;
  for (let n = 0; n < MOST_AT_ONCE; n++) {
    const ready = realm.sources.filter(({ hasWork, after }) => hasWork && after?.hasWork !== true);
    const count = ready.length + (realm.tasks.length > 0 ? 1 : 0);
    if (count === 0) return hasWorked;
    const index = count === 1 ? 0 : host.choose(count, CHOOSE_SOURCE);
    const source = ready[index];
    hasWorked = true;
    if (source === undefined) yield* guarded(realm, realm.tasks.shift() as Job);
    else {
      if (host.took(source.address)) yield;
      yield* guarded(realm, () => source.take());
    }
    yield* drain(realm);
  }
  return hasWorked;
}

function* immediates(realm: Realm): Coroutine<void> {
  for (const immediate of realm.immediates.splice(0)) {
    if (immediate.isCleared) continue;
    yield* guarded(realm, immediate.job);
    yield* drain(realm);
  }
}

function* closings(realm: Realm): Coroutine<void> {
  for (const job of realm.closings.splice(0)) {
    yield* guarded(realm, job);
    yield* drain(realm);
  }
}

/**
 * Run the loop until nothing keeps the agent alive.
 *
 * @param holds asked when nothing does: whether the agent is to wait all the same
 */
export function* runLoop(realm: Realm, host: LoopHost, holds: () => boolean): Coroutine<void> {
  yield* drain(realm, false);
  for (;;) {
    yield* timers(realm, host);
    const hasPolled = yield* poll(realm, host);
    const hasImmediates = realm.immediates.length > 0;
    yield* immediates(realm);
    yield* closings(realm);
    const isDue = (realm.timers[0]?.due ?? Infinity) <= host.now;
    if (hasPolled || hasImmediates || isDue) continue;
    if (!realm.isAlive && !holds()) {
      if (realm.onBeforeEnd !== undefined) yield* realm.onBeforeEnd();
      yield* drain(realm);
      if (!stillAlive(realm)) return;
      continue;
    }
    if (realm.sources.some(({ hasWork }) => hasWork) || realm.tasks.length > 0) continue;
    if (realm.closings.length > 0) continue;
    const due = realm.timers[0]?.due ?? Infinity;
    if (due !== Infinity && host.passes(due)) continue;
    host.idle(due);
    yield;
  }
}
