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
 * Remove what differs in every run: the time stamps of the log, who printed, the terminal's carriage returns,
 * addresses, offsets in functions, folders of modules, what a stack says of its run, and how the shell calls itself. */
function comparable(line: string): string {
  return (
    line
      .replace(/\r/g, '')
      .replace(/^(<\d+>)?\[ *\d+\.\d+\] (\[ *[TC]\d+\] )?/, '')
      .replace(/^\S+: line \d+: /, 'bash: ')
      .replace(/^(-?bash|sh): /, 'bash: ')
      // A stack in the log begins with who was where, on which machine.
      .replace(
        /^CPU: \d+ (UID: \d+ )?PID: \d+ (Comm: .*[tT]ainted(: .{19})?) \S+( .*)?$/,
        'CPU: $1$2',
      )
      .replace(/^Hardware name: .*/, 'Hardware name:')
      .replace(/\b(0x)?[0-9a-f]{16}\b/g, '<address>')
      .replace(/\+0x[0-9a-f]+\/0x[0-9a-f]+/g, '+<offset>')
      .replace(/\/lib\/modules\/[^\s/]+(\/\S*\/)?/g, '/lib/modules/<release>/')
      .trimEnd()
  );
}

/** Lines of a stack in the log that no other run has: what only may be a caller, and a program's registers and code. */
const OF_ONE_RUN = /^( \? |RIP: 0033:|Code: |RSP: |R[A-Z0-9]{2}: )/;

/** Lines that say something. */
function linesOf(text: string): { readonly text: string; readonly number: number }[] {
  return text
    .split('\n')
    .map((line, i) => ({ text: comparable(line), number: i + 1 }))
    .filter(({ text: line }) => line !== '' && !OF_ONE_RUN.test(line));
}

/** Rows of a terminal's `ls` that are looked at, at most. */
const MOST_ROWS = 12;

/**
 * Whether the first lines are what `ls` prints on a terminal, names in columns, of the names that stand in a line each
 * in the others: how many rows there are, and how many names. */
function inColumns(
  lines: readonly string[],
  names: readonly string[],
): { readonly rows: number; readonly names: number } {
  const cells: string[][] = [];
  for (let rows = 1; rows <= Math.min(MOST_ROWS, lines.length); rows++) {
    const row = (lines[rows - 1] ?? '').split(/\s{2,}|\t+/);
    if (row.length < 2 && rows === 1) break;
    cells.push(row);
    const all = cells[0]?.flatMap((_, column) => cells.flatMap((r) => r[column] ?? [])) ?? [];
    if (all.every((name, i) => name === names[i])) return { rows, names: all.length };
  }
  return { rows: 0, names: 0 };
}

/** The first difference between a transcript and what the simulated machine printed; undefined: there is none. */
export function compareTranscript(
  transcript: string,
  printed: string,
): TranscriptDifference | undefined {
  const expected = linesOf(transcript);
  const actual = linesOf(printed);
  let other = 0;
  for (let i = 0; i < expected.length || other < actual.length; i++) {
    if (expected[i]?.text === actual[other]?.text) {
      other++;
      continue;
    }
    const { rows, names } = inColumns(
      expected.slice(i).map(({ text }) => text),
      actual.slice(other).map(({ text }) => text),
    );
    if (rows > 0) {
      i += rows - 1;
      other += names;
      continue;
    }
    return {
      line: expected[i]?.number ?? (expected[expected.length - 1]?.number ?? 0) + 1,
      expected: expected[i]?.text,
      actual: actual[other]?.text,
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
