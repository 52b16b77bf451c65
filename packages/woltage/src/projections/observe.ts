import {errorType, measuring, traced, tracing} from '../shared/telemetry.ts';

/** Tells of a batch that has been committed, where somebody looks. @param began By `performance.now()` */
export function observeBatch(projection: string, events: number, rows: number, began: number): void {
    if (events === 0)
        return;
    const instruments = measuring();
    const tracer = tracing();
    if (instruments === undefined && tracer === undefined)
        return;
    const attributes = {'woltage.projection': projection};
    instruments?.projectedEvents.add(events, attributes);
    instruments?.batchDuration.record((performance.now() - began) / 1000, attributes);
    tracer?.startSpan('woltage.projection.batch', {
        startTime: performance.timeOrigin + began, attributes: {...attributes, 'woltage.events': events, 'woltage.rows': rows}
    }).end();
}

/** Runs a side effect in a span and counts it, where somebody looks. */
export async function observeEffect(projection: string, eventId: string, run: () => Promise<void>): Promise<void> {
    const effects = measuring()?.effects;
    const attributes = {'woltage.projection': projection};
    try {
        await traced('woltage.effect', () => ({...attributes, 'woltage.event_id': eventId}), run);
        effects?.add(1, attributes);
    } catch (error) {
        effects?.add(1, {...attributes, 'error.type': errorType(error)});
        throw error;
    }
}

export function observeDeadLetter(projection: string): void {
    measuring()?.deadLetters.add(1, {'woltage.projection': projection});
}
