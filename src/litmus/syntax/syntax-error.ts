/** The error of the litmus front end: file, line, column, what was found and what was expected. */
import { UsageError } from '../../errors.js';

/** Where something stands in a source; both count from 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** A litmus source that cannot be understood; its message reads `file:line:column: …`. */
export class LitmusSyntaxError extends UsageError {
  readonly file: string;
  readonly line: number;
  readonly column: number;

  constructor(file: string, { line, column }: Position, problem: string) {
    super(`${file}:${line}:${column}: ${problem}`);
    this.file = file;
    this.line = line;
    this.column = column;
  }
}
