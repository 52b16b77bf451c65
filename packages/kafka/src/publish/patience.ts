/** How long something is tried. */
export interface Patience {
    /** When it has to be over, in ms of `performance.now`. */
    readonly deadline: number;
    /** Aborts when nobody wants it any more. */
    readonly signal: AbortSignal | undefined;
}

/** Whether it is not tried (again) at some time. */
export const isOver = ({deadline, signal}: Patience, at: number): boolean => deadline <= at || signal?.aborted === true;
