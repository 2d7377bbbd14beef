/** printk: formatted messages in a ring of records; the text is made when the log is read. */

import { O_38 } from '../memory/sites.js';
import { struct } from '../memory/struct.js';
import type { KernelContext } from './context.js';
import { KERNEL } from './layout.js';
import type { LogLevel, Message } from './message.js';
import { TRACE_PRINTK } from './trace.js';
import type { Cpu } from './types.js';

export type { LogLevel, Message } from './message.js';

/** Record of the ring. */
export const PRINTK_RECORD = struct('printkRecord', {
  /** 1 + sequence number; 0 in a record that was never written. */
  seq: 1,
  message: 1,
  args: 4,
  cpu: 1,
  jiffies: 1,
});

/** `printk()`: up to four numbers or name ids.
 * @kernel vprintk_emit, kernel/printk/printk.c:2210 (v6.1)
 * @differs the ring has a lock; the order is that of desc_reserve(), which takes a record by a cmpxchg() of its head */
export function printk(cpu: Cpu, message: Message, a = 0, b = 0, c = 0, d = 0): void {
  const { kernel } = cpu.ctx;
  cpu.trace(TRACE_PRINTK, message.id, a, b);
  if (!kernel.configPrintk) return;
  const globals = kernel.globals;
  // A record is reserved by a fully ordered operation. Whoever marks tasks after it has printed is ordered by that: pairs with
  // the test-and-clear of klpUpdatePatchState() (O-38 with O-07) and the smpRmb() of __klpSchedTrySwitch() (O-08).
  cpu.smpMb(O_38);
  cpu.spinLock(globals + KERNEL.printkLock);
  const seq = cpu.get(globals + KERNEL.printkSeq);
  cpu.set(globals + KERNEL.printkSeq, seq + 1);
  const record = kernel.printk + (seq % kernel.printkRecords) * PRINTK_RECORD.size;
  cpu.set(record + PRINTK_RECORD.seq, seq + 1);
  cpu.set(record + PRINTK_RECORD.message, message.id);
  cpu.set(record + PRINTK_RECORD.args, a);
  cpu.set(record + PRINTK_RECORD.args + 1, b);
  cpu.set(record + PRINTK_RECORD.args + 2, c);
  cpu.set(record + PRINTK_RECORD.args + 3, d);
  cpu.set(record + PRINTK_RECORD.cpu, cpu.id);
  cpu.set(record + PRINTK_RECORD.jiffies, cpu.peek(globals + KERNEL.jiffies));
  cpu.spinUnlock(globals + KERNEL.printkLock);
}

/** A line of the log. */
export interface LogLine {
  readonly seq: number;
  readonly level: LogLevel;
  readonly text: string;
  /** When it was printed. */
  readonly jiffies: number;
}

/** Render a message with its arguments, as the kernel would. */
export function formatMessage(
  message: Message,
  args: readonly number[],
  names: readonly string[],
): string {
  let next = 0;
  const body = message.text.replace(/%(s|d|u|lu|lx|p)/g, (_match, kind: string) => {
    const value = args[next++] ?? 0;
    if (kind === 's') return value === 0 ? '(null)' : (names[value] ?? `name#${value}`);
    if (kind === 'd') return String(value);
    const hex = (value >>> 0).toString(16);
    if (kind === 'p') return hex.padStart(16, '0');
    return kind === 'lx' ? hex : String(value >>> 0);
  });
  return message.prefix + body;
}

/**
 * The log as `dmesg` shows it, oldest first.
 *
 * @param words shared memory, read while nobody prints
 * @param from sequence number of the first line wanted
 */
export function dmesg(words: Int32Array, kernel: KernelContext, from = 0): LogLine[] {
  const byId = new Map(kernel.messages.map((m) => [m.id, m]));
  const end = words[kernel.globals + KERNEL.printkSeq] ?? 0;
  const lines: LogLine[] = [];
  for (let seq = Math.max(from, end - kernel.printkRecords); seq < end; seq++) {
    const record = kernel.printk + (seq % kernel.printkRecords) * PRINTK_RECORD.size;
    if (words[record + PRINTK_RECORD.seq] !== seq + 1) continue;
    const message = byId.get(words[record + PRINTK_RECORD.message] ?? 0);
    if (!message) continue;
    const args = Array.from(
      words.subarray(record + PRINTK_RECORD.args, record + PRINTK_RECORD.cpu),
    );
    lines.push({
      seq,
      level: message.level,
      text: formatMessage(message, args, kernel.names),
      jiffies: words[record + PRINTK_RECORD.jiffies] ?? 0,
    });
  }
  return lines;
}
