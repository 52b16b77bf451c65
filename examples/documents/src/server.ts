import {mkdirSync} from 'node:fs';
import {join} from 'node:path';
import {parseArgs} from 'node:util';
import SQLiteEventStore from '@woltage/eventstore-sqlite';
import SQLiteStore from '@woltage/store-sqlite';
import {logger} from './logger.ts';
import {openOffice} from './office.ts';
import {TextAnalyzer} from './services/analyzer.ts';
import {DirectoryFileStorage} from './services/directory-file-storage.ts';
import {SafeDownloads} from './services/safe-downloads.ts';
import {serveSamples} from './walk/sample-files.ts';
import {uploadSamples} from './walk/upload-samples.ts';

const {values} = parseArgs({options: {
    /** Opens the office without uploading the samples. */
    'no-walk': {type: 'boolean', default: false}
}});
const folder = process.env['DATA_FOLDER'] ?? join(import.meta.dirname, '../data');
mkdirSync(folder, {recursive: true});

// They stay there for as long as the office trusts their port, which somebody else might take.
const samples = values['no-walk'] ? undefined : await serveSamples();
const office = await openOffice({
    eventStore: {adapter: SQLiteEventStore, args: [{path: join(folder, 'events.db')}]},
    store: {adapter: SQLiteStore, args: [{path: join(folder, 'store.db')}]},
    services: {
        downloads: new SafeDownloads({trustedHosts: samples === undefined ? [] : [samples.host]}),
        fileStorage: new DirectoryFileStorage(join(folder, 'files')),
        analyzer: new TextAnalyzer()
    },
    logger, port: Number(process.env['PORT'] ?? 3000)
});
for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => void office.stop().catch((error: unknown) => logger.error({err: error}, 'The office did not close well')).finally(() => samples?.stop()));

if (samples !== undefined)
    await uploadSamples(office.url, samples.host);
console.log(`\nThe office is open at ${office.url}`);
