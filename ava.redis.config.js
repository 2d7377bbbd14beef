/** The tests that need a Redis server: `npm run test:redis`. */
export default {
  files: ['dist/test/redis/**/*.redis.js'],
  timeout: '5m',
  workerThreads: false,
};
