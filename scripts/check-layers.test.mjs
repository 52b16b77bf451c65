import assert from 'node:assert/strict';
import {test} from 'node:test';
import {checkLayers} from './check-layers.mjs';
import {withFiles} from './with-files.mjs';

const problemsOf = files => withFiles(files, root => checkLayers(root));
const manifest = (name, more = {}) => JSON.stringify({name, ...more});

test('an import upwards is found, in a type as much as in code', () => {
    assert.deepEqual(problemsOf({
        'packages/woltage/src/shared/a.ts': 'import type {B} from \'../events/b.ts\';',
        'packages/woltage/src/events/b.ts': 'export type C = import(\'../runtime/c.ts\').C;',
        'packages/woltage/src/runtime/c.ts': 'export type C = 1;'
    }), [
        'packages/woltage/src/events/b.ts: \'events\' must not import \'runtime\'',
        'packages/woltage/src/shared/a.ts: \'shared\' must not import \'events\''
    ]);
});

test('neighbours in one row do not import each other', () => {
    assert.deepEqual(problemsOf({
        'packages/woltage/src/aggregates/a.ts': 'export * from \'../effects/b.ts\';',
        'packages/woltage/src/effects/b.ts': 'export const b = 1;'
    }), ['packages/woltage/src/aggregates/a.ts: \'aggregates\' must not import \'effects\'']);
});

test('imports downwards, and what merely looks like an import, are fine', () => {
    assert.deepEqual(problemsOf({
        'packages/woltage/src/errors/a.ts': '// import {b} from \'../runtime/b.ts\';\nexport const a = `import \'../runtime/b.ts\'`;',
        'packages/woltage/src/runtime/b.ts': 'import {join} from \'node:path\';\nimport {a} from \'../errors/a.ts\';\nexport const b = join(a);',
        'packages/woltage/src/index.ts': 'export * from \'./runtime/b.ts\';'
    }), []);
});

test('a core folder that no layer names is found', () => {
    assert.deepEqual(problemsOf({'packages/woltage/src/utils/a.ts': 'export const a = 1;'}),
        ['packages/woltage/src/utils/a.ts: \'utils\' is in no layer: scripts/check-layers.mjs lists them']);
});

test('core uses Node in context and runtime alone, and always by its full name', () => {
    assert.deepEqual(problemsOf({
        'packages/woltage/src/ports/a.ts': 'import {join} from \'node:path\';',
        'packages/woltage/src/context/b.ts': 'import {join} from \'path\';',
        'packages/woltage/src/runtime/c.ts': 'const {join} = await import(\'node:path\');'
    }), [
        'packages/woltage/src/context/b.ts: must write node:path',
        'packages/woltage/src/ports/a.ts: \'ports\' must not import node:path'
    ]);
});

test('core knows no adapter, no driver and no base of adapters, whatever it declares', () => {
    assert.deepEqual(problemsOf({
        'packages/woltage/package.json': manifest('woltage', {dependencies: {'@woltage/sqlite': '*', 'better-sqlite3': '*', 'zod': '*'}}),
        'packages/woltage/src/runtime/a.ts': 'import \'@woltage/sqlite\';\nimport \'better-sqlite3\';\nimport \'zod\';\nimport \'woltage\';'
    }), [
        'packages/woltage/src/runtime/a.ts: core must not import @woltage/sqlite',
        'packages/woltage/src/runtime/a.ts: core must not import better-sqlite3',
        'packages/woltage/src/runtime/a.ts: must not import its own package woltage'
    ]);
});

test('adapters do not know each other, by name, by path or in their manifest', () => {
    assert.deepEqual(problemsOf({
        'packages/a/package.json': manifest('@woltage/a', {dependencies: {'@woltage/b': '*'}, peerDependencies: {woltage: '*'}}),
        'packages/a/src/index.ts': 'import \'woltage\';\nimport \'@woltage/b/part\';\nimport \'../../b/src/index.ts\';',
        'packages/b/package.json': manifest('@woltage/b'),
        'packages/b/src/index.ts': 'export const b = 1;'
    }), [
        'packages/a/package.json: nothing depends on @woltage/b',
        'packages/a/src/index.ts: packages never import @woltage/b',
        'packages/a/src/index.ts: must not reach out of its package to b/src/index.ts'
    ]);
});

test('a package imports only what it declares for its users', () => {
    assert.deepEqual(problemsOf({
        'packages/a/package.json': manifest('@woltage/a', {dependencies: {express: '*'}, devDependencies: {zod: '*'}}),
        'packages/a/src/index.ts': 'import \'express/lib\';\nimport \'zod\';'
    }), ['packages/a/src/index.ts: imports zod, which its package.json doesn\'t declare']);
});

test('a cycle is found, of types too, and so is an import of the package\'s entry', () => {
    assert.deepEqual(problemsOf({
        'packages/a/src/index.ts': 'export * from \'./x.ts\';',
        'packages/a/src/x.ts': 'import type {Y} from \'./y.ts\';\nexport type X = Y;',
        'packages/a/src/y.ts': 'import type {X} from \'./x.ts\';\nimport type {Z} from \'./index.ts\';\nexport type Y = X | Z;'
    }), [
        'packages/a/src/y.ts: must not import the package\'s own entry',
        'cycle: packages/a/src/x.ts -> packages/a/src/y.ts -> packages/a/src/x.ts',
        'cycle: packages/a/src/index.ts -> packages/a/src/x.ts -> packages/a/src/y.ts -> packages/a/src/index.ts'
    ]);
});

test('tests of a package may import whatever they need', () => {
    assert.deepEqual(problemsOf({
        'packages/woltage/src/errors/a.test.ts': 'import \'../runtime/b.ts\';\nimport \'vitest\';',
        'packages/woltage/src/runtime/b.ts': 'export const b = 1;'
    }), []);
});
