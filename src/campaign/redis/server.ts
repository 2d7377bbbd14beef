/** A connection to Redis, or to a server that speaks its protocol. */

import { Redis } from 'ioredis';
import { UsageError } from '../../errors.js';
import { serverAddress } from '../options/rules.js';

/** Milliseconds that the first connection may take. */
const CONNECT_MS = 5_000;

/** The address without its password, which must not be shown. */
function shownAddress(url: string): string {
  try {
    const { protocol, host } = new URL(url);
    return `${protocol}//${host}`;
  } catch {
    return 'that address';
  }
}

/**
 * Connect. If a connected server goes away, the connection waits until it is back.
 *
 * @throws UsageError when there is no server; it does not show the password
 */
export async function connect(url: string): Promise<Redis> {
  if (serverAddress.check(url) === undefined) {
    throw new UsageError(`the value is not ${serverAddress.accepts}`);
  }
  const options = {
    // Commands wait for a server that restarts, as BullMQ demands of its connections.
    maxRetriesPerRequest: null,
    lazyConnect: true,
    connectTimeout: CONNECT_MS,
    retryStrategy: (times: number): number => Math.min(100 * times, 1_000),
  };
  const probe = new Redis(url, { ...options, retryStrategy: () => null });
  let failure: unknown;
  probe.on('error', (error) => (failure = error));
  try {
    await probe.connect();
    await probe.ping();
  } catch (error) {
    const why = (failure ?? error) as NodeJS.ErrnoException;
    throw new UsageError(
      `no Redis server answers at ${shownAddress(url)}: ${why.code ?? why.message}`,
    );
  } finally {
    probe.disconnect();
  }
  const redis = new Redis(url, options);
  // Lost connections are reestablished, so there is nothing to report.
  redis.on('error', () => undefined);
  return redis;
}
