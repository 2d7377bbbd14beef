/** The page of a latent issue, for maintainers of the kernel: how it happens in each release, and what we would change. */

import { KERNEL_VERSIONS, type KernelVersion } from '../kernel/versions.js';
import { likelyIn, stepsIn, type LatentIssue } from '../scenario/latent.js';

/** Releases that share the text of a section. */
interface Section {
  readonly versions: readonly KernelVersion[];
  readonly lines: readonly string[];
}

function sectionOf(issue: LatentIssue, version: KernelVersion): readonly string[] {
  const absent = issue.absent?.[version];
  return absent === undefined ? stepsIn(issue, version) : [`Absent: ${absent}.`];
}

function sections(issue: LatentIssue): Section[] {
  const found: Section[] = [];
  for (const version of KERNEL_VERSIONS) {
    const lines = sectionOf(issue, version);
    const same = found.findIndex((section) => section.lines.join() === lines.join());
    const before = found[same];
    if (before === undefined) found.push({ versions: [version], lines });
    else found[same] = { ...before, versions: [...before.versions, version] };
  }
  return found;
}

function likely(issue: LatentIssue): string[] {
  const present = KERNEL_VERSIONS.filter((version) => issue.absent?.[version] === undefined);
  const texts = new Map<string, KernelVersion[]>();
  for (const version of present) {
    const text = likelyIn(issue, version);
    texts.set(text, [...(texts.get(text) ?? []), version]);
  }
  return [...texts].map(([text, versions]) =>
    texts.size === 1 ? text : `${versions.join(', ')}: ${text}`,
  );
}

function attemptLine(issue: LatentIssue, version: KernelVersion): string {
  const kernel = version === '6.5' ? '' : ` --kernel ${version}`;
  return `klp-smp latent ${issue.id}${kernel}`;
}

/** The page as Markdown. Lines are those of 6.1.192, 6.12.117 and, in transition.c, 6.5. */
export function latentPage(issue: LatentIssue): string {
  const present = KERNEL_VERSIONS.filter((version) => issue.absent?.[version] === undefined);
  const by = issue.attempts.map((attempt) =>
    attempt.kind === 'script'
      ? `- a script: ${attempt.what}`
      : `- the race \`${attempt.scenario}\`: ${attempt.shows}` +
        (attempt.control === undefined
          ? ''
          : `; clean ${attempt.control.what} (\`${attempt.control.scenario}\`)`),
  );
  return [
    `# ${issue.id}: ${issue.title}`,
    issue.claim,
    '## How it happens',
    ...sections(issue).flatMap(({ versions, lines }) => [
      `### ${versions.join(', ')}`,
      lines.join('\n'),
    ]),
    '## Shown by',
    by.join('\n'),
    'These look for it again and print a token that replays the find, where a race shows it:',
    ['```sh', ...present.map((version) => attemptLine(issue, version)), '```'].join('\n'),
    '## What it means',
    issue.meaning,
    '## What makes it likely',
    ...likely(issue),
    '## Candidate fix',
    issue.fix,
  ].join('\n\n');
}
