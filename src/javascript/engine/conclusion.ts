/** What an agent does after its own code: its event loop, until nothing keeps it alive. */

import { runLoop, type LoopHost } from '../async/event-loop.js';
import { isSettled, outcomeOf, ProgramPromise } from '../async/promise.js';
import type { Realm } from '../async/realm.js';
import type { Coroutine } from '../runtime/keys.js';
import type { Agent } from './agent.js';

/** Exit status of a process whose main module waits for something that never comes. */
const UNSETTLED = 13;

/** Whether a thread that the program declares has done what it was asked: its function has returned, and its promise is settled. */
export function isDone(agent: Agent): boolean {
  const { isConcluded, returned } = agent;
  return isConcluded && !(returned instanceof ProgramPromise && !isSettled(returned));
}

/** What a thread's function has returned, or its promise was settled with. */
export function returnedBy(agent: Agent): unknown {
  return agent.returned instanceof ProgramPromise ? outcomeOf(agent.returned) : agent.returned;
}

/**
 * Run the event loop of a thread that the program declares. While the thread's promise is pending, the program keeps it
 * alive, as it would keep a worker thread that has not answered yet.
 */
export function* concludeThread(agent: Agent, realm: Realm, host: LoopHost): Coroutine {
  yield* runLoop(realm, host, () => !isDone(agent));
  if (realm.onEnd !== undefined) yield* realm.onEnd(false, false);
  return undefined;
}

/** Run the event loop of a main program or worker. Returns the exit code. */
export function* concludeModule(
  realm: Realm,
  host: LoopHost,
  evaluation: ProgramPromise,
): Coroutine<number> {
  yield* runLoop(realm, host, () => false);
  const isUnsettled = !isSettled(evaluation);
  if (realm.onEnd !== undefined) yield* realm.onEnd(isUnsettled, false);
  const process = realm.own.get('process') as { exitCode?: unknown } | undefined;
  return Number(process?.exitCode ?? (isUnsettled ? UNSETTLED : 0));
}
