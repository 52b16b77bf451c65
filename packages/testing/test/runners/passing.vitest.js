import {describe, it} from 'vitest';
import {passing} from './bank-suite.js';

passing({describe, it});
