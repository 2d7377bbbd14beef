/** The event loop of an agent, in the phases of Node's: timers, what comes from outside, immediates, closings. */

import type { Coroutine } from '../runtime/keys.js';
import type { Realm } from './realm.js';
import type { Job, Timer } from './timer.js';

/** Messages that a port hands out in one go, unless more have come. */
const AT_ONCE = 1000;

/** What runs before the loop may take so long, so that a timer is due ahead of the first immediates. */
const START_MS = 5;

/** What the event loop needs from the engine. */
export interface LoopHost {
  /** Virtual time in ms. */
  readonly now: number;
  /** Let the engine choose whether time passes until `due` before anything else happens. Returns whether it does. */
  passes(due: number): boolean;
  /** There is nothing to do until something comes from outside, or until `due`. The caller then yields. */
  idle(due: number): void;
  /** The agent takes something that stands at this address. Returns whether another agent is next. */
  took(address: number): boolean;
}

/** Code of the program: what it throws goes to the program's handler, if there is one. */
export function* guarded(realm: Realm, job: Job, origin = 'uncaughtException'): Coroutine<void> {
  try {
    yield* job();
  } catch (error) {
    const isDealtWith = realm.onUncaught !== undefined && (yield* realm.onUncaught(error, origin));
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

/** Report rejections that are still not handled. Returns whether there were any. */
function* rejections(realm: Realm): Coroutine<boolean> {
  const found = realm.rejections.filter(({ isHandled }) => !isHandled);
  realm.rejections = [];
  for (const { value } of found) {
    const isDealtWith = realm.onUnhandled !== undefined && (yield* realm.onUnhandled(value));
    if (isDealtWith) continue;
    yield* guarded(realm, () => raise(value), 'unhandledRejection');
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

/** Timers that are due: when one of the program's is first, all of the program's; time-outs of `Atomics.waitAsync` have timers of their own. */
function* timers(realm: Realm, host: LoopHost): Coroutine<void> {
  const isDue = (timer: Timer | undefined): timer is Timer =>
    timer !== undefined && timer.due <= host.now;
  for (let [first] = realm.timers; isDue(first); [first] = realm.timers) {
    if (first.isInternal) {
      yield* timer(realm, host, first);
      continue;
    }
    const own = (): Timer | undefined => realm.timers.find(({ isInternal }) => !isInternal);
    for (let next = own(); isDue(next); next = own()) yield* timer(realm, host, next);
  }
}

function* timer(realm: Realm, host: LoopHost, it: Timer): Coroutine<void> {
  realm.removeTimer(it);
  yield* guarded(realm, it.job);
  if (it.repeats && !it.isCleared) {
    it.due = host.now + it.delay;
    realm.addTimer(it);
  }
  yield* drain(realm);
}

/** Asked again after code of the program. */
const stillAlive = (realm: Realm): boolean => realm.isAlive;

function* jobs(realm: Realm, list: Job[]): Coroutine<boolean> {
  const taken = list.splice(0);
  for (const job of taken) {
    yield* guarded(realm, job);
    yield* drain(realm);
  }
  return taken.length > 0;
}

/** Steps between which others may wake promises. */
function* listens(realm: Realm, host: LoopHost): Coroutine<void> {
  for (const address of new Set(realm.awaited)) if (host.took(address)) yield;
}

/** Tasks of the engine; time-outs begin to run. */
function* flush(realm: Realm, host: LoopHost): Coroutine<boolean> {
  yield* listens(realm, host);
  for (const arm of realm.arming.splice(0)) arm(host.now);
  return yield* jobs(realm, realm.tasks);
}

/**
 * One round of events from outside, in libuv's order: tasks of the engine, ends of workers, then each port in turn. An
 * event for a port that was already polled waits for the next round.
 */
function* poll(realm: Realm, host: LoopHost): Coroutine<boolean> {
  let hasWorked = yield* flush(realm, host);
  // Promises that are woken from here on come after everything else that has arrived.
  yield* listens(realm, host);
  if (yield* jobs(realm, realm.exits)) hasWorked = true;
  const { sources, unasked } = realm;
  unasked.push(...sources.splice(0));
  for (let source = unasked.shift(); source !== undefined; source = unasked.shift()) {
    sources.push(source);
    for (let n = Math.max(source.pieces, AT_ONCE); n > 0 && source.hasWork; n--) {
      hasWorked = true;
      if (host.took(source.address)) yield;
      const asked = source;
      yield* guarded(realm, () => asked.take());
      yield* drain(realm);
    }
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

/** Ends are handled in reverse order: the last one that was closed comes first. */
const closings = (realm: Realm): Coroutine<boolean> => {
  realm.closings.reverse();
  return jobs(realm, realm.closings);
};

/** Nothing keeps the loop alive. Run the handlers that may change that. Returns whether they did. */
function* lastThings(realm: Realm, host: LoopHost): Coroutine<boolean> {
  while (yield* flush(realm, host));
  if (stillAlive(realm)) return true;
  if (realm.onBeforeEnd === undefined) return false;
  yield* realm.onBeforeEnd();
  yield* drain(realm);
  return stillAlive(realm);
}

/**
 * Run the loop until nothing keeps the agent alive.
 *
 * @param holds asked when nothing does: whether the agent is to wait all the same
 */
export function* runLoop(realm: Realm, host: LoopHost, holds: () => boolean): Coroutine<void> {
  yield* drain(realm, false);
  const isOver = (): boolean => !realm.isAlive && realm.exits.length === 0 && !holds();
  const due = realm.timers[0]?.due ?? Infinity;
  if (realm.immediates.length > 0 && due > host.now && due - host.now <= START_MS) host.passes(due);
  for (;;) {
    yield* timers(realm, host);
    // What has come for ports that keep nothing alive is left alone.
    if (isOver()) {
      if (!(yield* lastThings(realm, host))) return;
      continue;
    }
    const hasPolled = yield* poll(realm, host);
    const hasImmediates = realm.immediates.length > 0;
    yield* immediates(realm);
    yield* closings(realm);
    const isDue = (realm.timers[0]?.due ?? Infinity) <= host.now;
    if (hasPolled || hasImmediates || isDue || isOver() || realm.hasNews) continue;
    const next = realm.timers[0]?.due ?? Infinity;
    if (next !== Infinity && host.passes(next)) continue;
    host.idle(next);
    yield;
  }
}
