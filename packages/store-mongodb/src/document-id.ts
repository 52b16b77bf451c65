/**
 * The `_id` of a row: its key as JSON text. Keys with halves of surrogate pairs, which JSON escapes and BSON can't sort, stand behind all others.
 *
 * @param id As `rowId` makes it
 */
export const documentId = (id: string): string => id.includes('\\ud') ? `~${id}` : id;

/**
 * Where rows are whose key, of one field, is neither a number nor a usual string: the JSON texts of all others begin with a quote, a digit or a minus. The index of
 * `_id` knows, whatever other indexes there are.
 */
export const UNUSUAL_KEYS = {_id: {$gte: 'f'}} as const;
