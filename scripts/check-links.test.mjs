import assert from 'node:assert/strict';
import {test} from 'node:test';
import {anchorsOf, checkLinks, linksOf} from './check-links.mjs';
import {withFiles} from './with-files.mjs';

test('a link that leads nowhere, to no heading or to a file that is not the repository\'s is found', () => {
    const files = {
        'README.md': '# Top\n[a](docs/a.md#one-two) [b](docs/b.md) [c](docs/a.md#three) [d](#top) [e](#nope) [f](dist/x.js) [g](docs) [h](https://127.0.0.1/)',
        'docs/a.md': '# One: `two`\n[up](../README.md) [out](../../elsewhere.md)',
        'dist/x.js': ''
    };
    assert.deepEqual(withFiles(files, root => checkLinks(root, ['README.md', 'docs/a.md'])), [
        'README.md: docs/b.md leads nowhere',
        'README.md: docs/a.md#three has no such heading',
        'README.md: #nope has no such heading',
        'README.md: dist/x.js leads nowhere',
        'docs/a.md: ../../elsewhere.md leads nowhere'
    ]);
});

test('links are read in all their forms, and code is not taken for links', () => {
    assert.deepEqual(linksOf([
        '[a](a.md) ![b](b.png "title") [`c`](<c.md>)', '[d]: d.md', '`[no](no.md)` ``[no`](no.md)``',
        '```md', '[no](no.md)', '```', '[two', 'lines](e.md)'
    ].join('\n')), ['a.md', 'b.png', 'c.md', 'e.md', 'd.md']);
});

test('anchors are those of GitHub', () => {
    assert.deepEqual([...anchorsOf('# A `b_c`, d!\n## A `b_c`, d!\n```\n# no\n```\n### [Link](x.md) here ##\n<a id="own"></a>')],
        ['own', 'a-b_c-d', 'a-b_c-d-1', 'link-here']);
});
