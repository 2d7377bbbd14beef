/** `printf` with integers of 64 bits, which just-bash's has not. */

import { original, type Definition } from './command.js';

const CONVERSION =
  /%(?:%|([-+ #0]*)(\d+)?(?:\.(\d+))?(?:hh|h|ll|l|j|z)?([diouxXeEfFgGaAcsbq]|\([^)]*\)T))/g;
const LARGEST_EXACT = BigInt(Number.MAX_SAFE_INTEGER);
const MOST = 2n ** 63n - 1n;
const LEAST = -(2n ** 63n);

/** An integer as printf reads it; undefined: it is none, or just-bash is left to complain about it. */
function integerOf(text: string | undefined): bigint | undefined {
  const [, sign, digits = ''] =
    /^\s*([-+]?)(0[xX][\da-fA-F]+|0[0-7]*|[1-9]\d*)$/.exec(text ?? '') ?? [];
  if (sign === undefined) return undefined;
  const value = BigInt(/^0\d/.test(digits) ? `0o${digits.slice(1)}` : digits);
  return sign === '-' ? -value : value;
}

/** Whether just-bash prints another number. */
function isBeyond(value: bigint, letter: string): boolean {
  const size = value < 0n ? -value : value;
  return size > LARGEST_EXACT || (value < 0n && 'ouxX'.includes(letter));
}

/** An integer in the form of a conversion. */
function formatted(
  value: bigint,
  flags: string,
  width: number,
  precision: number,
  letter: string,
): string {
  const isSigned = 'di'.includes(letter);
  const within = isSigned
    ? value > MOST
      ? MOST
      : value < LEAST
        ? LEAST
        : value
    : BigInt.asUintN(64, value);
  const base = letter === 'o' ? 8 : 'xX'.includes(letter) ? 16 : 10;
  const plain = (within < 0n ? -within : within)
    .toString(base)
    .padStart(Math.max(precision, 0), '0');
  const mark = base === 16 && within !== 0n ? '0x' : base === 8 ? '0' : '';
  const sign = within < 0n ? '-' : isSigned ? (/[+ ]/.exec(flags)?.[0] ?? '') : '';
  const prefix = sign + (flags.includes('#') ? mark : '');
  const isZeroed = flags.includes('0') && !flags.includes('-') && precision < 0;
  const digits = isZeroed ? plain.padStart(width - prefix.length, '0') : plain;
  const whole = flags.includes('-')
    ? (prefix + digits).padEnd(width)
    : (prefix + digits).padStart(width);
  return letter === 'X' ? whole.toUpperCase() : whole;
}

/** The command. */
export const printf: Definition = (args, ctx) => {
  const at = args[0] === '-v' ? 2 : args[0] === '--' ? 1 : 0;
  const [format = '', ...values] = args.slice(at);
  const letters = [...format.matchAll(CONVERSION)].flatMap(({ 4: letter }) => letter ?? []);
  const isNeeded = values.some((text, i) => {
    const letter = letters[i % letters.length] ?? '';
    const value = 'diouxX'.includes(letter) ? integerOf(text) : undefined;
    return letter !== '' && value !== undefined && isBeyond(value, letter);
  });
  if (!isNeeded) return original(ctx, args);
  const kept: string[] = [];
  let next = 0;
  const once = (): string =>
    format.replace(
      CONVERSION,
      (
        all,
        flags: string | undefined,
        width: string | undefined,
        precision: string | undefined,
        letter: string | undefined,
      ) => {
        if (letter === undefined) return all;
        const text = values[next++];
        const value = 'diouxX'.includes(letter) ? integerOf(text) : undefined;
        if (value !== undefined) {
          return formatted(value, flags ?? '', Number(width ?? 0), Number(precision ?? -1), letter);
        }
        kept.push(text ?? '');
        return all;
      },
    );
  let whole = '';
  while (next < values.length) whole += once();
  return original(ctx, [...args.slice(0, at), whole, ...kept]);
};
