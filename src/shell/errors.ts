/** How the C library names the errors that the kernel returns. */

import {
  EACCES,
  EBUSY,
  EEXIST,
  EINVAL,
  EIO,
  EISDIR,
  ENODEV,
  ENOENT,
  ENOEXEC,
  ENOMEM,
  EOPNOTSUPP,
  EPERM,
  ERANGE,
  ESRCH,
  EWOULDBLOCK,
} from '../kernel/errno.js';

const TEXTS: Readonly<Record<number, string>> = {
  [EPERM]: 'Operation not permitted',
  [ENOENT]: 'No such file or directory',
  [ESRCH]: 'No such process',
  [ENOEXEC]: 'Exec format error',
  [EWOULDBLOCK]: 'Resource temporarily unavailable',
  [ENOMEM]: 'Cannot allocate memory',
  [EACCES]: 'Permission denied',
  [EBUSY]: 'Device or resource busy',
  [EEXIST]: 'File exists',
  [ENODEV]: 'No such device',
  [EIO]: 'Input/output error',
  [EISDIR]: 'Is a directory',
  [EINVAL]: 'Invalid argument',
  [ERANGE]: 'Numerical result out of range',
  [EOPNOTSUPP]: 'Operation not supported',
};

/** What kmod's insmod says of an error that means something else for modules. */
export function insmodError(error: number): string {
  if (error === -EINVAL) return 'Invalid parameters';
  if (error === -ENOENT) return 'Unknown symbol in module';
  return error === -ENOEXEC ? 'Invalid module format' : strerror(error);
}

/** `strerror()` of a negative errno. */
export function strerror(error: number): string {
  return TEXTS[-error] ?? `Unknown error ${-error}`;
}

/** Exit status of what a signal has ended, without the signal's number. */
export const SIGNAL_STATUS = 128;
