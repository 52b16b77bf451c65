import {spawn} from 'node:child_process';
import {once} from 'node:events';

/** Child processes that this process has started and that still run; each is ended through its own handle. */
const running = new Set();

/** Starts a program that is known to {@link endAll} until it has ended. */
export function start(command, args, options) {
    const child = spawn(command, args, options);
    running.add(child);
    child.once('close', () => running.delete(child));
    return child;
}

/**
 * Runs a program to its end, without standard input.
 *
 * @param {string} command
 * @param {readonly string[]} args
 * @param {string} cwd
 * @returns {Promise<string>} its standard output
 * @throws Error with all of its output when it fails
 */
export async function run(command, args, cwd) {
    const child = start(command, args, {cwd, stdio: ['ignore', 'pipe', 'pipe']});
    let output = '';
    let errors = '';
    child.stdout.setEncoding('utf8').on('data', text => output += text);
    child.stderr.setEncoding('utf8').on('data', text => errors += text);
    const [code, signal] = await once(child, 'close');
    if (code !== 0)
        throw new Error(`${[command, ...args].join(' ')} (in ${cwd}) ended with ${signal ?? code}:\n${output}${errors}`);
    return output;
}

/**
 * Asks a program to end, and makes it end when it takes too long.
 *
 * @param {import('node:child_process').ChildProcess} child
 * @param {number} timeoutMs
 * @returns {Promise<number | string | null>} its exit code, or the signal that ended it
 */
export async function end(child, timeoutMs) {
    if (child.exitCode !== null || child.signalCode !== null)
        return child.signalCode ?? child.exitCode;
    const exit = once(child, 'exit');
    const timer = setTimeout(() => child.kill('SIGKILL'), timeoutMs);
    child.kill('SIGTERM');
    const [code, signal] = await exit;
    clearTimeout(timer);
    return signal ?? code;
}

/** Ends whatever still runs, at once. */
export function endAll() {
    for (const child of running)
        child.kill('SIGKILL');
}
