/** The greatest length of an aggregate's id, in UTF-16 code units. */
export const MAX_ID_LENGTH = 1024;

/** Whether a value can be the id of an aggregate. Half a surrogate pair can't be stored: two ids that differ in it would become one. */
export const isStreamId = (id: unknown): id is string => typeof id === 'string' && id !== '' && id.length <= MAX_ID_LENGTH && !/\p{Surrogate}/u.test(id);
