/** Checks an execution with the axioms of LKMM: a second opinion on what the memory of the explorer showed. */

import { SimulatorBug } from '../../errors.js';
import type { Axiom } from '../../view-machine/validate/literal.js';
import { validate } from '../../view-machine/validate/sparse.js';
import type { Session } from '../engine/session.js';

/** What the axioms say about one execution. */
export interface AxiomsVerdict {
  /** Events that the memory logged and the axioms were asked about. */
  readonly events: number;
  /** The first axiom that the execution violates; null: they allow it. */
  readonly violated: Axiom | null;
}

/**
 * Check the execution that has just ended against the axioms of LKMM, with the dependencies that the memory promises.
 *
 * @param session made with `log: true` over `lkmm` memory
 * @throws SimulatorBug when it keeps no log, or the log is empty: nothing would have been checked
 */
export function askAxioms({ log, scenario }: Session): AxiomsVerdict {
  if (log === undefined || log.length === 0) {
    throw new SimulatorBug(`${scenario.name}: there is no log to check against the axioms`);
  }
  return { events: log.length, violated: validate(log, { conservative: true }) };
}
