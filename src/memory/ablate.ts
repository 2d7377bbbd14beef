/** Removes ordering sites from a CPU on a real thread by replacing methods, so that an intact CPU has no cost. */

import type { NativeCpu } from './native.js';
import type { Ablation, SiteId } from './sites.js';
import type { Addr } from './struct.js';

type Accesses = Pick<
  NativeCpu,
  | 'smpMb'
  | 'smpRmb'
  | 'smpWmb'
  | 'loadAcquire'
  | 'storeRelease'
  | 'rcuAssignPointer'
  | 'rcuDereference'
>;

type Sections = Pick<NativeCpu, 'spinLock' | 'spinUnlock' | 'preemptDisable' | 'preemptEnable'>;

type Rmw = Pick<
  NativeCpu,
  | 'xchg'
  | 'xchgAcquire'
  | 'xchgRelease'
  | 'cmpxchg'
  | 'cmpxchgAcquire'
  | 'cmpxchgRelease'
  | 'fetchAdd'
  | 'fetchAddAcquire'
  | 'fetchAddRelease'
  | 'testAndSetBit'
  | 'testAndClearBit'
>;

/** Whether the order of a site that is being executed is gone. */
type Gone = (site: SiteId | undefined) => boolean;
/** Linger at a site for a moment, from time to time. */
type Late = (site: SiteId | undefined) => void;

/** Without their site, a fence is nothing, and an ordered access is relaxed. */
function accesses(cpu: NativeCpu, gone: Gone): Accesses {
  const intact = {
    smpMb: cpu.smpMb.bind(cpu),
    smpRmb: cpu.smpRmb.bind(cpu),
    smpWmb: cpu.smpWmb.bind(cpu),
    loadAcquire: cpu.loadAcquire.bind(cpu),
    storeRelease: cpu.storeRelease.bind(cpu),
    rcuAssignPointer: cpu.rcuAssignPointer.bind(cpu),
    rcuDereference: cpu.rcuDereference.bind(cpu),
  };
  return {
    smpMb: (site) => {
      if (gone(site)) {
        cpu.exposeStores();
        cpu.exposeLoads();
      } else intact.smpMb(site);
    },
    smpRmb: (site) => (gone(site) ? cpu.exposeLoads() : intact.smpRmb(site)),
    smpWmb: (site) => (gone(site) ? cpu.exposeStores() : intact.smpWmb(site)),
    loadAcquire: (addr, site) => {
      if (!gone(site)) return intact.loadAcquire(addr, site);
      const value = cpu.readOnce(addr);
      cpu.exposeLoads();
      return value;
    },
    storeRelease: (addr, value, site) => {
      if (gone(site)) {
        cpu.exposeStores();
        cpu.writeOnce(addr, value);
      } else intact.storeRelease(addr, value, site);
    },
    rcuAssignPointer: (addr, value, site) => {
      if (gone(site)) {
        cpu.exposeStores();
        cpu.writeOnce(addr, value);
      } else intact.rcuAssignPointer(addr, value, site);
    },
    rcuDereference: (addr, site) =>
      gone(site) ? cpu.readIndependent(addr) : intact.rcuDereference(addr, site),
  };
}

/** Without their site, a lock and a preemption-disabled section are nothing. */
function sections(cpu: NativeCpu, gone: Gone, late: Late): Sections {
  const intact = {
    spinLock: cpu.spinLock.bind(cpu),
    spinUnlock: cpu.spinUnlock.bind(cpu),
    preemptDisable: cpu.preemptDisable.bind(cpu),
    preemptEnable: cpu.preemptEnable.bind(cpu),
  };
  const untaken: Addr[] = [];
  const open: boolean[] = [];
  return {
    // A lock that was not taken must not be released, whether or not the release names the site again.
    spinLock: (lock, site) => {
      if (gone(site)) untaken.push(lock);
      else intact.spinLock(lock, site);
    },
    spinUnlock: (lock, site) => {
      late(site);
      const held = untaken.lastIndexOf(lock);
      if (held < 0) intact.spinUnlock(lock, site);
      else untaken.splice(held, 1);
    },
    preemptDisable: (site) => {
      const isGone = gone(site);
      open.push(isGone);
      if (!isGone) intact.preemptDisable(site);
    },
    preemptEnable: (site) => {
      late(site);
      if (open.pop() !== true) intact.preemptEnable(site);
    },
  };
}

/** Without their site: every read-modify-write is still atomic, and relaxed. */
function readModifyWrites(cpu: NativeCpu, gone: Gone): Rmw {
  type Value = (addr: Addr, value: number, site?: SiteId) => number;
  type Compare = (addr: Addr, expected: number, value: number, site?: SiteId) => number;
  type Bit = (addr: Addr, bit: number, site?: SiteId) => boolean;
  const value =
    (intact: Value, relaxed: Value): Value =>
    (addr, operand, site) =>
      gone(site) ? relaxed.call(cpu, addr, operand) : intact.call(cpu, addr, operand, site);
  const compare =
    (intact: Compare, relaxed: Compare): Compare =>
    (addr, expected, next, site) =>
      gone(site)
        ? relaxed.call(cpu, addr, expected, next)
        : intact.call(cpu, addr, expected, next, site);
  const bit =
    (intact: Bit, relaxed: Bit): Bit =>
    (addr, n, site) =>
      gone(site) ? relaxed.call(cpu, addr, n) : intact.call(cpu, addr, n, site);
  /* eslint-disable @typescript-eslint/unbound-method -- each is called with its cpu above */
  return {
    xchg: value(cpu.xchg, cpu.xchgRelaxed),
    xchgAcquire: value(cpu.xchgAcquire, cpu.xchgRelaxed),
    xchgRelease: value(cpu.xchgRelease, cpu.xchgRelaxed),
    cmpxchg: compare(cpu.cmpxchg, cpu.cmpxchgRelaxed),
    cmpxchgAcquire: compare(cpu.cmpxchgAcquire, cpu.cmpxchgRelaxed),
    cmpxchgRelease: compare(cpu.cmpxchgRelease, cpu.cmpxchgRelaxed),
    fetchAdd: value(cpu.fetchAdd, cpu.fetchAddRelaxed),
    fetchAddAcquire: value(cpu.fetchAddAcquire, cpu.fetchAddRelaxed),
    fetchAddRelease: value(cpu.fetchAddRelease, cpu.fetchAddRelaxed),
    testAndSetBit: bit(cpu.testAndSetBit, cpu.testAndSetBitRelaxed),
    testAndClearBit: bit(cpu.testAndClearBit, cpu.testAndClearBitRelaxed),
  };
  /* eslint-enable @typescript-eslint/unbound-method */
}

/**
 * Remove the sites of `ablation` from `cpu`, in place. A fence, a lock and a preemption-disabled section become nothing; a
 * release store, an acquire load, a dependent load and an ordered read-modify-write become relaxed. Sites that are no
 * single operation are left to the kernel code, which asks {@link NativeCpu.ablates}.
 *
 * A missing order shows only when a CPU is late at the right place. So a CPU with an ablation also lingers at its
 * ordering sites; where an order is gone, a weak one delays stores and loads early.
 *
 * @param lateAt where CPUs linger, if not at all sites: for code that is broken on purpose there, and not ablated
 */
export function ablate(cpu: NativeCpu, ablation: Ablation, lateAt: readonly SiteId[] = []): void {
  if (ablation.sites.length === 0 && lateAt.length === 0) return;
  const late: Late = (site) => {
    if (site === undefined) return;
    if (lateAt.length === 0 || lateAt.includes(site)) cpu.linger(site);
  };
  const gone: Gone = (site) => {
    late(site);
    return site !== undefined && ablation.has(site);
  };
  Object.assign(cpu, accesses(cpu, gone), sections(cpu, gone, late), readModifyWrites(cpu, gone));
}
