import {describe, it} from 'node:test';
import {failing} from './bank-suite.js';

failing({describe, it});
