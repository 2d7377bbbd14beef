import { URL } from 'node:url';
import { program } from 'klp-smp/javascript';
import { Piscina } from 'piscina';
export const piscina = program({
  threads: [
    async () => {
      const pool = new Piscina({
        filename: new URL('./pool-worker.mjs', import.meta.url).href,
        minThreads: 1,
        maxThreads: 1,
      });
      const results = await Promise.all([pool.run(1), pool.run(2)]);
      await pool.destroy();
      return results.join();
    },
  ],
  acceptable: { '"2,3"': 'both done' },
});
