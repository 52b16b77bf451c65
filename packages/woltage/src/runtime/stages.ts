/** A part of a runtime that works on its own. */
export interface Stage {
    start(): Promise<void>;
    stop(): Promise<void>;
}

/** Starts parts one after the other. */
export async function startAll(stages: readonly Stage[]): Promise<void> {
    for (const stage of stages)
        await stage.start();
}

/** Stops parts, the last first: all of them, whatever becomes of one. @throws the first error */
export async function stopAll(stages: readonly Stage[]): Promise<void> {
    const errors: unknown[] = [];
    for (const stage of [...stages].reverse())
        await stage.stop().catch((error: unknown) => errors.push(error));
    if (errors.length > 0)
        throw errors[0];
}
