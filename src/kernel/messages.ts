/** Lines that the kernel around livepatch prints, with its exact text where a log can be compared with it. */

import type { Message } from './printk.js';

/** kernel/module/main.c `check_modinfo_livepatch`, once: module. */
export const TAINT_LIVEPATCH: Message = {
  id: 1,
  level: 'notice',
  prefix: '',
  text: '%s: tainting kernel with TAINT_LIVEPATCH',
};
/** kernel/module/main.c, for the first module that was not built in the kernel's tree: module. */
export const TAINT_OUT_OF_TREE: Message = {
  id: 2,
  level: 'warn',
  prefix: '',
  text: '%s: loading out-of-tree module taints kernel.',
};
/** kernel/module/main.c, for the first module without a signature: module. */
export const TAINT_UNSIGNED: Message = {
  id: 3,
  level: 'notice',
  prefix: '',
  text: '%s: module verification failed: signature and/or required key missing - tainting kernel',
};
const duplicate = (id: number, path: string): Message => ({
  id,
  level: 'warn',
  prefix: 'sysfs: ',
  text: `cannot create duplicate filename '/kernel/livepatch/${path}'`,
});
/** fs/sysfs/dir.c `sysfs_warn_dup`, by depth below the root: patch; object; function and position. */
export const DUPLICATE_FILENAME: readonly Message[] = [
  duplicate(10, '%s'),
  duplicate(11, '%s/%s'),
  duplicate(12, '%s/%s/%s,%lu'),
];

const addFailed = (id: number, prefix: string, name: string): Message => ({
  id,
  level: 'err',
  prefix,
  text:
    `kobject_add_internal failed for ${name} with -EEXIST, ` +
    "don't try to register things with the same name in the same directory.",
});
/** lib/kobject.c `kobject_add_internal`: name, and for a function its position. */
export const KOBJECT_ADD_FAILED: readonly Message[] = [
  addFailed(13, '', '%s'),
  addFailed(14, '', '%s,%lu'),
];
/** The same with the prefix that later releases have. */
export const KOBJECT_ADD_FAILED_PREFIXED: readonly Message[] = [
  addFailed(15, 'kobject: ', '%s'),
  addFailed(16, 'kobject: ', '%s,%lu'),
];
/** arch/x86/kernel/module.c, 6.1: a relocation would be written over something. */
export const SKIPPING_NONZERO_RELOCATION: Message = {
  id: 17,
  level: 'err',
  prefix: 'module: ',
  text: 'x86/modules: Skipping invalid relocation target, existing value is nonzero',
};
/** arch/x86/kernel/module.c, later. */
export const NONZERO_RELOCATION: Message = {
  id: 18,
  level: 'err',
  prefix: 'module: ',
  text: 'x86/modules: Invalid relocation target, existing value is nonzero',
};
/** The WARN of kernel/livepatch/shadow.c: object, id. */
export const SHADOW_DUPLICATE: Message = {
  id: 19,
  level: 'warn',
  prefix: '',
  text: 'Duplicate shadow variable <%p, %lx>',
};
/** kernel/module/main.c `do_init_module`: module. */
export const INIT_RETURNED_EEXIST: Message = {
  id: 5,
  level: 'warn',
  prefix: '',
  text: '%s: init suspiciously returned -EEXIST: Overriding with -EBUSY',
};
/** kernel/module/main.c `do_init_module`, two lines: module, what its init function returned. */
export const INIT_RETURNED_POSITIVE: Message = {
  id: 7,
  level: 'warn',
  prefix: "do_init_module: '",
  text: "%s'->init suspiciously returned %d, it should follow 0/-E convention",
};
/** The second. */
export const LOADING_ANYWAY: Message = {
  id: 8,
  level: 'warn',
  prefix: '',
  text: 'do_init_module: loading module anyway...',
};
/** kernel/trace/ftrace.c. */
export const FTRACE_ENABLED_DEPRECATED: Message = {
  id: 6,
  level: 'warn',
  prefix: '',
  text: 'The ftrace_enabled file is deprecated and no longer disables ftrace',
};

/** All of them, for the machine's message table. */
export const KERNEL_MESSAGES: readonly Message[] = [
  TAINT_LIVEPATCH,
  TAINT_OUT_OF_TREE,
  TAINT_UNSIGNED,
  ...DUPLICATE_FILENAME,
  ...KOBJECT_ADD_FAILED,
  ...KOBJECT_ADD_FAILED_PREFIXED,
  SKIPPING_NONZERO_RELOCATION,
  NONZERO_RELOCATION,
  SHADOW_DUPLICATE,
  INIT_RETURNED_EEXIST,
  INIT_RETURNED_POSITIVE,
  LOADING_ANYWAY,
  FTRACE_ENABLED_DEPRECATED,
];
