/** Checks the arguments of operations on a real thread, for code of users, by replacing methods: other code has no cost. */

import { badAddress, maskOf, wordOf } from './fault.js';
import type { NativeCpu } from './native.js';
import { Ablation, isRemoved, tableOf, type SiteId } from './sites.js';
import type { Addr } from './struct.js';

const SITES = tableOf(new Ablation());

/** What each argument is: an address, a value, a value or nothing, a bit, a site or nothing. */
type Argument = 'a' | 'v' | 'o' | 'b' | 's';

/** The arguments of operations; what other arguments there are is checked by the operations. */
const OPERATIONS: Readonly<Record<string, string>> = {
  ...of('a', [
    'read',
    'readOnce',
    'get',
    'peek',
    'fetch',
    'kick',
    'spinTrylock',
    'wake',
    'wakeAll',
  ]),
  ...of('av', ['write', 'writeOnce', 'set', 'atomicAdd', 'relax', 'mwait', 'halt', 'wait']),
  ...of('av', ['xchgRelaxed', 'fetchAddRelaxed']),
  ...of('avv', ['cmpxchgRelaxed']),
  ...of('ab', ['setBit', 'clearBit', 'testBit']),
  ...of('s', ['smpMb', 'smpRmb', 'smpWmb', 'preemptDisable', 'preemptEnable', 'ablates']),
  ...of('as', ['loadAcquire', 'rcuDereference', 'spinLock', 'spinUnlock']),
  ...of('avs', ['storeRelease', 'rcuAssignPointer', 'xchg', 'xchgAcquire', 'xchgRelease']),
  ...of('avs', ['fetchAdd', 'fetchAddAcquire', 'fetchAddRelease']),
  ...of('avvs', ['cmpxchg', 'cmpxchgAcquire', 'cmpxchgRelease']),
  ...of('abs', ['testAndSetBit', 'testAndClearBit']),
  ...of('vooo', ['trace']),
};

function of(given: string, names: readonly string[]): Record<string, string> {
  return Object.fromEntries(names.map((name) => [name, given]));
}

function check(cpu: NativeCpu, what: Argument, given: unknown): void {
  if (what === 'a') {
    // Which integers are addresses, the operation knows.
    if (!Number.isInteger(given)) badAddress(cpu.id, given as Addr);
  } else if (what === 'v' || (what === 'o' && given !== undefined)) wordOf(given as number);
  else if (what === 'b') maskOf(given as number);
  else if (what === 's') isRemoved(SITES, given as SiteId | undefined);
}

/** Let the operations of a CPU refuse what is no address, no value, no bit or no ordering site, with a UsageError. */
export function checkArguments(cpu: NativeCpu): void {
  const operations = cpu as unknown as Record<string, (...given: unknown[]) => unknown>;
  for (const [name, whats] of Object.entries(OPERATIONS)) {
    const intact = operations[name]?.bind(cpu);
    if (intact === undefined) continue;
    const each = whats.split('') as Argument[];
    operations[name] = (...given) => {
      for (let i = 0; i < each.length; i++) check(cpu, each[i] as Argument, given[i]);
      return intact(...given);
    };
  }
}
