/**
 * What every thread of a pool loads first; `workerData.entry` is the module whose default export runs the tasks.
 *
 * CommonJS on purpose: Piscina tries `require()` first, and Node ends the whole process when a thread is ended while
 * `require()` links an ES module.
 */

module.exports = {
  __esModule: true,
  default: import(
    (process.getBuiltinModule('node:worker_threads').workerData as { entry: string }).entry
  ).then((loaded: { default: unknown }) => loaded.default),
};
