/** Lines that the test modules and the shell itself print. */

import type { LogLevel, Message } from '../../kernel/printk.js';

const messages: Message[] = [];

function say(prefix: string, text: string, level: LogLevel = 'info'): Message {
  const message = { id: 200 + messages.length, level, prefix, text };
  messages.push(message);
  return message;
}

/** `echo text > /dev/kmsg`: the number of a text that the shell keeps. */
export const KMSG = say('', '%s', 'notice');

const STATES = [
  '[MODULE_STATE_LIVE] Normal state',
  '[MODULE_STATE_COMING] Full formed, running module_init',
  '[MODULE_STATE_GOING] Going away',
  '[MODULE_STATE_UNFORMED] Still setting it up',
] as const;

/** The four callbacks of a livepatch, in the order of `struct klp_callbacks`. */
export const CALLBACKS = ['pre_patch', 'post_patch', 'pre_unpatch', 'post_unpatch'] as const;

/** What a callback of a test module prints: for vmlinux, and for a module by the module's state. */
export interface CallbackLines {
  readonly vmlinux: Message;
  readonly byState: readonly Message[];
}

/** The lines of one callback. */
export function callbackLines(module: string, callback: string): CallbackLines {
  return {
    vmlinux: say(`${module}: `, `${callback}_callback: vmlinux`),
    byState: STATES.map((state) => say(`${module}: `, `${callback}_callback: %s -> ${state}`)),
  };
}

/** A line of a module. */
export const line = (module: string, text: string): Message => say(`${module}: `, text);

/** All of them. Complete once every module with lines has been loaded. */
export const SHELL_MESSAGES: readonly Message[] = messages;
