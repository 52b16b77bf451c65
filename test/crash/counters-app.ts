/**
 * A life of the counters: `node counters-app.js <folder> <adapter> <mode> [end]`.
 *
 * - `fill`: makes a history of `end` events
 * - `work`: replays, switches and sends commands, until it is killed, or kills itself at its `end` (`commit:before:7`: before the seventh commit)
 * - `settle`: waits for everything, and prints what is there
 */
import {adapters, type CrashAdapters} from './adapters.ts';
import {fill, settle, startCounters, work} from './counters.ts';
import {intercepted} from './intercepted.ts';
import {endAt} from './end.ts';

const [folder = '', adapter = '', mode = '', end = ''] = process.argv.slice(2);
const die = endAt(end, () => {
    process.kill(process.pid, 'SIGKILL');
});
const plain = await (adapters[adapter] as (typeof adapters)[string])(folder, () => die.before('write'));
const deadly: CrashAdapters = {eventStore: intercepted(plain.eventStore, die), store: intercepted(plain.store, die)};
const tell = (line: string): void => void process.stdout.write(`${line}\n`);
const woltage = await startCounters(mode === 'work' ? deadly : plain, 10_000);

const modes: Readonly<Record<string, () => Promise<void>>> = {
    fill: () => fill(woltage, Number(end)),
    work: () => {
        tell('ready');
        return work(woltage, tell);
    },
    settle: async () => tell(JSON.stringify(await settle(woltage, plain.eventStore)))
};
await modes[mode]?.();
await woltage.stop();
