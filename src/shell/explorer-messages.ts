/** What a prompt and its machine in the explorer tell each other. */

import type { KernelVersion } from '../kernel/versions.js';

/** Words of the control block: its state, the request's kind, the number of its arguments, and these. */
export const CONTROL = { state: 0, op: 1, count: 2, args: 3 } as const;
/** States: nothing yet; a request; the script is over. */
export const NOTHING = 0;
export const REQUEST = 1;
export const OVER = 2;

/** How the worker starts. */
export interface ExplorerBoot {
  readonly version: KernelVersion;
  readonly memory: 'sc' | 'lkmm';
  readonly seed: number;
  readonly control: SharedArrayBuffer;
  /** Where the worker copies the machine's memory before it answers. */
  readonly words: SharedArrayBuffer;
}

/** What the worker says. */
export type FromWorker =
  | { readonly kind: 'answer'; readonly result: number }
  | {
      readonly kind: 'verdict';
      readonly key: string;
      readonly grade: string;
      readonly detail: string;
    }
  | { readonly kind: 'failed'; readonly why: string };
