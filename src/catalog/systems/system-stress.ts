/** The stress workload as a whole machine in virtual time: the same tasks, admins, mix and checks, with an end. */

import { UsageError } from '../../errors.js';
import { KERNEL_VERSIONS, type KernelVersion } from '../../kernel/versions.js';
import type { Sabotage } from '../../livepatch/layout.js';
import { bootKernelSystem, type BootedSystem } from '../../scenario/kernel-system.js';
import { system, type Ending, type Machine, type SystemScenario } from '../../scenario/declare.js';
import { MIX_OPERATIONS } from '../stress-admin.js';
import { STRESS_PROFILE_NAMES } from '../stress-profiles.js';
import { STATE_SYMBOL } from '../stress-text.js';
import {
  DEFAULT_MIX,
  LATENT_ISSUES,
  prepareStress,
  stressMachine,
  stressOutcomes,
  type StressMix,
  type StressOptions,
} from '../stress.js';

/** Virtual jiffies after which a machine that has not come to its end has stalled. */
const MOST_JIFFIES = 20_000;
/** Operations of all CPUs in a jiffy while they are busy. */
const OPERATIONS_OF_A_JIFFY = 60;

/** A run in the explorer; it ends after so many operations of its admins, or never when that is 0. */
export type StressRun = StressOptions & { readonly operations: number };

const DEFAULTS: StressRun = { cpus: 2, tasks: 8, seed: 1, mix: DEFAULT_MIX, operations: 12 };

/** Parameters as the name of a scenario has them: those that are not the default's. */
export function stressParameters(run: StressRun): string {
  const { cpus, tasks, seed, mix, operations, version, latent = [], sabotage = {} } = run;
  const { profile, printk = true } = run;
  const weights = MIX_OPERATIONS.map((operation) => mix[operation]).join('+');
  const usual = MIX_OPERATIONS.map((operation) => DEFAULT_MIX[operation]).join('+');
  const broken = Object.entries(sabotage).flatMap(([name, isOn]) => (isOn ? [name] : []));
  return [
    ...[`cpus=${cpus}`, `tasks=${tasks}`, `seed=${seed}`, `operations=${operations}`],
    ...(weights === usual ? [] : [`mix=${weights}`]),
    ...(version === undefined ? [] : [`kernel=${version}`]),
    ...(profile === undefined ? [] : [`profile=${profile}`]),
    ...(latent.length === 0 ? [] : [`latent=${latent.join('+')}`]),
    ...(printk ? [] : ['printk=n']),
    ...(broken.length === 0 ? [] : [`sabotage=${broken.join('+')}`]),
  ].join(',');
}

function wrong(what: string): never {
  throw new UsageError(`system-stress: '${what}' is not accepted as a parameter`);
}

/** One of {@link stressParameters}. */
function parameter(text: string): Partial<StressRun> {
  const [key = '', value = ''] = text.split('=', 2);
  const number = /^\d{1,9}$/.test(value) ? Number(value) : undefined;
  switch (key) {
    case 'cpus':
    case 'tasks':
    case 'seed':
    case 'operations':
      return { [key]: number ?? wrong(text) };
    case 'mix':
      return { mix: mixOf(value) ?? wrong(text) };
    case 'kernel':
      return {
        version: KERNEL_VERSIONS.find((it): it is KernelVersion => it === value) ?? wrong(text),
      };
    case 'profile':
      return { profile: STRESS_PROFILE_NAMES.find((it) => it === value) ?? wrong(text) };
    case 'latent':
      return { latent: LATENT_ISSUES.filter((issue) => value.split('+').includes(issue)) };
    case 'printk':
      return { printk: value === 'y' || (value !== 'n' && wrong(text)) };
    case 'sabotage': {
      const broken: Partial<Sabotage> = Object.fromEntries(
        value.split('+').map((it) => [it, true]),
      );
      return { sabotage: broken };
    }
    default:
      return wrong(text);
  }
}

function mixOf(text: string): StressMix | undefined {
  const weights = text.split('+').map(Number);
  if (weights.length !== MIX_OPERATIONS.length || !weights.every(Number.isInteger))
    return undefined;
  return Object.fromEntries(MIX_OPERATIONS.map((it, i) => [it, weights[i]])) as StressMix;
}

function buildFor({ operations, ...options }: StressRun): BootedSystem {
  const run: StressOptions = operations === 0 ? options : { ...options, operations };
  const machine = bootKernelSystem({
    declaration: stressMachine(run),
    done: STATE_SYMBOL,
    jiffies: MOST_JIFFIES,
    busy: { operations: OPERATIONS_OF_A_JIFFY, jiffies: MOST_JIFFIES },
  });
  const { init, booted } = machine;
  return {
    ...machine,
    init(words) {
      init?.(words);
      prepareStress(words, booted, run);
    },
  };
}

/** What went wrong for the admins, or that they are done. */
function outcomeOf(end: Ending, machine: Machine): string {
  const { booted, done } = machine as BootedSystem;
  if (end.read(done) === 0) return 'stall';
  const words = new Proxy({}, { get: (_, addr) => end.read(Number(addr)) });
  const bad = stressOutcomes(words, booted).find((it) => it.grade === 'forbidden' && it.count > 0);
  return bad?.outcome ?? 'through';
}

/** The workload with given options, under a name that holds them. */
function withRun(run: StressRun): SystemScenario {
  return {
    ...systemStress,
    name: `system-stress:${stressParameters(run)}`,
    build: () => buildFor(run),
  };
}

/** Two admins on a small machine. */
export const systemStress: SystemScenario = system({
  name: 'system-stress',
  description:
    'The stress workload in virtual time: two admins and busy tasks, until so many operations were tried.',
  script: ['operations drawn from the mix'],
  build: () => buildFor(DEFAULTS),
  observe: outcomeOf,
  outcomes: { through: { grade: 'acceptable', reason: 'the admins tried what they may' } },
  bounds: { steps: 600_000 },
  withParameters: (text) =>
    withRun(Object.assign({}, DEFAULTS, ...text.split(',').map(parameter)) as StressRun),
});
