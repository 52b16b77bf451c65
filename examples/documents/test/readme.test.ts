import {readFile} from 'node:fs/promises';
import {join} from 'node:path';
import {expect, it} from 'vitest';
import {blocksOf, dataFolder, removeFolder, startExample, withoutIds} from '../../../test/examples/run-example.ts';

it('The README shows what npm start prints, and its data is there after a restart', async () => {
    const folder = await dataFolder();
    const [expected = ''] = await blocksOf('documents', 'console');
    const first = await startExample('documents', [], {DATA_FOLDER: folder});
    expect(withoutIds(first.output())).toBe(withoutIds(expected));
    // Whoever came to have the port that is trusted could be asked for by strangers.
    const [sample = ''] = /http:[^"]*letter\.txt/.exec(first.output()) ?? [];
    expect(await (await fetch(sample)).text()).toContain('Dear Ann');
    expect(await first.stop()).toEqual([0, null]);

    const second = await startExample('documents', ['--no-walk'], {DATA_FOLDER: folder});
    const documents = await (await fetch(`${second.url}/documents/latest`)).json() as {key: string}[];
    expect(documents).toHaveLength(2);
    for (const {key} of documents)
        expect((await readFile(join(folder, 'files', key))).length).toBeGreaterThan(0);
    expect(await second.stop()).toEqual([0, null]);
    await removeFolder(folder);
}, 90_000);
