/** A Redis server of a test's own on a loopback port, and processes of the command line. */

import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Redis } from 'ioredis';

const MAIN = fileURLToPath(new URL('../../src/cli/main.js', import.meta.url));
const SERVERS = ['redis-server', 'valkey-server'];

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** A server with persistence, which can be killed and started again. */
export class RedisServer {
  readonly url: string;
  readonly #port: number;
  readonly #folder = mkdtempSync(join(tmpdir(), 'klp-redis-'));
  readonly #program: string;
  #child: ChildProcess | undefined;

  private constructor(program: string, port: number) {
    this.#program = program;
    this.#port = port;
    this.url = `redis://127.0.0.1:${port}`;
  }

  /** @throws Error naming the package that is missing */
  static async start(): Promise<RedisServer> {
    const program = SERVERS.find((it) => spawnSync(it, ['--version']).status === 0);
    if (program === undefined) {
      throw new Error('no Redis server: install the package redis-server, or valkey');
    }
    const server = new RedisServer(program, await freePort());
    await server.up();
    return server;
  }

  /** Its process, while it is up. */
  get child(): ChildProcess {
    if (this.#child === undefined) throw new Error('the Redis server is down');
    return this.#child;
  }

  async up(): Promise<void> {
    this.#child = spawn(
      this.#program,
      [
        ...['--port', String(this.#port), '--bind', '127.0.0.1', '--dir', this.#folder],
        ...['--save', '', '--appendonly', 'yes', '--appendfsync', 'always'],
      ],
      { stdio: 'ignore' },
    );
    for (let tries = 0; tries < 200; tries++) {
      const probe = new Redis(this.url, { lazyConnect: true, retryStrategy: () => null });
      probe.on('error', () => undefined);
      const isUp = await probe.connect().then(
        () => probe.ping().then(() => true),
        () => false,
      );
      probe.disconnect();
      if (isUp) return;
      await sleep(50);
    }
    throw new Error('the Redis server does not answer');
  }

  /** Kill it: nothing is said to its clients. */
  async down(): Promise<void> {
    const child = this.#child;
    if (child === undefined) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await ended;
    this.#child = undefined;
  }
}

/** A process of the command line that runs. */
export interface Running {
  readonly child: ChildProcess;
  readonly ended: Promise<{ code: number | null; stdout: string; stderr: string }>;
}

/** Start `klp-smp`. */
export function start(...args: string[]): Running {
  const child = spawn(process.execPath, [MAIN, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (data: Buffer) => (stdout += data.toString()));
  child.stderr.on('data', (data: Buffer) => (stderr += data.toString()));
  const ended = new Promise<{ code: number | null; stdout: string; stderr: string }>((resolve) =>
    child.once('close', (code) => resolve({ code, stdout, stderr })),
  );
  return { child, ended };
}
