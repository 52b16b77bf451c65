/* node --import tsx consumer-child.ts <address> <topic> <group> <file>: takes messages over into a file, a line a batch, with the offset to go on from */
import {appendFileSync, existsSync, readFileSync} from 'node:fs';
import {KafkaBroker} from '../../src/index.ts';
import {quick} from './kafka.ts';

const [address = '', topic = '', group = '', file = ''] = process.argv.slice(2);

export interface Taken {
    readonly partition: number;
    readonly values: readonly string[];
    readonly next: string;
}

const taken = (): Taken[] => existsSync(file) ? readFileSync(file, 'utf8').split('\n').filter(line => line !== '').map(line => JSON.parse(line) as Taken) : [];
const offsetOf = (partition: number): bigint | undefined => {
    const last = taken().filter(batch => batch.partition === partition).at(-1);
    return last && BigInt(last.next);
};

const known = new Map<number, bigint | undefined>();
const broker = new KafkaBroker({brokers: [address], clientId: 'child', ...quick});
await broker.connect();
process.stdout.write(`${JSON.stringify({connected: true})}\n`);
await broker.consume({
    topics: [topic], group, from: 'start', signal: new AbortController().signal,
    resume: async places => places.map(({partition}) => {
        known.set(partition, offsetOf(partition));
        return known.get(partition);
    }),
    handle: async ({partition, messages, nextOffset}) => {
        // As a database's compare-and-set would: somebody else may have the partition by now.
        if (offsetOf(partition) !== known.get(partition))
            throw new Error('The partition was lost.');
        appendFileSync(file, `${JSON.stringify({partition, values: messages.map(({value}) => String(value && Buffer.from(value))), next: String(nextOffset)})}\n`);
        known.set(partition, nextOffset);
        process.stdout.write(`${JSON.stringify({taken: messages.length})}\n`);
    }
});
