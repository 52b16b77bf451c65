import {spawnSync} from 'node:child_process';
import {cpus} from 'node:os';
import {fileURLToPath} from 'node:url';

/** Each section runs in a process of its own: none inherits another's heap. */
const sections: Readonly<Record<string, readonly (readonly string[])[]>> = {
    actions: [['actions.ts', 'sqlite'], ['actions.ts', 'postgres'], ['actions.ts', 'redis']],
    commands: [['commands.ts']],
    decisions: [['decisions.ts']],
    replay: [['replay.ts', '100000'], ['replay.ts', '1000000'], ['replay-peers.ts', 'memory'], ['replay-peers.ts', 'sqlite']],
    latency: [['latency.ts']],
    stores: [['stores-redis.ts'], ['stores-postgres.ts'], ['stores-mongodb.ts']]
};

const wanted = process.argv.slice(2);
const unknown = wanted.filter(name => !Object.hasOwn(sections, name));
if (unknown.length > 0)
    throw new Error(`There is no section ${unknown.join(', ')}; there are ${Object.keys(sections).join(', ')}.`);

console.log(`Node.js ${process.version}, ${cpus().length} x ${cpus()[0]?.model ?? 'unknown CPU'}. Medians; other runs differ, ratios less so.`);
for (const [name, scripts] of Object.entries(sections)) {
    if (wanted.length > 0 && !wanted.includes(name))
        continue;
    for (const [script = '', ...args] of scripts) {
        const run = (): boolean =>
            spawnSync(process.execPath, ['--import', 'tsx', '--expose-gc', fileURLToPath(new URL(script, import.meta.url)), ...args], {stdio: 'inherit'}).status === 0;
        // A contestant may fail by bad luck: emmett's SQLite consumer does, every other time.
        if (!run() && !run() && !run())
            process.exitCode = 1;
    }
}
