import {createHash, randomUUID} from 'node:crypto';
import {mkdir, readFile, rename, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {NotFoundError} from 'woltage';
import type {FileStorage} from './services.ts';

const KEY = /^[0-9a-f]{64}$/;

/** Keeps files in a directory, each under the hash of its bytes. */
export class DirectoryFileStorage implements FileStorage {
    readonly #directory: string;

    constructor(directory: string) {
        this.#directory = directory;
    }

    async put(bytes: Uint8Array): Promise<string> {
        const key = createHash('sha256').update(bytes).digest('hex');
        await mkdir(this.#directory, {recursive: true});
        // Whoever reads it meanwhile finds all of it, or nothing.
        const partial = join(this.#directory, `${randomUUID()}.partial`);
        await writeFile(partial, bytes, {flush: true});
        await rename(partial, join(this.#directory, key));
        return key;
    }

    async get(key: string): Promise<Uint8Array> {
        const missing = (cause?: unknown) => new NotFoundError(`There is no file ${key}.`, {code: 'FILE_NOT_FOUND', cause});
        if (!KEY.test(key))
            throw missing();
        return readFile(join(this.#directory, key)).catch((error: unknown) => {
            throw (error as NodeJS.ErrnoException).code === 'ENOENT' ? missing(error) : error;
        });
    }
}
