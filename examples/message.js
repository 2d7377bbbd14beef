// One CPU writes a message and then a flag; the other looks at the message once it sees the flag.
import { claimLocal, MemoryMap, race } from 'klp-smp';

const map = new MemoryMap();
const localBase = claimLocal(map, 2);
const X = map.claimWords('message', 1);
const Y = map.claimWords('flag', 1);

function writer(cpu) {
  cpu.writeOnce(X, 1);
  cpu.smpWmb();
  cpu.writeOnce(Y, 1);
}

function reader(cpu) {
  // A control dependency does not order two loads: without this fence the old message may be read.
  if (cpu.readOnce(Y)) {
    cpu.smpRmb();
    cpu.trace(1, cpu.readOnce(X));
  }
}

export const message = race({
  name: 'message',
  description: 'A message and a flag, with a fence on either side.',
  build: () => ({ ctx: {}, map, localBase, bodies: [writer, reader] }),
  observe: ({ events: [seen] }) => (seen === undefined ? 'no flag' : `message ${seen.a}`),
  outcomes: {
    'no flag': { grade: 'acceptable', reason: 'the reader looked too early' },
    'message 1': { grade: 'acceptable', reason: 'the message came before its flag' },
  },
});
