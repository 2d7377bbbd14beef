/** Where a campaign lies on a Redis server. */

/** Prefix of every key. */
export const PREFIX = 'klp-smp';

/** Set of the names of all campaigns. */
export const CAMPAIGNS = `${PREFIX}:campaigns`;

/** Keys of one campaign; the braces keep them in one slot of a cluster. */
export interface CampaignKeys {
  /** JSON of a {@link StoredPlan}. */
  readonly plan: string;
  /** A {@link CampaignControl}. */
  readonly state: string;
  /** Hash: name of a range → JSON of its counts. */
  readonly results: string;
  /** List of the names of finished ranges, in the order in which they came. */
  readonly order: string;
  /** Hash: worker → JSON of a {@link WorkerNote}. */
  readonly workers: string;
  /** Hash: name of a range → what is wrong with its scenario. */
  readonly errors: string;
}

/** The keys of a campaign. */
export function keysOf(name: string): CampaignKeys {
  const key = (part: string): string => `${PREFIX}:{${name}}:${part}`;
  return {
    plan: key('plan'),
    state: key('state'),
    results: key('results'),
    order: key('order'),
    workers: key('workers'),
    errors: key('errors'),
  };
}

/** Name of the queue of a campaign; BullMQ allows no colon in it. */
export const queueName = (name: string): string => `{${name}}`;

/** The state of a campaign. `ended`: its run is over before it was complete; a later one goes on. */
export type CampaignControl = 'running' | 'paused' | 'draining' | 'cancelled' | 'ended';

/** What a worker says of itself. */
export interface WorkerNote {
  /** `host:pid`. */
  readonly name: string;
  /** Executions that it has counted. */
  readonly executions: number;
  /** When it last reported, in milliseconds since 1970. */
  readonly seen: number;
  /** Why it takes no part, if it does not. */
  readonly refused?: string;
}

/** A worker's note as text. */
export const noteText = ({ name, executions, refused }: WorkerNote): string =>
  refused === undefined ? `${name}: ${executions} executions` : `${name} is refused: ${refused}`;
