/** Names that all files of the kernel room share. */

export type { Cpu, CpuContext } from '../memory/cpu.js';
export type { Addr, CpuId } from '../memory/struct.js';
export type { SiteId } from '../memory/sites.js';
export { NULL } from '../memory/struct.js';

import type { Addr } from '../memory/struct.js';

/** Address of a `TASK` struct. */
export type TaskRef = Addr;
/** Address of a `MODULE` struct. */
export type ModuleRef = Addr;
