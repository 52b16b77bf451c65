/** Who works on something that one process at a time works on. */
export interface Owner {
    /** Unique to one runtime of one process. */
    readonly id: string;
    /** The machine, as far as its processes can see each other. */
    readonly host: string;
    readonly pid: number;
    /** When the process started, in ms since the Unix epoch: tells it from an earlier one with the same id. */
    readonly startedAt: number;
}

/** This runtime as an owner, and what it can tell of others. */
export interface Self {
    readonly owner: Owner;
    /** True when that owner's process is known to be gone; false when nothing is known. */
    readonly isGone: (owner: Owner) => boolean;
}
