/** Entry of the worker that explores a shell's machine. */

import '../src/shell/explorer-worker.js';
