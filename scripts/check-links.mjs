// Checks that relative links in Markdown lead to files that exist, and anchors to headings that exist.
import {execFileSync} from 'node:child_process';
import {existsSync, readFileSync, statSync} from 'node:fs';
import {dirname, resolve} from 'node:path';

const root = resolve(import.meta.dirname, '..');
const files = execFileSync('git', ['ls-files', '*.md'], {cwd: root, encoding: 'utf8'}).split('\n').filter(Boolean);
const slug = heading => heading.toLowerCase().replace(/[`*]/g, '').replace(/[^\p{L}\p{N} _-]/gu, '').trim().replaceAll(' ', '-');
const anchors = file => Array.from(readFileSync(file, 'utf8').matchAll(/^#+ (.*)$/gm), ([, heading]) => slug(heading));
const problems = [];

for (const file of files) {
    const text = readFileSync(resolve(root, file), 'utf8').replace(/```.*?```/gs, '');
    for (const [, target] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
        if (/^[a-z]+:/.test(target))
            continue;
        const [path, anchor] = target.split('#');
        const found = path === '' ? resolve(root, file) : resolve(root, dirname(file), path);
        if (!existsSync(found))
            problems.push(`${file}: ${target} leads nowhere`);
        else if (anchor !== undefined && statSync(found).isFile() && !anchors(found).includes(anchor))
            problems.push(`${file}: ${target} has no such heading`);
    }
}
for (const problem of problems)
    console.error(problem);
console.log(`${files.length} Markdown files, ${problems.length} broken links.`);
process.exitCode = problems.length === 0 ? 0 : 1;
