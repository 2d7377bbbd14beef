/** Where results go: text for people or one JSON document for programs, on stdout; everything else is stderr's. */

/** Which of the two forms a command was asked for. */
export interface OutputChoice {
  /** Value of `--json`. */
  readonly json: boolean;
}

/**
 * Print a result.
 * @param choice the command's options
 * @param result plain data; the JSON form
 * @param toText renders the text form, called only when it is wanted
 * @param stream where to, stdout by default
 */
export function emit<T>(
  choice: OutputChoice,
  result: T,
  toText: (result: T) => string,
  stream: NodeJS.WritableStream = process.stdout,
): void {
  const text = choice.json ? JSON.stringify(result, undefined, 2) : toText(result);
  stream.write(text.endsWith('\n') ? text : `${text}\n`);
}
