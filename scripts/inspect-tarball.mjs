import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import {publint} from 'publint';
import {formatMessage} from 'publint/utils';
import {run} from './processes.mjs';

/**
 * Looks at a packed package as its users will find it.
 *
 * @param {string} root The repository.
 * @param {string} tarball
 * @param {readonly string[]} files What `npm pack` says is in it.
 * @returns {Promise<string[]>} what is wrong, a line each
 */
export async function inspectTarball(root, tarball, files) {
    return [...strayFiles(files), ...await publintProblems(tarball), ...await attwProblems(root, tarball)];
}

/** Tests, leftovers of builds, and output whose source is gone: the compiler never removes any, and turbo's cache brings it back. */
export function strayFiles(files) {
    const sources = new Set(files.filter(file => file.startsWith('src/')).map(file => file.slice('src/'.length, -'.ts'.length)));
    return files.flatMap(file => {
        if (/\.test(-d)?\.|\.tsbuildinfo$|^test\//.test(file))
            return [`${file} should not be published`];
        const built = /^dist\/(.+?)(\.d\.ts|\.js)(\.map)?$/.exec(file)?.[1];
        return built !== undefined && !sources.has(built) ? [`${file} has no source: rm -rf packages/*/dist && npx turbo run build --force`] : [];
    });
}

/** Whether TypeScript finds the right types, for those who import as ES modules or through a bundler. */
async function attwProblems(root, tarball) {
    const attw = join(root, 'node_modules/@arethetypeswrong/cli/dist/index.js');
    const options = ['--profile', 'esm-only', '--no-definitely-typed', '--format', 'ascii', '--no-emoji', '--no-color'];
    try {
        await run(process.execPath, [attw, tarball, ...options], root);
        return [];
    } catch (error) {
        return [String(error)];
    }
}

async function publintProblems(tarball) {
    const {messages, pkg} = await publint({strict: true, pack: {tarball: Uint8Array.from(readFileSync(tarball)).buffer}});
    return messages.filter(({type}) => type !== 'suggestion').map(message => `publint: ${formatMessage(message, pkg, {color: false})}`);
}
