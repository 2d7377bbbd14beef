/** What programs print while they are explored: kept, not shown. */

/** Text that an execution has printed. */
export interface Printed {
  readonly agent: number;
  readonly stream: 'stdout' | 'stderr';
  readonly text: string;
}
