import type {Takes} from '../shared/input-type.ts';

/** A registered command, as far as an effect needs to know it. */
export interface EffectCommand<Input> extends Takes<Input> {
    readonly aggregate: {readonly name: string};
    readonly name: string;
    readonly retryOnConflict: number;
}

/** An aggregate, or its name. */
export type EffectAggregate = string | {readonly name: string; readonly commands: ReadonlyMap<string, unknown>};

/** A decision, as far as an effect needs to know it. */
export interface EffectDecision<Input> extends Takes<Input> {
    readonly name: string;
    readonly options: {readonly decide: unknown; readonly query: unknown};
}
