/** Litmus sources that two protocols share but for their names. */

import type { SiteId } from '../../memory/sites.js';
import { siteName } from './entry.js';

/** A check-and-store against somebody who starts to run. */
export interface SwitchedUnderLock {
  readonly name: string;
  /** The word that says whether the other side runs. */
  readonly running: string;
  readonly lock: string;
  /** Site of taking the lock around the check and the store. */
  readonly site: SiteId;
}

/** Source: P0 stores a state for somebody that it finds at rest; P1 starts to run, and reads that state. */
export function switchedUnderLock({ name, running, lock, site }: SwitchedUnderLock): string {
  return `C ${name}
{ }
P0(int *${running}, int *state, spinlock_t *${lock})
{
	int r0;

	«${siteName(site)}: spin_lock(${lock}); | »
	r0 = READ_ONCE(*${running});
	if (!r0)
		WRITE_ONCE(*state, 1);
	«${siteName(site)}: spin_unlock(${lock}); | »
}
P1(int *${running}, int *state, spinlock_t *${lock})
{
	int r1;

	spin_lock(${lock});
	WRITE_ONCE(*${running}, 1);
	spin_unlock(${lock});
	r1 = READ_ONCE(*state);
}
exists (0:r0=0 /\\ 1:r1=0)
`;
}

/** Something that is written and then published through a pointer. */
export interface Published {
  readonly name: string;
  /** The word that is written before. */
  readonly content: string;
  readonly pointer: string;
  /** What the pointer leads to at first. */
  readonly before: string;
  /** Site of the publication. */
  readonly assign: SiteId;
  /** Site of the reader's load of the pointer. */
  readonly dereference: SiteId;
}

/** Source: P0 writes the content and publishes it; P1 follows the pointer. */
export function published({
  name,
  content,
  pointer,
  before,
  assign,
  dereference,
}: Published): string {
  const reader = siteName(dereference);
  return `C ${name}
{
${pointer}=${before};
}
P0(int *${content}, int **${pointer})
{
	WRITE_ONCE(*${content}, 1);
	«${siteName(assign)}: rcu_assign_pointer(*${pointer}, ${content}); | WRITE_ONCE(*${pointer}, ${content});»
}
P1(int *${content}, int **${pointer})
{
	int *r0;
	int r1;

	r0 = «${reader}: rcu_dereference(*${pointer}); | READ_ONCE(*${pointer});»
	r1 = READ_ONCE(«${reader}: *r0 | *${content}»);
}
exists (1:r0=${content} /\\ 1:r1=0)
`;
}
