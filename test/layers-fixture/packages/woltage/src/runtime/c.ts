import type {b} from './b.ts';

export type C = typeof b;
export const c = 1;
