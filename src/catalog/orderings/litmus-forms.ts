/** The protocols of the transition as litmus tests; each claim is checked against the axioms of the kernel memory model. */

import type { LitmusForm } from './litmus-form.js';
import {
  LITMUS_DISABLE,
  LITMUS_DISABLE_HOOK,
  LITMUS_ENABLE,
  LITMUS_ENABLE_STATE,
  LITMUS_PUBLISH,
  LITMUS_REVERSE,
  LITMUS_STATE,
  LITMUS_TARGET,
  LITMUS_TARGET_HOOK,
} from './litmus-fences.js';
import { LITMUS_LIST, LITMUS_LIST_FREE } from './litmus-ftrace.js';
import { LITMUS_FREE, LITMUS_SHADOW } from './litmus-lifetime.js';
import { LITMUS_STACK, LITMUS_STACK_HOOK } from './litmus-printk.js';
import { LITMUS_ALIVE, LITMUS_FORK, LITMUS_HOTPLUG, LITMUS_PIN } from './litmus-tasks.js';
import {
  LITMUS_COMPLETE,
  LITMUS_REMOVE,
  LITMUS_REVERSE_SYNC,
  LITMUS_UNREGISTER,
} from './litmus-waiting.js';

/** All forms. */
export const LITMUS_FORMS: readonly LitmusForm[] = [
  LITMUS_DISABLE,
  LITMUS_DISABLE_HOOK,
  LITMUS_TARGET,
  LITMUS_TARGET_HOOK,
  LITMUS_STATE,
  LITMUS_ENABLE,
  LITMUS_ENABLE_STATE,
  LITMUS_PUBLISH,
  LITMUS_REVERSE,
  LITMUS_REVERSE_SYNC,
  LITMUS_REMOVE,
  LITMUS_COMPLETE,
  LITMUS_UNREGISTER,
  LITMUS_FORK,
  LITMUS_PIN,
  LITMUS_ALIVE,
  LITMUS_HOTPLUG,
  LITMUS_FREE,
  LITMUS_SHADOW,
  LITMUS_LIST,
  LITMUS_LIST_FREE,
  LITMUS_STACK,
  LITMUS_STACK_HOOK,
];
