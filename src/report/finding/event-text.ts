/** What people read of a traced event. */

import type { Recording } from '../../explorer/findings/recording.js';
import { KERNEL_TRACE_NAMES } from '../../kernel/trace.js';
import { KLP_TRACE_NAMES } from '../../livepatch/trace.js';

/** Name and arguments of an event. */
export interface EventText {
  readonly name: string;
  readonly detail: string;
}

/** An argument: a task by its name, a known word by its name, else the number. */
function argumentText({ named, words }: Recording, value: number): string {
  return named[value] ?? words[value]?.name ?? String(value);
}

/** Put an event of `cpu.trace()` into words. */
export function eventText(
  recording: Recording,
  [event, ...args]: readonly [number, number, number, number],
): EventText {
  const name = KERNEL_TRACE_NAMES[event] ?? KLP_TRACE_NAMES[event] ?? `trace ${event}`;
  const used = args.slice(0, args.findLastIndex((value) => value !== 0) + 1);
  return { name, detail: used.map((value) => argumentText(recording, value)).join(' ') };
}
