import type {RecordWrite, RowWrite, StoreTransaction} from '../ports/index.ts';
import {Mutex} from '../shared/mutex.ts';
import type {Self} from '../shared/owner.ts';
import {isTaken, lookAt, nextCheckpoint, takeOver, type Checkpoint, type CheckpointState, type SliceStore, type Standing} from './checkpoint.ts';

/** What a commit writes beside the checkpoint. */
export interface SliceCommit {
    readonly writes?: readonly RowWrite[];
    readonly records?: readonly RecordWrite[];
    /** What native calls have run in, and what the commit ends. */
    readonly transaction?: StoreTransaction | undefined;
}

const NOTHING: Checkpoint = {position: -1n, generation: '', owner: null, live: false, token: ''};

/**
 * The right to work on a slice of a projection, and the commits that it allows. There is no lease beside the checkpoint: its token changes with every
 * commit, and each commit expects the token of the one before, so that whoever was taken for dead can't write.
 */
export class SliceLease {
    readonly #place: SliceStore;
    readonly #self: Self;
    readonly #leaseMs: number;
    /** One commit at a time: a beat may fall into a batch. */
    readonly #commits = new Mutex();
    #checkpoint = NOTHING;
    #confirmedAt = -Infinity;

    constructor(place: SliceStore, self: Self, leaseMs: number) {
        this.#place = place;
        this.#self = self;
        this.#leaseMs = leaseMs;
    }

    get position(): bigint {
        return this.#checkpoint.position;
    }

    look(): Promise<Standing> {
        return lookAt(this.#place);
    }

    /** Whether somebody else works on it, as far as one can tell. */
    isTaken(checkpoint: Checkpoint): boolean {
        return isTaken(checkpoint, this.#self);
    }

    /** Takes the slice over. @throws StaleRecordError when somebody else was faster */
    async take(standing: Standing, records: readonly RecordWrite[]): Promise<Checkpoint> {
        const began = performance.now();
        this.#checkpoint = await takeOver(this.#place, standing, this.#self, records);
        this.#confirmedAt = began;
        return this.#checkpoint;
    }

    /**
     * Writes rows and records together with the position.
     *
     * @throws StaleRecordError when somebody else has taken over; nothing is written then
     */
    commit(position: bigint, commit: SliceCommit, live: boolean): Promise<void> {
        return this.#commits.run(() => this.#write({...this.#checkpoint, position, owner: this.#self.owner, live}, commit));
    }

    /** Shows others that the owner is alive. @throws StaleRecordError when somebody else has taken over */
    beat(): Promise<void> {
        return this.#commits.run(() => this.#write(this.#checkpoint, {}));
    }

    /**
     * Makes sure that nobody has taken over: to be called before something happens that can't be taken back. A process that was paused for
     * longer than a lease finds out here.
     *
     * @throws StaleRecordError when somebody else has taken over
     */
    async confirm(): Promise<void> {
        if (performance.now() - this.#confirmedAt > this.#leaseMs / 2)
            await this.beat();
    }

    /** Leaves the slice in order, so that somebody else can go on at once. */
    release(position: bigint, records: readonly RecordWrite[] = []): Promise<void> {
        return this.#commits.run(() => {
            const {position: committed} = this.#checkpoint;
            return this.#write({...this.#checkpoint, position: position > committed ? position : committed, owner: null, live: false}, {records});
        });
    }

    async #write(state: CheckpointState, {writes = [], records = [], transaction}: SliceCommit): Promise<void> {
        const {store, key, generation} = this.#place;
        const {position, owner, live} = state;
        const {checkpoint, write} = nextCheckpoint(key, {position, owner, live, generation}, this.#checkpoint.token);
        const began = performance.now();
        await (transaction ?? store).commit({writes, records: [write, ...records]});
        this.#checkpoint = checkpoint;
        this.#confirmedAt = began;
    }
}
