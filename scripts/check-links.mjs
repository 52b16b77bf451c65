// Checks that relative links in Markdown lead to files of the repository, and anchors to headings that exist.
import {execFileSync} from 'node:child_process';
import {existsSync, readFileSync} from 'node:fs';
import {dirname, join, posix, relative, resolve, sep} from 'node:path';
import {pathToFileURL} from 'node:url';

const withoutFences = text => text.replace(/^( *)(`{3,}|~{3,}).*?^ *\2[`~]*$/gms, '');

/** The anchors that GitHub gives to a page's headings; a repeated heading gets a number. */
export function anchorsOf(markdown) {
    const seen = new Map();
    const headings = Array.from(withoutFences(markdown).matchAll(/^#{1,6} +(.*?)(?: +#+)?\s*$/gm), ([, heading]) => slug(heading));
    const explicit = Array.from(markdown.matchAll(/<a (?:id|name)="([^"]+)"/g), ([, id]) => id);
    return new Set([...explicit, ...headings.map(heading => {
        const times = seen.get(heading) ?? 0;
        seen.set(heading, times + 1);
        return times === 0 ? heading : `${heading}-${times}`;
    })]);
}

const slug = heading => heading
    .replace(/!?\[([^\]]*)\]\([^)]*\)/g, '$1')
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, '')
    .trim()
    .replaceAll(' ', '-');

/** The targets of a page's links and images, as written; those in code are text. */
export function linksOf(markdown) {
    const text = withoutFences(markdown).replace(/(`+)(?!`).+?(?<!`)\1(?!`)/gs, '');
    const inline = text.matchAll(/\]\(\s*<?([^)\s>]+)>?(?:\s+["'][^)]*)?\s*\)/g);
    const references = text.matchAll(/^ {0,3}\[[^\]^]+\]:\s*<?([^\s>]+)/gm);
    return [...inline, ...references].map(([, target]) => target);
}

/**
 * @param {string} root
 * @param {readonly string[]} files All files of the repository, relative to the root: a link to anything else (a build's
 * output, say) works on this machine alone.
 * @returns {string[]} what is wrong, a line each
 */
export function checkLinks(root, files) {
    const known = new Set(files.flatMap(file => {
        const parts = file.split('/');
        return parts.map((_, depth) => parts.slice(0, depth + 1).join('/'));
    })).add('');
    const read = file => readFileSync(join(root, file), 'utf8');
    const problemOf = (file, target) => {
        const [path = '', anchor] = decodeURI(target).split('#');
        const found = path === '' ? file : relative(root, resolve(root, dirname(file), path)).split(sep).join(posix.sep);
        if (!known.has(found))
            return `${file}: ${target} leads nowhere`;
        if (anchor !== undefined && found.endsWith('.md') && !anchorsOf(read(found)).has(anchor))
            return `${file}: ${target} has no such heading`;
        return undefined;
    };
    return files.filter(file => file.endsWith('.md')).flatMap(file =>
        linksOf(read(file)).filter(target => !/^([a-z][a-z0-9+.-]*:|\/\/)/i.test(target)).flatMap(target => problemOf(file, target) ?? []));
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
    const root = resolve(import.meta.dirname, '..');
    const files = execFileSync('git', ['ls-files', '-z', '-co', '--exclude-standard'], {cwd: root, encoding: 'utf8'})
        .split('\0').filter(file => file !== '' && existsSync(join(root, file)));
    const problems = checkLinks(root, files);
    for (const problem of problems)
        console.error(problem);
    console.log(`Links: ${files.filter(file => file.endsWith('.md')).length} Markdown files, ${problems.length} broken links.`);
    process.exitCode = problems.length === 0 ? 0 : 1;
}
