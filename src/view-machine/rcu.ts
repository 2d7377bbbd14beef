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
export function domainOf(machine: MachineState, addr: Addr): Domain {
  let domain = machine.domains.get(addr);
  if (domain === undefined) {
    domain = new Domain(machine.options.cpus, machine.newView());
    machine.domains.set(addr, domain);
  }
  return domain;
}

/** Enter a section: if outermost, it sees what the grace periods that have started saw. True if outermost. */
export function enterSection(machine: MachineState, cpu: Processor, domain: Domain): boolean {
  const nesting = domain.nesting[cpu.id] as number;
  domain.nesting[cpu.id] = nesting + 1;
  if (nesting > 0) return false;
  domain.sections[cpu.id] = (domain.sections[cpu.id] as number) + 1;
  if (machine.options.rcuLock) cpu.bindTime(domain.start); // V-10
  return true;
}

/** Leave a section: if outermost, the next grace period to end sees what the CPU has written and read. */
export function leaveSection(machine: MachineState, cpu: Processor, domain: Domain): boolean {
  const nesting = domain.nesting[cpu.id] as number;
  if (nesting === 0) throw new SimulatorBug(`CPU ${cpu.id} leaves a section it is not in`);
  domain.nesting[cpu.id] = nesting - 1;
  if (nesting > 1) return false;
  if (machine.options.rcuUnlock) {
    // V-9
    domain.ended.joinView(cpu.own);
    domain.ended.joinView(cpu.read);
  }
  return true;
}

/** Start a grace period on a CPU, which waits for it. */
export function startGracePeriod(
  machine: MachineState,
  cpu: Processor,
  domain: Domain,
): GracePeriod {
  strongFence(machine, cpu);
  return openGracePeriod(machine, domain, []);
}

/** Start a grace period for which no CPU waits: what the CPU wrote and read is published, but the CPU is not fenced. */
export function startCallback(machine: MachineState, cpu: Processor, domain: Domain): GracePeriod {
  const time = ++machine.time;
  publish(machine, cpu.own, time);
  publish(machine, cpu.read, time);
  const known = cpu.known.slice();
  known[cpu.id] = cpu.writes;
  return openGracePeriod(machine, domain, known);
}

function openGracePeriod(
  machine: MachineState,
  domain: Domain,
  known: readonly number[],
): GracePeriod {
  domain.start = machine.time;
  const sections = domain.nesting.map((count, cpu) =>
    count > 0 ? (domain.sections[cpu] as number) : 0,
  );
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
export function endGracePeriod(machine: MachineState, cpu: Processor, period: GracePeriod): void {
  strongFence(machine, cpu, period.domain.ended);
  period.domain.ended.clear();
  if (period.known.length > 0) learnAll(cpu, period.known);
}
