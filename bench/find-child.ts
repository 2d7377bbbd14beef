/** Measures one build for `bench:find`, in a process of its own: `find-child.js FOLDER`. */

import { Build, type FindRequest } from './find-rows.js';

/** What the process is asked: the rows that there are, or how long one takes. */
export type FindMessage = 'rows' | FindRequest;

const build = new Build(process.argv[2] ?? '.');

process.on('message', (message: FindMessage) => {
  const answer = message === 'rows' ? build.rows() : build.find(message);
  answer.then(
    (result) => process.send?.({ result }),
    (error: unknown) => process.send?.({ error: String(error) }),
  );
});
