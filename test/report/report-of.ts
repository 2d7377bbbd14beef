/** A report of given tables, for tests of its formats. */

import type { Report, ReportTable } from '../../src/report/report.js';

export const reportOf = (tables: readonly ReportTable[], more: Partial<Report> = {}): Report => ({
  command: 'klp-smp explore',
  again: 'klp-smp explore x',
  versions: { node: 'v20' },
  tables,
  seconds: 1.5,
  interrupted: false,
  samples: [],
  unit: 'executions',
  coverage: [],
  ...more,
});
