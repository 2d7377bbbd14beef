/** `klp-smp campaign`: run a campaign from one file, here or on many machines, and watch and steer it. */

import type { Command } from 'commander';
import { availableParallelism } from 'node:os';
import { runCampaign, RUN_CAMPAIGN_OPTIONS } from '../campaign/run-campaign.js';
import { controlCampaign, serveCampaigns, watchCampaign } from '../campaign/redis/use-cases.js';
import type { CampaignSnapshot } from '../campaign/plan/snapshot.js';
import type { RedisWorkerResult } from '../campaign/redis/worker.js';
import { existingFile, flag, integerIn, textOf } from '../campaign/options/rules.js';
import { CampaignServer, type Control } from '../report/campaign/serve.js';
import { campaignSessions, campaignTables } from '../report/tables/planned.js';
import { addCommand, JSON_OPTION } from './command.js';
import { campaignLines } from './campaign-report.js';
import { interruptible } from './interrupt.js';
import { emit } from './output.js';
import { REPORTS, splitReports, TRACE } from './reporting.js';
import { runUseCase } from './use-case.js';

const redis = { ...RUN_CAMPAIGN_OPTIONS.redis, required: true };

/** Where a live page is. */
const ADDRESS = {
  port: {
    rule: integerIn({ min: 0, max: 65_535 }),
    about: 'port of the page',
    shown: 'any that is free',
    flags: '--port <n>',
  },
  host: {
    rule: textOf('an address of this machine'),
    about: 'address of the page',
    fallback: '127.0.0.1',
    flags: '--host <address>',
  },
  control: {
    rule: flag,
    about: 'let the page pause, drain and cancel; its address then holds a secret',
  },
} as const;

const RUN = {
  ...RUN_CAMPAIGN_OPTIONS,
  plan: { ...RUN_CAMPAIGN_OPTIONS.plan, rule: existingFile },
  serve: { rule: flag, about: 'show a live page while it runs' },
  port: { ...ADDRESS.port, needs: { serve: 'given' } },
  host: { ...ADDRESS.host, needs: { serve: 'given' } },
  control: { ...ADDRESS.control, needs: { serve: 'given', redis: 'given' } },
  ...JSON_OPTION,
  ...REPORTS,
  ...TRACE,
} as const;

const WORKER = {
  redis,
  campaign: {
    rule: textOf('the name of a campaign'),
    about: 'take part in this one only',
    shown: 'all',
    flags: '--campaign <name>',
  },
  threads: {
    rule: integerIn({ min: 1, max: 256 }),
    about: 'worker threads',
    fallback: availableParallelism(),
    flags: '--threads <n>',
  },
  folder: {
    rule: textOf('the path of a folder'),
    about: "where the paths of a campaign's own scenarios start from",
    fallback: '.',
    flags: '--folder <folder>',
  },
  untilIdle: { rule: flag, about: 'end when no campaign is left after the first' },
  ...JSON_OPTION,
} as const;

const NAMED = {
  name: {
    rule: textOf('the name of a campaign'),
    about: 'its name',
    required: true,
    flags: '<name>',
  },
  redis,
  ...JSON_OPTION,
} as const;

const WATCH = { ...NAMED, ...ADDRESS } as const;

/** Add the command to a program. */
export function registerCampaign(program: Command): void {
  const campaign = program
    .command('campaign')
    .description('run whole campaigns from one file, here or on many machines');
  registerRun(campaign);
  registerWorker(campaign);
  registerServe(campaign);
  for (const what of ['pause', 'resume', 'drain', 'cancel'] as const)
    registerControl(campaign, what);
}

function registerRun(campaign: Command): void {
  addCommand(campaign, {
    name: 'run',
    description: 'run a campaign and keep what it finds',
    table: RUN,
    run: async ({ json, serve, port, host, control, plan, ...given }) => {
      const { asked, options } = splitReports(given);
      const { redis: url } = options;
      const page =
        serve === true
          ? await openPage({ port, host }, control === true ? url : undefined)
          : undefined;
      const reporting = {
        ...{ command: 'campaign run', asked, tables: campaignTables },
        explored: campaignSessions(plan ?? ''),
      };
      const shown = { label: 'campaign', json, text: campaignLines, reporting };
      try {
        const result = await runUseCase(shown, (watching) =>
          runCampaign({
            ...options,
            ...watching,
            plan: plan ?? '',
            ...(page === undefined
              ? {}
              : { onSnapshot: (snapshot: CampaignSnapshot) => page.show(snapshot) }),
          }),
        );
        const isOpen = result.replayed.some(
          ({ status }) => status === 'open' || status === 'changed',
        );
        if (result.findings.length > 0 || isOpen) process.exitCode = 1;
      } finally {
        await page?.close();
      }
    },
  });
}

/** Serve a page, and say where. */
async function openPage(
  { port, host, name }: { port?: number | undefined; host?: string | undefined; name?: string },
  controlled: string | undefined,
): Promise<CampaignServer> {
  let latest = name;
  const page = new CampaignServer({
    ...(port === undefined ? {} : { port }),
    ...(host === undefined ? {} : { host }),
    ...(controlled === undefined
      ? {}
      : {
          control: async (what: Control) => {
            if (latest !== undefined)
              await controlCampaign({ redis: controlled, name: latest, what });
          },
        }),
  });
  const show = page.show.bind(page);
  page.show = (snapshot) => {
    latest = snapshot.name;
    show(snapshot);
  };
  process.stderr.write(`live page: ${await page.listen()}\n`);
  return page;
}

function registerWorker(campaign: Command): void {
  addCommand(campaign, {
    name: 'worker',
    description: 'execute ranges of the campaigns on a Redis server',
    table: WORKER,
    run: async ({ json, redis: url = '', ...options }) => {
      const shown = {
        ...{ label: 'worker', json },
        text: ({ executions, ranges }: RedisWorkerResult) =>
          `${executions} executions in ${ranges} ranges counted here`,
      };
      await runUseCase(shown, ({ signal }) =>
        serveCampaigns({
          ...options,
          redis: url,
          signal,
          onNote: (note) => process.stderr.write(`${note}\n`),
        }),
      );
    },
  });
}

function registerServe(campaign: Command): void {
  addCommand(campaign, {
    name: 'serve',
    description: 'show a live page of a campaign on a Redis server',
    table: WATCH,
    run: async ({ name = '', redis: url = '', port, host, control }) => {
      const page = await openPage({ port, host, name }, control === true ? url : undefined);
      try {
        await interruptible((signal) =>
          watchCampaign({ redis: url, name, signal, onSnapshot: (it) => page.show(it) }),
        );
      } finally {
        await page.close();
      }
    },
  });
}

const DONE = {
  pause: 'workers finish what they hold and take nothing more',
  resume: 'workers go on',
  drain: 'ranges under way are finished, then the campaign ends with what it has',
  cancel: 'the campaign is taken off the server',
} as const;

function registerControl(campaign: Command, what: Control): void {
  addCommand(campaign, {
    name: what,
    description: DONE[what],
    table: NAMED,
    run: async ({ json, name = '', redis: url = '' }) => {
      await controlCampaign({ redis: url, name, what });
      emit({ json: json ?? false }, { name, done: what }, () => `${name}: ${DONE[what]}`);
    },
  });
}
