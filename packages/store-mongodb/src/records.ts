import {compareValues, StaleRecordError, type ListRecordsOptions, type StoreRecord} from 'woltage';
import type {Collections, RecordDocument} from './collections.ts';
import {BEHIND_TEXT, fromText, toText} from './text.ts';

const PRESENT = {'_w.removed': {$exists: false}};

/** The id of a record. A scope's name holds no line break. */
export const recordId = (scope: string, key: string): string => `${scope}\n${toText(key)}`;

/** All ids of a scope's records whose keys have a prefix. */
export const recordRange = (scope: string, prefix = ''): {readonly $gte: string; readonly $lt: string} => {
    const from = recordId(scope, prefix);
    return {$gte: from, $lt: from + BEHIND_TEXT};
};

export async function readRecords({records, names: {scope}}: Collections, keys: readonly string[]): Promise<(StoreRecord | undefined)[]> {
    if (keys.length === 0)
        return [];
    const ids = keys.map(key => recordId(scope, key));
    const found = await records.find({_id: {$in: ids}, ...PRESENT}, {batchSize: keys.length + 1}).toArray();
    const byId = new Map(found.map(document => [document._id, document]));
    return ids.map(id => {
        const document = byId.get(id);
        return document && toRecord(document);
    });
}

export async function listRecords({records, names: {scope}}: Collections, prefix: string, {after, limit}: ListRecordsOptions): Promise<(StoreRecord & {readonly key: string})[]> {
    if (limit === 0)
        return [];
    const range = recordRange(scope, prefix);
    const ids = after !== undefined && compareValues(after, prefix) >= 0 ? {$gt: recordId(scope, after), $lt: range.$lt} : range;
    const found = await records.find({_id: ids, ...PRESENT}, {sort: {_id: 1}, ...limit === undefined ? {} : {limit}, batchSize: 1000}).toArray();
    return found.map(document => ({key: fromText(document._id.slice(scope.length + 1)), ...toRecord(document)}));
}

const toRecord = ({value, token}: RecordDocument): StoreRecord => ({value: fromText(value), token: fromText(token)});

export const staleRecord = (key: string): StaleRecordError => new StaleRecordError(`Record '${key}' was changed by somebody else.`, {details: {key}});
