import {BadRequestError, ConflictError} from '../errors/index.ts';
import type {IStore} from '../ports/index.ts';
import {delay} from '../shared/delay.ts';
import type {Logger} from '../shared/logger.ts';
import type {Self} from '../shared/owner.ts';
import {deriveUuid, uuidV7} from '../shared/uuid.ts';
import {ClaimSighting, KeyClaim, type KeyEntry} from './key-claim.ts';

/** What is done once for a key. */
export interface KeyedTask<Outcome, Answer> {
    /** The same for repetitions of the same request. */
    readonly fingerprint: string;
    /** Does it. What it appends has ids of these names, so that it is recognised by them. */
    readonly execute: (idOf: IdOf) => Promise<Outcome>;
    /** What is kept of an outcome: plain data. */
    readonly toAnswer: (outcome: Outcome) => Answer;
    /** What somebody who died over it has appended; `undefined`: nothing. */
    readonly find: (idOf: IdOf) => Promise<Answer | undefined>;
}

/** A UUID that is the same whenever the same name is asked for under the same key. */
export type IdOf = (name: string) => Promise<string>;

/** `outcome` where it was done just now, `answer` where that was before. */
export type KeyedResult<Outcome, Answer> = {readonly outcome: Outcome; readonly answer?: undefined} | {readonly answer: Answer; readonly outcome?: undefined};

const MIN_WAIT_MS = 5;
const MAX_WAIT_MS = 100;
const SWEEP_EVERY_MS = 3_600_000;
const SWEEP_PAGE = 500;
const MAX_KEY_LENGTH = 256;

/**
 * Does things once for a key, in whatever process, and whenever it is asked for again: a repetition gets the answer of the first. What fails without having
 * appended anything may be tried again under the same key. Answers are kept for some days.
 */
export class KeyedWork {
    readonly #store: IStore;
    readonly #self: Self;
    readonly #log: Logger;
    readonly #keepMs: number;
    readonly #underWay = new Map<string, {readonly fingerprint: string; readonly done: Promise<unknown>}>();
    #sweptAt = -Infinity;

    /** @param store A scope of its own. @param keepMs How long answers are kept */
    constructor(store: IStore, self: Self, log: Logger, keepMs: number) {
        this.#store = store;
        this.#self = self;
        this.#log = log;
        this.#keepMs = keepMs;
    }

    /**
     * @throws BadRequestError `INVALID_IDEMPOTENCY_KEY`
     * @throws ConflictError `IDEMPOTENCY_KEY_REUSED` when the key was used for another request
     */
    async run<Outcome, Answer>(key: string, task: KeyedTask<Outcome, Answer>): Promise<KeyedResult<Outcome, Answer>> {
        if (typeof key !== 'string' || key === '' || key.length > MAX_KEY_LENGTH)
            throw new BadRequestError(`An idempotency key is a string of 1 to ${MAX_KEY_LENGTH} characters.`, {code: 'INVALID_IDEMPOTENCY_KEY'});
        this.#sweepNowAndThen();
        const id = await deriveUuid('', key);
        const running = this.#underWay.get(id);
        if (running !== undefined) {
            checkFingerprint(running, task.fingerprint);
            return running.done as Promise<KeyedResult<Outcome, Answer>>;
        }
        const done = this.#run(id, task);
        this.#underWay.set(id, {fingerprint: task.fingerprint, done});
        try {
            return await done;
        } finally {
            this.#underWay.delete(id);
        }
    }

    async #run<Outcome, Answer>(id: string, task: KeyedTask<Outcome, Answer>): Promise<KeyedResult<Outcome, Answer>> {
        const {owner, isGone} = this.#self;
        const sighting = new ClaimSighting(isGone);
        for (let waitMs = MIN_WAIT_MS; ; waitMs = Math.min(waitMs * 2, MAX_WAIT_MS)) {
            const [record] = await this.#store.getRecords([id]);
            const entry = record && JSON.parse(record.value) as KeyEntry;
            if (entry !== undefined) {
                checkFingerprint(entry, task.fingerprint);
                if ('answer' in entry)
                    return {answer: entry.answer as Answer};
            }
            const claim = sighting.isHeld(record, entry) ? undefined : await KeyClaim.take(this.#store, id, task.fingerprint, record, owner);
            if (claim !== undefined)
                return this.#work(id, task, claim, entry !== undefined);
            await delay(waitMs);
        }
    }

    async #work<Outcome, Answer>(id: string, task: KeyedTask<Outcome, Answer>, claim: KeyClaim, isInDoubt: boolean): Promise<KeyedResult<Outcome, Answer>> {
        let hasAppended = isInDoubt;
        const idOf = (name: string): Promise<string> => deriveUuid(id, `${task.fingerprint}/${name}`);
        const find = async (): Promise<KeyedResult<Outcome, Answer> | undefined> => {
            const answer = await task.find(idOf);
            if (answer !== undefined)
                await this.#finish(claim, answer);
            return answer === undefined ? undefined : {answer};
        };
        try {
            const found = isInDoubt ? await find() : undefined;
            if (found !== undefined)
                return found;
            const outcome = await task.execute(name => {
                hasAppended = true;
                return idOf(name);
            });
            await this.#finish(claim, task.toAnswer(outcome));
            return {outcome};
        } catch (error) {
            // Somebody may have done it meanwhile: this process, if it was taken for dead.
            const found = hasAppended ? await find().catch(() => undefined) : undefined;
            if (found !== undefined)
                return found;
            await claim.giveUp(hasAppended).catch((err: unknown) => this.#log.warn({err}, 'An idempotency key could not be given back; it is free again after a while'));
            throw error;
        }
    }

    /** What was appended is a fact, whether it can be written down or not: who comes next will find it. */
    async #finish(claim: KeyClaim, answer: unknown): Promise<void> {
        try {
            await claim.finish(answer);
        } catch (err) {
            this.#log.warn({err}, 'The answer for an idempotency key could not be kept');
        }
    }

    #sweepNowAndThen(): void {
        if (performance.now() - this.#sweptAt < SWEEP_EVERY_MS)
            return;
        this.#sweptAt = performance.now();
        this.#sweep().catch((err: unknown) => this.#log.warn({err}, 'Old idempotency keys could not be removed'));
    }

    async #sweep(): Promise<void> {
        const oldest = Date.now() - this.#keepMs;
        for (let after: string | undefined; ;) {
            const page = await this.#store.listRecords('', {after, limit: SWEEP_PAGE});
            const records = page.filter(({value}) => (JSON.parse(value) as KeyEntry).at < oldest)
                .map(({key, token}) => ({key, value: null, token: uuidV7(), expected: token}));
            if (records.length > 0)
                await this.#store.commit({records});
            if (page.length < SWEEP_PAGE)
                return;
            after = page.at(-1)?.key;
        }
    }
}

function checkFingerprint(known: {readonly fingerprint: string}, fingerprint: string): void {
    if (known.fingerprint !== fingerprint)
        throw new ConflictError('This idempotency key was used for another request: each request needs a key of its own.', {code: 'IDEMPOTENCY_KEY_REUSED'});
}
