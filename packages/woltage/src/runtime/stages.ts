/** A part of a runtime that works on its own. */
export interface Stage {
    /** All of it or nothing. */
    start(): Promise<void>;
    stop(): Promise<void>;
}

/** Starts parts one after the other, all or none: when one fails, those before it are stopped again, the last first. @throws its error */
export async function startAll(stages: readonly Stage[]): Promise<void> {
    for (const [index, stage] of stages.entries())
        await stage.start().catch(async (error: unknown) => {
            // What goes wrong with stopping matters less than why it is done.
            await stopAll(stages.slice(0, index)).catch(() => undefined);
            throw error;
        });
}

/** Starts parts side by side, all or none: when one fails, all are stopped again, once none is starting any more. @throws the first error */
export async function startTogether(stages: readonly Stage[]): Promise<void> {
    const results = await Promise.allSettled(stages.map(stage => stage.start()));
    const failed = results.find(result => result.status === 'rejected');
    if (failed === undefined)
        return;
    // What has failed may have begun to start.
    await Promise.allSettled(stages.map(stage => stage.stop()));
    throw failed.reason;
}

/** Stops parts, the last first: all of them, whatever becomes of one. @throws the first error */
export async function stopAll(stages: readonly Stage[]): Promise<void> {
    const errors: unknown[] = [];
    for (const stage of [...stages].reverse())
        await stage.stop().catch((error: unknown) => errors.push(error));
    if (errors.length > 0)
        throw errors[0];
}
