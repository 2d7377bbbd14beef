/** The latent issues that the catalogue looks for: suspicions about the subsystem as it is. */

import type { LatentIssue } from '../scenario/latent.js';
import { L_1 } from './latent/l-1-hook-walks-lists.js';
import { L_2 } from './latent/l-2-reversed-disable.js';
import { L_3 } from './latent/l-3-synchronize-no-memory.js';
import { L_4 } from './latent/l-4-exiting-task.js';
import { L_5 } from './latent/l-5-forced-replace-frees-nops.js';
import { L_6 } from './latent/l-6-preemptible-attempt.js';
import { L_7 } from './latent/l-7-stale-addresses.js';
import { L_8 } from './latent/l-8-refused-ops.js';
import { L_9 } from './latent/l-9-stack-before-flag.js';

/** L-1 to L-9, in this order. */
export const LATENT: readonly LatentIssue[] = [L_1, L_2, L_3, L_4, L_5, L_6, L_7, L_8, L_9];
