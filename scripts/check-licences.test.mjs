import assert from 'node:assert/strict';
import {test} from 'node:test';
import {checkLicences, fitsMit} from './check-licences.mjs';

test('licences fit by name, by a choice that fits, and only together where all are meant', () => {
    for (const licence of ['MIT', '(MIT OR GPL-3.0-only)', '(GPL-2.0-only OR MIT) AND ISC', 'GPL-3.0-only AND MIT OR ISC', '(MIT)'])
        assert.equal(fitsMit(licence), true, licence);
    for (const licence of ['GPL-3.0-only', 'MIT AND GPL-3.0-only', 'MIT AND (GPL-2.0-only OR LGPL-3.0-only)', 'SEE LICENSE IN LICENSE', '', 'MIT MIT', '(MIT', 'MIT)', 'Apache-2.0 WITH LLVM-exception', undefined, {type: 'MIT'}])
        assert.equal(fitsMit(licence), false, JSON.stringify(licence));
});

test('what users install is looked at wherever it lies, what only we install is not', () => {
    assert.deepEqual(checkLicences({packages: {
        '': {license: 'MIT'},
        'packages/a': {},
        'node_modules/@woltage/a': {link: true},
        'node_modules/tool': {dev: true, license: 'GPL-3.0-only'},
        'node_modules/good': {license: 'ISC'},
        'node_modules/optional': {license: 'LGPL-3.0-only', version: '1.0.0'},
        'packages/a/node_modules/nested': {version: '2.0.0'}
    }}), {checked: 3, odd: ['node_modules/optional 1.0.0: LGPL-3.0-only', 'packages/a/node_modules/nested 2.0.0: no licence']});
});
