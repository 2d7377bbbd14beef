/** The option that weighs what the admins of a stress run do. */

import { MIX_OPERATIONS, type MixOperation } from '../../catalog/stress-admin.js';
import { DEFAULT_MIX, type StressMix } from '../../catalog/stress.js';
import type { Rule } from '../options/rules.js';

const isWeight = (value: unknown): value is number =>
  Number.isInteger(value) && (value as number) >= 0 && (value as number) <= 9999;

function completeMix(given: Readonly<Record<string, unknown>>): StressMix | undefined {
  const weights: Record<MixOperation, number> = { ...DEFAULT_MIX };
  for (const [name, weight] of Object.entries(given)) {
    const operation = MIX_OPERATIONS.find((known) => known === name);
    if (operation === undefined || !isWeight(weight)) return undefined;
    weights[operation] = weight;
  }
  return Object.values(weights).some((weight) => weight > 0) ? weights : undefined;
}

/** `enable=30,force=0`: these operations get new weights, the others keep theirs. */
export const MIX: Rule<StressMix> = {
  accepts: `weights such as enable=30,force=0, one of them above 0, of ${MIX_OPERATIONS.join(', ')}`,
  acceptsValue: `an object of weights from 0 to 9999, one of them above 0, of ${MIX_OPERATIONS.join(', ')}`,
  complaint: (value) => {
    if (typeof value !== 'string') return undefined;
    const names = value.split(',').map((part) => part.split('=')[0]?.trim());
    const repeated = names.find((name, i) => names.indexOf(name) < i);
    return repeated === undefined ? undefined : `'${repeated}' is given twice`;
  },
  parse: (text) => {
    const weights: Record<string, number> = {};
    for (const part of text.split(',')) {
      const [, name = '', weight] = /^\s*([a-z]+)=(\d{1,4})\s*$/.exec(part) ?? [];
      if (weight === undefined || name in weights) return undefined;
      weights[name] = Number(weight);
    }
    return completeMix(weights);
  },
  check: (value) =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? completeMix(value as Readonly<Record<string, unknown>>)
      : undefined,
};

/** The default weights, as help shows them. */
export const SHOWN_MIX = MIX_OPERATIONS.map(
  (operation) => `${operation}=${DEFAULT_MIX[operation]}`,
).join();
