/** Shrinks what a campaign finds and keeps it in the corpus, while the campaign goes on. */

import { siteNames } from '../../catalog/orderings/entry.js';
import { Interrupted, UsageError } from '../../errors.js';
import { decodeToken } from '../../explorer/findings/token.js';
import { findScenario } from '../scenarios/find-scenario.js';
import { replacing } from '../scenarios/replace.js';
import { checkReplaced } from '../replay.js';
import { isOfCatalogue, replayCommand } from '../options/replay-command.js';
import type { OutcomeCount } from '../work/tally.js';
import type { Workers } from '../work/workers.js';
import { decisiveStory, type Corpus, type CorpusEntry, type FindingStatus } from './corpus.js';
import { foundIn } from './found.js';
import type { JobTotals, PlanJob } from './ledger.js';
import type { CampaignFinding, ReplayedFinding } from './snapshot.js';

/** Milliseconds that shrinking and recording one finding may take. */
const SHRINK_MS = 120_000;
/** Findings of one job that are shrunk and kept at most: where a scenario fails in thousands of ways, they have one cause. */
const MOST_KEPT = 10;

/** Looks after the findings of one campaign. */
export class FindingKeeper {
  readonly #workers: Workers;
  readonly #corpus: Corpus | undefined;
  readonly #known = new Map<string, CampaignFinding>();
  #work: Promise<void> = Promise.resolve();
  #failure: Error | undefined;

  constructor(workers: Workers, corpus: Corpus | undefined) {
    this.#workers = workers;
    this.#corpus = corpus;
  }

  findings(): readonly CampaignFinding[] {
    return [...this.#known.values()];
  }

  /** Take up the forbidden outcomes in the counts that are not known yet. */
  look(totals: readonly JobTotals[]): void {
    for (const { job, tally } of totals) {
      const forbidden = tally.outcomes.filter(({ grade }) => grade === 'forbidden');
      for (const outcome of forbidden.slice(0, MOST_KEPT)) {
        const key = `${job.id} ${outcome.key}`;
        if (this.#known.has(key)) continue;
        this.#known.set(key, foundIn(job, outcome));
        this.#work = this.#work.then(() => this.#keep(key, job, outcome));
      }
    }
  }

  /** Wait until every finding that was taken up is kept. @throws the error that prevented it */
  async finish(signal?: AbortSignal): Promise<void> {
    if (signal?.aborted !== true) await this.#work;
    if (this.#failure !== undefined && !(this.#failure instanceof Interrupted)) throw this.#failure;
  }

  async #keep(key: string, job: PlanJob, outcome: OutcomeCount): Promise<void> {
    try {
      const { session } = job;
      const request = { session, token: outcome.token };
      const { token } = await this.#workers.run('minimise', request, { ms: SHRINK_MS });
      const { name, file, replace } = session.scenario;
      const replay = replayCommand(token, file, { replace });
      const finding = { ...foundIn(job, outcome), replay };
      if (this.#corpus === undefined) {
        this.#known.set(key, finding);
        return;
      }
      const recorded = { session, token, command: replay };
      const recording = await this.#workers.run('record', recorded, { ms: SHRINK_MS });
      const isNew = this.#corpus.add({
        scenario: name,
        ...(isOfCatalogue(file) ? {} : { file: this.#corpus.pathOf(file) }),
        ...(replace === undefined ? {} : { with: this.#corpus.pathOf(replace) }),
        token,
        outcome: outcome.key,
        detail: outcome.detail,
        memory: session.memory,
        ablated: siteNames(session.ablated),
        replay,
        story: decisiveStory(recording),
      });
      this.#known.set(key, { ...finding, isNew });
    } catch (error) {
      this.#failure ??= error as Error;
    }
  }

  /** Replay every finding of the corpus and note what became of it. */
  async replayAll(signal: AbortSignal): Promise<readonly ReplayedFinding[]> {
    const replayed: ReplayedFinding[] = [];
    for (const [file, entry] of this.#corpus?.entries() ?? []) {
      if (signal.aborted) break;
      const { status, now } = await this.#statusOf(entry, this.#corpus);
      this.#corpus?.mark(file, entry, status);
      const { scenario, outcome } = entry;
      replayed.push({ file, scenario, outcome, status, now });
    }
    return replayed;
  }

  async #statusOf(
    entry: CorpusEntry,
    corpus: Corpus | undefined,
  ): Promise<{ status: FindingStatus; now: string }> {
    try {
      const contents = decodeToken(entry.token);
      const { scenario: name, memory, ablated, fingerprint } = contents;
      const [own, replace] = [entry.file, entry.with].map((path) => corpus?.placeOf(path));
      checkReplaced(contents, replace);
      const { file } = findScenario(own ?? name);
      const session = { scenario: { file, name, ...replacing(replace) }, memory, ablated };
      const request = { session, token: entry.token, all: false };
      const report = await this.#workers.run('tell', request, { ms: SHRINK_MS });
      const { key, grade } = report.verdict;
      if (key === entry.outcome) return { status: 'open', now: key };
      if (grade === 'forbidden') return { status: 'changed', now: key };
      return { status: report.fingerprint === fingerprint ? 'stale' : 'fixed', now: key };
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      return { status: 'stale', now: error.message };
    }
  }
}
