// Checks who may import whom: the layers of core, adapters that know each other, node:* where it doesn't belong, cycles.
import {readdirSync, readFileSync} from 'node:fs';
import {dirname, join, relative, resolve} from 'node:path';
import {pathToFileURL} from 'node:url';

/** From the ground up; folders in one row never import each other. */
const LAYERS = [
    ['errors'], ['shared'], ['events'], ['ports'], ['context'], ['aggregates', 'decisions', 'effects', 'read-models', 'actions'], ['projections'], ['memory'], ['runtime']
];
const NODE_ALLOWED = new Set(['context', 'runtime']);
const BASE_PACKAGES = new Set(['woltage', '@woltage/sqlite']);

const layerOf = folder => LAYERS.findIndex(row => row.includes(folder));

function sources(folder) {
    return readdirSync(folder, {withFileTypes: true}).flatMap(entry => {
        const path = join(folder, entry.name);
        if (entry.isDirectory())
            return entry.name === 'node_modules' || entry.name === 'dist' ? [] : sources(path);
        return /\.ts$/.test(entry.name) && !/\.test(-d)?\.ts$/.test(entry.name) ? [path] : [];
    });
}

const importsOf = file => Array.from(
    readFileSync(file, 'utf8').matchAll(/^\s*(?:import|export)\b[^'"]*?from\s*['"]([^'"]+)['"]|^\s*import\s*['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]/gm),
    ([, from, bare, dynamic]) => from ?? bare ?? dynamic
);

/** @param {string} root The repository. @returns {string[]} What is wrong, a line each. */
export function checkLayers(root) {
    const problems = [];
    const graph = new Map();
    for (const name of readdirSync(join(root, 'packages'))) {
        const src = join(root, 'packages', name, 'src');
        for (const file of sources(src)) {
            const folder = relative(src, file).split(/[\\/]/)[0];
            const say = text => problems.push(`${relative(root, file)}: ${text}`);
            graph.set(file, []);
            for (const specifier of importsOf(file)) {
                if (specifier.startsWith('.')) {
                    const target = resolve(dirname(file), specifier);
                    graph.get(file).push(target);
                    const targetFolder = relative(src, target).split(/[\\/]/)[0];
                    if (name === 'woltage' && folder !== 'index.ts' && folder !== targetFolder && layerOf(targetFolder) >= layerOf(folder))
                        say(`'${folder}' must not import '${targetFolder}'`);
                } else if (specifier.startsWith('node:')) {
                    if (name === 'woltage' && !NODE_ALLOWED.has(folder))
                        say(`'${folder}' must not import ${specifier}`);
                } else if (specifier.startsWith('@woltage/') && !BASE_PACKAGES.has(specifier)) {
                    say(`packages never import ${specifier}`);
                }
            }
        }
    }
    return [...problems, ...cycles(graph, root)];
}

/** Cycles of imports, type imports included (depth-first search). */
function cycles(graph, root) {
    const found = [];
    const done = new Set();
    const path = [];
    const visit = file => {
        if (path.includes(file)) {
            found.push(`cycle: ${[...path.slice(path.indexOf(file)), file].map(f => relative(root, f)).join(' -> ')}`);
            return;
        }
        if (done.has(file))
            return;
        path.push(file);
        for (const target of graph.get(file) ?? [])
            visit(target);
        path.pop();
        done.add(file);
    };
    for (const file of graph.keys())
        visit(file);
    return found;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
    const problems = checkLayers(resolve(import.meta.dirname, '..'));
    for (const problem of problems)
        console.error(problem);
    console.log(problems.length === 0 ? 'Layers and cycles: fine.' : `${problems.length} problems.`);
    process.exitCode = problems.length === 0 ? 0 : 1;
}
