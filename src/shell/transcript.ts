/** Compares what a script prints on the simulated machine with a transcript of a real kernel, line by line. */

/** The first line that differs. */
export interface TranscriptDifference {
  /** Number of the line in the transcript, from 1. */
  readonly line: number;
  /** The line of the real kernel; undefined: the transcript has ended. */
  readonly expected: string | undefined;
  /** The line of the simulated machine; undefined: it has printed nothing more. */
  readonly actual: string | undefined;
  /** Lines before it, which are equal. */
  readonly before: readonly string[];
}

/** Equal lines that are shown before one that differs. */
const CONTEXT = 5;

/**
 * What no two runs have in common: the time stamps of the log, who printed, the terminal's carriage returns,
 * addresses, and how the shell calls itself. */
function comparable(line: string): string {
  return line
    .replace(/\r/g, '')
    .replace(/^(<\d+>)?\[ *\d+\.\d+\] (\[ *[TC]\d+\] )?/, '')
    .replace(/^\S+: line \d+: /, 'bash: ')
    .replace(/^(-?bash|sh): /, 'bash: ')
    .replace(/\b(0x)?[0-9a-f]{16}\b/g, '<address>')
    .trimEnd();
}

/** Lines that say something. */
function linesOf(text: string): { readonly text: string; readonly number: number }[] {
  return text
    .split('\n')
    .map((line, i) => ({ text: comparable(line), number: i + 1 }))
    .filter(({ text: line }) => line !== '');
}

/** The first difference between a transcript and what the simulated machine printed; undefined: there is none. */
export function compareTranscript(
  transcript: string,
  printed: string,
): TranscriptDifference | undefined {
  const expected = linesOf(transcript);
  const actual = linesOf(printed);
  const count = Math.max(expected.length, actual.length);
  for (let i = 0; i < count; i++) {
    if (expected[i]?.text === actual[i]?.text) continue;
    return {
      line: expected[i]?.number ?? (expected[expected.length - 1]?.number ?? 0) + 1,
      expected: expected[i]?.text,
      actual: actual[i]?.text,
      before: expected.slice(Math.max(0, i - CONTEXT), i).map(({ text }) => text),
    };
  }
  return undefined;
}

/** The comparison as text. */
export function transcriptText(
  difference: TranscriptDifference | undefined,
  transcript: string,
): string {
  if (difference === undefined) return `equal: ${linesOf(transcript).length} lines`;
  const { line, expected, actual, before } = difference;
  return [
    `line ${line} differs`,
    ...before.map((text) => `  ${text}`),
    `- ${expected ?? '(nothing more)'}`,
    `+ ${actual ?? '(nothing more)'}`,
  ].join('\n');
}
