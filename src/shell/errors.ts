/** How the C library names the errors that the kernel returns. */

import { EINVAL, ENOENT, ENOEXEC } from '../kernel/errno.js';
import { ERROR_TEXTS } from './error-texts.js';

/** What kmod's insmod says of an error that means something else for modules. */
export function insmodError(error: number): string {
  if (error === -EINVAL) return 'Invalid parameters';
  if (error === -ENOENT) return 'Unknown symbol in module';
  return error === -ENOEXEC ? 'Invalid module format' : strerror(error);
}

/** `strerror()` of a negative errno. */
export function strerror(error: number): string {
  return ERROR_TEXTS[-error - 1] || `Unknown error ${-error}`;
}

/** Exit status of what a signal has ended, without the signal's number. */
export const SIGNAL_STATUS = 128;
