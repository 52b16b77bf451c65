import {mkdirSync, mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {dirname, join} from 'node:path';

/**
 * Lays files into an empty temporary folder for as long as `use` runs.
 *
 * @template T
 * @param {Readonly<Record<string, string>>} files Text by relative path.
 * @param {(root: string) => T} use
 * @returns {T}
 */
export function withFiles(files, use) {
    const root = mkdtempSync(join(tmpdir(), 'woltage-gate-'));
    try {
        for (const [path, text] of Object.entries(files)) {
            mkdirSync(dirname(join(root, path)), {recursive: true});
            writeFileSync(join(root, path), text);
        }
        return use(root);
    } finally {
        rmSync(root, {recursive: true, force: true});
    }
}
