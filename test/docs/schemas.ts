/** Schemas of the JSON documents, made of their types. */

import { join } from 'node:path';
import { createGenerator } from 'ts-json-schema-generator';
import { ROOT } from './rooms.js';

/** Documents by the name of their schema, with its version: one more when a member goes away or comes to mean something else. */
export const DOCUMENTS = {
  explore: ['ExploreDocument', 1],
  replay: ['ReplayDocument', 1],
  verify: ['VerifyDocument', 1],
  exhaust: ['ExhaustDocument', 1],
  stress: ['StressDocument', 1],
  campaign: ['CampaignDocument', 1],
  ablate: ['AblateDocument', 1],
  history: ['HistoryDocument', 1],
  latent: ['LatentDocument', 1],
  compare: ['CompareDocument', 1],
  weaken: ['WeakenDocument', 1],
  litmus: ['LitmusDocument', 1],
  'litmus-folder': ['LitmusFolderDocument', 1],
  'litmus-shapes': ['LitmusShapesDocument', 1],
  conformance: ['ConformanceDocument', 1],
  event: ['EventDocument', 1],
  trace: ['TraceDocument', 1],
  corpus: ['CorpusDocument', 1],
  plan: ['PlanDocument', 1],
} as const;

/** Name of a document. */
export type DocumentName = keyof typeof DOCUMENTS;

/** Name of the file of a schema. */
export const schemaFile = (name: DocumentName): string => `${name}.v${DOCUMENTS[name][1]}.json`;

/** The folder of the schemas. */
export const SCHEMAS = join(ROOT, 'docs/schema');

/** Make every schema: text by name of its file. */
export function makeSchemas(): ReadonlyMap<string, string> {
  const generator = createGenerator({
    path: join(ROOT, 'src/report/documents.ts'),
    tsconfig: join(ROOT, 'tsconfig.json'),
    skipTypeCheck: true,
    sortProps: true,
    topRef: false,
    jsDoc: 'extended',
  });
  const names = Object.keys(DOCUMENTS) as DocumentName[];
  return new Map(
    names.map((name) => {
      const file = schemaFile(name);
      const schema = { $id: `klp-smp:${file}`, ...generator.createSchema(DOCUMENTS[name][0]) };
      return [file, `${JSON.stringify(schema, undefined, 2)}\n`];
    }),
  );
}
