/** Writes docs/images: both pages as a browser shows them, light and dark: `npm run docs:screenshots`. */

import { mkdirSync, mkdtempSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { findingPage } from '../../src/report/finding.js';
import { runMain } from '../cli/child.js';
import { ROOT } from '../docs/rooms.js';
import { recordedWarn } from '../report/recording.js';
import { startBrowser } from './browser.js';

/** Bytes that a picture may have. */
const MOST_BYTES = 150_000;

const folder = mkdtempSync(join(tmpdir(), 'klp-screenshots-'));
const images = join(ROOT, 'docs/images');

async function writeFinding(): Promise<string> {
  const { recording } = await recordedWarn();
  const file = join(folder, 'finding.html');
  writeFileSync(file, await findingPage(recording));
  return file;
}

async function writeCampaign(): Promise<string> {
  const plan = join(folder, 'nightly.yaml');
  writeFileSync(
    plan,
    'name: nightly\nscenarios: [disable-call, disable-switch]\nablations: [none, O-01, O-04]\nexecutions: 2000\nrange: 100\n',
  );
  const file = join(folder, 'campaign.html');
  const { exitCode, stderr } = await runMain('campaign', 'run', plan, '--html', file);
  if (exitCode !== 1) throw new Error(`the campaign found nothing: ${stderr}`);
  return file;
}

mkdirSync(images, { recursive: true });
const pages = { finding: await writeFinding(), campaign: await writeCampaign() };
const browser = await startBrowser();
try {
  for (const [name, file] of Object.entries(pages)) {
    for (const colorScheme of ['light', 'dark'] as const) {
      const page = await browser.newPage({
        colorScheme,
        viewport: { width: 1280, height: name === 'finding' ? 800 : 1000 },
      });
      await page.goto(pathToFileURL(file).href);
      const path = join(images, `${name}-${colorScheme}.jpg`);
      await page.screenshot({ path, type: 'jpeg', quality: 62 });
      await page.close();
      const { size } = statSync(path);
      if (size > MOST_BYTES) throw new Error(`${path} has ${size} bytes`);
      process.stdout.write(`${path} ${size}\n`);
    }
  }
} finally {
  await browser.close();
}
