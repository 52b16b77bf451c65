// Checks that every production dependency in the lockfile (a superset of what users install with ours) has a licence that fits MIT.
import {readFileSync} from 'node:fs';
import {resolve} from 'node:path';
import {pathToFileURL} from 'node:url';

const FITTING = new Set([
    'MIT', 'MIT-0', 'ISC', 'BSD-2-Clause', 'BSD-3-Clause', 'Apache-2.0', '0BSD', 'BlueOak-1.0.0', 'CC0-1.0', 'Unlicense', 'Python-2.0'
]);

/**
 * Whether one may use a package beside MIT code. Knows names, `AND` (all must fit), `OR` (one is enough; binds weaker) and
 * parentheses; whatever else it meets doesn't fit.
 *
 * @param {unknown} licence An SPDX expression.
 */
export function fitsMit(licence) {
    if (typeof licence !== 'string')
        return false;
    const tokens = licence.match(/[()]|[^()\s]+/g) ?? [];
    let at = 0;
    const term = () => {
        if (tokens[at] !== '(')
            return FITTING.has(tokens[at++] ?? '');
        at++;
        const inner = either();
        return tokens[at++] === ')' && inner;
    };
    const joined = (word, part, combine) => {
        let value = part();
        while (tokens[at] === word) {
            at++;
            value = combine(part(), value);
        }
        return value;
    };
    const all = () => joined('AND', term, (a, b) => a && b);
    const either = () => joined('OR', all, (a, b) => a || b);
    const fits = either();
    return at === tokens.length && fits;
}

/**
 * @param {{packages: Readonly<Record<string, {dev?: boolean, link?: boolean, license?: unknown, version?: string}>>}} lockfile
 * @returns {{checked: number, odd: string[]}} How many were looked at, and a line for each that doesn't fit.
 */
export function checkLicences(lockfile) {
    const production = Object.entries(lockfile.packages)
        .filter(([path, {dev, link}]) => path.includes('node_modules/') && dev !== true && link !== true);
    const odd = production.filter(([, {license}]) => !fitsMit(license))
        .map(([path, {version, license}]) => `${path} ${version}: ${typeof license === 'string' ? license : 'no licence'}`);
    return {checked: production.length, odd};
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
    const {checked, odd} = checkLicences(JSON.parse(readFileSync(resolve(import.meta.dirname, '../package-lock.json'), 'utf8')));
    for (const line of odd)
        console.error(line);
    console.log(`Licences: ${checked} packages, ${odd.length} that don't fit MIT.`);
    process.exitCode = odd.length === 0 && checked > 0 ? 0 : 1;
}
