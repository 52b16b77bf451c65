export {createRouter, createRouter as default} from './create-router.ts';
export type {Access, Permission, RouterOptions} from './options.ts';
export type {FieldProblem, Problem} from './problem.ts';
