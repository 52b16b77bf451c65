import {mkdtemp, readdir, readFile, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import SQLiteEventStore from '@woltage/eventstore-sqlite';
import SQLiteStore from '@woltage/store-sqlite';
import {afterEach, beforeEach, describe, expect, it, vi} from 'vitest';
import {openOffice, type Office} from '../src/office.ts';
import {TextAnalyzer} from '../src/services/analyzer.ts';
import {DirectoryFileStorage} from '../src/services/directory-file-storage.ts';
import {SafeDownloads} from '../src/services/safe-downloads.ts';
import {serveSamples} from '../src/walk/sample-files.ts';

const silent = {debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined};
const WAIT = {timeout: 8000, interval: 20};

describe('The office', () => {
    let folder: string;
    let samples: Awaited<ReturnType<typeof serveSamples>>;
    let office: Office;
    let failures: number;

    async function open() {
        const analyzer = new TextAnalyzer();
        office = await openOffice({
            eventStore: {adapter: SQLiteEventStore, args: [{path: join(folder, 'events.db')}]},
            store: {adapter: SQLiteStore, args: [{path: join(folder, 'store.db')}]},
            services: {
                downloads: new SafeDownloads({trustedHosts: [samples.host]}),
                fileStorage: new DirectoryFileStorage(join(folder, 'files')),
                analyzer: {
                    async analyze(file, contentType) {
                        if (failures-- > 0)
                            throw new Error('The analyzer is tired.');
                        return analyzer.analyze(file, contentType);
                    }
                }
            },
            logger: silent, port: 0
        });
    }
    beforeEach(async () => {
        folder = await mkdtemp(join(tmpdir(), 'woltage-documents-'));
        samples = await serveSamples();
        failures = 0;
        await open();
    });
    afterEach(async () => {
        await office.stop();
        samples.stop();
        await rm(folder, {recursive: true});
    });

    const upload = (url: unknown, headers: Record<string, string> = {}) => fetch(`${office.url}/documents/upload-from-url`, {
        method: 'POST', headers: {'content-type': 'application/json', ...headers}, body: JSON.stringify({url})
    });
    const get = async (path: string) => (await fetch(office.url + path)).json() as Promise<Record<string, unknown> | null>;
    const EXPENSE = {amount: 142.68, currency: 'EUR', date: '2026-11-12', vendor: 'Paper & Pens Ltd.'};

    it('makes an expense of an invoice that is uploaded by URL, although the analyzer fails twice', async () => {
        failures = 2;
        const response = await upload(`http://${samples.host}/invoice.txt`);
        expect(response.status).toBe(200);
        const {documentId} = await response.json() as {documentId: string};
        await vi.waitFor(async () => expect(await get(`/documents/byId?id=${documentId}`)).toMatchObject({status: 'analyzed'}), WAIT);
        const document = await get(`/documents/byId?id=${documentId}`);
        await vi.waitFor(async () => expect(await get(`/expenses/byDocument?documentId=${documentId}`)).toEqual({id: document?.['expenseId'], documentId, ...EXPENSE}), WAIT);
        expect(failures).toBe(-1);
        const [file = ''] = await readdir(join(folder, 'files'));
        expect(file).toBe(document?.['key']);
        expect(await readFile(join(folder, 'files', file), 'utf8')).toContain('Paper & Pens');
    });

    it('goes on with its work after a restart', async () => {
        failures = Infinity;
        const {documentId} = await (await upload(`http://${samples.host}/invoice.txt`)).json() as {documentId: string};
        await office.stop();
        failures = 0;
        await open();
        await vi.waitFor(async () => expect(await get(`/expenses/byDocument?documentId=${documentId}`)).toMatchObject(EXPENSE), WAIT);
    });

    it('uploads once what is asked for twice with one key', async () => {
        const again = {'idempotency-key': 'k1'};
        const first = await (await upload(`http://${samples.host}/letter.txt`, again)).json();
        expect(await (await upload(`http://${samples.host}/letter.txt`, again)).json()).toEqual(first);
        expect(await get('/documents/latest')).toHaveLength(1);
    });

    it('lets nobody run commands from outside, past the download', async () => {
        const file = {url: 'http://example.org/', key: 'a'.repeat(64), contentType: 'text/plain', bytes: 1};
        const response = await fetch(`${office.url}/document/d1/createDocument`, {method: 'POST', headers: {'content-type': 'application/json'}, body: JSON.stringify(file)});
        expect(response.status).toBe(403);
        expect(await get('/documents/byId?id=d1')).toBeNull();
    });

    it('says what is wrong with a URL', async () => {
        const refused = async (url: unknown) => {
            const response = await upload(url);
            return [response.status, (await response.json() as {code: string}).code];
        };
        expect(await refused('no url')).toEqual([400, 'VALIDATION_FAILED']);
        expect(await refused(undefined)).toEqual([400, 'VALIDATION_FAILED']);
        expect(await refused('http://localhost/')).toEqual([400, 'URL_NOT_ALLOWED']);
        expect(await refused(`http://${samples.host}/missing.txt`)).toEqual([400, 'DOWNLOAD_FAILED']);
        expect(await get('/documents/latest')).toEqual([]);
    });
});
