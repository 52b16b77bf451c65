import {NotFoundError} from 'woltage';
import type {Analysis} from '../src/services/analyzer.ts';
import type {Services} from '../src/services/services.ts';

export const EXPENSE: Analysis = {isExpense: true, amount: 12.5, currency: 'EUR', date: '2026-11-21', vendor: 'Shop'};

/** Services that need no network and no disk. */
export function fakeServices({analysis = EXPENSE, failures = 0}: {readonly analysis?: Analysis; readonly failures?: number} = {}) {
    const files = new Map<string, Uint8Array>();
    const calls = {analyzed: 0, downloaded: [] as string[]};
    const services: Services = {
        downloads: {
            async download(url) {
                calls.downloaded.push(url);
                return {bytes: new TextEncoder().encode(url), contentType: 'text/plain'};
            }
        },
        fileStorage: {
            async put(bytes) {
                const key = `file-${files.size + 1}`;
                files.set(key, bytes);
                return key;
            },
            async get(key) {
                const file = files.get(key);
                if (file === undefined)
                    throw new NotFoundError('There is no such file.', {code: 'FILE_NOT_FOUND'});
                return file;
            }
        },
        analyzer: {
            async analyze() {
                if (++calls.analyzed <= failures)
                    throw new Error('The analyzer is tired.');
                return analysis;
            }
        }
    };
    return {services, calls, files};
}
