/** A prompt: lines with history and completion on a terminal, plain lines otherwise. */

import { createInterface, type Interface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import type { ScriptResult, ShellSession } from './session.js';

const COMMANDS = [
  'cat',
  'cpu',
  'dmesg',
  'echo',
  'exit',
  'grep',
  'insmod',
  'kill',
  'ls',
  'lsmod',
  'modinfo',
  'modprobe',
  'patch',
  'ps',
  'rmmod',
  'sleep',
  'sysctl',
  'task',
  'wait-for',
];

/** What a line that is being typed may go on with: commands, or paths of the machine. */
export async function complete(session: ShellSession, line: string): Promise<[string[], string]> {
  const word = /\S*$/.exec(line)?.[0] ?? '';
  const isFirst = line.trimStart() === word;
  if (isFirst && !word.includes('/')) {
    return [COMMANDS.filter((c) => c.startsWith(word)).map((c) => `${c} `), word];
  }
  const { fs } = session.context;
  const folder = word.slice(0, word.lastIndexOf('/') + 1);
  const at = fs.resolvePath('/root', folder === '' ? '.' : folder);
  const entries = (await fs.exists(at)) ? await fs.readdir(at) : [];
  const fitting = entries.map((e) => `${folder}${e}`).filter((path) => path.startsWith(word));
  const shown = await Promise.all(
    fitting.map(async (path) => {
      const { isDirectory } = await fs.stat(fs.resolvePath('/root', path));
      return isDirectory ? `${path}/` : `${path} `;
    }),
  );
  return [shown, word];
}

/** Reads lines, with history and completion on a terminal. */
function promptOn(
  session: ShellSession,
  input: Readable,
  output: Writable,
  isTerminal: boolean,
): Interface {
  return createInterface({
    input,
    output,
    terminal: isTerminal,
    historySize: 1000,
    completer: (line: string, done: (error: Error | null, result: [string[], string]) => void) => {
      complete(session, line).then(
        (result) => {
          done(null, result);
        },
        () => {
          done(null, [[], line]);
        },
      );
    },
  });
}

/** Execute lines until the input ends or somebody says `exit`. What was printed is not kept. */
export async function interact(
  session: ShellSession,
  input: Readable,
  output: Writable & { isTTY?: boolean },
  signal?: AbortSignal,
): Promise<ScriptResult> {
  const isTerminal = output.isTTY === true;
  const lines = promptOn(session, input, output, isTerminal);
  const { version } = session.context.machine.booted.kernel;
  // A terminal in raw mode hands Ctrl-C to the prompt, not to the process: it ends the line, or the command that runs.
  let running: AbortController | undefined;
  lines.on('SIGINT', () => {
    output.write('^C\n');
    running?.abort();
    if (running !== undefined) return;
    lines.write('', { ctrl: true, name: 'e' });
    lines.write('', { ctrl: true, name: 'u' });
    exitCode = 130;
    lines.prompt();
  });
  lines.setPrompt(isTerminal ? `klp-${version}# ` : '');
  let exitCode = 0;
  lines.prompt();
  signal?.addEventListener('abort', () => {
    lines.close();
  });
  for await (const line of lines) {
    const ending = /^\s*exit(?:\s+(\d+))?\s*$/.exec(line);
    if (ending !== null) {
      exitCode = ending[1] === undefined ? exitCode : Number(ending[1]) & 255;
      break;
    }
    if (line.trim() !== '') {
      running = new AbortController();
      const either = AbortSignal.any([running.signal, ...(signal === undefined ? [] : [signal])]);
      const result = await session.line(line, either);
      running = undefined;
      output.write(result.stdout);
      output.write(result.stderr);
      exitCode = result.exitCode;
    }
    if (signal?.aborted === true) break;
    lines.prompt();
  }
  lines.close();
  return { stdout: '', stderr: '', exitCode };
}
