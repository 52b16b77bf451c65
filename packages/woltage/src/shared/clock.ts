import {delay} from './delay.ts';
import {uuidV7} from './uuid.ts';

/** Where a runtime takes the time of what happens from, and the ids of new events. Leases and timeouts of databases are on real time whatever it says. */
export interface Clock {
    /** Milliseconds since the Unix epoch. */
    now(): number;
    /** A UUID that was never given before. */
    newId(): string;
    /** Leaves chance out, so that the same happens in every run: pauses have no jitter, tasks come in their order. @default false */
    readonly isSteady?: boolean | undefined;
    /** Resolves after some ms of this clock, or at once when the signal aborts. */
    delay(ms: number, signal?: AbortSignal): Promise<void>;
}

export const systemClock: Clock = {now: Date.now, newId: uuidV7, delay};

let clockOfContext: () => Clock | undefined = () => undefined;

/** The clock of the runtime that the code runs in; the system's outside of any. */
export const currentClock = (): Clock => clockOfContext() ?? systemClock;

/** To be called once, by the layer that knows what code runs in: layers below it need the clock too. */
export function findClockBy(find: () => Clock | undefined): void {
    clockOfContext = find;
}
