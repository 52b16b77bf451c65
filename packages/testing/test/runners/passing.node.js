import {describe, it} from 'node:test';
import {passing} from './bank-suite.js';

passing({describe, it});
