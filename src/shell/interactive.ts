/** A prompt: lines with history and completion on a terminal, plain lines otherwise. */

import { createInterface, type Interface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { isOpen } from './faults.js';
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
  const { fs, machine } = session.context;
  const command = /(?:^|[;&|]\s*)(\S+)\s[^;&|]*$/.exec(line)?.[1] ?? '';
  if (/^(?:insmod|modprobe|rmmod|modinfo|patch)$/.test(command) && !word.includes('/')) {
    const names = machine.booted.kernel.images.map(({ name }) => machine.name(name));
    return [
      names
        .filter((name) => name.startsWith(word))
        .sort()
        .map((name) => `${name} `),
      word,
    ];
  }
  const folder = word.slice(0, word.lastIndexOf('/') + 1);
  const at = fs.resolvePath(session.folder, folder === '' ? '.' : folder);
  const entries = (await fs.exists(at)) ? await fs.readdir(at) : [];
  const isHidden = word.slice(folder.length).startsWith('.');
  const shownEntries = entries.filter((e) => isHidden || !e.startsWith('.'));
  const fitting = shownEntries.map((e) => `${folder}${e}`).filter((path) => path.startsWith(word));
  const shown = await Promise.all(
    fitting.map(async (path) => {
      const { isDirectory } = await fs.stat(fs.resolvePath(session.folder, path));
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

/** What a prompt is doing. */
interface Prompting {
  readonly session: ShellSession;
  readonly lines: Interface;
  readonly output: Writable;
  readonly signal: AbortSignal | undefined;
  /** What is shown in front of a command. */
  readonly prompt: string;
  /** Ends the command that runs. */
  running: AbortController | undefined;
  /** Lines of a command that goes on in the next one. */
  pending: string;
  exitCode: number;
}

async function execute(state: Prompting, text: string): Promise<void> {
  const { session, output, signal } = state;
  const running = new AbortController();
  state.running = running;
  const either = AbortSignal.any([running.signal, ...(signal === undefined ? [] : [signal])]);
  const result = await session.line(text, either);
  state.running = undefined;
  output.write(result.stdout);
  output.write(result.stderr);
  state.exitCode = result.exitCode;
}

/** A terminal in raw mode hands Ctrl-C to the prompt, not to the process: it ends the line, or the command that runs. */
function interrupt(state: Prompting): void {
  const { lines, output, running, prompt } = state;
  output.write('^C\n');
  running?.abort();
  if (running !== undefined) return;
  state.pending = '';
  lines.setPrompt(prompt);
  lines.write('', { ctrl: true, name: 'e' });
  lines.write('', { ctrl: true, name: 'u' });
  state.exitCode = 130;
  lines.prompt();
}

/** Take a line that was typed. @returns whether the shell ends */
async function take(state: Prompting, typed: string): Promise<boolean> {
  const { lines, prompt } = state;
  const text = state.pending + typed;
  const goesOn = isOpen(text);
  state.pending = goesOn ? `${text}\n` : '';
  lines.setPrompt(goesOn && prompt !== '' ? '> ' : prompt);
  if (goesOn) return false;
  const ending = /^\s*exit(?:\s+(\d+))?\s*$/.exec(text);
  if (ending !== null) {
    if (ending[1] !== undefined) state.exitCode = Number(ending[1]) & 255;
    return true;
  }
  if (text.trim() !== '') await execute(state, text);
  return state.signal?.aborted === true;
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
  const prompt = isTerminal ? `klp-${version}# ` : '';
  const state: Prompting = {
    session,
    lines,
    output,
    signal,
    prompt,
    running: undefined,
    pending: '',
    exitCode: 0,
  };
  lines.on('SIGINT', () => {
    interrupt(state);
  });
  lines.setPrompt(prompt);
  lines.prompt();
  signal?.addEventListener('abort', () => {
    lines.close();
  });
  for await (const typed of lines) {
    if (await take(state, typed)) break;
    lines.prompt();
  }
  // The end of the input ends what was open.
  if (state.pending !== '' && signal?.aborted !== true) await execute(state, state.pending);
  lines.close();
  return { stdout: '', stderr: '', exitCode: state.exitCode };
}
