import type {ProjectorClass, Woltage} from 'woltage';
import {MAIN_STORE} from './test-config.ts';

/** The projection that a projector class stands for: `UserProjector` is `user`. */
export function projectionNameOf({name}: ProjectorClass): string {
    const bare = name.replace(/Projector$/, '') || name;
    return bare.charAt(0).toLowerCase() + bare.slice(1);
}

/** Adds and activates the newest version of each projector. */
export async function addProjections(woltage: Woltage, projectors: readonly ProjectorClass[], storeName = MAIN_STORE): Promise<void> {
    const newest = new Map<string, ProjectorClass>();
    for (const projector of projectors) {
        if ((newest.get(projector.name)?.version ?? 0) < projector.version)
            newest.set(projector.name, projector);
    }
    for (const projector of newest.values())
        await addActive(woltage, projectionNameOf(projector), projector, projector.version, storeName);
}

/** Adds a projection, which is active when the promise resolves. What has happened before is history to it. */
export async function addActive(woltage: Woltage, name: string, projector: ProjectorClass, version: number, storeName = MAIN_STORE): Promise<void> {
    await woltage.addProjection(name, version, projector.name, projector.version, storeName);
    const projection = woltage.getProjection(name, version);
    try {
        await projection?.untilLive();
    } catch (error) {
        // Whoever waits for the runtime to settle is told.
        if (projection?.state === 'faulted')
            return;
        throw error;
    }
    await woltage.setProjectionActive(name, version);
}
