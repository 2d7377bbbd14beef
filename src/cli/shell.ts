/** `klp-smp shell`: a shell in the simulated machine. */

import { fstatSync, readFileSync } from 'node:fs';
import type { Command } from 'commander';
import {
  choiceOf,
  existingFile,
  flag,
  integerIn,
  listOf,
  seed,
  textOf,
} from '../campaign/options/rules.js';
import { UsageError } from '../errors.js';
import { DEFAULT_KERNEL_VERSION, KERNEL_VERSIONS } from '../kernel/versions.js';
import { MEMORY_KINDS } from '../memory/backend.js';
import { interact } from '../shell/interactive.js';
import { DEFAULT_GIVE_UP } from '../shell/patience.js';
import { compareTranscript, transcriptText } from '../shell/transcript.js';
import { withShell } from '../shell/run-shell.js';
import { addCommand, JSON_OPTION } from './command.js';
import { interruptible } from './interrupt.js';
import { emit } from './output.js';

const TABLE = {
  script: {
    rule: textOf('a file'),
    about: 'a script to execute instead of a prompt',
    flags: '[script]',
  },
  command: {
    rule: textOf('a text'),
    about: 'commands to execute instead',
    flags: '-c, --command <text>',
    not: ['script'],
  },
  kernel: {
    rule: choiceOf(KERNEL_VERSIONS),
    about: 'the kernel of the machine',
    fallback: DEFAULT_KERNEL_VERSION,
    flags: '--kernel <version>',
  },
  memory: {
    rule: choiceOf(MEMORY_KINDS),
    about: 'memory backend',
    fallback: 'atomics',
    flags: '--memory <kind>',
  },
  cpus: {
    rule: integerIn({ min: 1, max: 16 }),
    about: 'simulated CPUs',
    fallback: 2,
    flags: '--cpus <n>',
  },
  inTree: {
    rule: flag,
    about:
      "modules are signed ones of the kernel's tree; otherwise they are built outside, and taint the kernel with O and E",
  },
  patch: {
    rule: listOf(existingFile),
    about: 'livepatch declared in a JSON file, which `patch NAME` or insmod loads',
    flags: '--patch <files>',
  },
  against: {
    rule: existingFile,
    about: 'compare what the script prints with a transcript of a real kernel',
    flags: '--against <file>',
  },
  giveUp: {
    rule: integerIn({ min: 1, max: 86_400 }),
    about: "give a script up after so many seconds of the machine's time",
    fallback: DEFAULT_GIVE_UP,
    flags: '--give-up <seconds>',
  },
  seed: { rule: seed, about: 'seed of the weak memory', fallback: 1, flags: '--seed <n>' },
} as const;

function scriptText(file: string): string {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    const { code = '', message } = error as NodeJS.ErrnoException;
    const what =
      code === 'EISDIR'
        ? `${file} is a folder`
        : code === 'ENOENT'
          ? `there is no file ${file}`
          : `${file} cannot be read: ${message.split(',')[0] ?? ''}`;
    throw new UsageError(`script: ${what}`, { cause: error });
  }
  // bash looks for a zero byte in the first line.
  if (/^[^\n\0]*\0/.test(text))
    throw new UsageError(`script: ${file} is a binary file, not a script`);
  return text;
}

/** Whether output and errors of this process end in one place: a terminal, a pipe or a file. */
function endTogether(): boolean {
  const [out, err] = [fstatSync(1), fstatSync(2)];
  return out.ino === err.ino && out.dev === err.dev;
}

/** Register `shell`. */
export function registerShell(program: Command): void {
  addCommand(program, {
    name: 'shell',
    description:
      'a shell in the simulated machine: load livepatches, watch transitions, read the log',
    table: { ...TABLE, ...JSON_OPTION },
    after: '\nExit status: that of the script or of the last command.',
    run: async ({ json, ...given }) => {
      const { script, command } = given;
      const commands = script === undefined ? command : scriptText(script);
      const isPrompt = commands === undefined;
      const { against } = given;
      if (against !== undefined && isPrompt) {
        throw new UsageError('--against: needs a script or commands');
      }
      const transcript = against === undefined ? undefined : readFileSync(against, 'utf8');
      const options = {
        cpus: given.cpus ?? 2,
        version: given.kernel ?? DEFAULT_KERNEL_VERSION,
        memory: given.memory ?? 'atomics',
        seed: given.seed ?? 1,
        inTree: given.inTree ?? false,
        patches: given.patch ?? [],
        isLive: isPrompt,
        giveUp: given.giveUp,
        isTogether: transcript !== undefined || (json !== true && endTogether()),
      } as const;
      const result = await interruptible((signal) =>
        withShell(options, (session) =>
          isPrompt
            ? interact(session, process.stdin, process.stdout, signal)
            : session.script(commands, script ?? 'bash', '/root', signal),
        ),
      );
      if (transcript !== undefined) {
        const difference = compareTranscript(transcript, result.stdout);
        emit({ json: json === true }, { difference: difference ?? null }, () =>
          transcriptText(difference, transcript),
        );
        process.exitCode = difference === undefined ? 0 : 1;
        return;
      }
      if (json === true) emit({ json }, result, () => '');
      else if (!isPrompt) {
        process.stdout.write(result.stdout);
        process.stderr.write(result.stderr);
      }
      process.exitCode = result.exitCode;
    },
  });
}
