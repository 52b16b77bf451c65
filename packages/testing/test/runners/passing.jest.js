import {describe, it} from '@jest/globals';
import {passing} from './bank-suite.js';

passing({describe, it});
