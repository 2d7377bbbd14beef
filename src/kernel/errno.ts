/** The errno values that the modelled functions return, negated, as in include/uapi/asm-generic. */

import { EAGAIN, ETIMEDOUT } from '../memory/wait-queue.js';

export { EAGAIN, ETIMEDOUT };
export const EPERM = 1;
export const ENOENT = 2;
export const ESRCH = 3;
export const ENOEXEC = 8;
export const EWOULDBLOCK = EAGAIN;
export const ENOMEM = 12;
export const EACCES = 13;
export const EBUSY = 16;
export const EEXIST = 17;
export const ENODEV = 19;
export const EINVAL = 22;
export const EOPNOTSUPP = 95;
export const EADDRINUSE = 98;
