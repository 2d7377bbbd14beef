/** For each rule of the machine, a litmus test whose outcome LKMM forbids, and which only that rule prevents. */

import type { Rule } from '../../src/view-machine/options.js';

/** Test by rule. */
export const KILLERS: Readonly<Record<Rule, string>> = {
  // R x happens before R y (overtaken by x=2), which happens before W z (data), which happens before R x.
  'V-1': `C retro
{}
P0(int *x, int *y, int *z) {
  int r0 = READ_ONCE(*y);
  int r1 = READ_ONCE(*x);
  WRITE_ONCE(*z, r0);
}
P1(int *x, int *z) { WRITE_ONCE(*z, 2); smp_wmb(); WRITE_ONCE(*x, 1); }
P2(int *x, int *y) { WRITE_ONCE(*x, 2); smp_wmb(); WRITE_ONCE(*y, 1); }
exists (0:r0=1 /\\ 0:r1=1 /\\ [x]=2 /\\ [z]=2)`,
  // W z is overtaken by z=2, which comes before w=1: so W z happens before the acquire, and R y before it, too.
  'V-2': `C prop-int
{}
P0(int *w, int *x, int *y, int *z) {
  int r0 = READ_ONCE(*y);
  WRITE_ONCE(*z, r0);
  int r1 = smp_load_acquire(w);
  int r2 = READ_ONCE(*x);
}
P1(int *w, int *z) { WRITE_ONCE(*z, 2); smp_wmb(); WRITE_ONCE(*w, 1); }
P2(int *x, int *y) { WRITE_ONCE(*x, 1); smp_wmb(); WRITE_ONCE(*y, 1); }
exists (0:r0=1 /\\ 0:r1=1 /\\ 0:r2=0 /\\ [z]=2)`,
  // W z, which R y precedes (data), comes back as W x by way of P2: so R y happens before R x, and x=2 with it.
  'V-3': `C return-edge
{}
P0(int *x, int *y) { WRITE_ONCE(*x, 2); smp_wmb(); WRITE_ONCE(*y, 1); }
P1(int *x, int *y, int *z) {
  int r0 = READ_ONCE(*y);
  WRITE_ONCE(*z, r0);
  int r1 = READ_ONCE(*x);
}
P2(int *x, int *z) { int r0 = READ_ONCE(*z); WRITE_ONCE(*x, r0); }
exists (1:r0=1 /\\ 2:r0=1 /\\ 1:r1=1 /\\ [x]=2)`,
  // R x, smp_rmb(), acquire of y, W z: the first read is ordered before the write by way of the second.
  'V-4': `C read-only-part
{}
P0(int *x, int *y, int *z) {
  int r0 = READ_ONCE(*x);
  smp_rmb();
  int r1 = smp_load_acquire(y);
  WRITE_ONCE(*z, 1);
}
P1(int *x, int *z) { WRITE_ONCE(*z, 2); smp_wmb(); WRITE_ONCE(*x, 1); }
exists (0:r0=1 /\\ [z]=2)`,
  'V-5': `C dep-rfi
{}
P0(int *x, int *y, int *z) {
  int r0 = READ_ONCE(*x);
  WRITE_ONCE(*y, r0);
  int r1 = smp_load_acquire(y);
  int r2 = READ_ONCE(*z);
}
P1(int *x, int *z) { WRITE_ONCE(*z, 1); smp_wmb(); WRITE_ONCE(*x, 1); }
exists (0:r0=1 /\\ 0:r1=1 /\\ 0:r2=0)`,
  'V-6': `C same-location
{}
P0(int *x) { int r0 = READ_ONCE(*x); WRITE_ONCE(*x, 2); }
P1(int *x, int *z) { WRITE_ONCE(*z, 1); smp_mb(); WRITE_ONCE(*x, 1); }
P2(int *x, int *z) { int r0 = smp_load_acquire(x); int r1 = READ_ONCE(*z); }
exists (0:r0=1 /\\ 2:r0=2 /\\ 2:r1=0)`,
  'V-7': `C wmb
{}
P0(int *x, int *y) { WRITE_ONCE(*x, 1); smp_wmb(); WRITE_ONCE(*y, 1); }
P1(int *x, int *y) { int r0 = READ_ONCE(*y); smp_rmb(); int r1 = READ_ONCE(*x); }
exists (1:r0=1 /\\ 1:r1=0)`,
  'V-8': `C release-reads
{}
P0(int *x) { WRITE_ONCE(*x, 1); }
P1(int *x, int *y) { int r0 = READ_ONCE(*x); smp_store_release(y, 1); }
P2(int *x, int *y) { int r0 = smp_load_acquire(y); int r1 = READ_ONCE(*x); }
exists (1:r0=1 /\\ 2:r0=1 /\\ 2:r1=0)`,
  'V-9': `C rcu-unlock
{}
P0(int *x, int *z) {
  rcu_read_lock();
  int r0 = READ_ONCE(*z);
  WRITE_ONCE(*x, 1);
  rcu_read_unlock();
}
P1(int *x, int *z) { WRITE_ONCE(*z, 1); synchronize_rcu(); int r1 = READ_ONCE(*x); }
exists (0:r0=0 /\\ 1:r1=0)`,
  'V-10': `C rcu-lock
{}
P0(int *x, int *y) {
  rcu_read_lock();
  int r0 = READ_ONCE(*y);
  int r1 = READ_ONCE(*x);
  rcu_read_unlock();
}
P1(int *x, int *y) { WRITE_ONCE(*x, 1); synchronize_rcu(); WRITE_ONCE(*y, 1); }
exists (0:r0=1 /\\ 0:r1=0)`,
  'V-11': `C rmw-gap
{}
P0(atomic_t *x) { atomic_inc(x); }
P1(atomic_t *x) { atomic_inc(x); }
exists ([x]=1)`,
  'V-12': `C unlock-lock-other
{}
P0(spinlock_t *s, int *x) { spin_lock(s); WRITE_ONCE(*x, 1); spin_unlock(s); }
P1(spinlock_t *s, int *x, int *y) {
  spin_lock(s);
  int r0 = READ_ONCE(*x);
  WRITE_ONCE(*y, 1);
  spin_unlock(s);
}
P2(int *x, int *y) { int r0 = READ_ONCE(*y); smp_rmb(); int r1 = READ_ONCE(*x); }
exists (1:r0=1 /\\ 2:r0=1 /\\ 2:r1=0)`,
  'V-13': `C unlock-lock-own
{}
P0(spinlock_t *s, spinlock_t *t, int *x, int *y) {
  spin_lock(s);
  WRITE_ONCE(*x, 1);
  spin_unlock(s);
  spin_lock(t);
  WRITE_ONCE(*y, 1);
  spin_unlock(t);
}
P1(int *x, int *y) { int r0 = READ_ONCE(*y); smp_rmb(); int r1 = READ_ONCE(*x); }
exists (1:r0=1 /\\ 1:r1=0)`,
  'V-14': `C unlock-lock-order
{}
P0(spinlock_t *s, spinlock_t *t, int *x, int *y) {
  spin_lock(s);
  int r0 = READ_ONCE(*y);
  spin_unlock(s);
  spin_lock(t);
  int r1 = READ_ONCE(*x);
  spin_unlock(t);
}
P1(int *x, int *y) { WRITE_ONCE(*x, 1); smp_wmb(); WRITE_ONCE(*y, 1); }
exists (0:r0=1 /\\ 0:r1=0)`,
};
