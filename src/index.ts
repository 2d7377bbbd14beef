/** The public API of klp-smp. */

export { InvariantViolated, SimulatorBug, UsageError, type Finding } from './errors.js';
