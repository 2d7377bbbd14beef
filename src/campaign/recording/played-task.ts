/** What a worker does to execute a recording of threads in the explorer. */

import { UsageError } from '../../errors.js';
import { FLIGHT_EVENT, FLIGHT_EVENTS } from '../../check/layout.js';
import { prepare } from '../../explorer/engine/prepare.js';
import { loadScenario } from '../../explorer/engine/session.js';
import type { Playback } from '../../explorer/findings/playback.js';
import { playEnd } from '../../explorer/findings/played.js';
import type { Recording } from '../../explorer/findings/recording.js';
import { percpu, PERCPU } from '../../kernel/layout.js';
import { stressOutcomes } from '../../catalog/stress.js';
import { CPU_LOCAL, MACHINE, MACHINE_BASE } from '../../memory/local.js';
import { TURN } from '../../memory/recorded/control.js';
import type { Addr } from '../../memory/struct.js';
import type { BootedSystem } from '../../scenario/kernel-system.js';
import { tick } from '../../scenario/virtual-time.js';
import { stallAtEnd } from '../../threads/stall.js';
import { findScenario } from '../scenarios/find-scenario.js';
import { unpack, type RecordingFile } from './recording-file.js';
import { replacing } from '../scenarios/replace.js';

/** A recording that is to be executed. */
export interface PlayRequest {
  readonly file: RecordingFile;
  /** File that replaces kernel functions; undefined: none. */
  readonly replace: string | undefined;
  /** Operations before the end that are written down. */
  readonly operations: number;
  readonly token: string;
  readonly command: string;
}

/** What it showed. */
export interface PlayReport {
  readonly finding: { readonly key: string; readonly detail: string } | undefined;
  readonly divergence: string | undefined;
  /** Operations and turns executed. */
  readonly operations: number;
  readonly turns: number;
  readonly hash: number;
  readonly fingerprint: string;
  readonly lines: readonly string[];
  readonly decisive: readonly string[];
  readonly recording: Recording | undefined;
}

/** Words that only threads use, and those of the flight recorder, which each run starts from the beginning. */
function ignoredWords({ check, localBase }: BootedSystem, cpus: number): [Addr, Addr][] {
  const flight = check.flight + FLIGHT_EVENT.size * FLIGHT_EVENTS * cpus;
  return [
    [MACHINE_BASE, MACHINE_BASE + MACHINE.size],
    [localBase, localBase + cpus * CPU_LOCAL.size],
    [check.flight, flight],
  ];
}

function playbackOf(file: RecordingFile, machine: BootedSystem): Playback {
  const { booted, check } = machine;
  const { kernel } = booted;
  return {
    periods: file.periods.map(({ image, turns }) => ({
      image: image === null ? undefined : unpack(image),
      turns: unpack(turns),
    })),
    endedBy: file.endedBy,
    clock: (jiffies, state) => {
      tick(kernel, jiffies, state);
    },
    currentOf: (cpu) => percpu(kernel, cpu) + PERCPU.curr,
    findingAtEnd: (state) => {
      const words = readAll(state, machine.map.words);
      const bad = stressOutcomes(words, booted).find(
        ({ grade, count }) => grade === 'forbidden' && count > 0,
      );
      if (bad !== undefined) return { key: bad.outcome, detail: bad.reason };
      // Threads notice over time that a transition makes no progress; a memory only shows that one is in progress.
      return file.finding.key === 'stall' ? stallAtEnd(words, check) : undefined;
    },
    ignored: ignoredWords(machine, kernel.cpus),
  };
}

function readAll(state: { read: (addr: Addr) => number }, length: number): Int32Array {
  return Int32Array.from({ length }, (_, addr) => state.read(addr));
}

/** Execute a recording. @throws UsageError when it is damaged, or its machine is another one now */
export async function playRecording(request: PlayRequest): Promise<PlayReport> {
  const { file, replace, operations, token, command } = request;
  const reference = { ...findScenario(file.scenario), ...replacing(replace) };
  const loaded = await loadScenario({ ...reference, name: file.scenario });
  const prepared = prepare(loaded.scenario);
  const machine = prepared.machine as BootedSystem;
  const playback = playbackOf(file, machine);
  checkSizes(playback, prepared.image.length, machine.booted.kernel.cpus);
  const end = playEnd(prepared, playback, operations, { token, command });
  const { lines, decisive, recording } = end;
  return { ...end.result, fingerprint: loaded.fingerprint, lines, decisive, recording };
}

function checkSizes({ periods, endedBy }: Playback, words: number, cpus: number): void {
  for (const { image, turns } of periods) {
    if (image !== undefined && image.length < words) {
      throw new UsageError(
        'the recording is of a machine with another memory: the code has changed',
      );
    }
    const isTurn = (_: number, i: number): boolean =>
      i % TURN.size !== TURN.cpu || (turns[i] ?? 0) < cpus;
    if (turns.length % TURN.size !== 0 || !turns.every(isTurn) || endedBy >= cpus) {
      throw new UsageError('the recording is damaged: its turns are none');
    }
  }
}
