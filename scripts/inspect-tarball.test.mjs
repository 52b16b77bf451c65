import assert from 'node:assert/strict';
import {test} from 'node:test';
import {strayFiles} from './inspect-tarball.mjs';

test('tests, leftovers of builds and output without a source don\'t belong into a package', () => {
    assert.deepEqual(strayFiles([
        'package.json', 'README.md', 'src/a.ts', 'dist/a.js', 'dist/a.js.map', 'dist/a.d.ts', 'dist/a.d.ts.map',
        'src/a.test.ts', 'dist/gone.js', 'dist/old/gone.d.ts.map', 'tsconfig.tsbuildinfo', 'test/support.ts'
    ]), [
        'src/a.test.ts should not be published',
        'dist/gone.js has no source: rm -rf packages/*/dist && npx turbo run build --force',
        'dist/old/gone.d.ts.map has no source: rm -rf packages/*/dist && npx turbo run build --force',
        'tsconfig.tsbuildinfo should not be published',
        'test/support.ts should not be published'
    ]);
});
