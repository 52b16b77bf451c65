import {installPeers, loadPeer} from './install-peers.ts';
import {compare, type Figure} from './measure.ts';
import {peerReplay} from './peers.ts';

/** So few that it ends. */
const EVENTS = 10_000;
const ACCOUNTS = 10_000;

interface PeerStore {
    close(force?: boolean): Promise<void>;
}

/** The replay with `woltage` 1.12 and a store adapter of its. @returns Nothing where it can't be had, which is said */
export async function comparePeer(title: string, packageName: string, args: readonly unknown[]): Promise<readonly Figure[]> {
    const missing = installPeers('peers-stores', packageName);
    if (missing !== undefined) {
        console.log(`Not compared with ${title}: ${missing}`);
        return [];
    }
    const {default: Store} = await loadPeer<{readonly default: new (...args: readonly unknown[]) => PeerStore}>('peers-stores', packageName);
    const store = new Store(...args);
    // A constructor may return another object than its own.
    const adapter = function StoreOfPeer() {
        return store;
    };
    const replay = await peerReplay(EVENTS, ACCOUNTS, await loadPeer('peers-stores', 'woltage'), {adapter});
    try {
        return await compare({[title]: replay}, 1);
    } finally {
        // It writes on after the last event has been handled.
        await new Promise(resolve => setTimeout(resolve, 1000));
        await store.close(true);
    }
}
