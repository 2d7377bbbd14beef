/** Makes what the threads of a program share on real threads, and says what their executions have come to. */

import { mayStartWorkers, pathOf } from '../engine/bodies.js';
import { firstLine } from '../engine/first-line.js';
import { compileProgram, type CompiledProgram } from '../build/compile.js';
import { defaultOutcome, type Program } from '../program.js';
import { loadNativeProgram } from './load.js';
import type { ObserverMessage, ObserverRequest, ObserverTask, ProgramFacts } from './messages.js';

/** Work that may go on after a function has returned. */
const LEAVES_WORK =
  /\basync\b|\bPromise\b|\bset(?:Timeout|Interval|Immediate)\b|\bqueueMicrotask\b|\bnextTick\b|\bimport\(/;

function leavesWork({ modules }: CompiledProgram): boolean {
  return [...modules.values()].some(({ source }) => LEAVES_WORK.test(source.code));
}

function factsOfProgram(file: string, program: Program): ProgramFacts {
  const { threads, main, forbidden = {}, interesting = {}, acceptable } = program;
  const compiled = compileProgram(file);
  return {
    kind: 'facts',
    threads: threads.length,
    main: main === undefined ? undefined : pathOf(compiled.entry, String(main)),
    isFresh: !compiled.isStateless || mayStartWorkers(compiled) || leavesWork(compiled),
    rules: { forbidden, interesting, ...(acceptable === undefined ? {} : { acceptable }) },
  };
}

function answer(
  program: Program,
  shared: Map<number, unknown>,
  request: ObserverRequest,
): ObserverMessage {
  if (request.kind === 'make') {
    const { from, count } = request;
    const made = Array.from({ length: count }, () => program.shared?.());
    for (const [i, value] of made.entries()) shared.set(from + i, value);
    return { kind: 'made', batch: { from, shared: made } };
  }
  const { execution, returned } = request;
  const { outcome = defaultOutcome } = program;
  const text = String(outcome([...returned], shared.get(execution)));
  shared.delete(execution);
  return { kind: 'observed', execution, outcome: text };
}

/** Be the observer of a program's executions. */
export async function runObserver({ program: named, port }: ObserverTask): Promise<void> {
  const say = (message: ObserverMessage): void => port.postMessage(message);
  const fail = (error: unknown): void => say({ kind: 'failed', message: firstLine(error) });
  try {
    const program = await loadNativeProgram(named);
    const shared = new Map<number, unknown>();
    port.on('message', (request: ObserverRequest) => {
      try {
        say(answer(program, shared, request));
      } catch (error) {
        fail(error);
      }
    });
    say(factsOfProgram(named.file, program));
  } catch (error) {
    fail(error);
  }
}
