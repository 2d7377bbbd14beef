import { program } from 'klp-smp/javascript';
import { createSyncFn } from 'synckit';
import { fileURLToPath, URL } from 'node:url';
export const synckit = program({
  threads: [
    () => {
      const add = createSyncFn(fileURLToPath(new URL('./synckit-worker.mjs', import.meta.url)));
      return [add(1, 2), add(3, 4)].join();
    },
  ],
  acceptable: { '"3,7"': 'both calls answered' },
});
