/** Parameters of the modules that can be loaded. */

import { MAX_PIDS, SHELL } from './kernel/layout.js';

/** One parameter. */
export interface Parameter {
  /** Mode of its file below `/sys/module/<module>/parameters`; 0: it has none. */
  readonly mode: number;
  /** First word in the shell's region, and how many there are. */
  readonly field: number;
  readonly count: number;
  readonly initial: number;
  /** Value of a text; undefined: not accepted. */
  parse(text: string): number | undefined;
  show(value: number): string;
}

const int = (field: number, mode: number, count = 1): Parameter => ({
  mode,
  field,
  count,
  initial: 0,
  parse: (text) => (/^-?\d+$/.test(text) ? Number(text) | 0 : undefined),
  show: String,
});

const BOOLS: Readonly<Record<string, number>> = { y: 1, Y: 1, '1': 1, n: 0, N: 0, '0': 0 };
const bool = (field: number, mode: number, initial = 0): Parameter => ({
  mode,
  field,
  count: 1,
  initial,
  parse: (text) => BOOLS[text[0] ?? ''],
  show: (value) => (value === 0 ? 'N' : 'Y'),
});

/** By module and name. */
export const PARAMETERS: Readonly<Record<string, Readonly<Record<string, Parameter>>>> = {
  test_klp_atomic_replace: { replace: int(SHELL.replace, 0o644) },
  test_klp_callbacks_demo: { pre_patch_ret: int(SHELL.prePatchRet, 0o644) },
  test_klp_callbacks_demo2: { replace: int(SHELL.replace2, 0o644) },
  test_klp_callbacks_busy: { block_transition: bool(SHELL.blockTransition, 0o644) },
  test_klp_kprobe: { has_post_handler: bool(SHELL.hasPostHandler, 0o444, 1) },
  test_klp_syscall: { klp_pids: int(SHELL.klpPids, 0, MAX_PIDS) },
};
