import {execFileSync} from 'node:child_process';
import {existsSync} from 'node:fs';
import {readFile} from 'node:fs/promises';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {describe, expect, it} from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));
const list = (pattern: string): string[] => execFileSync('git', ['ls-files', '-co', '--exclude-standard', pattern], {cwd: root, encoding: 'utf8'})
    .split('\n').filter(file => file !== '' && existsSync(join(root, file)));

describe('the documentation', () => {
    it.each(list('*.md'))('%s shows code that is in a tested file, to the letter', async file => {
        const text = await readFile(join(root, file), 'utf8');
        for (const [, block = ''] of text.matchAll(/```(?:ts|typescript|js)\n(.*?)```/gs)) {
            const [, source = '', code = ''] = /^\/\/ (\S+)\n(.*)$/s.exec(block) ?? [];
            expect(source, `a block of ${file} doesn't say where it comes from: ${block}`).not.toBe('');
            expect(await readFile(join(root, source), 'utf8')).toContain(code);
        }
    });

    it('lists every error code that the sources use', async () => {
        const documented = await readFile(join(root, 'docs/errors.md'), 'utf8');
        const codes = new Set<string>();
        for (const file of list('packages/*/src/*.ts').concat(list('packages/*/src/**/*.ts'))) {
            if (!file.endsWith('.test.ts') && !file.startsWith('packages/testing/')) {
                for (const [, code] of (await readFile(join(root, file), 'utf8')).matchAll(/\bcode: '([A-Z_]+)'/g))
                    codes.add(code as string);
            }
        }
        expect(codes.size).toBeGreaterThan(50);
        expect([...codes].filter(code => !documented.includes(`\`${code}\``))).toEqual([]);
    });
});
