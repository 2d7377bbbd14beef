/** Other worlds to set up a scenario in: chance and time differ for certain from those of another one. */

/* eslint-disable no-restricted-properties -- chance is what it stands in for */

/** Milliseconds by which the clocks of the two worlds differ: another year, day of the week, hour, minute and second. */
const APART_MS = 34_567_891_237;

/** The part of [0, 1) that the first random number of a world comes from. */
const EDGE = 1 / 64;

/** One of two worlds. */
export type World = 'early' | 'late';

/** Chance: the first number is near 0 in one world and near 1 in the other. */
function randomOf(world: World, random: () => number): () => number {
  let isFirst = true;
  return () => {
    const drawn = random();
    if (!isFirst) return drawn;
    isFirst = false;
    return world === 'late' ? 1 - EDGE + drawn * EDGE : drawn * EDGE;
  };
}

function dateOf(real: DateConstructor, later: number): DateConstructor {
  const now = (): number => real.now() + later;
  return new Proxy(real, {
    apply: (target) => new target(now()).toString(),
    construct: (target, given: unknown[], made: NewableFunction) =>
      Reflect.construct(target, given.length === 0 ? [now()] : given, made) as object,
    get: (target, key, receiver): unknown =>
      key === 'now' ? now : Reflect.get(target, key, receiver),
  });
}

function hrtimeOf(later: number): typeof process.hrtime {
  const { hrtime } = process;
  const seconds = Math.floor(later / 1000);
  const shifted = (since?: [number, number]): [number, number] => {
    const [s, ns] = hrtime(since);
    return since === undefined ? [s + seconds, ns] : [s, ns];
  };
  return Object.assign(shifted, { bigint: () => hrtime.bigint() + BigInt(later) * 1_000_003n });
}

/** Enter a world. Returns what leaves it again. */
export function enter(world: World): () => void {
  const later = world === 'late' ? APART_MS : 0;
  const { random } = Math;
  const { hrtime } = process;
  const uptime = process.uptime.bind(process);
  const performanceNow = performance.now.bind(performance);
  const real = Date;
  Math.random = randomOf(world, random);
  globalThis.Date = dateOf(real, later);
  process.hrtime = hrtimeOf(later);
  process.uptime = () => uptime() + later / 1000;
  Object.defineProperty(performance, 'now', {
    value: () => performanceNow() + later,
    configurable: true,
    writable: true,
  });
  return () => {
    Math.random = random;
    globalThis.Date = real;
    process.hrtime = hrtime;
    process.uptime = uptime;
    Reflect.deleteProperty(performance, 'now');
  };
}
