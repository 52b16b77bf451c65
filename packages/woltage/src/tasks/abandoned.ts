import {StaleRecordError} from '../errors/index.ts';
import type {IStore} from '../ports/index.ts';
import type {GroupCommit} from './group-commit.ts';
import {CLAIMED, create, decodePlace, dueKey, encodePlace, remove, type Found, type Place} from './places.ts';
import type {Sightings} from './sightings.ts';

const PAGE = 500;

/** Puts what processes have left, that are gone or silent, back to where it was. @returns Whether others work on something, so that one should look again */
export async function putBackAbandoned(store: IStore, group: GroupCommit, sightings: Sightings, isOrdered: boolean): Promise<boolean> {
    let isAnyHeld = false;
    const abandoned: Found<Place>[] = [];
    for (let after: string | undefined; ;) {
        const page = await store.listRecords(CLAIMED, {after, limit: PAGE});
        for (const {key, token, value} of page) {
            const found = {key, token, task: decodePlace(value)};
            const isHeld = sightings.isHeld(found);
            isAnyHeld ||= isHeld;
            if (!isHeld)
                abandoned.push(found);
        }
        if (page.length < PAGE)
            break;
        after = page.at(-1)?.key;
    }
    sightings.sweep();
    await Promise.all(abandoned.map(found => putBack(group, found, isOrdered)));
    return isAnyHeld;
}

async function putBack(group: GroupCommit, {key, token, task}: Found<Place>, isOrdered: boolean): Promise<void> {
    try {
        await group.write([remove(key, token), create(dueKey(task, isOrdered), encodePlace({...task, claimedBy: undefined}))]);
    } catch (error) {
        // Another process has done it, or its owner is alive after all.
        if (!(error instanceof StaleRecordError))
            throw error;
    }
}
