import {join} from 'node:path';
import {b} from '../runtime/b.ts';

export const a = [b, join];
