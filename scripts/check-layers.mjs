// Checks who may import whom: the layers of core, what packages know of each other, node:* where it doesn't belong, cycles.
import {existsSync, readdirSync, readFileSync} from 'node:fs';
import {isBuiltin} from 'node:module';
import {dirname, join, relative, resolve, sep} from 'node:path';
import {pathToFileURL} from 'node:url';
import {cyclesIn} from './cycles-in.mjs';
import {importsOf} from './imports-of.mjs';

/** Core's folders from the ground up; folders in one row never import each other. */
const LAYERS = [
    ['errors'], ['shared'], ['events'], ['ports'], ['context', 'tasks'], ['aggregates', 'decisions', 'effects', 'read-models', 'actions'], ['projections'], ['memory'], ['runtime']
];
/** Core's folders that may use Node's modules. */
const NODE_ALLOWED = new Set(['context', 'runtime']);
/** The only packages that core may know: none of them does I/O. */
const CORE_MAY_USE = new Set(['zod', '@standard-schema/spec', '@opentelemetry/api', 'croner']);
/** Our packages that others may build on; all the rest are ends, chosen by users alone. */
const BASES = new Set(['woltage', '@woltage/sqlite', '@woltage/postgres']);

const layerOf = folder => LAYERS.findIndex(row => row.includes(folder));
const isOurs = name => name === 'woltage' || name.startsWith('@woltage/');
const packageOf = specifier => specifier.split('/').slice(0, specifier.startsWith('@') ? 2 : 1).join('/');
const firstFolder = (src, file) => relative(src, file).split(sep)[0];

/** @param {string} root The repository. @returns {string[]} What is wrong, a line each. */
export function checkLayers(root) {
    const problems = [];
    const graph = new Map();
    for (const folder of readdirSync(join(root, 'packages'))) {
        const inspected = inspectPackage(join(root, 'packages', folder), folder === 'woltage');
        problems.push(...inspected.manifestProblems.map(text => `packages/${folder}/package.json: ${text}`));
        for (const {file, targets, texts} of inspected.files) {
            graph.set(file, targets);
            problems.push(...texts.map(text => `${relative(root, file)}: ${text}`));
        }
    }
    return [...problems, ...cyclesIn(graph).map(cycle => `cycle: ${cycle.map(file => relative(root, file)).join(' -> ')}`)];
}

function inspectPackage(path, isCore) {
    const manifest = existsSync(join(path, 'package.json')) ? JSON.parse(readFileSync(join(path, 'package.json'), 'utf8')) : {};
    const declared = new Set(Object.keys({...manifest.dependencies, ...manifest.peerDependencies, ...manifest.optionalDependencies}));
    const src = join(path, 'src');
    const manifestProblems = [...declared].filter(name => isOurs(name) && !BASES.has(name)).map(name => `nothing depends on ${name}`);
    const files = (existsSync(src) ? sources(src) : []).map(file => {
        const folder = firstFolder(src, file);
        const specifiers = importsOf(file);
        const targets = specifiers.filter(specifier => specifier.startsWith('.')).map(specifier => resolve(dirname(file), specifier));
        const place = {folder, isCore, src, name: manifest.name, declared};
        return {file, targets, texts: [...placeProblem(place), ...specifiers.flatMap(specifier => importProblem(specifier, file, place) ?? [])]};
    });
    return {manifestProblems, files};
}

const placeProblem = ({folder, isCore}) =>
    isCore && folder !== 'index.ts' && layerOf(folder) === -1 ? [`'${folder}' is in no layer: scripts/check-layers.mjs lists them`] : [];

function importProblem(specifier, file, place) {
    if (specifier.startsWith('.'))
        return relativeProblem(resolve(dirname(file), specifier), place);
    if (isBuiltin(specifier))
        return nodeProblem(specifier, place);
    return packageProblem(packageOf(specifier), place);
}

function relativeProblem(target, {folder, isCore, src}) {
    const targetFolder = firstFolder(src, target);
    if (targetFolder === '..')
        return `must not reach out of its package to ${relative(dirname(dirname(src)), target)}`;
    if (targetFolder === 'index.ts' && folder !== 'index.ts')
        return 'must not import the package\'s own entry';
    if (isCore && folder !== 'index.ts' && folder !== targetFolder && layerOf(targetFolder) >= layerOf(folder))
        return `'${folder}' must not import '${targetFolder}'`;
    return undefined;
}

function nodeProblem(specifier, {folder, isCore}) {
    if (!specifier.startsWith('node:'))
        return `must write node:${specifier}`;
    return isCore && !NODE_ALLOWED.has(folder) ? `'${folder}' must not import ${specifier}` : undefined;
}

function packageProblem(name, {isCore, name: own, declared}) {
    if (name === own)
        return `must not import its own package ${name}`;
    if (isCore && !CORE_MAY_USE.has(name))
        return `core must not import ${name}`;
    if (isOurs(name) && !BASES.has(name))
        return `packages never import ${name}`;
    return declared.has(name) ? undefined : `imports ${name}, which its package.json doesn't declare`;
}

function sources(folder) {
    return readdirSync(folder, {withFileTypes: true}).flatMap(entry => {
        const path = join(folder, entry.name);
        if (entry.isDirectory())
            return sources(path);
        return /\.ts$/.test(entry.name) && !/\.test(-d)?\.ts$/.test(entry.name) ? [path] : [];
    });
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
    const problems = checkLayers(resolve(import.meta.dirname, '..'));
    for (const problem of problems)
        console.error(problem);
    console.log(problems.length === 0 ? 'Layers and cycles: fine.' : `Layers and cycles: ${problems.length} problems.`);
    process.exitCode = problems.length === 0 ? 0 : 1;
}
