import {describe, expect, it} from 'vitest';
import {startAll, startTogether, type Stage} from './stages.ts';

function stages(log: string[], failing: Readonly<Record<string, string>>): Stage[] {
    const act = async (what: string): Promise<void> => {
        await Promise.resolve();
        log.push(what);
        if (failing[what] !== undefined)
            throw new Error(failing[what]);
    };
    return ['a', 'b', 'c'].map(name => ({start: () => act(`start ${name}`), stop: () => act(`stop ${name}`)}));
}

describe('stages', () => {
    it('are stopped again where one after them can\'t start, the last first, and the error is the first one', async () => {
        const log: string[] = [];
        await expect(startAll(stages(log, {'start c': 'No start.', 'stop b': 'No stop.'}))).rejects.toThrow('No start.');
        expect(log).toEqual(['start a', 'start b', 'start c', 'stop b', 'stop a']);
        await expect(startAll(stages(log, {'start a': 'No start.'}))).rejects.toThrow('No start.');
        expect(log.slice(5)).toEqual(['start a']);
    });

    it('that start together are all stopped again, after all have started', async () => {
        const log: string[] = [];
        await expect(startTogether(stages(log, {'start a': 'No start.', 'stop b': 'No stop.'}))).rejects.toThrow('No start.');
        expect(log).toEqual(['start a', 'start b', 'start c', 'stop a', 'stop b', 'stop c']);
        await startTogether(stages(log, {}));
        expect(log.slice(6)).toEqual(['start a', 'start b', 'start c']);
    });
});
