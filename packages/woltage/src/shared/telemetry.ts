import {
    createNoopMeter, metrics, SpanStatusCode, trace,
    type Attributes, type Counter, type Histogram, type Meter, type ObservableGauge, type Tracer, type TracerProvider
} from '@opentelemetry/api';

const NAME = 'woltage';

/** What is measured, where an OpenTelemetry SDK is there. Names follow its semantic conventions: seconds, and `woltage.` in front. */
export interface Instruments {
    readonly meter: Meter;
    /** Seconds, by `woltage.aggregate`, `woltage.command` and `error.type`. */
    readonly commandDuration: Histogram;
    /** Seconds, by `woltage.decision` and `error.type`. */
    readonly decisionDuration: Histogram;
    /** Seconds, by `woltage.read_model`, `woltage.handler` and `error.type`. */
    readonly queryDuration: Histogram;
    /** Seconds of an attempt, by `woltage.action` and `error.type`. */
    readonly actionDuration: Histogram;
    /** By `woltage.projection`. */
    readonly projectedEvents: Counter;
    /** Seconds from the first event of a commit to its end, by `woltage.projection`. */
    readonly batchDuration: Histogram;
    /** Positions behind the end of the event store, by `woltage.projection` and `woltage.state`. */
    readonly lag: ObservableGauge;
    /** Side effects that ran, by `woltage.projection` or `woltage.effect`, and `error.type`. */
    readonly effects: Counter;
    /** Events and tasks that were put to the dead letters. */
    readonly deadLetters: Counter;
    /** Events that publications have published, by `woltage.topic`; failures with `error.type`. */
    readonly publishedEvents: Counter;
}

let tracer: Tracer | undefined;
let instruments: Instruments | undefined;

/** The instruments; `undefined` where there is no SDK, so that nothing is computed for nobody. */
export const measuring = (): Instruments | undefined => instruments;

/** Looks whether an SDK is there by now. Called whenever a runtime is created. */
export function findTelemetry(): void {
    const meter = metrics.getMeter(NAME);
    if (meter === createNoopMeter() || instruments?.meter === meter)
        return;
    instruments = {
        meter,
        commandDuration: meter.createHistogram('woltage.command.duration', {unit: 's', description: 'Duration of commands'}),
        decisionDuration: meter.createHistogram('woltage.decision.duration', {unit: 's', description: 'Duration of decisions'}),
        queryDuration: meter.createHistogram('woltage.query.duration', {unit: 's', description: 'Duration of queries'}),
        actionDuration: meter.createHistogram('woltage.action.duration', {unit: 's', description: 'Duration of attempts at actions'}),
        projectedEvents: meter.createCounter('woltage.projection.events', {unit: '{event}', description: 'Events handled by projections'}),
        batchDuration: meter.createHistogram('woltage.projection.batch.duration', {unit: 's', description: 'Duration of a projection\'s batch with its commit'}),
        lag: meter.createObservableGauge('woltage.projection.lag', {unit: '{position}', description: 'Positions that a projection is behind'}),
        effects: meter.createCounter('woltage.effects', {unit: '{effect}', description: 'Side effects that ran'}),
        deadLetters: meter.createCounter('woltage.dead_letters', {unit: '{letter}', description: 'Events and tasks put to the dead letters'}),
        publishedEvents: meter.createCounter('woltage.publication.events', {unit: '{event}', description: 'Events published to topics'})
    };
}

/** The tracer; `undefined` where there is no SDK. */
export function tracing(): Tracer | undefined {
    if (tracer === undefined) {
        // The provider of the API stands in for the one of an SDK that may come later, and tells which tracer that one has.
        const provider = trace.getTracerProvider() as TracerProvider & {getDelegateTracer?: (name: string) => Tracer | undefined};
        tracer = provider.getDelegateTracer === undefined ? provider.getTracer(NAME) : provider.getDelegateTracer(NAME);
    }
    return tracer;
}

/** Runs a task in a span, where somebody traces. */
export function traced<R>(name: string, attributes: () => Attributes, task: () => Promise<R>): Promise<R> {
    const active = tracing();
    if (active === undefined)
        return task();
    return active.startActiveSpan(name, {attributes: attributes()}, async span => {
        try {
            return await task();
        } catch (error) {
            span.recordException(error as Error);
            span.setStatus({code: SpanStatusCode.ERROR, message: (error as Error).message});
            throw error;
        } finally {
            span.end();
        }
    });
}

/** Runs a task and measures how long it takes, where somebody measures. */
export async function timed<R>(histogram: Histogram, attributes: Attributes, task: () => Promise<R>): Promise<R> {
    const began = performance.now();
    try {
        const result = await task();
        histogram.record((performance.now() - began) / 1000, attributes);
        return result;
    } catch (error) {
        histogram.record((performance.now() - began) / 1000, {...attributes, 'error.type': errorType(error)});
        throw error;
    }
}

/** What kind of an error it is: its code, or its name. */
export const errorType = (error: unknown): string => {
    const {code, name} = (error ?? {}) as {code?: unknown; name?: unknown};
    return typeof code === 'string' ? code : typeof name === 'string' ? name : 'unknown';
};
