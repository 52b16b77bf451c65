import {setTimeout as delay} from 'node:timers/promises';
import {end, start} from './processes.mjs';

const START_TIMEOUT_MS = 30_000;
const END_TIMEOUT_MS = 15_000;

/**
 * Starts an example with the command of its `npm start`, without npm in between, so that the process is the server itself.
 *
 * @param {string} cwd
 * @param {string} command Such as `node --import tsx src/server.ts`; it prints `... is open at http://127.0.0.1:<port>` when it is ready.
 * @returns {Promise<{base: string, stop: () => Promise<void>}>} Where it listens; `stop` fails unless it ends well.
 */
export async function startExample(cwd, command) {
    const [program, ...args] = command.split(' ');
    if (program !== 'node')
        throw new Error(`The example's start command must begin with node: ${command}`);
    const server = start(process.execPath, args, {cwd, env: {...process.env, PORT: '0'}, stdio: ['ignore', 'pipe', 'pipe']});
    let output = '';
    for (const stream of [server.stdout, server.stderr])
        stream.setEncoding('utf8').on('data', text => output += text);

    const stop = async () => {
        const how = await end(server, END_TIMEOUT_MS);
        if (how !== 0)
            throw new Error(`The example ended with ${how}:\n${output}`);
    };
    const deadline = Date.now() + START_TIMEOUT_MS;
    for (;;) {
        const base = / is open at (http:\/\/127\.0\.0\.1:\d+)/.exec(output)?.[1];
        if (base !== undefined)
            return {base, stop};
        if (server.exitCode !== null || Date.now() > deadline) {
            await end(server, END_TIMEOUT_MS);
            throw new Error(`The example didn't start:\n${output}`);
        }
        await delay(20);
    }
}
