import type {DurableEffect} from '../context/index.ts';
import {GoneError, NotFoundError} from '../errors/index.ts';
import type {RecordedEvent} from '../events/index.ts';
import type {IEventStore, IStore} from '../ports/index.ts';
import {currentClock} from '../shared/clock.ts';
import type {Logger} from '../shared/logger.ts';
import type {BatchRunner} from './batch-runner.ts';
import type {DeadLetter, StoredLetter} from './dead-letters.ts';

/** What became of a retry. */
export interface LetterOutcome {
    /** Events that have been handled now, or that nobody asks for any more. */
    readonly handled: number;
    /** Letters of the aggregate that are left. */
    readonly left: number;
}

export interface LetterPlace {
    readonly eventStore: IEventStore;
    readonly store: IStore;
    readonly runner: BatchRunner;
    readonly log: Logger;
}

/** Handles the letters of an aggregate, in order, until one fails. To be called in the worker's turn. */
export async function retryLetters({eventStore, store, runner, log}: LetterPlace, first: Pick<DeadLetter, 'aggregateName' | 'aggregateId'>): Promise<LetterOutcome> {
    const letters = await runner.letters.sequence(store, first);
    for (const [index, letter] of letters.entries()) {
        const completed = new Map<string, readonly DurableEffect[]>(letter.completed);
        try {
            const record = await readEvent(eventStore, letter);
            if (record === undefined)
                log.warn({event: letter.eventId, aggregate: `${letter.aggregateName}/${letter.aggregateId}`}, 'The event of a dead letter is gone; the letter is removed');
            await runner.handleAlone(record, letter.fires, completed, () => runner.letters.remove(letter));
            runner.letters.forget(letter);
        } catch (error) {
            await keep(runner, letter, error as Error, completed);
            return {handled: index, left: letters.length - index};
        }
    }
    return {handled: letters.length, left: 0};
}

/** Removes a letter unhandled; where it was the first of its aggregate, those behind it are handled. */
export async function discardLetter(place: LetterPlace, eventId: string, first: Pick<DeadLetter, 'aggregateName' | 'aggregateId'>): Promise<LetterOutcome> {
    const {runner, store} = place;
    const letters = await runner.letters.sequence(store, first);
    const letter = letters.find(other => other.eventId === eventId);
    if (letter === undefined)
        throw unknownLetter(eventId);
    await runner.handleAlone(undefined, false, new Map(), () => runner.letters.remove(letter));
    runner.letters.forget(letter);
    return letter === letters[0] ? retryLetters(place, first) : {handled: 0, left: letters.length - 1};
}

export const unknownLetter = (eventId: string): NotFoundError =>
    new NotFoundError(`There is no dead letter of event '${eventId}'.`, {code: 'UNKNOWN_DEAD_LETTER'});

async function keep(runner: BatchRunner, letter: StoredLetter, error: Error, completed: ReadonlyMap<string, readonly DurableEffect[]>): Promise<void> {
    const {message, code} = error as Error & {code?: unknown};
    const changed = {
        ...letter, attempts: letter.attempts + 1, at: currentClock().now(), completed: [...completed],
        error: {message, code: typeof code === 'string' ? code : undefined}
    };
    await runner.handleAlone(undefined, false, new Map(), () => runner.letters.write(changed));
}

/** The event of a letter; `undefined` when its stream was erased. A tombstone is still there, and has yet to be handled. */
async function readEvent(eventStore: IEventStore, {aggregateName, aggregateId, revision, eventId}: DeadLetter): Promise<RecordedEvent | undefined> {
    try {
        for await (const page of eventStore.read(aggregateName, aggregateId, {fromRevision: revision, limit: 1, tombstone: true})) {
            const record = page.find(({id}) => id === eventId);
            if (record !== undefined)
                return record;
        }
        return undefined;
    } catch (error) {
        if (error instanceof GoneError)
            return undefined;
        throw error;
    }
}
