/** Commands of our own: load a declared livepatch, look at tasks and CPUs, wait. */

import { defineCommand, type CustomCommand } from 'just-bash';
import { fails, ok, type ShellContext } from './command.js';
import { startProgram } from './commands.js';
import { strerror } from './errors.js';
import { tasksOf } from './tasks.js';

/** Seconds that wait-for waits unless told otherwise. */
const WAIT_SECONDS = 60;

function taskCommand({ machine }: ShellContext): CustomCommand {
  return defineCommand(
    'task',
    async ([what = '', name = '']) => {
      if (what === 'start') {
        const pid = await startProgram(machine, name);
        if (pid === undefined) return fails(`task: no program is called '${name}'`, 2);
        return pid < 0 ? fails(`task: ${strerror(pid)}`) : ok(`${pid}\n`);
      }
      const tasks = tasksOf(machine);
      const wanted = tasks.filter(({ pid, comm }) =>
        what === '' ? true : String(pid) === what || comm === what,
      );
      if (wanted.length === 0) return fails(`task: no task is called '${what}'`, 2);
      const lines = wanted.map(({ pid, comm, state, patchState, stack }) => {
        const where = stack.length === 0 ? 'in user mode' : stack.join(' < ');
        return `${pid} ${comm} ${state} patch_state ${patchState}: ${where}`;
      });
      return ok(`${lines.join('\n')}\n`);
    },
    { trusted: true },
  );
}

function cpuCommand({ machine }: ShellContext): CustomCommand {
  return defineCommand(
    'cpu',
    async ([number = '', direction = '']) => {
      const { cpus } = machine.booted.kernel;
      if (number === '') {
        const states = Array.from({ length: cpus }, (_, n) => (machine.isOnline(n) ? 'on' : 'off'));
        return ok(`${states.map((s, n) => `cpu${n} ${s}line`).join('\n')}\n`);
      }
      const n = Number(number);
      if (!Number.isInteger(n) || n < 0 || n >= cpus || !['up', 'down'].includes(direction)) {
        return fails(`cpu: give a number from 0 to ${cpus - 1}, and up or down`, 2);
      }
      const ret = await machine.setOnline(n, direction === 'up');
      return ret < 0 ? fails(`cpu: ${strerror(ret)}`) : ok();
    },
    { trusted: true },
  );
}

function waitFor({ machine }: ShellContext): CustomCommand {
  return defineCommand(
    'wait-for',
    async (args, ctx) => {
      const at = args.indexOf('-t');
      const seconds = at < 0 ? WAIT_SECONDS : Number(args[at + 1]);
      const words = at < 0 ? args : args.filter((_, i) => i !== at && i !== at + 1);
      if (words.length === 0 || !(seconds > 0)) {
        return fails('wait-for: give a command, and -t with seconds above 0', 2);
      }
      const run = words.join(' ');
      for (let waited = 0; ; waited += 0.1) {
        const tried = await ctx.exec?.(run, { cwd: ctx.cwd });
        if (tried === undefined || tried.exitCode === 0) return ok();
        if (waited >= seconds) return fails(`wait-for: not within ${seconds} s: ${run}`);
        await machine.sleep(100);
      }
    },
    { trusted: true },
  );
}

/** `patch NAME`: load a livepatch; without a name, those that there are. */
function patchCommand({ machine }: ShellContext): CustomCommand {
  return defineCommand(
    'patch',
    async ([path = '']) => {
      const { images } = machine.booted.kernel;
      const name = (path.split('/').pop() ?? '').replace(/\.(json|ko)$/, '');
      const index = images.findIndex((image) => machine.name(image.name) === name);
      if (path === '') {
        const patches = images.filter(({ patch }) => patch !== undefined);
        return ok(`${patches.map((image) => machine.name(image.name)).join('\n')}\n`);
      }
      if (index < 0) return fails(`patch: no livepatch is called '${name}'`, 2);
      const ret = await machine.insmod(index);
      return ret < 0 ? fails(`patch: ${name}: ${strerror(ret)}`) : ok();
    },
    { trusted: true },
  );
}

/** Commands of our own. */
export function ownCommands(context: ShellContext): CustomCommand[] {
  return [taskCommand(context), cpuCommand(context), patchCommand(context), waitFor(context)];
}
