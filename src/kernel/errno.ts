/** The errno values that the modelled functions return, negated, as in include/uapi/asm-generic. */

import { EAGAIN, ETIMEDOUT } from '../memory/wait-queue.js';

export { EAGAIN, ETIMEDOUT };
export const EPERM = 1;
export const ENOENT = 2;
export const ESRCH = 3;
export const EIO = 5;
export const ENOEXEC = 8;
export const EWOULDBLOCK = EAGAIN;
export const ENOMEM = 12;
export const EACCES = 13;
export const EBUSY = 16;
export const EEXIST = 17;
export const ENODEV = 19;
export const EISDIR = 21;
export const EINVAL = 22;
export const ERANGE = 34;
export const EOPNOTSUPP = 95;
export const EADDRINUSE = 98;

const NAMES: Readonly<Record<number, string>> = {
  [EPERM]: 'EPERM',
  [ENOENT]: 'ENOENT',
  [ESRCH]: 'ESRCH',
  [EIO]: 'EIO',
  [ENOEXEC]: 'ENOEXEC',
  [EAGAIN]: 'EAGAIN',
  [ENOMEM]: 'ENOMEM',
  [EACCES]: 'EACCES',
  [EBUSY]: 'EBUSY',
  [EEXIST]: 'EEXIST',
  [ENODEV]: 'ENODEV',
  [EINVAL]: 'EINVAL',
  [ERANGE]: 'ERANGE',
  [EOPNOTSUPP]: 'EOPNOTSUPP',
  [EADDRINUSE]: 'EADDRINUSE',
  [ETIMEDOUT]: 'ETIMEDOUT',
};

/** What a function returned, for people: `-EBUSY`, `ok` for 0, other numbers as they are. */
export function resultName(result: number): string {
  if (result === 0) return 'ok';
  const name = NAMES[-result];
  return name === undefined ? String(result) : `-${name}`;
}
