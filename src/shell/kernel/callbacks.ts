/** Callbacks of the test modules: each prints its name and the object, and those of the states keep console_loglevel. */

import { EINVAL } from '../../kernel/errno.js';
import { MODULE } from '../../kernel/module.js';
import { printk, type Message } from '../../kernel/printk.js';
import { KLP_OBJECT, KLP_STATE, type KlpCallback } from '../../livepatch/layout.js';
import { klpGetPrevState, klpGetState } from '../../livepatch/state.js';
import type { CallbacksSpec } from '../../livepatch/image.js';
import type { Cpu } from '../../memory/cpu.js';
import { NULL, type Addr } from '../../memory/struct.js';
import { SHELL } from './layout.js';
import { CALLBACKS, callbackLines, line, type CallbackLines } from './messages.js';
import { shellOf } from './task.js';

const callbacks: (KlpCallback | undefined)[] = [undefined];

/** All callbacks by number. Complete once every file that adds some is loaded. */
export const SHELL_CALLBACKS: readonly (KlpCallback | undefined)[] = callbacks;

function announce(cpu: Cpu, lines: CallbackLines, obj: Addr): void {
  const mod = cpu.get(obj + KLP_OBJECT.mod);
  const byState = mod === NULL ? undefined : lines.byState[cpu.readOnce(mod + MODULE.state)];
  if (byState === undefined) printk(cpu, lines.vmlinux);
  else printk(cpu, byState, cpu.read(mod + MODULE.name));
}

function numbered(four: readonly KlpCallback[]): CallbacksSpec {
  const first = callbacks.length;
  callbacks.push(...four);
  return {
    prePatch: first,
    postPatch: first + 1,
    preUnpatch: first + 2,
    postUnpatch: first + 3,
  };
}

/** Callbacks that announce themselves; pre_patch returns the module's parameter `pre_patch_ret` if it has one. */
export function announcing(module: string, hasRet: boolean): CallbacksSpec {
  return numbered(
    CALLBACKS.map((name, kind): KlpCallback => {
      const lines = callbackLines(module, name);
      return (cpu, obj) => {
        announce(cpu, lines, obj);
        return hasRet && kind === 0 ? cpu.get(shellOf(cpu) + SHELL.prePatchRet) : 0;
      };
    }),
  );
}

/** Id of the state that the three modules share. */
export const CONSOLE_LOGLEVEL_STATE = 1;
/** `console_loglevel` once it is fixed. */
const LOUD = 15;

interface StateLines {
  readonly allocate: Message;
  readonly allocated: Message;
  readonly fix: Message;
  readonly takeOver: Message;
  readonly restore: Message;
  readonly passBack: Message;
  readonly free: Message;
  readonly keep: Message;
}

function stateLines(module: string): StateLines {
  const of = (fn: string, text: string): Message => line(module, `${fn}: ${text}`);
  return {
    allocate: of('allocate_loglevel_state', 'allocating space to store console_loglevel'),
    allocated: of('allocate_loglevel_state', 'space to store console_loglevel already allocated'),
    fix: of('fix_console_loglevel', 'fixing console_loglevel'),
    takeOver: of('fix_console_loglevel', 'taking over the console_loglevel change'),
    restore: of('restore_console_loglevel', 'restoring console_loglevel'),
    passBack: of(
      'restore_console_loglevel',
      'passing the console_loglevel change back to the old livepatch',
    ),
    free: of('free_loglevel_state', 'freeing space for the stored console_loglevel'),
    keep: of('free_loglevel_state', 'keeping space to store console_loglevel'),
  };
}

/** The state entry of the patch in transition, or of the patch before it. */
function ownState(cpu: Cpu): Addr {
  return klpGetState(cpu, cpu.read(cpu.ctx.klp.transitionPatch), CONSOLE_LOGLEVEL_STATE);
}

function previous(cpu: Cpu, canTakeOver: boolean): Addr {
  return canTakeOver ? klpGetPrevState(cpu, CONSOLE_LOGLEVEL_STATE) : NULL;
}

function prePatch(cpu: Cpu, lines: StateLines, canTakeOver: boolean): number {
  if (previous(cpu, canTakeOver) !== NULL) {
    printk(cpu, lines.allocated);
    return 0;
  }
  if (ownState(cpu) === NULL) return -EINVAL;
  printk(cpu, lines.allocate);
  return 0;
}

function postPatch(cpu: Cpu, lines: StateLines, canTakeOver: boolean): number {
  const level = shellOf(cpu) + SHELL.consoleLoglevel;
  const own = ownState(cpu);
  const before = previous(cpu, canTakeOver);
  if (before !== NULL) {
    printk(cpu, lines.takeOver);
    cpu.set(own + KLP_STATE.data, cpu.get(before + KLP_STATE.data));
    return 0;
  }
  printk(cpu, lines.fix);
  cpu.set(own + KLP_STATE.data, cpu.get(level));
  cpu.set(level, LOUD);
  return 0;
}

function preUnpatch(cpu: Cpu, lines: StateLines, canTakeOver: boolean): number {
  if (previous(cpu, canTakeOver) !== NULL) {
    printk(cpu, lines.passBack);
    return 0;
  }
  printk(cpu, lines.restore);
  cpu.set(shellOf(cpu) + SHELL.consoleLoglevel, cpu.get(ownState(cpu) + KLP_STATE.data));
  return 0;
}

function postUnpatch(cpu: Cpu, lines: StateLines, canTakeOver: boolean): number {
  printk(cpu, previous(cpu, canTakeOver) === NULL ? lines.free : lines.keep);
  return 0;
}

/** Callbacks of test_klp_state (which cannot take over what an older one did) and of test_klp_state2 and 3 (which can). */
export function keepingState(module: string, canTakeOver: boolean): CallbacksSpec {
  const says = CALLBACKS.map((name) => callbackLines(module, name));
  const lines = stateLines(module);
  return numbered([
    (cpu, obj) => {
      if (says[0] !== undefined) announce(cpu, says[0], obj);
      return prePatch(cpu, lines, canTakeOver);
    },
    (cpu, obj) => {
      if (says[1] !== undefined) announce(cpu, says[1], obj);
      return postPatch(cpu, lines, canTakeOver);
    },
    (cpu, obj) => {
      if (says[2] !== undefined) announce(cpu, says[2], obj);
      return preUnpatch(cpu, lines, canTakeOver);
    },
    (cpu, obj) => {
      if (says[3] !== undefined) announce(cpu, says[3], obj);
      return postUnpatch(cpu, lines, canTakeOver);
    },
  ]);
}
