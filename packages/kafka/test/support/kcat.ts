import {execFile, spawnSync} from 'node:child_process';
import type {Startable} from '../../../../test/servers/find-server.ts';

/** librdkafka, a client that has nothing to do with ours. */
export const kcat: Startable = spawnSync('kcat', ['-V'], {stdio: 'ignore'}).error === undefined
    ? {isStartable: true}
    : {missing: 'kcat is not here: bash scripts/install-servers.sh kcat'};

if ('missing' in kcat && process.env['WOLTAGE_REQUIRE']?.split(',').includes('kcat') === true)
    throw new Error(`WOLTAGE_REQUIRE names kcat, but ${kcat.missing}`);

/** Runs it to its end. @returns What it has written */
export function runKcat(args: readonly string[], input = ''): Promise<string> {
    return new Promise((resolve, reject) => {
        const child = execFile('kcat', args, {timeout: 20_000, maxBuffer: 100_000_000}, (error, stdout, stderr) => {
            if (error === null)
                resolve(stdout);
            else
                reject(new Error(`kcat ${args.join(' ')}: ${stderr}`, {cause: error}));
        });
        child.stdin?.end(input);
    });
}
