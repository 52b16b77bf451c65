// Adds up the results of several test runs and closes with one line: `N passed, N failed`.
// Usage: node scripts/sum-tests.mjs RESULTS.json...   (as Vitest's json reporter writes them)
import {readFileSync} from 'node:fs';
import {pathToFileURL} from 'node:url';

/**
 * @param {readonly {numPassedTests: number, numFailedTests: number, numPendingTests: number, numTodoTests: number}[]} results
 * @returns {{line: string, isGood: boolean}} Good: something passed and nothing failed.
 */
export function sumTests(results) {
    const sum = pick => results.reduce((total, result) => total + pick(result), 0);
    const passed = sum(result => result.numPassedTests);
    const failed = sum(result => result.numFailedTests);
    const skipped = sum(result => result.numPendingTests + result.numTodoTests);
    return {
        line: `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`,
        isGood: passed > 0 && failed === 0
    };
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
    const {line, isGood} = sumTests(process.argv.slice(2).map(file => JSON.parse(readFileSync(file, 'utf8'))));
    console.log(line);
    process.exitCode = isGood ? 0 : 1;
}
