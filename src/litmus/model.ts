/** What the kernel memory models of Linux 6.1, 6.12 and 7.3 differ in: everything else in this folder holds for all of them. */
import { UsageError } from '../errors.js';

/** Kernel versions whose `tools/memory-model` is known. */
export const MODEL_VERSIONS = ['6.1', '6.12', '7.3'] as const;

/** A kernel version whose `tools/memory-model` is known. */
export type ModelVersion = (typeof MODEL_VERSIONS)[number];

/** A rule that some versions have and others lack. */
interface VersionedRule {
  /** First of {@link MODEL_VERSIONS} that has it. */
  readonly since: ModelVersion;
  /** Where it stands, by the model's own names. */
  readonly name: string;
  /** What it says. */
  readonly says: string;
}

/** Every difference between the versions. Each can be switched by itself, which tells which one a verdict rests on. */
export const MODEL_RULES = {
  rmwSequences: {
    since: '6.12',
    name: 'rmw-sequence',
    says: 'a chain of read-modify-writes that read from each other carries on what came before its first store (cumul-fence, w-post-bounded)',
  },
  carriedDependencies: {
    since: '6.12',
    name: 'carry-dep',
    says: 'a dependency goes on through a store, plain ones too, and a read of it by the same thread',
  },
  srcuByValue: {
    since: '6.12',
    name: 'srcu-rscs',
    says: 'srcu_read_lock() reads the srcu_struct and srcu_read_unlock() stores to it; the value that goes from one to the other, across threads too, makes them a pair, not nesting',
  },
  srcuUnlockFence: {
    since: '6.12',
    name: 'After-srcu-read-unlock',
    says: 'smp_mb__after_srcu_read_unlock() after srcu_read_unlock() is a full barrier',
  },
  nextLockOnly: {
    since: '6.12',
    name: 'After-unlock-lock',
    says: 'smp_mb__after_unlock_lock() orders behind the unlock that the lock follows directly, not behind every earlier one',
  },
  lockedInside: {
    since: '6.12',
    name: 'nested-is-locked',
    says: 'spin_is_locked() says yes inside a section of its own thread, whatever unlocks others do without a lock; behind one it looks back to the last unlock of its thread only',
  },
  internalOrder: {
    since: '6.12',
    name: 'ppo',
    says: 'preserved program order stays within a thread, and an address dependency is one of reads and writes only',
  },
  lockedStructs: {
    since: '6.12',
    name: 'ALL-LOCKS',
    says: 'mixed-lock-accesses and lock-final watch SRCU structures as they watch spinlocks',
  },
  flagNames: {
    since: '6.12',
    name: 'flag names',
    says: 'unbalanced-rcu-locking and unbalanced-srcu-locking are told apart by lock and unlock, srcu-bad-nesting is srcu-bad-value-match',
  },
  rmwTags: {
    since: '7.3',
    name: 'Mb tags',
    says: 'a read-modify-write with full ordering has a tag on its read and write in place of a fence on either side: the same order, but a plain write right before it is in one region with it (mixed-accesses)',
  },
} as const satisfies Record<string, VersionedRule>;

/** A rule by its name in {@link MODEL_RULES}. */
export type ModelRule = keyof typeof MODEL_RULES;

/** Which rules are in force. */
export type Rules = Readonly<Record<ModelRule, boolean>>;

/** Names of all rules. */
export const MODEL_RULE_NAMES = Object.keys(MODEL_RULES) as ModelRule[];

/** A kernel memory model: those of the versions, and others made of them with {@link withRule}. */
export interface MemoryModel {
  readonly name: string;
  readonly rules: Rules;
}

function ofVersion(version: ModelVersion): MemoryModel {
  const age = MODEL_VERSIONS.indexOf(version);
  const entries = MODEL_RULE_NAMES.map((rule): [ModelRule, boolean] => [
    rule,
    MODEL_VERSIONS.indexOf(MODEL_RULES[rule].since) <= age,
  ]);
  return { name: version, rules: Object.fromEntries(entries) as Record<ModelRule, boolean> };
}

const MODELS: Readonly<Record<ModelVersion, MemoryModel>> = {
  '6.1': ofVersion('6.1'),
  '6.12': ofVersion('6.12'),
  '7.3': ofVersion('7.3'),
};

/** The model that holds where none is named. */
export const DEFAULT_MODEL: ModelVersion = '6.1';

/** Is `version` one of {@link MODEL_VERSIONS}? */
function isModelVersion(version: string): version is ModelVersion {
  return (MODEL_VERSIONS as readonly string[]).includes(version);
}

/** The memory model of a kernel version.
 * @throws UsageError if the version's model is not known */
export function modelOf(version: string = DEFAULT_MODEL): MemoryModel {
  if (isModelVersion(version)) return MODELS[version];
  throw new UsageError(`unknown model "${version}": expected ${MODEL_VERSIONS.join(', ')}`);
}

/** `model` with one rule in force, or not. */
export function withRule(model: MemoryModel, rule: ModelRule, inForce: boolean): MemoryModel {
  const name = `${model.name} ${inForce ? 'with' : 'without'} ${MODEL_RULES[rule].name}`;
  return { name, rules: { ...model.rules, [rule]: inForce } };
}
