import type {RecordWrite} from '../ports/index.ts';
import {decodeJson, encodeJson} from '../shared/json-codec.ts';
import {uuidV7} from '../shared/uuid.ts';
import type {DeadTask, Task} from './task.ts';

/*
 * The records of a queue. What a task is stands under its id, once; where it is, in a small record that moves:
 *
 *   id/<id>                           the task, or `done`
 *   open/due/<time>/<sequence>/<id>   it waits, until then; in an ordered queue all times are 0, and it stays here while it is run
 *   open/claimed/<id>                 it is being run
 *   dead/<id>                         it has failed for good
 *   done/<time>/<id>                  it is done, and is forgotten then
 *   sequence                          the last place that was given in an ordered queue
 */
export const OPEN = 'open/';
export const DUE = 'open/due/';
export const CLAIMED = 'open/claimed/';
export const DEAD = 'dead/';
export const DONE = 'done/';
export const SEQUENCE = 'sequence';

const TIME_DIGITS = 15;
const SEQUENCE_DIGITS = 16;
const time = (ms: number): string => Math.min(10 ** TIME_DIGITS - 1, Math.max(0, Math.ceil(ms))).toString().padStart(TIME_DIGITS, '0');

export const dueKey = ({dueAt, sequence, id}: Pick<Task, 'dueAt' | 'sequence' | 'id'>, isOrdered: boolean): string =>
    `${DUE}${time(isOrdered ? 0 : dueAt)}/${sequence.toString().padStart(SEQUENCE_DIGITS, '0')}/${id}`;
export const claimedKey = (id: string): string => CLAIMED + id;
export const deadKey = (id: string): string => DEAD + id;
export const doneKey = (until: number, id: string): string => `${DONE}${time(until)}/${id}`;
export const idKey = (id: string): string => `id/${id}`;

/** The time in a key behind a prefix. */
export const timeIn = (key: string, prefix: string): number => Number(key.slice(prefix.length, prefix.length + TIME_DIGITS));
/** The id in a key of {@link doneKey}. */
export const doneIdOf = (key: string): string => key.slice(DONE.length + TIME_DIGITS + 1);
export const deadIdOf = (key: string): string => key.slice(DEAD.length);

/** What is written down where a task waits, or is run. */
export type Place = Omit<Task, 'payload' | 'queuedAt' | 'since' | 'rememberMs'>;

/** A task, or where one is, as it was found. */
export interface Found<T> {
    readonly key: string;
    readonly token: string;
    readonly task: T;
}

const DONE_VALUE = 'done';

export const encodePlace = ({id, kind, dueAt, attempts, hasBegun, sequence, claimedBy, leftBy, lastError, hasFailed}: Place): string =>
    encodeJson({id, kind, dueAt, attempts, hasBegun, sequence, claimedBy, leftBy, lastError, hasFailed});
export const decodePlace = (value: string): Place => decodeJson(value) as Place;

export const encodeTask = (task: Task | DeadTask): string => encodeJson(task);
/** `undefined` when it is done. */
export const decodeTask = (value: string): Task | DeadTask | undefined => value === DONE_VALUE ? undefined : decodeJson(value) as Task | DeadTask;
export const isDead = (task: Task | DeadTask): task is DeadTask => 'failedAt' in task;

export const create = (key: string, value: string): RecordWrite => ({key, value, token: uuidV7(), expected: null});
export const put = (key: string, value: string): RecordWrite => ({key, value, token: uuidV7()});
export const remove = (key: string, expected?: string): RecordWrite => ({key, value: null, token: uuidV7(), expected});

/** The writes that remember, up to then, that a task is done. */
export const markDone = (id: string, until: number): RecordWrite[] => [put(idKey(id), DONE_VALUE), put(doneKey(until, id), '')];
/** The writes that have a task wait, where it didn't. */
export const markDue = (task: Task, isOrdered: boolean): RecordWrite[] => [create(dueKey(task, isOrdered), encodePlace(task)), put(idKey(task.id), encodeTask(task))];
