import { claimLocal, MemoryMap, race } from 'klp-smp';

const map = new MemoryMap();
const localBase = claimLocal(map, 2);
const [LETTER, FULL] = [map.claimWords('letter', 1), map.claimWords('full', 1)];
const send = (cpu) => (cpu.write(LETTER, 7), cpu.writeOnce(FULL, 1));
const receive = (cpu) => cpu.loadAcquire(FULL) && cpu.trace(1, cpu.read(LETTER));

export const mailbox = race({
  name: 'mailbox',
  description: 'One CPU sends a letter, the other looks once.',
  build: () => ({ ctx: {}, map, localBase, bodies: [send, receive] }),
  observe: ({ events: [seen] }) => (seen === undefined ? 'empty' : `letter ${seen.a}`),
  outcomes: {
    empty: { grade: 'acceptable', reason: 'the receiver looked too early' },
    'letter 7': { grade: 'acceptable', reason: 'the letter arrived whole' },
  },
});
