/**
 * `npm run differential:whole -- [TESTS] [FIRST] [VERSION FOLDER]`: as many generated tests of all kinds, and of pointers, on the axioms engine and before whole models,
 * those of all versions as they are written down here or, with a folder such as `tools/memory-model`, a kernel's own files.
 */
import { MODEL_VERSIONS, modelOf } from '../../../src/litmus/model.js';
import { LitmusSyntaxError } from '../../../src/litmus/syntax/syntax-error.js';
import { parseLitmus } from '../../../src/litmus/syntax/parse.js';
import { differentialSource, FLAVOURS, FURTHER_FLAVOURS } from '../differential-source.js';
import { pointerSource } from '../pointer-source.js';
import { differences } from './compare-whole.js';
import { catModel, readCatFiles, type Model } from './judge-cat.js';
import { literalExecutions } from './literal-model.js';

/** Processor time for the model's part of one test, in microseconds. */
const BUDGET_US = 400_000;

const [tests = '1000', first = '0', version, folder] = process.argv.slice(2);
const models = (version === undefined ? MODEL_VERSIONS : [version]).map(modelOf);
const files = folder === undefined ? null : catModel(readCatFiles(folder));
const sum = { compared: 0, 'too large, or newer than the model': 0, differing: 0 };

function compare(source: string, name: string): void {
  for (const model of models) {
    const judge: Model = files ?? ((world) => literalExecutions(world, model.rules));
    const end = process.cpuUsage().user + BUDGET_US;
    try {
      const test = parseLitmus(source, name);
      const found = differences(test, model, judge, {
        proceed: () => process.cpuUsage().user < end,
      });
      if (found === null) sum['too large, or newer than the model']++;
      else sum.compared++;
      if (found === null || found.length === 0) continue;
      sum.differing++;
      console.log(`${name}, ${model.name}: ${found.slice(0, 5).join('; ')}`);
    } catch (error) {
      if (!(error instanceof LitmusSyntaxError)) throw error;
      if (/is not in the model of/.test(error.message)) {
        sum['too large, or newer than the model']++;
        continue;
      }
      // All that is generated has an answer.
      sum.differing++;
      console.log(`${name}, ${model.name}: refused: ${error.message}`);
    }
  }
}

for (let seed = Number(first); seed < Number(first) + Number(tests); seed++) {
  compare(differentialSource(seed, [...FLAVOURS, ...FURTHER_FLAVOURS]), `seed ${seed}`);
  compare(pointerSource(seed), `pointers, seed ${seed}`);
}
for (const [what, count] of Object.entries(sum))
  console.log(`${String(count).padStart(8)} ${what}`);
process.exitCode = sum.differing > 0 ? 1 : 0;
