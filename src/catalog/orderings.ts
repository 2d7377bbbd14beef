/** The ordering catalogue: every place where live patching relies on order, what it is for, and what happens without it. */

import type { SiteId } from '../memory/sites.js';
import type { Ordering } from './orderings/entry.js';
import { FENCES } from './orderings/fences.js';
import { FTRACE } from './orderings/ftrace.js';
import { LIFETIME } from './orderings/lifetime.js';
import { PRINTK } from './orderings/printk.js';
import { TASKS } from './orderings/tasks.js';
import { WAITING } from './orderings/waiting.js';

export { siteName, type Ordering } from './orderings/entry.js';

/** O-01 to O-38, in this order. */
export const ORDERINGS: readonly Ordering[] = [
  ...FENCES,
  ...WAITING,
  ...TASKS,
  ...LIFETIME,
  ...FTRACE,
  ...PRINTK,
].sort((a, b) => a.id - b.id);

/** The entry of a site. @throws RangeError for a number that no site has */
export function orderingOf(id: SiteId): Ordering {
  const found = ORDERINGS.find((ordering) => ordering.id === id);
  if (found === undefined) throw new RangeError(`no ordering site has number ${id}`);
  return found;
}
