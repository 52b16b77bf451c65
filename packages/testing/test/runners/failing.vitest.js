import {describe, it} from 'vitest';
import {failing} from './bank-suite.js';

failing({describe, it});
