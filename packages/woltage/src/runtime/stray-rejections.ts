import {currentContext, type ContextRuntime} from '../context/index.ts';

type Report = (reason: unknown) => void;

const guarded = new Map<ContextRuntime, Report>();

/**
 * Keeps promises that user code has left to themselves from ending the process: a rejection that nobody handles, and that comes from a handler, an
 * effect or a subscription of this runtime, is reported instead. Others end the process as they would without.
 *
 * @returns A function that ends it
 */
export function guardAgainstStrayRejections(runtime: ContextRuntime, report: Report): () => void {
    if (guarded.size === 0)
        process.on('unhandledRejection', onRejection);
    guarded.set(runtime, report);
    return () => {
        if (guarded.delete(runtime) && guarded.size === 0)
            process.off('unhandledRejection', onRejection);
    };
}

/** Node calls it in the context in which the promise was made. */
function onRejection(reason: unknown): void {
    const runtime = currentContext()?.runtime;
    const report = runtime && guarded.get(runtime);
    if (report !== undefined)
        report(reason);
    else if (process.listenerCount('unhandledRejection') === 1 && endsProcess())
        throw reason;
}

/** Whether Node would end the process, if there were no listener. */
function endsProcess(): boolean {
    const options = [...process.execArgv, ...(process.env['NODE_OPTIONS'] ?? '').split(' ')].join(' ');
    const mode = /--unhandled-rejections[= ](\w+)/.exec(options)?.[1] ?? 'throw';
    return mode === 'throw' || mode === 'strict';
}
