/** What `--json` prints and files of ours hold, document by document; the schemas in `docs/schema` are made of these types. */

import type { AblationRow } from '../campaign/ablate/ablate.js';
import type { ThreadRow } from '../campaign/ablate/ablate-threads.js';
import type { CompareResult } from '../campaign/compare/compare.js';
import type { EngineConformance } from '../campaign/litmus/conformance.js';
import type { ExhaustResult } from '../campaign/verify/exhaust.js';
import type { ExploreResult } from '../campaign/explored.js';
import type { HistoryResult } from '../campaign/history.js';
import type { LatentResult } from '../campaign/latent.js';
import type { CheckLitmusResult } from '../campaign/litmus/litmus.js';
import type { LitmusShapesResult } from '../campaign/litmus/litmus-shapes.js';
import type { CorpusEntry } from '../campaign/plan/corpus.js';
import type { PlanFile } from '../campaign/plan/plan.js';
import type { CampaignResult } from '../campaign/plan/snapshot.js';
import type { ReplayResult } from '../campaign/replay.js';
import type { StressResult } from '../campaign/stress/stress.js';
import type { VerifyResult } from '../campaign/verify/verified.js';
import type { WeakenResult } from '../campaign/weaken.js';
import type { LitmusReport } from '../litmus/job.js';
import type { TraceFileJson } from './finding/perfetto.js';
import type { RunEvent } from './formats/jsonl.js';

/** What ended the run half-way; the rest is what there was by then. */
interface Ended {
  readonly failure?: string;
}

/** All that there is of a run that was interrupted before it had anything to report. */
interface Nothing {
  readonly interrupted: true;
}

type Printed<T> = (T & Ended) | Nothing;

/** `explore --json`. */
export type ExploreDocument = Printed<ExploreResult>;
/** `replay --json`. */
export type ReplayDocument = Printed<ReplayResult>;
/** `verify --json`. */
export type VerifyDocument = Printed<VerifyResult>;
/** `verify --exhaust --json`. */
export type ExhaustDocument = Printed<ExhaustResult>;
/** `stress --json`. */
export type StressDocument = Printed<StressResult>;
/** `campaign run --json`. */
export type CampaignDocument = Printed<CampaignResult>;
/** `ablate --json`. */
export type AblateDocument = Printed<{
  readonly rows: readonly AblationRow[] | readonly ThreadRow[];
  readonly interrupted: boolean;
}>;
/** `history --json`. */
export type HistoryDocument = Printed<HistoryResult>;
/** `latent --json`. */
export type LatentDocument = Printed<LatentResult>;
/** `compare --json`. */
export type CompareDocument = Printed<CompareResult>;
/** `weaken --json`. */
export type WeakenDocument = Printed<WeakenResult>;
/** `litmus FILE --json`. */
export type LitmusDocument = Printed<LitmusReport>;
/** `litmus FOLDER --json`. */
export type LitmusFolderDocument = Printed<CheckLitmusResult>;
/** `litmus --on threads --json`. */
export type LitmusShapesDocument = Printed<LitmusShapesResult>;
/** `conformance --json`. */
export type ConformanceDocument = readonly EngineConformance[] | Nothing;
/** A line of `--jsonl`. */
export type EventDocument = RunEvent;
/** A file of `--trace`. */
export type TraceDocument = TraceFileJson;
/** A file of a campaign's corpus. */
export type CorpusDocument = CorpusEntry;
/** A campaign file. */
export type PlanDocument = PlanFile;
