/** Numbers of the kernel's trace events: what the flight recorder keeps and the checks listen to. */

/** a = previous task, b = next task. */
export const TRACE_SCHED_SWITCH = 1;
/** a = woken task, b = its CPU. */
export const TRACE_SCHED_WAKEUP = 2;
/** a = parent, b = child. */
export const TRACE_FORK = 3;
/** a = task that left the task list. */
export const TRACE_UNHASH = 4;
/** a = task that is dead. */
export const TRACE_EXIT = 5;
/** a = task, b = mark: code of this version and function starts to run. */
export const TRACE_MARK = 6;
/** a = task: could be switched here, by anyone who finds its stack clean. */
export const TRACE_QUIESCE = 7;
/** a = task that returned to user mode. */
export const TRACE_USER = 8;
/** a = WARN site. */
export const TRACE_WARN = 9;
/** a = message id, b, c = first arguments. */
export const TRACE_PRINTK = 10;
/** a = module, b = its state. */
export const TRACE_MODULE = 11;
/** a = module, b = base of the text that is gone, c = its words. */
export const TRACE_TEXT_FREED = 12;
/** a = CPU, b = 1 online, 0 offline. */
export const TRACE_HOTPLUG = 13;
/** a = site address, b = ops or 0. */
export const TRACE_FTRACE = 14;
/** a = module, b = reference count after the change. */
export const TRACE_MODULE_REF = 15;

/** Names for reports, by event number. */
export const KERNEL_TRACE_NAMES: Readonly<Record<number, string>> = {
  [TRACE_SCHED_SWITCH]: 'sched_switch',
  [TRACE_SCHED_WAKEUP]: 'sched_wakeup',
  [TRACE_FORK]: 'fork',
  [TRACE_UNHASH]: 'unhash',
  [TRACE_EXIT]: 'exit',
  [TRACE_MARK]: 'run',
  [TRACE_QUIESCE]: 'quiesce',
  [TRACE_USER]: 'user',
  [TRACE_WARN]: 'WARN',
  [TRACE_PRINTK]: 'printk',
  [TRACE_MODULE]: 'module',
  [TRACE_TEXT_FREED]: 'text_freed',
  [TRACE_HOTPLUG]: 'hotplug',
  [TRACE_FTRACE]: 'ftrace',
  [TRACE_MODULE_REF]: 'module_ref',
};
