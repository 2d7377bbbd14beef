/** The WARN sites of livepatch: conditions that the kernel believes never to hold, so each that fires is a finding. */

import type { WarnSite } from '../kernel/warn.js';

const site = (id: number, text: string): WarnSite => ({ id, text });

/** patch.c `klp_ftrace_handler`: recursion. */
export const WARN_HANDLER_RECURSION = site(32, 'klp_ftrace_handler: recursion');
/** patch.c `klp_ftrace_handler`: func is NULL. */
export const WARN_HANDLER_EMPTY_STACK = site(33, 'klp_ftrace_handler: empty func_stack');
/** patch.c `klp_ftrace_handler`: the current task's state is undefined during a transition. */
export const WARN_HANDLER_UNDEFINED = site(34, 'klp_ftrace_handler: patch_state is KLP_UNDEFINED');
/** transition.c `klp_complete_transition`, tasks. */
export const WARN_COMPLETE_TASK_PENDING = site(
  35,
  'klp_complete_transition: a task still has TIF_PATCH_PENDING',
);
/** transition.c `klp_complete_transition`, idle tasks. */
export const WARN_COMPLETE_IDLE_PENDING = site(
  36,
  'klp_complete_transition: an idle task still has TIF_PATCH_PENDING',
);
/** transition.c `klp_cancel_transition`. */
export const WARN_CANCEL_NOT_PATCHING = site(
  37,
  'klp_cancel_transition: klp_target_state is not KLP_PATCHED',
);
/** transition.c `klp_try_complete_transition`. */
export const WARN_TRY_COMPLETE_UNDEFINED = site(
  38,
  'klp_try_complete_transition: klp_target_state is KLP_UNDEFINED',
);
/** transition.c `klp_start_transition`. */
export const WARN_START_UNDEFINED = site(
  39,
  'klp_start_transition: klp_target_state is KLP_UNDEFINED',
);
/** transition.c `klp_init_transition`. */
export const WARN_INIT_TARGET = site(
  40,
  'klp_init_transition: klp_target_state is not KLP_UNDEFINED',
);
/** transition.c `klp_init_transition`, tasks. */
export const WARN_INIT_TASK = site(
  41,
  "klp_init_transition: a task's patch_state is not KLP_UNDEFINED",
);
/** transition.c `klp_init_transition`, idle tasks. */
export const WARN_INIT_IDLE = site(
  42,
  "klp_init_transition: an idle task's patch_state is not KLP_UNDEFINED",
);
/** core.c `__klp_disable_patch`. */
export const WARN_DISABLE_DISABLED = site(43, '__klp_disable_patch: the patch is not enabled');
/** core.c `__klp_enable_patch`. */
export const WARN_ENABLE_ENABLED = site(44, '__klp_enable_patch: the patch is already enabled');
/** core.c `klp_module_coming`. */
export const WARN_COMING_STATE = site(45, 'klp_module_coming: the module is not COMING');
/** core.c `klp_module_going`. */
export const WARN_GOING_STATE = site(
  46,
  'klp_module_going: the module is neither GOING nor COMING',
);
/** patch.c `klp_unpatch_func`: not patched. */
export const WARN_UNPATCH_NOT_PATCHED = site(47, 'klp_unpatch_func: the function is not patched');
/** patch.c `klp_unpatch_func`: no old_func. */
export const WARN_UNPATCH_NO_OLD_FUNC = site(48, 'klp_unpatch_func: old_func is NULL');
/** patch.c `klp_unpatch_func`: no ops. */
export const WARN_UNPATCH_NO_OPS = site(49, 'klp_unpatch_func: no klp_ops for old_func');
/** patch.c `klp_unpatch_func`: no location. */
export const WARN_UNPATCH_NO_LOCATION = site(50, 'klp_unpatch_func: no ftrace location');
/** patch.c `klp_unpatch_func`: unregistering. */
export const WARN_UNREGISTER = site(51, 'klp_unpatch_func: unregister_ftrace_function failed');
/** patch.c `klp_unpatch_func`: clearing the filter. */
export const WARN_CLEAR_FILTER = site(52, 'klp_unpatch_func: ftrace_set_filter_ip failed');
/** patch.c `klp_patch_func`: no old_func. */
export const WARN_PATCH_NO_OLD_FUNC = site(53, 'klp_patch_func: old_func is NULL');
/** patch.c `klp_patch_func`: patched. */
export const WARN_PATCH_PATCHED = site(54, 'klp_patch_func: the function is already patched');
/** patch.c `klp_patch_object`. */
export const WARN_PATCH_OBJECT_PATCHED = site(
  55,
  'klp_patch_object: the object is already patched',
);
/** state.c `klp_get_prev_state`. */
export const WARN_PREV_STATE_NO_TRANSITION = site(56, 'klp_get_prev_state: no transition');
/** shadow.c `__klp_shadow_get_or_alloc`. */
export const WARN_SHADOW_DUPLICATE = site(57, 'Duplicate shadow variable');

/** All of them, for the machine's table of WARN sites. */
export const KLP_WARN_SITES: readonly WarnSite[] = [
  WARN_HANDLER_RECURSION,
  WARN_HANDLER_EMPTY_STACK,
  WARN_HANDLER_UNDEFINED,
  WARN_COMPLETE_TASK_PENDING,
  WARN_COMPLETE_IDLE_PENDING,
  WARN_CANCEL_NOT_PATCHING,
  WARN_TRY_COMPLETE_UNDEFINED,
  WARN_START_UNDEFINED,
  WARN_INIT_TARGET,
  WARN_INIT_TASK,
  WARN_INIT_IDLE,
  WARN_DISABLE_DISABLED,
  WARN_ENABLE_ENABLED,
  WARN_COMING_STATE,
  WARN_GOING_STATE,
  WARN_UNPATCH_NOT_PATCHED,
  WARN_UNPATCH_NO_OLD_FUNC,
  WARN_UNPATCH_NO_OPS,
  WARN_UNPATCH_NO_LOCATION,
  WARN_UNREGISTER,
  WARN_CLEAR_FILTER,
  WARN_PATCH_NO_OLD_FUNC,
  WARN_PATCH_PATCHED,
  WARN_PATCH_OBJECT_PATCHED,
  WARN_PREV_STATE_NO_TRANSITION,
  WARN_SHADOW_DUPLICATE,
];
