import { OptionDefaults } from 'typedoc';

/** The API pages of `npm run docs:api`: every entry point of the package, and the types that their signatures name. */
export default {
  name: 'klp-smp',
  tsconfig: 'tsconfig.json',
  entryPoints: [
    'src/index.ts',
    'src/javascript/index.ts',
    'src/sync/index.ts',
    'src/testing/ava.ts',
    'src/testing/node-test.ts',
    'src/testing/vitest.ts',
  ],
  out: 'docs/api',
  readme: 'none',
  // Links lead into the checkout, so that the pages do not depend on where it came from.
  disableGit: true,
  sourceLinkTemplate: '../../../src/{path}',
  treatWarningsAsErrors: true,
  validation: { notExported: true, invalidLink: true, rewrittenLink: true, notDocumented: true },
  requiredToBeDocumented: ['Function', 'Class', 'Interface', 'TypeAlias'],
  // The kernel function that a port stands for, where it differs from it, and in which versions it is there.
  blockTags: [...OptionDefaults.blockTags, '@kernel', '@differs', '@versions'],
};
