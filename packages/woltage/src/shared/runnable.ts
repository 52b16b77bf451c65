import type {Takes} from './input-type.ts';

/** A registered command, as far as its callers need to know it. */
export interface RunnableCommand<Input> extends Takes<Input> {
    readonly aggregate: {readonly name: string};
    readonly name: string;
    readonly retryOnConflict: number;
}

/** An aggregate whose command is named, or its name. */
export type RunnableAggregate = string | {readonly name: string; readonly commands: ReadonlyMap<string, unknown>};

/** A decision, as far as its callers need to know it. */
export interface RunnableDecision<State, Input> extends Takes<Input> {
    readonly name: string;
    readonly options: {readonly decide: (state: State, input: never, context: never) => unknown; readonly query: unknown};
}
