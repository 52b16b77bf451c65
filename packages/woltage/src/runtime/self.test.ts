import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {describe, expect, it} from 'vitest';
import {createSelf} from './self.ts';

describe('a runtime that looks at another', () => {
    it('knows a process of the same machine that is gone, and no other', async () => {
        const {owner, isGone} = createSelf();
        const child = spawn(process.execPath, ['-e', 'process.stdin.resume()'], {stdio: ['pipe', 'ignore', 'ignore']});
        await once(child, 'spawn');
        const other = {...owner, id: 'other', pid: child.pid ?? 0};
        expect(isGone(other)).toBe(false);
        const ended = once(child, 'exit');
        child.kill('SIGKILL');
        await ended;
        expect(isGone(other)).toBe(true);
        expect(isGone({...other, host: 'elsewhere'})).toBe(false);
    });

    it('tells a second runtime of its own process from an earlier process with the same id', () => {
        const {owner, isGone} = createSelf();
        expect(isGone({...owner, id: 'second'})).toBe(false);
        expect(isGone({...owner, id: 'earlier', startedAt: owner.startedAt - 1000})).toBe(true);
    });
});
