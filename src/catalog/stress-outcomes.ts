/** What the admins of the stress workload can experience, graded before the run. */

import {
  EBUSY,
  EEXIST,
  EINVAL,
  ENODEV,
  ENOENT,
  ENOMEM,
  EOPNOTSUPP,
  EWOULDBLOCK,
} from '../kernel/errno.js';
import type { Grade } from '../scenario/declare.js';

/** An admin action. */
export type StressAction =
  | 'enable'
  | 'enable broken'
  | 'disable'
  | 'reverse'
  | 'force'
  | 'remove'
  | 'load target'
  | 'unload target'
  | 'cpu down'
  | 'cpu up'
  | 'ftrace off'
  | 'ftrace on';

/** A result of an action, its grade and why. */
export interface StressOutcome {
  readonly action: StressAction;
  /** 0 or a negative errno; the byte count of a sysfs write counts as 0. */
  readonly result: number;
  readonly grade: Grade;
  readonly reason: string;
}

const ok = (action: StressAction, result: number, reason: string): StressOutcome => ({
  action,
  result,
  grade: 'acceptable',
  reason,
});
const odd = (action: StressAction, result: number, reason: string): StressOutcome => ({
  action,
  result,
  grade: 'interesting',
  reason,
});
const never = (action: StressAction, result: number, reason: string): StressOutcome => ({
  action,
  result,
  grade: 'forbidden',
  reason,
});

/** Every result that is expected; any other is forbidden. */
export const STRESS_OUTCOMES: readonly StressOutcome[] = [
  ok('enable', 0, 'the transition to the patch began'),
  ok('enable', -EBUSY, 'another transition is in progress, or ftrace is off'),
  ok('enable', -EEXIST, 'the livepatch module is loaded already'),
  odd('enable', -ENOMEM, 'no room for another module'),
  ok('enable broken', -ENODEV, 'its pre_patch callback refused, and the enabling was cancelled'),
  ok('enable broken', -EBUSY, 'another transition is in progress'),
  ok('enable broken', -EEXIST, 'the livepatch module is loaded already'),
  never('enable broken', 0, 'a patch whose pre_patch callback fails must not be enabled'),
  ok('disable', 0, 'the transition away from the patch began'),
  ok('disable', -EINVAL, 'the patch is disabled already'),
  ok('disable', -EBUSY, 'another patch is in transition'),
  ok('disable', -ENODEV, 'the patch is being removed'),
  ok('reverse', 0, 'the transition turned round'),
  ok('reverse', -EINVAL, 'the transition had ended meanwhile'),
  ok('reverse', -EBUSY, 'another transition had begun meanwhile'),
  ok('reverse', -ENODEV, 'the patch is being removed'),
  ok('force', 0, 'the transition was forced'),
  ok('force', -EINVAL, 'the transition had ended meanwhile'),
  ok('force', -ENODEV, 'the patch is being removed'),
  ok('remove', 0, 'the livepatch module was unloaded'),
  ok('remove', -ENOENT, 'the livepatch module is not loaded'),
  ok('remove', -EBUSY, 'the livepatch module is still being loaded'),
  ok('remove', -EWOULDBLOCK, 'the patch is in use'),
  ok('load target', 0, 'the target module was loaded'),
  ok('load target', -EEXIST, 'the target module is loaded already'),
  ok('load target', -EBUSY, 'livepatch refused the module: ftrace is off'),
  odd('load target', -ENOMEM, 'no room for another module'),
  ok('unload target', 0, 'the target module was unloaded'),
  ok('unload target', -ENOENT, 'the target module is not loaded'),
  ok('unload target', -EBUSY, 'the target module is still being loaded'),
  ok('unload target', -EWOULDBLOCK, 'a task is in the target module'),
  ok('cpu down', 0, 'a CPU went offline'),
  ok('cpu down', -EINVAL, 'the CPU is offline already, the last one, or the caller runs on it'),
  ok('cpu down', -EBUSY, 'the CPU holds work that cannot move'),
  ok('cpu up', 0, 'a CPU came online'),
  ok('cpu up', -EINVAL, 'the CPU is online already'),
  ok('ftrace off', 0, 'no function was patched'),
  ok('ftrace off', -EBUSY, 'a function is patched, so ftrace stays on'),
  ok('ftrace off', -EOPNOTSUPP, 'nothing can turn ftrace off any more (7.3)'),
  ok('ftrace on', 0, 'ftrace is on'),
];

/** Index of an outcome in {@link STRESS_OUTCOMES}, or -1. */
export function stressOutcome(action: StressAction, result: number): number {
  const value = result > 0 ? 0 : result;
  return STRESS_OUTCOMES.findIndex((o) => o.action === action && o.result === value);
}
