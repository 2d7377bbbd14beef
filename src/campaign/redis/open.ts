/** Opens a campaign on a server, as the campaign that runs it sees it. */

import type { RangeRunner } from '../plan/local.js';
import { RedisRunner, type StoredPlan } from './coordinator.js';
import { connect } from './server.js';

/** A runner over the server at `url`; closing it ends the connection. @throws UsageError when no server answers */
export async function openRedisRunner(url: string, plan: StoredPlan): Promise<RangeRunner> {
  const redis = await connect(url);
  const runner = new RedisRunner(redis, plan);
  return {
    run: (ledger, onRange, signal) => runner.run(ledger, onRange, signal),
    notes: () => runner.notes(),
    get control() {
      return runner.control;
    },
    async close() {
      await runner.close();
      redis.disconnect();
    },
  };
}
