/** Recordings of stress as files: one JSON document each, its numbers packed. */

import { readFileSync } from 'node:fs';
import { deflateSync, inflateSync } from 'node:zlib';
import { UsageError } from '../../errors.js';
import type { MemoryKind } from '../../memory/backend.js';
import type { RecordedRun } from '../../threads/recording.js';
import { readJsonFile, writeTextFile } from '../options/files.js';

const DOCUMENT = 'klp-smp recording';
const VERSION = 1;
/** Bytes that a part of a recording may unfold to. */
const MOST_BYTES = 2 ** 30;
/** How much of a file is looked at for its kind. */
const HEAD = 64;

/** The description of a recording in its file. */
export interface RecordingNames {
  /** The finding that it ends in. */
  readonly finding: { readonly key: string; readonly detail: string };
  /** The machine, as a scenario of the catalogue. */
  readonly scenario: string;
  /** Backend that the threads ran on. */
  readonly memory: MemoryKind;
  /** File of changed kernel code; null: none. */
  readonly changedBy: string | null;
  /** Fingerprint of the code. */
  readonly fingerprint: string;
}

/** A recording in a file. */
export interface RecordingFile extends RecordingNames {
  readonly document: typeof DOCUMENT;
  readonly version: typeof VERSION;
  /** CPU on which the finding occurred; -1: none, the run was ended from outside. */
  readonly endedBy: number;
  /** What happened, each part starting from its own memory; packed numbers. */
  readonly periods: readonly { readonly image: string | null; readonly turns: string }[];
}

const pack = (numbers: Int32Array): string =>
  deflateSync(new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength)).toString(
    'base64',
  );

/** Numbers out of a file. @throws UsageError for what was not packed by {@link pack} */
export function unpack(text: string): Int32Array {
  try {
    const bytes = inflateSync(Buffer.from(text, 'base64'), { maxOutputLength: MOST_BYTES });
    return new Int32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
  } catch (error) {
    throw new UsageError(`the recording is damaged: ${(error as Error).message}`);
  }
}

/** A recording as its file holds it. */
export function recordingFile(run: RecordedRun, names: RecordingNames): RecordingFile {
  const periods = run.periods.map(({ image, turns }) => ({
    image: image === undefined ? null : pack(image),
    turns: pack(turns),
  }));
  return { document: DOCUMENT, version: VERSION, ...names, endedBy: run.endedBy, periods };
}

/** Write a recording. @throws UsageError if the file cannot be written */
export function writeRecording(path: string, recording: RecordingFile): void {
  writeTextFile('recording', path, `${JSON.stringify(recording)}\n`);
}

/** Whether a file says that it is a recording. */
export function isRecordingFile(path: string): boolean {
  try {
    return readFileSync(path).subarray(0, HEAD).includes(`"document":"${DOCUMENT}"`);
  } catch {
    return false;
  }
}

/** Read a recording. @throws UsageError when it is none, of another version, or damaged */
export function readRecording(path: string): RecordingFile {
  const recording = readJsonFile('recording', path) as Partial<RecordingFile> | null;
  const { version, periods, finding, endedBy } = recording ?? {};
  if (version !== VERSION) {
    throw new UsageError(
      `recording '${path}' has version ${String(version)}; this is for version ${VERSION}`,
    );
  }
  const isWhole =
    typeof recording?.scenario === 'string' &&
    typeof finding?.key === 'string' &&
    Number.isInteger(endedBy) &&
    Array.isArray(periods) &&
    periods.length > 0 &&
    periods.every(({ turns }) => typeof turns === 'string');
  if (!isWhole) throw new UsageError(`recording '${path}' is damaged: something is missing`);
  return recording as RecordingFile;
}
