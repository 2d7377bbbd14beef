/**
 * Globals that programs get from the runtime instead of the language: those that differ from run to run, or belong to
 * an agent.
 */

/** Their names, in the order in which a module's function takes them. */
export const SHADOWED = [
  ...(['Math', 'Date', 'performance', 'crypto', 'Intl', 'Temporal'] as const),
  ...([
    'globalThis',
    'global',
    'Promise',
    'setTimeout',
    'clearTimeout',
    'setInterval',
    'clearInterval',
  ] as const),
  ...(['setImmediate', 'clearImmediate', 'queueMicrotask', 'process', 'console'] as const),
  ...(['structuredClone', 'MessageChannel', 'MessagePort', 'Function'] as const),
  ...(['WeakRef', 'FinalizationRegistry'] as const),
  ...(['BroadcastChannel', 'fetch', 'WebSocket', 'EventSource', 'navigator'] as const),
] as const;
