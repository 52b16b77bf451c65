import {spawn, type ChildProcess} from 'node:child_process';
import {createInterface} from 'node:readline';
import {bundled} from './bundled.ts';

export interface Child<L> {
    readonly process: ChildProcess;
    /** What it has told so far; grows. */
    readonly lines: L[];
    /** Resolves when it has ended and all it told has been read; rejects when it ended with an error. */
    readonly ended: Promise<void>;
    /** Resolves as soon as it has told that many lines. */
    told(count: number): Promise<void>;
}

/** Starts a program on the sources as they are. @param script Its file's URL */
export function runChild<L>(script: URL, ...args: readonly string[]): Child<L> {
    const child = spawn(process.execPath, [bundled(script), ...args], {stdio: ['ignore', 'pipe', 'pipe']});
    const lines: L[] = [];
    const waiting = new Set<() => void>();
    let errors = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => errors += text);
    createInterface(child.stdout).on('line', line => {
        // A process that is killed may leave half a line.
        if (line.endsWith('}'))
            lines.push(JSON.parse(line) as L);
        for (const look of waiting)
            look();
    });
    const ended = new Promise<void>((resolve, reject) => {
        child.on('error', reject).on('close', (code, signal) => {
            if (code === 0 || signal === 'SIGKILL')
                resolve();
            else
                reject(new Error(`The child ended with ${code ?? signal}: ${errors}`));
        });
    });
    const told = (count: number): Promise<void> => Promise.race([ended, new Promise<void>(resolve => {
        const look = (): void => {
            if (lines.length < count)
                return;
            waiting.delete(look);
            resolve();
        };
        waiting.add(look);
        look();
    })]);
    return {process: child, lines, ended, told};
}
