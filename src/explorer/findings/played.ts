/** Records the last steps of a playback, in the form that pages and stories show. */

import type { Machine } from '../../scenario/declare.js';
import type { Execution } from '../engine/execution.js';
import type { Prepared } from '../engine/prepared.js';
import { play, type Playback, type PlayedResult } from './playback.js';
import { Builder, FlowRecorder } from './record.js';
import type { Recording } from './recording.js';
import { excerptsOf } from './sources.js';
import { storyLines } from './story.js';

/** What is recorded about the end of a playback. */
export interface PlayedEnd {
  readonly result: PlayedResult;
  /** One line an operation. */
  readonly lines: readonly string[];
  /** Only those around a change of CPU. */
  readonly decisive: readonly string[];
  /** Undefined when the playback diverged before its end. */
  readonly recording: Recording | undefined;
}

/** Names for the recording. */
export interface PlayedNames {
  readonly token: string;
  readonly command: string;
}

/** Execute a recording, and write down its last operations. */
export function playEnd(
  prepared: Prepared,
  playback: Playback,
  operations: number,
  names: PlayedNames,
): PlayedEnd {
  let end: { execution: Execution; recorder: FlowRecorder; initial: Int32Array } | undefined;
  const observer = (execution: Execution, _machine: Machine): FlowRecorder => {
    const recorder = new FlowRecorder((addr) => execution.read(addr), undefined);
    const initial = prepared.image.map((_, addr) => execution.read(addr));
    end = { execution, recorder, initial };
    return recorder;
  };
  const result = play(prepared, playback, { operations, observer });
  if (end === undefined) return { result, lines: [], decisive: [], recording: undefined };
  const { execution, recorder, initial } = end;
  const { machine, scenario } = prepared;
  const { map } = machine;
  const { steps } = recorder;
  const { key, detail } = result.finding ?? { key: 'nothing', detail: '' };
  const verdict = { key, grade: 'forbidden', detail } as const;
  const schedule = execution.log.schedule();
  const blocked = execution.cpus
    .filter((cpu) => cpu.waiting !== 0)
    .map(({ id }) => ({ cpu: id, stack: steps.findLast((step) => step.cpu === id)?.stack ?? [] }));
  const told = { verdict, hash: result.hash, schedule, steps, blocked };
  const builder = new Builder({ execution, prepared, log: undefined }, recorder);
  const recorded = builder.steps();
  const words = Object.fromEntries(
    [...builder.touched]
      .sort((a, b) => a - b)
      .map((addr) => [addr, { name: map.nameOf(addr), initial: initial[addr] ?? 0 }]),
  );
  const recording: Recording = {
    scenario: scenario.name,
    description: `${scenario.description} The last operations of what real threads executed.`,
    memory: 'sc',
    ...names,
    verdict,
    cpus: execution.cpus.length,
    tasks: builder.tasks,
    named: builder.named,
    words,
    stacks: builder.stacks,
    steps: recorded,
    sources: excerptsOf(builder.stacks),
    missing: [],
    blocked,
  };
  return {
    result,
    lines: storyLines(told, map),
    decisive: storyLines(told, map, { decisive: true }),
    recording,
  };
}
