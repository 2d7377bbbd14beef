/** Shows text on a terminal at the reader's pace. */

import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';

/** The terminal: `process` has these. */
export interface Terminal {
  readonly stdin: Readable;
  readonly stdout: Writable;
}

/** Show one line for each Enter, until `q` is pressed, the input ends or the signal is aborted. */
export async function pace(
  lines: readonly string[],
  { stdin: input, stdout: output }: Terminal,
  signal: AbortSignal,
): Promise<void> {
  const prompt = createInterface({ input, output, terminal: true });
  const closed = once(prompt, 'close');
  const left = lines.values();
  const close = (): void => {
    prompt.close();
  };
  const show = (): void => {
    const { value: line, done } = left.next();
    if (done === true) close();
    else {
      prompt.setPrompt(line);
      prompt.prompt();
    }
  };
  const onKey = (_: unknown, { name }: { readonly name?: string }): void => {
    if (name === 'q') close();
  };
  // A terminal in raw mode hands Ctrl-C to the prompt, not to the process.
  prompt.on('SIGINT', () => process.kill(process.pid, 'SIGINT'));
  prompt.on('line', show);
  input.on('keypress', onKey);
  signal.addEventListener('abort', close, { once: true });
  if (signal.aborted) close();
  else show();
  await closed;
  signal.removeEventListener('abort', close);
  input.off('keypress', onKey);
}
