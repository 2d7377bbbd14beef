/** Every line that livepatch prints, with the kernel's exact text. Callers pick by name; reports read by number. */

import type { Message } from '../kernel/printk.js';

const message = (id: number, level: Message['level'], text: string): Message => ({
  id,
  level,
  prefix: 'livepatch: ',
  text,
});

/** kernel/livepatch/core.c `__klp_enable_patch`: patch. */
export const ENABLING_PATCH = message(100, 'notice', "enabling patch '%s'");
/** transition.c `klp_init_transition`: patch, patching or unpatching. */
export const INITIALIZING = message(101, 'debug', "'%s': initializing %s transition");
/** transition.c `klp_start_transition`: patch, patching or unpatching. */
export const STARTING = message(102, 'notice', "'%s': starting %s transition");
/** transition.c `klp_complete_transition`: patch, patching or unpatching. */
export const COMPLETING = message(103, 'debug', "'%s': completing %s transition");
/** transition.c `klp_complete_transition`: patch, patching or unpatching. */
export const COMPLETE = message(104, 'notice', "'%s': %s complete");
/** transition.c `klp_cancel_transition`: patch. */
export const CANCELING = message(
  105,
  'debug',
  "'%s': canceling patching transition, going to unpatch",
);
/** transition.c `klp_reverse_transition`: patch, from what to what. */
export const REVERSING = message(106, 'debug', "'%s': reversing transition from %s");
/** transition.c `klp_send_signals`, at the 16th attempt only. */
export const SIGNALING = message(107, 'notice', 'signaling remaining tasks');
/** transition.c `klp_force_transition`; the same words when an unpatching is forced. */
export const FORCING = message(108, 'warn', 'forcing remaining tasks to the patched state');
/** transition.c `klp_try_switch_task`, -EBUSY: comm, pid. */
export const TASK_RUNNING_ELSEWHERE = message(
  109,
  'debug',
  'klp_try_switch_task: %s:%d is running',
);
/** transition.c `klp_try_switch_task`, -EINVAL: comm, pid. */
export const TASK_UNRELIABLE = message(
  110,
  'debug',
  'klp_try_switch_task: %s:%d has an unreliable stack',
);
/** transition.c `klp_try_switch_task`, -EADDRINUSE: comm, pid, function. */
export const TASK_SLEEPING = message(
  111,
  'debug',
  'klp_try_switch_task: %s:%d is sleeping on function %s',
);
/** transition.c `klp_try_switch_task`, any other error: errno, comm, pid. */
export const TASK_UNKNOWN_ERROR = message(
  112,
  'debug',
  'klp_try_switch_task: Unknown error code (%d) when trying to switch %s:%d',
);

/** core.c, enabling and module coming: object. */
export const PRE_PATCH_FAILED = message(120, 'warn', "pre-patch callback failed for object '%s'");
/** core.c `__klp_enable_patch`: object. */
export const PATCH_OBJECT_FAILED = message(121, 'warn', "failed to patch object '%s'");
/** core.c `__klp_enable_patch`: patch. */
export const ENABLE_FAILED = message(122, 'warn', "failed to enable patch '%s'");
/** core.c `klp_enable_patch`: module. */
export const NOT_A_LIVEPATCH = message(123, 'err', 'module %s is not marked as a livepatch module');
/** core.c `klp_enable_patch` without reliable stacks, first line. */
export const NO_RELIABLE_STACKS = message(
  124,
  'warn',
  "This architecture doesn't have support for the livepatch consistency model.",
);
/** core.c `klp_enable_patch` without reliable stacks, second line. */
export const MAY_NEVER_COMPLETE = message(
  125,
  'warn',
  'The livepatch transition may never complete.',
);
/** core.c `klp_enable_patch`: patch. */
export const INCOMPATIBLE = message(
  126,
  'err',
  'Livepatch patch (%s) is not compatible with the already installed livepatches.',
);
/** core.c `klp_module_coming`: patch, module. */
export const APPLYING = message(127, 'notice', "applying patch '%s' to loading module '%s'");
/** core.c `klp_cleanup_module_patches_limited`: patch, module. */
export const REVERTING = message(128, 'notice', "reverting patch '%s' on unloading module '%s'");
/** core.c `klp_module_coming`: patch, module, errno. */
export const INIT_MODULE_FAILED = message(
  129,
  'warn',
  "failed to initialize patch '%s' for module '%s' (%d)",
);
/** core.c `klp_module_coming`: patch, module, errno. */
export const APPLY_MODULE_FAILED = message(
  130,
  'warn',
  "failed to apply patch '%s' to module '%s' (%d)",
);
/** core.c `klp_module_coming`: patch, module, module. */
export const REFUSING_MODULE = message(
  131,
  'warn',
  "patch '%s' failed for module '%s', refusing to load module '%s'",
);
/** core.c `klp_module_coming`. */
export const INVALID_MODULE_NAME = message(132, 'err', 'vmlinux.ko: invalid module name');
/** core.c `klp_find_object_symbol`: symbol. */
export const SYMBOL_NOT_FOUND = message(133, 'err', "symbol '%s' not found in symbol table");
/** core.c `klp_find_object_symbol`: symbol, object; `(null)` for vmlinux. */
export const SYMBOL_AMBIGUOUS = message(
  134,
  'err',
  "unresolvable ambiguity for symbol '%s' in object '%s'",
);
/** core.c `klp_find_object_symbol`: position, symbol, object. */
export const SYMBOL_POSITION_NOT_FOUND = message(
  135,
  'err',
  "symbol position %lu for symbol '%s' in object '%s' not found",
);
/** core.c `klp_init_object_loaded`: function. */
export const OLD_SIZE_FAILED = message(136, 'err', "kallsyms size lookup failed for '%s'");
/** core.c `klp_init_object_loaded`: function. */
export const NEW_SIZE_FAILED = message(
  137,
  'err',
  "kallsyms size lookup failed for '%s' replacement",
);

/** patch.c `klp_patch_func`: function. */
export const LOCATION_NOT_FOUND = message(150, 'err', "failed to find location for function '%s'");
/** patch.c `klp_patch_func`: function, errno. */
export const FILTER_FAILED = message(
  151,
  'err',
  "failed to set ftrace filter for function '%s' (%d)",
);
/** patch.c `klp_patch_func`: function, errno. */
export const REGISTER_FAILED = message(
  152,
  'err',
  "failed to register ftrace handler for function '%s' (%d)",
);

/** shadow.c `__klp_shadow_get_or_alloc`: object, id, errno. */
export const SHADOW_CONSTRUCT_FAILED = message(
  160,
  'err',
  'Failed to construct shadow variable <%p, %lx> (%d)',
);

/** All of them, for the machine's message table. */
export const KLP_MESSAGES: readonly Message[] = [
  ENABLING_PATCH,
  INITIALIZING,
  STARTING,
  COMPLETING,
  COMPLETE,
  CANCELING,
  REVERSING,
  SIGNALING,
  FORCING,
  TASK_RUNNING_ELSEWHERE,
  TASK_UNRELIABLE,
  TASK_SLEEPING,
  TASK_UNKNOWN_ERROR,
  PRE_PATCH_FAILED,
  PATCH_OBJECT_FAILED,
  ENABLE_FAILED,
  NOT_A_LIVEPATCH,
  NO_RELIABLE_STACKS,
  MAY_NEVER_COMPLETE,
  INCOMPATIBLE,
  APPLYING,
  REVERTING,
  INIT_MODULE_FAILED,
  APPLY_MODULE_FAILED,
  REFUSING_MODULE,
  INVALID_MODULE_NAME,
  SYMBOL_NOT_FOUND,
  SYMBOL_AMBIGUOUS,
  SYMBOL_POSITION_NOT_FOUND,
  OLD_SIZE_FAILED,
  NEW_SIZE_FAILED,
  LOCATION_NOT_FOUND,
  FILTER_FAILED,
  REGISTER_FAILED,
  SHADOW_CONSTRUCT_FAILED,
];
