// Packs every package, installs the tarballs into an empty folder as a user would, and runs the example there.
import {execFileSync, spawn} from 'node:child_process';
import {once} from 'node:events';
import {cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join, resolve} from 'node:path';

const root = resolve(import.meta.dirname, '..');
const folder = mkdtempSync(join(tmpdir(), 'woltage-pack-'));
const npm = (args, cwd) => execFileSync('npm', args, {cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit']});
const manifestOf = path => JSON.parse(readFileSync(join(path, 'package.json'), 'utf8'));

try {
    const tarballs = {};
    for (const name of readdirSync(join(root, 'packages'))) {
        const path = join(root, 'packages', name);
        const [packed] = JSON.parse(npm(['pack', '--json', '--pack-destination', folder], path));
        const stray = packed.files.map(file => file.path).filter(file => /\.test\.|\.tsbuildinfo$|^test\//.test(file));
        if (stray.length > 0)
            throw new Error(`${manifestOf(path).name} would publish ${stray.join(', ')}`);
        tarballs[manifestOf(path).name] = `file:${join(folder, packed.filename)}`;
    }
    console.log(`Packed ${Object.keys(tarballs).join(', ')}.`);

    const app = join(folder, 'app');
    const example = join(root, 'examples/getting-started');
    cpSync(join(example, 'src'), join(app, 'src'), {recursive: true});
    const manifest = manifestOf(example);
    writeFileSync(join(app, 'package.json'), JSON.stringify({
        ...manifest,
        dependencies: {...manifest.dependencies, ...tarballs},
        devDependencies: {'typescript': manifestOf(root).devDependencies.typescript, '@types/express': '^5.0.0', '@types/node': '^20.0.0'},
        // Scripts of dependencies that may run, for npm versions that ask.
        allowScripts: {'better-sqlite3': true, 'esbuild': true}
    }));
    npm(['install', '--no-audit', '--no-fund'], app);

    writeFileSync(join(app, 'tsconfig.json'), JSON.stringify({
        compilerOptions: {module: 'NodeNext', target: 'ES2023', strict: true, noEmit: true, allowImportingTsExtensions: true, types: ['node'], skipLibCheck: false},
        include: ['src']
    }));
    execFileSync('npx', ['tsc', '-p', '.'], {cwd: app, stdio: 'inherit'});
    console.log('The example type-checks against the packed declarations, libraries included.');

    for (const name of Object.keys(tarballs))
        execFileSync(process.execPath, ['--input-type=module', '-e', `if (Object.keys(await import('${name}')).length === 0) process.exit(1)`], {cwd: app, stdio: 'inherit'});
    await runExample(app);
} finally {
    rmSync(folder, {recursive: true, force: true});
}

async function runExample(cwd) {
    const server = spawn(process.execPath, ['--import', 'tsx', 'src/server.ts'], {
        cwd, env: {...process.env, PORT: '0'}, stdio: ['ignore', 'pipe', 'inherit']
    });
    const ended = once(server, 'exit');
    try {
        const base = await addressOf(server);
        const placed = await fetch(`${base}/order/1/place`, {
            method: 'POST', headers: {'content-type': 'application/json'},
            body: JSON.stringify({customer: 'ann@example.com', items: [{sku: 'tea', quantity: 2, price: 4.5}]})
        });
        const position = placed.headers.get('woltage-position');
        const answer = await fetch(`${base}/orders/byId?id=1`, {headers: {'Woltage-After': position}});
        const order = await answer.json();
        if (placed.status !== 200 || order?.customer !== 'ann@example.com')
            throw new Error(`The example answered ${placed.status} and ${JSON.stringify(order)}.`);
        console.log('The example runs from the tarballs.');
    } finally {
        server.kill('SIGTERM');
        const [code] = await ended;
        if (code !== 0)
            throw new Error(`The example ended with code ${code}.`);
    }
}

async function addressOf(server) {
    let output = '';
    for await (const text of server.stdout) {
        output += text;
        const found = /http:\/\/127\.0\.0\.1:\d+/.exec(output);
        if (found !== null)
            return found[0];
    }
    throw new Error(`The example didn't start: ${output}`);
}
