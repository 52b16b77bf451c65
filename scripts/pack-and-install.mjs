// Packs every package, inspects the tarballs, installs them into an empty folder as a user would, and runs the examples there.
// SQLite's driver comes from the registry, so its compilation (about a minute where there is no prebuilt one) is part of it.
import {cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join, resolve} from 'node:path';
import {startExample} from './example-server.mjs';
import {inspectTarball} from './inspect-tarball.mjs';
import {endAll, run} from './processes.mjs';
import {stillThere, walkThrough} from './walk-through.mjs';

const root = resolve(import.meta.dirname, '..');
const folder = mkdtempSync(join(tmpdir(), 'woltage-pack-'));
const app = join(folder, 'app');
const manifestOf = path => JSON.parse(readFileSync(join(path, 'package.json'), 'utf8'));
const example = join(root, 'examples/getting-started');
/** Beside the first one, each in a folder of its own. */
const others = ['shopping-cart', 'documents', 'todo-topics'];

for (const signal of ['SIGINT', 'SIGTERM']) {
    process.once(signal, () => {
        endAll();
        rmSync(folder, {recursive: true, force: true});
        process.exit(1);
    });
}

try {
    await run('npm', ['run', 'build'], root);
    const packages = findPackages();
    const tarballs = await packAll(packages);
    await install(tarballs);
    checkOrigins(Object.keys(tarballs));
    const libraries = packages.filter(({manifest}) => manifest.exports?.['.'] !== undefined).map(({manifest}) => manifest.name);
    await checkTypes(libraries);
    await importAll(libraries);
    await runExample();
    for (const name of others)
        await runOther(name);
} finally {
    endAll();
    rmSync(folder, {recursive: true, force: true});
}

function findPackages() {
    return readdirSync(join(root, 'packages')).map(name => join(root, 'packages', name))
        .filter(path => existsSync(join(path, 'package.json')))
        .map(path => ({path, manifest: manifestOf(path)}))
        .filter(({manifest}) => manifest.private !== true);
}

async function packAll(packages) {
    const tarballs = {};
    const problems = [];
    for (const {path} of packages) {
        const [packed] = JSON.parse(await run('npm', ['pack', '--json', '--pack-destination', folder], path));
        const tarball = join(folder, packed.filename);
        problems.push(...(await inspectTarball(root, tarball, packed.files.map(file => file.path))).map(text => `${packed.name}: ${text}`));
        tarballs[packed.name] = `file:${tarball}`;
        console.log(`Packed ${packed.name}: ${packed.files.length} files, ${Math.ceil(packed.size / 1024)} KiB.`);
    }
    if (problems.length > 0)
        throw new Error(`The packages are not fit for publishing:\n${problems.join('\n')}`);
    return tarballs;
}

async function install(tarballs) {
    mkdirSync(app);
    cpSync(join(example, 'src'), join(app, 'src'), {recursive: true});
    for (const name of others) {
        cpSync(join(root, 'examples', name, 'src'), join(app, name, 'src'), {recursive: true});
        cpSync(join(root, 'examples', name, 'package.json'), join(app, name, 'package.json'));
    }
    const {typescript, '@types/express': typesExpress, '@types/node': typesNode} = manifestOf(root).devDependencies;
    const {dependencies, ...manifest} = manifestOf(example);
    writeFileSync(join(app, 'package.json'), JSON.stringify({
        ...manifest,
        dependencies: {...Object.assign({}, ...others.map(name => manifestOf(join(root, 'examples', name)).dependencies)), ...dependencies, ...tarballs},
        devDependencies: {typescript, '@types/express': typesExpress, '@types/node': typesNode},
        // Scripts of dependencies that may run, for npm versions that ask.
        allowScripts: {'better-sqlite3': true, 'esbuild': true}
    }));
    const began = performance.now();
    await run('npm', ['install', '--no-audit', '--no-fund'], app);
    console.log(`Installed the tarballs into an empty folder in ${Math.round((performance.now() - began) / 1000)} s.`);
}

/** The registry may hold packages of the same names: each of ours must be there once, and be the one that was packed. */
function checkOrigins(names) {
    const installed = JSON.parse(readFileSync(join(app, 'package-lock.json'), 'utf8')).packages;
    for (const name of names) {
        const origins = Object.entries(installed).filter(([path]) => path.endsWith(`node_modules/${name}`)).map(([, {resolved}]) => String(resolved));
        if (origins.length !== 1 || !origins.every(origin => origin.startsWith('file:')))
            throw new Error(`${name} does not come from its tarball alone but from ${origins.join(', ')}.`);
    }
}

async function checkTypes(names) {
    writeFileSync(join(app, 'src/every-package.ts'), names.map((name, i) => `export * as p${i} from '${name}';\n`).join(''));
    writeFileSync(join(app, 'tsconfig.json'), JSON.stringify({
        compilerOptions: {
            module: 'NodeNext', target: 'ES2023', strict: true, exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true,
            noEmit: true, allowImportingTsExtensions: true, types: ['node'], skipLibCheck: false
        },
        include: ['src', ...others.map(name => `${name}/src`)]
    }));
    await run(process.execPath, ['node_modules/typescript/bin/tsc', '-p', '.'], app);
    console.log('The examples type-check against the packed declarations, libraries included.');
}

async function importAll(names) {
    for (const name of names)
        await run(process.execPath, ['--input-type=module', '-e', `if (Object.keys(await import('${name}')).length === 0) throw new Error('It exports nothing.')`], app);
    console.log(`Node ${process.version} imports ${names.join(', ')}.`);
}

async function runExample() {
    const command = manifestOf(example).scripts.start;
    const first = await startExample(app, command);
    await walkThrough(first.base, app);
    await first.stop();
    const second = await startExample(app, command);
    await stillThere(second.base, app);
    await second.stop();
    console.log('The example runs from the tarballs, ends by itself, and has everything after a restart.');
}

/** Each goes through its own walk, and fails where that is not answered as it should be. */
async function runOther(name) {
    const cwd = join(app, name);
    const {scripts: {start: command}} = manifestOf(cwd);
    if (command.endsWith('server.ts')) {
        await (await startExample(cwd, command)).stop();
        await (await startExample(cwd, `${command} --no-walk`)).stop();
    } else {
        const [, ...args] = command.split(' ');
        for (const expected of [1, 2]) {
            const output = await run(process.execPath, args, cwd);
            if (!output.includes(`todos so far: ${expected}`))
                throw new Error(`${name} printed:\n${output}`);
        }
    }
    console.log(`${name} runs from the tarballs, too, and starts again.`);
}
