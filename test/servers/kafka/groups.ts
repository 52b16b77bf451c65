import {randomUUID} from 'node:crypto';
import {CODE} from './codes.ts';

interface Member {
    readonly id: string;
    protocols: readonly {readonly name: string; readonly metadata: Buffer}[];
    sessionTimeoutMs: number;
    rebalanceTimeoutMs: number;
    lastSeen: number;
    assignment: Buffer;
    join: ((joined: Joined) => void) | undefined;
    sync: ((synced: Synced) => void) | undefined;
}

export interface JoinRequest {
    readonly memberId: string;
    readonly sessionTimeoutMs: number;
    readonly rebalanceTimeoutMs: number;
    readonly protocols: readonly {readonly name: string; readonly metadata: Buffer}[];
}

export interface Joined {
    readonly code: number;
    readonly generation: number;
    readonly protocol: string;
    readonly leader: string;
    readonly memberId: string;
    readonly members: readonly {readonly id: string; readonly metadata: Buffer}[];
}

export interface Synced {
    readonly code: number;
    readonly assignment: Buffer;
}

const failedJoin = (code: number, memberId: string): Joined => ({code, generation: -1, protocol: '', leader: '', memberId, members: []});
const failedSync = (code: number): Synced => ({code, assignment: Buffer.alloc(0)});

/** The coordinator's side of one consumer group (the classic protocol). */
export class Group {
    readonly offsets = new Map<string, bigint>();
    generation = 0;
    #state: 'empty' | 'preparing' | 'completing' | 'stable' = 'empty';
    #leader = '';
    #protocol = '';
    readonly #members = new Map<string, Member>();
    readonly #promised = new Set<string>();
    #deadline: NodeJS.Timeout | undefined;
    readonly #sweep: NodeJS.Timeout;

    constructor() {
        this.#sweep = setInterval(() => this.#expire(), 50).unref();
    }

    get size(): number {
        return this.#members.size;
    }

    close(): void {
        clearInterval(this.#sweep);
        clearTimeout(this.#deadline);
    }

    join(request: JoinRequest, clientId: string): Promise<Joined> {
        const {memberId} = request;
        if (memberId === '') {
            const id = `${clientId}-${randomUUID()}`;
            this.#promised.add(id);
            return Promise.resolve(failedJoin(CODE.memberIdRequired, id));
        }
        const known = this.#members.get(memberId);
        if (known === undefined && !this.#promised.delete(memberId))
            return Promise.resolve(failedJoin(CODE.unknownMember, memberId));
        const member = known ?? {id: memberId, assignment: Buffer.alloc(0), join: undefined, sync: undefined, lastSeen: 0} as unknown as Member;
        const isSame = known !== undefined && sameProtocols(known.protocols, request.protocols);
        Object.assign(member, {protocols: request.protocols, sessionTimeoutMs: request.sessionTimeoutMs, rebalanceTimeoutMs: request.rebalanceTimeoutMs, lastSeen: Date.now()});
        this.#members.set(memberId, member);
        if (isSame && (this.#state === 'completing' || this.#state === 'stable' && memberId !== this.#leader))
            return Promise.resolve(this.#joined(member));
        return new Promise(resolve => {
            member.join = resolve;
            this.#prepare();
            this.#completeJoinWhenAllAreThere();
        });
    }

    sync(memberId: string, generation: number, assignments: readonly {readonly memberId: string; readonly assignment: Buffer}[]): Promise<Synced> {
        const member = this.#members.get(memberId);
        const problem = this.#problemOf(member, generation);
        if (member === undefined || problem !== CODE.none)
            return Promise.resolve(failedSync(problem));
        if (this.#state === 'stable')
            return Promise.resolve({code: CODE.none, assignment: member.assignment});
        return new Promise(resolve => {
            member.sync = resolve;
            if (memberId === this.#leader)
                this.#distribute(assignments);
        });
    }

    heartbeat(memberId: string, generation: number): number {
        const member = this.#members.get(memberId);
        if (member !== undefined)
            member.lastSeen = Date.now();
        return this.#problemOf(member, generation);
    }

    leave(memberId: string): number {
        return this.#remove(memberId) ? CODE.none : CODE.unknownMember;
    }

    /** What a commit of offsets by this member has to be answered with; anybody may commit to a group without members. */
    mayCommit(memberId: string, generation: number): number {
        if (generation < 0 && this.#members.size === 0)
            return CODE.none;
        const problem = this.#problemOf(this.#members.get(memberId), generation);
        return problem === CODE.rebalanceInProgress ? CODE.none : problem;
    }

    #problemOf(member: Member | undefined, generation: number): number {
        if (member === undefined)
            return CODE.unknownMember;
        if (this.#state === 'preparing')
            return CODE.rebalanceInProgress;
        return generation === this.generation ? CODE.none : CODE.illegalGeneration;
    }

    #prepare(): void {
        if (this.#state === 'preparing')
            return;
        for (const member of this.#members.values()) {
            member.sync?.(failedSync(CODE.rebalanceInProgress));
            member.sync = undefined;
        }
        this.#state = 'preparing';
        const limit = Math.max(...[...this.#members.values()].map(member => member.rebalanceTimeoutMs));
        clearTimeout(this.#deadline);
        this.#deadline = setTimeout(() => this.#leaveOutTheLate(), limit).unref();
    }

    #leaveOutTheLate(): void {
        for (const [id, member] of this.#members) {
            if (member.join === undefined)
                this.#members.delete(id);
        }
        this.#completeJoinWhenAllAreThere();
    }

    #completeJoinWhenAllAreThere(): void {
        const members = [...this.#members.values()];
        if (this.#state !== 'preparing' || members.some(member => member.join === undefined))
            return;
        clearTimeout(this.#deadline);
        if (members.length === 0) {
            this.#state = 'empty';
            return;
        }
        this.generation++;
        this.#state = 'completing';
        const [first] = members as [Member];
        if (!this.#members.has(this.#leader))
            this.#leader = first.id;
        this.#protocol = first.protocols.find(({name}) => members.every(member => member.protocols.some(protocol => protocol.name === name)))?.name ?? '';
        for (const member of members) {
            member.lastSeen = Date.now();
            member.join?.(this.#joined(member));
            member.join = undefined;
        }
    }

    #joined(member: Member): Joined {
        const members = member.id === this.#leader ? [...this.#members.values()] : [];
        return {
            code: CODE.none, generation: this.generation, protocol: this.#protocol, leader: this.#leader, memberId: member.id,
            members: members.map(({id, protocols}) => ({id, metadata: protocols.find(({name}) => name === this.#protocol)?.metadata ?? Buffer.alloc(0)}))
        };
    }

    #distribute(assignments: readonly {readonly memberId: string; readonly assignment: Buffer}[]): void {
        this.#state = 'stable';
        for (const member of this.#members.values()) {
            member.assignment = assignments.find(({memberId}) => memberId === member.id)?.assignment ?? Buffer.alloc(0);
            member.lastSeen = Date.now();
            member.sync?.({code: CODE.none, assignment: member.assignment});
            member.sync = undefined;
        }
    }

    #expire(): void {
        for (const {id, lastSeen, sessionTimeoutMs, join} of [...this.#members.values()]) {
            if (join === undefined && lastSeen + sessionTimeoutMs < Date.now())
                this.#remove(id);
        }
    }

    #remove(memberId: string): boolean {
        const member = this.#members.get(memberId);
        if (member === undefined)
            return false;
        this.#members.delete(memberId);
        member.join?.(failedJoin(CODE.unknownMember, memberId));
        member.sync?.(failedSync(CODE.unknownMember));
        if (this.#members.size > 0)
            this.#prepare();
        else if (this.#state !== 'preparing')
            this.#state = 'empty';
        this.#completeJoinWhenAllAreThere();
        return true;
    }
}

const sameProtocols = (a: Member['protocols'], b: Member['protocols']): boolean =>
    a.length === b.length && a.every(({name, metadata}, index) => b[index]?.name === name && b[index].metadata.equals(metadata));
