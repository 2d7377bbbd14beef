import { runAsWorker } from 'synckit';
runAsWorker(async (a, b) => {
  await null;
  return a + b;
});
