/** A worked example: a mailbox of one's own over `cpu`, whose fence can be forgotten. */

import type { Cpu } from '../../src/memory/cpu.js';
import { claimLocal } from '../../src/memory/local.js';
import { MemoryMap } from '../../src/memory/map.js';
import { struct, type Addr } from '../../src/memory/struct.js';
import { race, type KernelBody, type RaceScenario } from '../../src/scenario/declare.js';

/** A message and the word that says it is there. */
const MAILBOX = struct('mailbox', { message: 1, full: 1 });
const TRACE_RECEIVED = 1;
const LETTER = 7;

const map = new MemoryMap();
const localBase = claimLocal(map, 2);
const BOX: Addr = map.claim('mailbox', MAILBOX);

function send(cpu: Cpu): void {
  cpu.write(BOX + MAILBOX.message, LETTER);
  cpu.smpWmb(); // Pairs with the smpRmb() of receive().
  cpu.writeOnce(BOX + MAILBOX.full, 1);
}

function sendWithoutFence(cpu: Cpu): void {
  cpu.write(BOX + MAILBOX.message, LETTER);
  cpu.writeOnce(BOX + MAILBOX.full, 1);
}

function receive(cpu: Cpu): void {
  if (cpu.readOnce(BOX + MAILBOX.full) === 0) return;
  cpu.smpRmb(); // Pairs with the smpWmb() of send().
  cpu.trace(TRACE_RECEIVED, cpu.read(BOX + MAILBOX.message));
}

function mailboxRace(name: string, sender: KernelBody): RaceScenario {
  return race({
    name,
    description: 'One CPU sends a message, the other looks once.',
    build: () => ({ ctx: {}, map, localBase, bodies: [sender, receive] }),
    observe(end) {
      const [received] = end.events.filter(({ event }) => event === TRACE_RECEIVED);
      if (received === undefined) return 'empty';
      return received.a === LETTER ? 'received' : 'torn';
    },
    outcomes: {
      empty: { grade: 'acceptable', reason: 'the receiver looked too early' },
      received: { grade: 'acceptable', reason: 'the message arrived whole' },
      torn: { grade: 'forbidden', reason: 'the mailbox is full, but the message is not in it' },
    },
  });
}

export const mailbox = mailboxRace('mailbox', send);
export const mailboxUnfenced = mailboxRace('mailbox-unfenced', sendWithoutFence);
