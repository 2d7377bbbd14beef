/** Checks what the types of a scenario's declaration cannot, for users who write JavaScript: every key, every type, every grade. */

import { UsageError } from '../errors.js';
import { SITE_COUNT } from '../memory/sites.js';

type Check = (value: unknown) => string | undefined;
interface Key {
  readonly check: Check;
  readonly isOptional?: boolean;
}

const expecting =
  (what: string, isGood: (value: unknown) => boolean): Check =>
  (value) =>
    isGood(value) ? undefined : `has to be ${what}`;

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const text = expecting('a text', (value) => typeof value === 'string' && value !== '');
const called = expecting('a function', (value) => typeof value === 'function');
const name = expecting(
  'a name of lower-case letters, digits and hyphens',
  // `@7.3` is added for a scenario on another kernel.
  (value) => typeof value === 'string' && /^[a-z0-9][a-z0-9-]*(?:@[\d.]+)?$/.test(value),
);
const positive = expecting(
  'an integer above 0',
  (value) => Number.isSafeInteger(value) && (value as number) > 0,
);
const natural = expecting(
  'an integer from 0 on',
  (value) => Number.isSafeInteger(value) && (value as number) >= 0,
);

/** An object of these keys and no others. */
function shape(keys: Readonly<Record<string, Key>>): Check {
  return (value) => {
    if (!isObject(value)) return 'has to be an object';
    for (const key of Object.keys(value)) {
      if (keys[key] === undefined) {
        return `has an unknown key '${key}'; known are ${Object.keys(keys).join(', ')}`;
      }
    }
    for (const [key, { check, isOptional = false }] of Object.entries(keys)) {
      if (value[key] === undefined && isOptional) continue;
      const wrong = check(value[key]);
      if (wrong !== undefined) return wrongKey(key, wrong);
    }
    return undefined;
  };
}

const wrongKey = (key: string, wrong: string): string =>
  wrong.startsWith("'") ? `'${key}.${wrong.slice(1)}` : `'${key}' ${wrong}`;

function arrayOf(check: Check): Check {
  return (value) => {
    if (!Array.isArray(value)) return 'has to be an array';
    for (const [i, item] of value.entries()) {
      const wrong = check(item);
      if (wrong !== undefined) return wrongKey(String(i), wrong);
    }
    return undefined;
  };
}

const rule = shape({
  grade: {
    check: expecting("one of 'acceptable', 'interesting', 'forbidden'", (value) =>
      ['acceptable', 'interesting', 'forbidden'].includes(value as string),
    ),
  },
  reason: { check: text },
});

const outcomes: Check = (value) => {
  if (!isObject(value)) return 'has to be an object';
  const entries = Object.entries(value);
  if (entries.length === 0) return 'has to list at least one outcome';
  for (const [key, item] of entries) {
    const wrong = rule(item);
    if (wrong !== undefined) return wrongKey(key, wrong);
  }
  return undefined;
};

const site = expecting(
  `an ordering site, 1 to ${SITE_COUNT}`,
  (value) => Number.isInteger(value) && (value as number) >= 1 && (value as number) <= SITE_COUNT,
);

const COMMON: Readonly<Record<string, Key>> = {
  kind: { check: expecting("'race' or 'system'", (v) => v === 'race' || v === 'system') },
  name: { check: name },
  description: { check: text },
  build: { check: called },
  observe: { check: called },
  forKernel: { check: called, isOptional: true },
  withParameters: { check: called, isOptional: true },
  outcomes: { check: outcomes },
  invariants: {
    check: arrayOf(shape({ id: { check: text }, check: { check: called } })),
    isOptional: true,
  },
  bounds: {
    check: shape({
      steps: { check: positive, isOptional: true },
      earlyWakeups: { check: natural, isOptional: true },
    }),
    isOptional: true,
  },
  ablations: {
    check: arrayOf(
      shape({ sites: { check: arrayOf(site) }, finds: { check: text }, why: { check: text } }),
    ),
    isOptional: true,
  },
};

const RACE = shape(COMMON);
const SYSTEM = shape({ ...COMMON, script: { check: arrayOf(text) } });

/** @throws UsageError naming the scenario, the key and what is accepted */
export function checkScenario(scenario: { readonly kind: string }): void {
  const wrong = (scenario.kind === 'system' ? SYSTEM : RACE)(scenario);
  if (wrong === undefined) return;
  const { name: called } = scenario as { name?: unknown };
  throw new UsageError(
    `${scenario.kind}(): ${typeof called === 'string' ? `scenario ${called}: ` : ''}${wrong}`,
  );
}

const MACHINE = shape({
  ctx: { check: expecting('an object', isObject) },
  map: {
    check: expecting(
      'a MemoryMap',
      (v) => typeof (v as { nameOf?: unknown }).nameOf === 'function',
    ),
  },
  localBase: { check: positive },
  bodies: { check: arrayOf(called) },
});

/** What {@link Scenario.build} returned. @throws UsageError naming what is missing */
export function checkMachine(scenario: string, machine: unknown): void {
  const { ctx, map, localBase, bodies } = isObject(machine) ? machine : {};
  const wrong = isObject(machine)
    ? MACHINE({ ctx, map: map ?? {}, localBase, bodies })
    : 'has to be an object';
  if (wrong !== undefined) {
    throw new UsageError(`scenario ${scenario}: what build() returns: ${wrong}`);
  }
  const { length } = bodies as readonly unknown[];
  if (length < 1 || length > 31) {
    throw new UsageError(`scenario ${scenario} has ${length} CPUs; accepted are 1 to 31`);
  }
}
