/** The tests that need a browser: `npm run test:browser`. */
export default {
  files: ['dist/test/browser/**/*.browser.js'],
  timeout: '5m',
  workerThreads: false,
};
