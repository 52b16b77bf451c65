import {readdir} from 'node:fs/promises';
import {join} from 'node:path';
import {pathToFileURL} from 'node:url';
import {ConfigError} from '../errors/index.ts';

/** Something exported by a module of the user's, and where it was found. */
export interface Loaded<T> {
    readonly value: T;
    /** For messages: the file, or the name of the config's property. */
    readonly source: string;
}

const MODULE = /\.(?:ts|mts|js|mjs)$/;
const NOT_A_MODULE = /\.d\.m?ts$|\.(?:test|spec|test-d|bench)\.m?[jt]s$/;
const TEST_FOLDER = /^(?:__tests__|__mocks__|node_modules)$/;

/**
 * What the config gives as an array, or all exports (default and named, each once) of a directory's modules that `accept` takes.
 *
 * @throws ConfigError `DIRECTORY_NOT_FOUND`, `MODULE_FAILED`, `CONFIG_INVALID`
 */
export async function loadExports<T>(
    source: readonly unknown[] | string, property: string, accept: (value: unknown) => value is T
): Promise<readonly Loaded<T>[]> {
    if (typeof source !== 'string')
        return source.map((value, index) => {
            if (!accept(value))
                throw new ConfigError(`'${property}[${index}]' of the config is not what belongs there: ${describe(value)}.`);
            return {value, source: `${nameOf(value)} (${property}[${index}])`};
        });
    const found = new Map<T, string>();
    for (const file of await moduleFiles(source, property)) {
        for (const value of Object.values(await importModule(file))) {
            if (accept(value) && !found.has(value))
                found.set(value, `${nameOf(value)} (${file})`);
        }
    }
    return Array.from(found, ([value, file]) => ({value, source: file}));
}

async function moduleFiles(directory: string, property: string): Promise<string[]> {
    try {
        const entries = await readdir(directory, {withFileTypes: true});
        const files: string[] = [];
        for (const entry of entries.sort((a, b) => a.name < b.name ? -1 : 1)) {
            const path = join(directory, entry.name);
            if (entry.isDirectory() && !TEST_FOLDER.test(entry.name))
                files.push(...await moduleFiles(path, property));
            else if (entry.isFile() && MODULE.test(entry.name) && !NOT_A_MODULE.test(entry.name))
                files.push(path);
        }
        return files;
    } catch (error) {
        if (error instanceof ConfigError)
            throw error;
        throw new ConfigError(`The directory '${directory}' of the config's '${property}' can't be read. Create it, or correct the path; `
            + 'import.meta.dirname + \'/...\' gives one that doesn\'t depend on the working directory.', {code: 'DIRECTORY_NOT_FOUND', cause: error});
    }
}

async function importModule(file: string): Promise<object> {
    try {
        // A URL, because Windows paths such as C:\... are none.
        return await import(pathToFileURL(file).href) as object;
    } catch (error) {
        const unknownExtension = (error as NodeJS.ErrnoException | null)?.code === 'ERR_UNKNOWN_FILE_EXTENSION';
        const advice = unknownExtension
            ? 'This Node.js doesn\'t run TypeScript by itself: start it with `node --import tsx`, or use Node.js 22.18 or newer.'
            : `It threw while being imported: ${error instanceof Error ? error.message : String(error)}`;
        throw new ConfigError(`The module '${file}' can't be loaded. ${advice}`, {code: 'MODULE_FAILED', cause: error});
    }
}

const nameOf = (value: unknown): string => {
    const {name} = (value ?? {}) as {readonly name?: unknown};
    return typeof name === 'string' && name !== '' ? name : 'an anonymous one';
};

const describe = (value: unknown): string => typeof value === 'function' ? `class ${nameOf(value)}` : String(value);
