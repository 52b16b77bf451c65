import {spawn} from 'node:child_process';
import {existsSync} from 'node:fs';
import {describe, expect, it} from 'vitest';

const folder = `${import.meta.dirname}/runners`;
const program = (path: string): string => `${import.meta.dirname}/../../../node_modules/${path}`;

/**
 * The path of Jest, where somebody has installed it: `WOLTAGE_TEST_JEST=/path/to/node_modules/jest`. It isn't among the packages of this repository, for the binaries of
 * its resolver are missing from some registries, and then nothing could be installed.
 */
const jest = process.env['WOLTAGE_TEST_JEST'];

/** How each runner is told to run a file, as its users do. */
const RUNNERS: Readonly<Record<string, readonly string[]>> = {
    'node:test': ['--test', '--test-reporter=tap', '{file}.node.js'],
    'Vitest': [program('vitest/vitest.mjs'), 'run', '--config', 'vitest.config.js', '{file}.vitest.js'],
    ...jest === undefined ? {} : {'Jest': ['--experimental-vm-modules', `${jest}/bin/jest.js`, '--config', 'jest.config.json', '{file}.jest.js']}
};

/** Runs a suite with a runner, without anything that this one has put into the environment. */
async function run(args: readonly string[], file: string): Promise<{readonly code: number | null; readonly output: string}> {
    expect(existsSync(`${import.meta.dirname}/../dist/index.js`), 'the packages are built: npm run build').toBe(true);
    const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(VITEST|NODE_|JEST|TEST$|VITE)/.test(name)));
    const child = spawn(process.execPath, args.map(arg => arg.replace('{file}', file)), {cwd: folder, env: {...env, NO_COLOR: '1', CI: 'true'}});
    let output = '';
    for (const stream of [child.stdout, child.stderr])
        stream.setEncoding('utf8').on('data', (text: string) => output += text);
    const code = await new Promise<number | null>((resolve, reject) => child.on('error', reject).on('close', resolve));
    return {code, output};
}

describe.each(Object.entries(RUNNERS))('the kit under %s', (_name, args) => {
    it('passes where it should', async () => {
        const {code, output} = await run(args, 'passing');
        expect(output).toMatch(/pass 5|5 passed/);
        expect(code).toBe(0);
    }, 60_000);

    it('fails where it should, with what it has to say, the runner\'s own difference, and the place in the suite', async () => {
        const {code, output} = await run(args, 'failing');
        expect(code).toBe(1);
        expect(output).toMatch(/fail 3|3 failed/);
        expect(output).toMatch(/account\.deposit didn't come to what was expected\.\s+given\s+Opened \{owner: 'Ann'\}\s+when\s+account\.deposit/);
        expect(output).toMatch(/differs\s+event 1: payload\.amount: expected 6n, got 5n/);
        expect(output).toMatch(/differs\s+accounts \{id: 'a-1'\}: balance: expected 6n, got 5n/);
        expect(output).toMatch(/notice didn't come to what was expected\.\s+given\s+Opened \{owner: 'Ann'\}\s+when\s+notice by Deposited \{amount: 5n/);
        // What is expected and what is there, printed by the runner.
        expect(output).toMatch(/"?amount"?: 6n/);
        expect(output).toMatch(/"?amount"?: 5n/);
        expect(output).toMatch(/bank-suite\.js:7\d:/);
    }, 60_000);
});
