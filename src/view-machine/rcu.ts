/**
 * Read-copy-update: for each grace period and read-side section the machine realises one half of the fundamental law of
 * RCU: the section ends before the grace period does, or starts after it started.
 */

import { SimulatorBug } from '../errors.js';
import type { Addr } from '../memory/struct.js';
import { Domain, type GracePeriod } from './domain.js';
import { publish, strongFence } from './fences.js';
import { learnAll } from './knowledge.js';
import type { Processor } from './processor.js';
import type { MachineState } from './state.js';

/** The domain of an address; 0 is RCU. */
export function domainOf(s: MachineState, addr: Addr): Domain {
  let domain = s.domains.get(addr);
  if (domain === undefined) {
    domain = new Domain(s.options.cpus, s.newView());
    s.domains.set(addr, domain);
  }
  return domain;
}

/** Enter a section: if outermost, it sees what the grace periods that have started saw. True if outermost. */
export function enterSection(s: MachineState, p: Processor, domain: Domain): boolean {
  const nesting = domain.nesting[p.cpu] as number;
  domain.nesting[p.cpu] = nesting + 1;
  if (nesting > 0) return false;
  domain.sections[p.cpu] = (domain.sections[p.cpu] as number) + 1;
  if (s.options.rcuLock) p.bindTime(domain.start); // V-10
  return true;
}

/** Leave a section: if outermost, the next grace period to end sees what the CPU has written and read. */
export function leaveSection(s: MachineState, p: Processor, domain: Domain): boolean {
  const nesting = domain.nesting[p.cpu] as number;
  if (nesting === 0) throw new SimulatorBug(`CPU ${p.cpu} leaves a section it is not in`);
  domain.nesting[p.cpu] = nesting - 1;
  if (nesting > 1) return false;
  if (s.options.rcuUnlock) {
    // V-9
    domain.ended.joinView(p.own);
    domain.ended.joinView(p.read);
  }
  return true;
}

/** Start a grace period on a CPU, which waits for it. */
export function startGracePeriod(s: MachineState, p: Processor, domain: Domain): GracePeriod {
  strongFence(s, p);
  return openGracePeriod(s, domain, []);
}

/** Start a grace period that nobody waits in: what the CPU wrote and read is published, the CPU is not fenced. */
export function startCallback(s: MachineState, p: Processor, domain: Domain): GracePeriod {
  const time = ++s.time;
  publish(s, p.own, time);
  publish(s, p.read, time);
  const known = p.known.slice();
  known[p.cpu] = p.writes;
  return openGracePeriod(s, domain, known);
}

function openGracePeriod(s: MachineState, domain: Domain, known: readonly number[]): GracePeriod {
  domain.start = s.time;
  const sections = domain.nesting.map((n, cpu) => (n > 0 ? (domain.sections[cpu] as number) : 0));
  return { domain, sections, known };
}

/** Whether every section that a grace period waits for has ended. */
export function mayEnd({ domain, sections }: GracePeriod): boolean {
  return sections.every(
    (section, cpu) =>
      section === 0 || domain.nesting[cpu] === 0 || domain.sections[cpu] !== section,
  );
}

/** End a grace period on a CPU: a strong fence that also publishes the sections that have ended. */
export function endGracePeriod(s: MachineState, p: Processor, period: GracePeriod): void {
  strongFence(s, p, period.domain.ended);
  period.domain.ended.clear();
  if (period.known.length > 0) learnAll(p, period.known);
}
