/**
 * Compiles what the child processes run into `test/crash/dist`, once before all suites: a process that doesn't have to compile itself starts in a
 * third of the time, which is what the number of kills depends on.
 */
import {mkdirSync, readFileSync, renameSync, writeFileSync} from 'node:fs';
import {dirname, join, relative} from 'node:path';
import {fileURLToPath} from 'node:url';
import ts from 'typescript';

const root = fileURLToPath(new URL('../../', import.meta.url));
const dist = join(root, 'test/crash/dist');
const IMPORT = /from '(\.[^']+\.ts)'/g;

/** Where the compiled form of a file of this folder is. */
export const compiled = (file: string): string => join(dist, 'test/crash', file.replace(/\.ts$/, '.js'));

/** What children are started with. */
const PROGRAMS = ['app.ts', 'counters-app.ts', 'history-app.ts'];

export function setup(): void {
    const done = new Set<string>();
    for (const program of PROGRAMS)
        compile(join(root, 'test/crash', program), done);
}

/** Compiles a file and those that it imports by their paths. */
function compile(file: string, done: Set<string>): void {
    if (done.has(file))
        return;
    done.add(file);
    const source = readFileSync(file, 'utf8');
    const {outputText} = ts.transpileModule(source, {
        compilerOptions: {target: ts.ScriptTarget.ES2023, module: ts.ModuleKind.ESNext, verbatimModuleSyntax: true, rewriteRelativeImportExtensions: true}
    });
    write(join(dist, relative(root, file).replace(/\.ts$/, '.js')), outputText);
    for (const [, path = ''] of source.matchAll(IMPORT))
        compile(join(dirname(file), path), done);
}

/** In one step, so that no process of another run sees half a file. */
function write(path: string, text: string): void {
    mkdirSync(dirname(path), {recursive: true});
    const draft = `${path}.${process.pid}`;
    writeFileSync(draft, text);
    renameSync(draft, path);
}
