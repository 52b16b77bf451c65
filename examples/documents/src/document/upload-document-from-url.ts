import {Action, onHttp, z} from 'woltage';
import type {Services} from '../services/services.ts';
import {createDocument} from './document.ts';

/** Fetches a file, keeps it, and makes a document of it. */
export const uploadDocumentFromUrl = Action.with<Services>().create('uploadDocumentFromUrl', {
    on: onHttp('POST', '/documents/upload-from-url'),
    input: z.object({url: z.url().max(2000)}),
    async handler({url}, {services, run, newId, signal}) {
        const {bytes, contentType} = await services.downloads.download(url, signal);
        const key = await services.fileStorage.put(bytes);
        const documentId = newId();
        await run(createDocument, documentId, {url, key, contentType, bytes: bytes.length});
        return {documentId};
    }
});
