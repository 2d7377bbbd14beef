import js from '@eslint/js';
import tseslint from 'typescript-eslint';
import cycles from './lint/no-cycle.js';
import oneLetter from './lint/one-letter.js';

/** The rooms of `src`, top to bottom: an import may only point to a room above its own. */
const rooms = [
  'sync',
  'memory',
  'view-machine',
  'kernel',
  'livepatch',
  'check',
  'scenario',
  'catalog',
  'threads',
  'live',
  'explorer',
  'javascript',
  'litmus',
  'campaign',
  'shell',
  'report',
  'testing',
  'cli',
];

const roomRules = rooms.slice(0, -1).map((room, i) => ({
  files: [`src/${room}/**/*.ts`],
  rules: {
    'no-restricted-imports': [
      'error',
      {
        patterns: rooms.slice(i + 1).map((below) => ({
          regex: `^\\.\\./(?:\\.\\./)*${below}/`,
          message: 'An import may only point to a room above its own.',
        })),
      },
    ],
  },
}));

const noClock = [
  {
    name: 'Date',
    message: 'Simulated time is jiffies; real time belongs to cli/, bench/ and threads/.',
  },
  {
    name: 'performance',
    message: 'Simulated time is jiffies; real time belongs to cli/, bench/ and threads/.',
  },
  { name: 'setTimeout', message: 'Timers belong to cli/, bench/ and threads/.' },
  { name: 'setInterval', message: 'Timers belong to cli/, bench/ and threads/.' },
];

const kernelRules = [
  {
    selector: "Program > VariableDeclaration[kind='let']",
    message: 'Shared state lives in the layout, private state in objects.',
  },
  {
    selector: "Program > ExportNamedDeclaration > VariableDeclaration[kind='let']",
    message: 'Shared state lives in the layout, private state in objects.',
  },
];

export default tseslint.config(
  { ignores: ['dist/', 'docs/api/', 'node_modules/', 'test/**/fixtures/**'] },
  js.configs.recommended,
  ...tseslint.configs.strictTypeChecked.map((config) => ({
    ...config,
    files: ['**/*.ts'],
  })),
  {
    files: ['**/*.ts'],
    languageOptions: { parserOptions: { projectService: true } },
    rules: {
      'no-restricted-globals': ['error', ...noClock],
      'no-restricted-properties': [
        'error',
        { object: 'Math', property: 'random', message: 'Randomness comes from a seeded source.' },
      ],
      'no-restricted-syntax': ['error', ...kernelRules],
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
    },
  },
  {
    files: [
      'src/threads/**',
      'src/cli/**',
      'src/explorer/**',
      'src/litmus/**',
      'src/live/**',
      'src/campaign/**',
      'src/javascript/**',
      'src/shell/**',
      'src/testing/**',
      'bench/**',
      'test/**',
    ],
    rules: { 'no-restricted-globals': 'off' },
  },
  {
    files: ['test/**/*.ts', 'bench/**/*.ts'],
    rules: { '@typescript-eslint/no-non-null-assertion': 'off' },
  },
  {
    // Here built-in methods are data, and coroutines stand for functions that may, but need not, be interrupted.
    files: ['src/javascript/runtime/**/*.ts'],
    rules: {
      '@typescript-eslint/unbound-method': 'off',
      '@typescript-eslint/no-this-alias': 'off',
      'require-yield': 'off',
    },
  },
  ...roomRules,
  {
    files: ['src/report/assets/*.js'],
    languageOptions: {
      sourceType: 'script',
      globals: Object.fromEntries(
        [
          ...['document', 'performance', 'addEventListener', 'HTMLInputElement', 'EventSource'],
          ...['fetch', 'location', 'setTimeout'],
        ].map((name) => [name, 'readonly']),
      ),
    },
    rules: { 'no-unused-expressions': 'off', 'no-restricted-globals': 'off' },
  },
  {
    files: ['src/**/*.ts'],
    plugins: { imports: cycles, names: oneLetter },
    rules: {
      'imports/no-cycle': 'error',
      '@typescript-eslint/max-params': ['error', { max: 6 }],
      'max-lines': ['error', { max: 400 }],
      'max-lines-per-function': ['error', { max: 60 }],
      // `a` to `d` are the words of an event or a message, `p` is the task of try_to_wake_up(), S and R are litmus tests.
      'names/one-letter': ['error', { lines: 6, except: [...'abcdiknpRS'] }],
    },
  },
  // A port is as long as its C file.
  {
    files: ['src/livepatch/transition.ts'],
    rules: { 'max-lines': 'off' },
  },
  {
    files: ['*.js', 'lint/*.js', 'examples/**/*.js'],
    languageOptions: { globals: { process: 'readonly', console: 'readonly', URL: 'readonly' } },
  },
);
