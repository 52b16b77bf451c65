import type {AnyBulkWriteOperation, Document} from 'mongodb';
import type {RowWrite} from 'woltage';
import type {RowDocument} from './collections.ts';
import {documentId} from './document-id.ts';
import {encodeRow} from './encode.ts';

/** A write of one row, ready to be sent. */
export interface EncodedWrite {
    readonly id: string;
    /** The fields, or null to remove the row. */
    readonly document: Document | null;
}

/** The writes of a commit to one table. */
export interface TableWrites {
    readonly table: string;
    readonly writes: readonly EncodedWrite[];
}

/** @throws BadRequestError `NOT_ENCODABLE` */
export function writesByTable(writes: readonly RowWrite[], wrapsArrays = false): TableWrites[] {
    const tables = new Map<string, EncodedWrite[]>();
    for (const {table, id, row} of writes) {
        let list = tables.get(table);
        if (list === undefined)
            tables.set(table, list = []);
        list.push({id: documentId(id), document: row === null ? null : encodeRow(row, wrapsArrays)});
    }
    return Array.from(tables, ([table, list]) => ({table, writes: list}));
}

/** The operations of a bulk write. */
export function operationsOf(writes: readonly EncodedWrite[]): AnyBulkWriteOperation<RowDocument>[] {
    const operations: AnyBulkWriteOperation<RowDocument>[] = [];
    const removed: string[] = [];
    for (const {id, document} of writes) {
        if (document === null)
            removed.push(id);
        else
            operations.push({replaceOne: {filter: {_id: id}, replacement: document, upsert: true}});
    }
    if (removed.length === 1)
        operations.push({deleteOne: {filter: {_id: removed[0] as string}}});
    else if (removed.length > 1)
        operations.push({deleteMany: {filter: {_id: {$in: removed}}}});
    return operations;
}
