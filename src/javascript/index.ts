/** The package's entry for programs over shared memory: `klp-smp/javascript`. */

export { program, type Program, type ProgramDeclaration, type ThreadBody } from './program.js';
