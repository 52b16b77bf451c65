import {createTestWoltage, type TestWoltage} from '@woltage/testing';
import {afterEach, describe, expect, it, vi} from 'vitest';
import {uploadDocumentFromUrl} from '../src/document/upload-document-from-url.ts';
import {Documents} from '../src/document/documents.ts';
import {Expenses} from '../src/expense/expenses.ts';
import {model} from '../src/model.ts';
import {EXPENSE, fakeServices} from './fakes.ts';

const apps: TestWoltage[] = [];
afterEach(async () => {
    for (const app of apps.splice(0))
        await app.stop();
});

async function start(fakes: Parameters<typeof fakeServices>[0] = {}) {
    const {services, calls} = fakeServices(fakes);
    const app = await createTestWoltage({...model, services});
    apps.push(app);
    const upload = async () => (await app.woltage.executeAction(uploadDocumentFromUrl, {url: 'http://example.org/a'}) as {documentId: string}).documentId;
    const statusOf = async (id: string) => (await app.woltage.executeQuery(Documents, 'byId', {id}))?.status;
    /** Lets the clock run until a document has come so far. */
    const until = (id: string, status: string) => vi.waitFor(async () => {
        await app.clock.advance(1000);
        expect(await statusOf(id)).toBe(status);
    }, {timeout: 5000, interval: 5});
    return {...app, calls, upload, until};
}

describe('Uploading a document', () => {
    it('makes a document, and an expense of it', async () => {
        const {woltage, until, upload, calls} = await start();
        const id = await upload();
        await until(id, 'analyzed');
        expect(calls).toEqual({analyzed: 1, downloaded: ['http://example.org/a']});
        const document = await woltage.executeQuery(Documents, 'byId', {id});
        expect(document).toMatchObject({id, url: 'http://example.org/a', key: 'file-1', status: 'analyzed'});
        const {isExpense: _, ...expense} = EXPENSE as Extract<typeof EXPENSE, {isExpense: true}>;
        expect(await woltage.executeQuery(Expenses, 'byDocument', {documentId: id})).toEqual({id: document?.expenseId, documentId: id, ...expense});
    });

    it('makes no expense of what is none', async () => {
        const {woltage, until, upload} = await start({analysis: {isExpense: false, reason: 'a letter'}});
        const id = await upload();
        await until(id, 'analyzed');
        expect(await woltage.executeQuery(Documents, 'byId', {id})).toMatchObject({status: 'analyzed', reason: 'a letter'});
        expect(await woltage.executeQuery(Expenses, 'byDocument', {documentId: id})).toBeNull();
    });

    it('analyses again what has failed', async () => {
        const {until, upload, calls, events} = await start({failures: 2});
        await until(await upload(), 'analyzed');
        expect(calls.analyzed).toBe(3);
        expect((await events()).map(({type}) => type)).toEqual(['document.created', 'expense.created', 'document.analyzed']);
    });

    it('records it when it fails for good', async () => {
        const {woltage, until, upload, calls} = await start({failures: Infinity});
        const id = await upload();
        await until(id, 'failed');
        expect(calls.analyzed).toBe(5);
        expect(await woltage.executeQuery(Documents, 'byId', {id})).toMatchObject({status: 'failed', reason: 'The analyzer is tired.'});
        expect(await woltage.getFailedActions()).toMatchObject([{error: {message: 'The analyzer is tired.'}}]);
    });

    it('refuses what is no URL', async () => {
        const {woltage} = await start();
        await expect(woltage.executeAction(uploadDocumentFromUrl, {url: 'x'})).rejects.toMatchObject({code: 'VALIDATION_FAILED'});
    });
});
