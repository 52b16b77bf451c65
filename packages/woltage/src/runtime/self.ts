import {readFileSync, readlinkSync} from 'node:fs';
import {hostname} from 'node:os';
import {uuidV7} from '../shared/uuid.ts';
import type {Owner, Self} from '../shared/owner.ts';

/** This runtime, as it presents itself to others that share its stores. */
export function createSelf(): Self {
    const owner: Owner = {id: uuidV7(), host: hostIdentity(), pid: process.pid, startedAt: Math.round(performance.timeOrigin)};
    return {
        owner,
        // With this process's own id, but not this process: one before it, as in a container that was started again.
        isGone: other => other.host === owner.host && (other.pid === owner.pid ? other.startedAt !== owner.startedAt : !isAlive(other.pid))
    };
}

function isAlive(pid: number): boolean {
    try {
        process.kill(pid, 0);
        return true;
    } catch (error) {
        // EPERM: it is there, but somebody else's.
        return (error as NodeJS.ErrnoException).code !== 'ESRCH';
    }
}

/**
 * Names the machine such that equal names mean that processes see each other: a host name alone may be shared by containers, so on Linux
 * the boot and the namespace of process ids belong to it.
 */
function hostIdentity(): string {
    const parts = [hostname()];
    for (const read of [() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim(), () => readlinkSync('/proc/self/ns/pid')]) {
        try {
            parts.push(read());
        } catch {
            parts.push('-');
        }
    }
    return parts.join('/');
}
