/** Worker entry: runs one litmus job after the other for the pool of `klp-smp litmus` and `klp-smp conformance`. */
import {
  runLitmusJob,
  type LitmusFailure,
  type LitmusJob,
  type LitmusReport,
} from '../src/litmus/job.js';

/** Run one job. */
export default function run(job: LitmusJob): Promise<LitmusReport | LitmusFailure> {
  return runLitmusJob(job);
}
