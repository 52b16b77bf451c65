import {fileURLToPath} from 'node:url';
import {describe, expect, it} from 'vitest';
import {checkLayers} from '../scripts/check-layers.mjs';

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

describe('the check of layers and cycles', () => {
    it('finds imports upwards, node: in the wrong place, and cycles', () => {
        expect(checkLayers(at('./layers-fixture'))).toEqual([
            'packages/woltage/src/errors/a.ts: \'errors\' must not import node:path',
            'packages/woltage/src/errors/a.ts: \'errors\' must not import \'runtime\'',
            'cycle: packages/woltage/src/runtime/b.ts -> packages/woltage/src/runtime/c.ts -> packages/woltage/src/runtime/b.ts'
        ]);
    });

    it('finds nothing here', () => {
        expect(checkLayers(at('..'))).toEqual([]);
    });
});
