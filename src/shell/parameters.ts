/** Parameters of the modules that can be loaded. */

import { EINVAL, ERANGE } from '../kernel/errno.js';
import { MAX_PIDS, SHELL } from './kernel/layout.js';

/** One parameter. */
export interface Parameter {
  /** Mode of its file below `/sys/module/<module>/parameters`; 0: it has none. */
  readonly mode: number;
  /** First word in the shell's region, and how many there are. */
  readonly field: number;
  readonly count: number;
  readonly initial: number;
  /** What modinfo says of it, behind its name. */
  readonly about: string;
  /** Value of the name alone; undefined: it needs one. */
  readonly alone?: number;
  /** Value of a text; undefined: not accepted. */
  parse(text: string): number | undefined;
  /** The error of a text that is not accepted. */
  refusal(text: string): number;
  show(value: number): string;
}

/** Whether a text is a number for `kstrtoint()`, if only it were not too large. */
const isNumber = (text: string): boolean => /^[-+]?(0x[\da-f]+|0[0-7]*|[1-9]\d*)$/i.test(text);

/** A number as `kstrtoint()` reads it: decimal, hexadecimal or octal, with a sign. */
function parseInteger(text: string): number | undefined {
  const [, sign = '', digits = ''] = /^([-+]?)(0x[\da-f]+|\d+)$/i.exec(text) ?? [];
  if (digits === '') return undefined;
  const isOctal = /^0[0-7]+$/.test(digits);
  if (/^0\d/.test(digits) && !isOctal) return undefined;
  const value = isOctal ? Number.parseInt(digits, 8) : Number(digits);
  const signed = sign === '-' ? -value : value;
  return signed === (signed | 0) ? signed : undefined;
}

const int = (field: number, mode: number, count = 1, about = ''): Parameter => ({
  mode,
  field,
  count,
  initial: 0,
  about: `${about} (${count === 1 ? 'int' : 'array of int'})`,
  parse: parseInteger,
  refusal: (text) => (isNumber(text) ? -ERANGE : -EINVAL),
  show: String,
});

/** As `kstrtobool()`: the first character counts, and of `on` and `off` the second. */
export function parseBoolean(text: string): number | undefined {
  if (/^([yYtT1]|[oO][nN])/.test(text)) return 1;
  return /^([nNfF0]|[oO][fF])/.test(text) ? 0 : undefined;
}

const bool = (field: number, mode: number, initial = 0, about = ''): Parameter => ({
  mode,
  field,
  count: 1,
  initial,
  about: `${about} (bool)`,
  alone: 1,
  parse: parseBoolean,
  refusal: () => -EINVAL,
  show: (value) => (value === 0 ? 'N' : 'Y'),
});

/** By module and name. */
export const PARAMETERS: Readonly<Record<string, Readonly<Record<string, Parameter>>>> = {
  test_klp_atomic_replace: { replace: int(SHELL.replace, 0o644, 1, 'replace (default=0)') },
  test_klp_callbacks_demo: {
    pre_patch_ret: int(SHELL.prePatchRet, 0o644, 1, 'pre_patch_ret (default=0)'),
  },
  test_klp_callbacks_demo2: { replace: int(SHELL.replace2, 0o644, 1, 'replace (default=0)') },
  test_klp_callbacks_busy: {
    block_transition: bool(SHELL.blockTransition, 0o644, 0, 'block_transition (default=false)'),
  },
  test_klp_kprobe: { has_post_handler: bool(SHELL.hasPostHandler, 0o444, 1) },
  test_klp_syscall: { klp_pids: int(SHELL.klpPids, 0, MAX_PIDS) },
};
