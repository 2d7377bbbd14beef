/** Globals that programs get from the runtime instead of from the language: what would differ from run to run. */

/** Their names, in the order in which a module's function takes them. */
export const SHADOWED = ['Math', 'Date', 'performance', 'crypto', 'globalThis', 'global'] as const;
