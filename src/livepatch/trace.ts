/** Events that livepatch records for the flight recorder and the checks. Numbers 64 to 127 are livepatch's. */

/** klp_init_transition() begins: patch, target state. */
export const TRACE_KLP_INIT = 64;
/** klp_start_transition() begins: patch, target state. */
export const TRACE_KLP_START = 65;
/** klp_reverse_transition() begins: patch, target state before the flip. */
export const TRACE_KLP_REVERSE = 66;
/** klp_force_transition() begins: patch, target state. */
export const TRACE_KLP_FORCE = 67;
/** klp_complete_transition() begins: patch, target state. */
export const TRACE_KLP_COMPLETE = 68;
/** klp_complete_transition() ended: patch, target state that was reached. */
export const TRACE_KLP_COMPLETED = 69;
/** klp_cancel_transition() begins: patch. */
export const TRACE_KLP_CANCEL = 70;
/** A task changed its patch state: task, new state, one of the `SWITCHED_*` numbers. */
export const TRACE_KLP_SWITCHED = 71;
/** klp_patch_func() pushed a function: func, old function, new function. */
export const TRACE_KLP_PATCH_FUNC = 72;
/** klp_unpatch_func() removed a function: func, old function, new function. */
export const TRACE_KLP_UNPATCH_FUNC = 73;
/** klp_free_patch_finish() is about to drop the module reference: patch, module. */
export const TRACE_KLP_MODULE_PUT = 74;
/** klp_mutex is about to be released; the state that it protects is stable. */
export const TRACE_KLP_STABLE = 75;
/** klp_enable_patch() took its module reference: patch, module. */
export const TRACE_KLP_MODULE_GET = 76;
/** klp_send_signals() begins: attempt counter. */
export const TRACE_KLP_SIGNALS = 77;
/** A callback of an object is about to run: object, callback number, one of the `CALLBACK_*` numbers. */
export const TRACE_KLP_CALLBACK = 78;
/** klp_free_patch_start(): patch. */
export const TRACE_KLP_FREE_START = 79;

/** klp_update_patch_state() on the task itself: kernel exit or idle loop. */
export const SWITCHED_BY_SELF = 0;
/** klp_check_and_switch_task(): after a check of its stack. */
export const SWITCHED_BY_STACK_CHECK = 1;
/** klp_try_complete_transition(): the idle task of an offline CPU. */
export const SWITCHED_OFFLINE_IDLE = 2;
/** klp_force_transition(). */
export const SWITCHED_BY_FORCE = 3;
/** klp_copy_process(): inherited at fork. */
export const SWITCHED_BY_FORK = 4;

/** Which of the four callbacks {@link TRACE_KLP_CALLBACK} is about. */
export const CALLBACK_PRE_PATCH = 0;
export const CALLBACK_POST_PATCH = 1;
export const CALLBACK_PRE_UNPATCH = 2;
export const CALLBACK_POST_UNPATCH = 3;

/** Names for reports. */
export const KLP_TRACE_NAMES: Readonly<Record<number, string>> = {
  [TRACE_KLP_INIT]: 'klp init transition',
  [TRACE_KLP_START]: 'klp start transition',
  [TRACE_KLP_REVERSE]: 'klp reverse transition',
  [TRACE_KLP_FORCE]: 'klp force transition',
  [TRACE_KLP_COMPLETE]: 'klp complete transition',
  [TRACE_KLP_COMPLETED]: 'klp transition completed',
  [TRACE_KLP_CANCEL]: 'klp cancel transition',
  [TRACE_KLP_SWITCHED]: 'klp task switched',
  [TRACE_KLP_PATCH_FUNC]: 'klp patch func',
  [TRACE_KLP_UNPATCH_FUNC]: 'klp unpatch func',
  [TRACE_KLP_MODULE_PUT]: 'klp module put',
  [TRACE_KLP_STABLE]: 'klp state stable',
  [TRACE_KLP_MODULE_GET]: 'klp module get',
  [TRACE_KLP_SIGNALS]: 'klp send signals',
  [TRACE_KLP_CALLBACK]: 'klp callback',
  [TRACE_KLP_FREE_START]: 'klp free patch',
};
