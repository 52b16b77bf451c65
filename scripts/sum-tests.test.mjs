import assert from 'node:assert/strict';
import {test} from 'node:test';
import {sumTests} from './sum-tests.mjs';

const result = (numPassedTests, numFailedTests, numPendingTests = 0, numTodoTests = 0) => ({numPassedTests, numFailedTests, numPendingTests, numTodoTests});

test('runs are added up, and what was skipped is told', () => {
    assert.deepEqual(sumTests([result(5, 0), result(2, 0)]), {line: '7 passed, 0 failed', isGood: true});
    assert.deepEqual(sumTests([result(5, 1), result(2, 0, 3, 1)]), {line: '7 passed, 1 failed, 4 skipped', isGood: false});
});

test('no test at all is no success', () => {
    assert.deepEqual(sumTests([]), {line: '0 passed, 0 failed', isGood: false});
    assert.deepEqual(sumTests([result(0, 0, 2)]), {line: '0 passed, 0 failed, 2 skipped', isGood: false});
});
