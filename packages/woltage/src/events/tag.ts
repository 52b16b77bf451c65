/** What an index of every event store can hold. */
export const MAX_TAG_LENGTH = 500;

/** Tags are strings that every event store keeps, and tells apart: not empty, not too long, without NUL and halves of characters. */
export const isTag = (tag: unknown): tag is string =>
    typeof tag === 'string' && tag !== '' && tag.length <= MAX_TAG_LENGTH && !/[\0\p{Surrogate}]/u.test(tag);
