/** The rules of the `js` memory, by name; a negative control runs without one of them. */

/** Names of the rules. */
export const RULE_NAMES = ['J-1', 'J-2', 'J-3', 'J-4', 'J-5', 'J-6'] as const;

/** Which rules hold. */
export interface Rules {
  /** The rule that is left out, if any. */
  readonly without?: (typeof RULE_NAMES)[number];
}

/** All of them. */
export const RULES: Rules = {};
