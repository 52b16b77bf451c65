import type {CommandHandle, CommandOutcome} from '../aggregates/index.ts';
import type {Projection} from '../projections/index.ts';
import {measuring, timed, traced, tracing} from '../shared/telemetry.ts';
import type {ObservableResult} from '@opentelemetry/api';

/** Runs a command in a span and measures it, where somebody looks. */
export function observeCommand({aggregate, name}: CommandHandle, run: () => Promise<CommandOutcome>): Promise<CommandOutcome> {
    const instruments = measuring();
    if (instruments === undefined && tracing() === undefined)
        return run();
    const attributes = {'woltage.aggregate': aggregate.name, 'woltage.command': name};
    const task = (): Promise<CommandOutcome> => traced('woltage.command', () => attributes, run);
    return instruments === undefined ? task() : timed(instruments.commandDuration, attributes, task);
}

/** Runs a decision in a span and measures it, where somebody looks. */
export function observeDecision<R>(name: string, run: () => Promise<R>): Promise<R> {
    const instruments = measuring();
    if (instruments === undefined && tracing() === undefined)
        return run();
    const attributes = {'woltage.decision': name};
    const task = (): Promise<R> => traced('woltage.decision', () => attributes, run);
    return instruments === undefined ? task() : timed(instruments.decisionDuration, attributes, task);
}

/** Runs a query in a span and measures it, where somebody looks. */
export function observeQuery<R>(readModel: unknown, handler: string, run: () => Promise<R>): Promise<R> {
    const instruments = measuring();
    if (instruments === undefined && tracing() === undefined)
        return run();
    const name = typeof readModel === 'function' ? readModel.name : String(readModel);
    const attributes = {'woltage.read_model': name, 'woltage.handler': handler};
    const task = (): Promise<R> => traced('woltage.query', () => attributes, run);
    return instruments === undefined ? task() : timed(instruments.queryDuration, attributes, task);
}

/** Has the lag of all projections looked up whenever metrics are collected. @returns A function that ends it */
export function observeProjections(all: () => readonly Projection[]): () => void {
    const lag = measuring()?.lag;
    if (lag === undefined)
        return () => undefined;
    const observe = (result: ObservableResult): void => {
        for (const {id, state, progress} of all())
            result.observe(Number(progress.lag), {'woltage.projection': id, 'woltage.state': state});
    };
    lag.addCallback(observe);
    return () => lag.removeCallback(observe);
}
