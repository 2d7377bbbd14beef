/** Tells the story of an execution of a program, thread by thread, with the lines of the user's sources. */

import type { Schedule } from '../../explorer/engine/schedule.js';
import type { Verdict } from '../../explorer/engine/verdict.js';
import { PORT_ADDRESSES } from '../async/ports.js';
import { INT32, UINT16, UINT8, type Regions } from '../runtime/views.js';
import { Recorder, type StoryStep } from './recorder.js';
import type { ProgramSession } from './session.js';
import { WORKER_ADDRESSES } from './worker-handle.js';

/** An execution, told. */
export interface ProgramStory {
  readonly verdict: Verdict;
  readonly hash: number;
  readonly lines: readonly string[];
}

/** Execute a schedule and tell it. */
export function tellProgram(session: ProgramSession, schedule: Schedule): ProgramStory {
  const { execution } = session;
  const newest = (address: number, size: number): number =>
    Number(execution.memory.newest(address, size === 1 ? UINT8 : size === 2 ? UINT16 : INT32));
  const recorder = new Recorder(newest);
  execution.recorder = recorder;
  try {
    const verdict = session.replay(schedule);
    return { verdict, hash: execution.hash >>> 0, lines: linesOf(session, recorder.steps) };
  } finally {
    execution.recorder = undefined;
  }
}

function linesOf(session: ProgramSession, steps: readonly StoryStep[]): string[] {
  const lines: string[] = [];
  let agent = -1;
  for (const [i, step] of steps.entries()) {
    if (step.agent !== agent) lines.push(`thread ${step.agent}`);
    ({ agent } = step);
    const { sites, regions } = session.machine.runtime;
    if (step.site === 0) {
      lines.push(`${String(i + 1).padStart(5)}  ${ownStep(step.address, regions)}`);
      continue;
    }
    const { text, inside } = sites.at(step.site);
    const what = describe(step, text, regions.nameOf(step.address, step.size));
    lines.push(
      `${String(i + 1).padStart(5)}  ${what.padEnd(64)} ${sites.place(step.site)} ${inside}`,
    );
  }
  return lines;
}

/** A step of the event loop, which no line of the program takes. */
function ownStep(address: number, regions: Regions): string {
  if (address >= WORKER_ADDRESSES) return 'the event loop: what a worker tells of itself';
  if (address >= PORT_ADDRESSES) return 'the event loop: a message';
  return `the event loop: wake-ups of ${regions.nameOf(address)}`;
}

function describe(step: StoryStep, text: string, where: string): string {
  if (step.kind === 'sleep') return `${text}  sleeps on ${where}`;
  if (step.kind === 'awake') return `${text}  ${step.raw === 1 ? 'timed out' : 'woken'}`;
  const value = step.kind === 'read' ? `${where} → ${step.raw}` : `${where}: ${step.raw}`;
  return `${text}  [${value}]${weakNote(step)}`;
}

function weakNote({ weak, newest }: StoryStep): string {
  const [first] = weak;
  if (first === undefined) return '';
  return ` (old value ${first.value} of ${first.n - 1}; newest is ${newest})`;
}

/** One sentence for each operation that was weakened. */
export function weakenedLines(session: ProgramSession): string[] {
  const { weakened, sites } = session.machine.runtime;
  const numbers = [...weakened.keys()].filter((site) => weakened[site] === 1);
  return numbers.map((site) => `${sites.at(site).text} at ${sites.place(site)} was weakened`);
}
