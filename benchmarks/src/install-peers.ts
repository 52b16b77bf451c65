import {spawnSync} from 'node:child_process';
import {existsSync, readFileSync} from 'node:fs';
import {createRequire} from 'node:module';
import {fileURLToPath, pathToFileURL} from 'node:url';

const pathOf = (folder: string): string => fileURLToPath(new URL(`../${folder}/`, import.meta.url));

/**
 * Installs peers that are not part of the workspace, the first time.
 *
 * @param sign A package that is there when they are installed
 * @returns Why they can't be had, if they can't
 */
export function installPeers(folder: string, sign: string): string | undefined {
    const path = pathOf(folder);
    if (existsSync(`${path}node_modules/${sign}`))
        return undefined;
    console.log(`Installing the peers in benchmarks/${folder}, which are not part of the workspace (what has to be compiled takes about a minute) ...`);
    const {status, stderr} = spawnSync('npm', ['ci', '--prefix', path], {encoding: 'utf8'});
    return status === 0 ? undefined : `npm ci in benchmarks/${folder} failed: ${stderr.split('\n').find(line => line.includes('error')) ?? `exit code ${status}`}`;
}

/** By its path: names of this workspace's packages lead to its sources. */
export async function loadPeer<T>(folder: string, name: string): Promise<T> {
    const path = `${pathOf(folder)}node_modules/${name}/`;
    const {exports, main} = JSON.parse(readFileSync(`${path}package.json`, 'utf8')) as {exports?: unknown; main?: string};
    const entry = exports === undefined ? `${path}${main}` : createRequire(`${pathOf(folder)}package.json`).resolve(name);
    return await import(pathToFileURL(entry).href) as T;
}
