import {mkdtemp, readdir, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import {DirectoryFileStorage} from '../src/services/directory-file-storage.ts';

describe('The file storage', () => {
    let folder: string;
    let files: DirectoryFileStorage;
    beforeEach(async () => {
        folder = await mkdtemp(join(tmpdir(), 'woltage-files-'));
        files = new DirectoryFileStorage(join(folder, 'files'));
    });
    afterEach(() => rm(folder, {recursive: true}));

    it('gives back what was put', async () => {
        const bytes = Uint8Array.from({length: 1000}, (_, i) => i % 256);
        expect(new Uint8Array(await files.get(await files.put(bytes)))).toEqual(bytes);
    });

    it('keeps the same bytes once, however often and however many at once put them', async () => {
        const keys = await Promise.all(Array.from({length: 10}, () => files.put(new Uint8Array([1, 2]))));
        expect(new Set(keys).size).toBe(1);
        expect(await readdir(join(folder, 'files'))).toEqual([keys[0]]);
    });

    it.each(['0'.repeat(64), '../secret', '', 'a/b'])('has no file %j', async key => {
        await expect(files.get(key)).rejects.toMatchObject({code: 'FILE_NOT_FOUND', status: 404});
    });
});
