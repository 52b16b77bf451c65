/* node --import tsx import-child.ts <database> <file> <batchSize>: imports the file; with '-' for the database it only exports to nowhere. Tells what it has done. */
import {SQLiteEventStore} from '@woltage/eventstore-sqlite';
import {createReadStream} from 'node:fs';
import createWoltage, {MemoryStore} from 'woltage';

const [path = '', file = '', batchSize = '500'] = process.argv.slice(2);
const tell = (line: object): boolean => process.stdout.write(`${JSON.stringify(line)}\n`);
const woltage = await createWoltage({
    eventStore: {adapter: SQLiteEventStore, args: [{path}]}, eventClasses: [], aggregates: [], projectorClasses: [], internalStore: {adapter: MemoryStore}, autostart: false
});
if (file === 'export') {
    let bytes = 0;
    for await (const line of woltage.exportEvents())
        bytes += line.length;
    tell({bytes});
} else {
    const summary = await woltage.importEvents(() => createReadStream(file), {batchSize: Number(batchSize), onProgress: ({phase, imported}) => {
        if (phase === 'write')
            tell({imported});
    }});
    tell({summary});
}
await woltage.stop();
