export declare const input: unique symbol;

/** Carries the type of what something takes; never there at run time. */
export interface Takes<Input> {
    readonly [input]?: (input: Input) => void;
}
