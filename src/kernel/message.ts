/** A message format of printk: plain data that code, log and boot share. */

/** Log levels, most severe first. */
export type LogLevel = 'err' | 'warn' | 'notice' | 'info' | 'debug';

/** A message format. Ids: kernel 1–99, livepatch 100–199, test modules from 200. */
export interface Message {
  readonly id: number;
  readonly level: LogLevel;
  /** The prefix of pr_fmt(), for instance `livepatch: `. */
  readonly prefix: string;
  /** Format with `%s` (a name id), `%d`, `%u`, `%lu`, `%lx` and `%p`. */
  readonly text: string;
}
