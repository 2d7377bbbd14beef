import { program } from 'klp-smp/javascript';
import ThreadStream from 'thread-stream';
import { fileURLToPath, URL } from 'node:url';
export const threadStream = program({
  shared: () => new SharedArrayBuffer(64),
  threads: [
    async (log) => {
      const stream = new ThreadStream({
        filename: fileURLToPath(new URL('./thread-stream-target.cjs', import.meta.url)),
        workerData: { log },
        bufferSize: 8,
        sync: false,
      });
      const errors = [];
      stream.on('error', (e) => errors.push(e.message));
      stream.write('ab');
      stream.write('cd');
      stream.end();
      await new Promise((resolve) => stream.once('close', resolve));
      const view = new Int32Array(log);
      let text = '';
      for (let i = 1; i <= Atomics.load(view, 0); i++)
        text += String.fromCharCode(Atomics.load(view, i));
      return [text, ...errors].join();
    },
  ],
  acceptable: { '"abcd"': 'all that was written' },
});
