import {afterEach, expect, it, vi} from 'vitest';
import {Erased} from 'woltage';
import {runChild} from '../processes/run-child.ts';
import {People, startPeople, type PeopleAdapters} from './people.ts';

export interface PersonalDataOptions {
    readonly describe: (name: string, suite: () => void) => void;
    readonly name: string;
    /** Of one place for each test; called for each runtime on it. */
    readonly adapters: () => PeopleAdapters;
    /** All that the event store keeps, as text. */
    readonly bytes: () => Promise<string>;
    /** A program that calls `workOnPeople` on the same place. */
    readonly child?: {readonly script: URL; readonly args: () => readonly string[]};
}

const eventually = (check: () => Promise<void>): Promise<void> => vi.waitFor(check, {timeout: 5000, interval: 5});

/** What holds of personal data, whatever the adapters. */
export function personalDataSuite({describe, name, adapters, bytes, child}: PersonalDataOptions): void {
    const running: Awaited<ReturnType<typeof startPeople>>[] = [];
    const start = async (versions?: readonly number[]) => {
        const people = await startPeople(adapters(), versions);
        running.push(people);
        return people;
    };
    afterEach(async () => {
        People.refused.clear();
        for (const {woltage} of running.splice(0))
            await woltage.stop();
    });
    const ann = {name: 'Ann Secretive', born: new Date(86_400_000), credit: 123_456_789_012_345_678_901n, city: 'Bern', contacts: [{kind: 'mail', value: 'ann@secretive.example'}]};

    describe(`Personal data in ${name}`, () => {
        it('is seen by handlers, states and rows, and nowhere in the event store', async () => {
            const {woltage, person, register, meet, rows} = await start();
            const {events} = await woltage.executeCommand(register, 'ann', ann);
            expect(events[0]?.payload).toEqual(ann);
            await woltage.executeCommand(meet, 'ann', {who: 'bob', words: 'a secretive word'});
            expect(await woltage.stateOf(person, 'ann')).toEqual({name: ann.name, greeting: 'Hello, Ann Secretive', words: ['a secretive word']});
            await eventually(async () => expect(await rows()).toEqual([{id: 'ann', name: ann.name, city: 'Bern', words: 'a secretive word', contacts: ann.contacts}]));
            const kept = await bytes();
            expect(kept).toContain('Bern');
            for (const secret of ['secretive', 'Secretive', '123456789012345678901', '86400000'])
                expect(kept).not.toContain(secret);
        });

        it('reads as Erased when the subject was forgotten, in live folds, replays and dead letters, and stays so after a restart', async () => {
            const first = await start();
            await first.woltage.getProjection('people', 1)?.untilLive();
            People.refused.add('Refused');
            await first.woltage.executeCommand(first.register, 'ann', ann);
            await first.woltage.executeCommand(first.register, 'bad', {...ann, name: 'Refused'});
            await first.woltage.executeCommand(first.meet, 'ann', {who: 'bob', words: 'hello'});
            await eventually(async () => {
                expect(await first.rows()).toMatchObject([{name: ann.name, words: 'hello'}]);
                expect(await first.woltage.getDeadLetters('people', 1)).toHaveLength(1);
            });
            await first.woltage.stateOf(first.person, 'ann');

            await first.woltage.forget('ann');
            expect(await first.woltage.stateOf(first.person, 'ann')).toEqual({name: Erased, greeting: 'Hello, whoever you are', words: ['hello']});
            // What a projection has written stays until it is written anew.
            expect(await first.rows()).toMatchObject([{name: ann.name}]);
            await first.woltage.forget('bad');
            await first.woltage.forget('bob');
            const [letter] = await first.woltage.getDeadLetters('people', 1);
            expect(await first.woltage.retryDeadLetter('people', 1, letter?.eventId ?? '')).toEqual({handled: 1, left: 0});
            expect(await first.rows()).toMatchObject([{id: 'ann'}, {id: 'bad', name: Erased}]);

            await first.woltage.stop();
            const second = await start([2]);
            const expected = [
                {id: 'ann', name: Erased, city: 'Bern', words: Erased, contacts: [{kind: 'mail', value: Erased}]},
                {id: 'bad', name: Erased, city: 'Bern', words: null, contacts: [{kind: 'mail', value: Erased}]}
            ];
            await eventually(async () => expect(await second.rows()).toEqual(expected));
            expect(JSON.parse(JSON.stringify(await second.rows()))).toEqual(expected);
            expect(await second.woltage.stateOf(second.person, 'ann')).toMatchObject({name: Erased, words: [Erased]});
            await expect(second.woltage.executeCommand(second.register, 'ann', ann)).rejects.toMatchObject({code: 'SUBJECT_FORGOTTEN', status: 410});
            expect((await second.woltage.executeCommand(second.erase, 'ann', {})).revision).toBe(2n);
        });

        it('that is forgotten by one instance is soon by all, also where it was in their memory', async () => {
            const [here, there] = [await start(), await start()];
            await here.woltage.executeCommand(here.register, 'ann', ann);
            expect(await there.woltage.stateOf(there.person, 'ann')).toMatchObject({name: ann.name});
            await here.woltage.forget('ann');
            await eventually(async () => expect(await there.woltage.stateOf(there.person, 'ann')).toMatchObject({name: Erased, greeting: 'Hello, whoever you are'}));
            await expect(there.woltage.executeCommand(there.register, 'ann', ann)).rejects.toMatchObject({code: 'SUBJECT_FORGOTTEN'});
        });

        it('of many who are registered at once by several instances can be read by each', async () => {
            const all = await Promise.all([start(), start(), start()]);
            const ids = Array.from({length: 10}, (_, i) => `p-${i}`);
            await Promise.all(all.flatMap(({woltage, meet}, i) => ids.map(id => woltage.executeCommand(meet, `${id}-${i}`, {who: id, words: `by ${i}`}))));
            for (const {woltage, person} of all) {
                for (const id of ids)
                    expect(await Promise.all(all.map((_, i) => woltage.stateOf(person, `${id}-${i}`)))).toMatchObject(all.map((_, i) => ({words: [`by ${i}`]})));
            }
        });

        it('is refused nonsense', async () => {
            const {woltage} = await start();
            for (const subject of ['', undefined, null, 1, {}])
                await expect(woltage.forget(subject as never)).rejects.toMatchObject({code: 'INVALID_SUBJECT', status: 400});
        });

        if (child === undefined)
            return;
        it('of processes that make keys at the same time, one of which then forgets, is one', async () => {
            const here = await start();
            const children = ['x', 'y', 'z'].map(own => runChild<{done: string}>(child.script, ...child.args(), 'meet', own, '8'));
            await Promise.all(children.map(({ended}) => ended));
            const states = (subject: number) => Promise.all(['x', 'y', 'z'].map(own => here.woltage.stateOf(here.person, `${own}-${subject}`)));
            for (let subject = 0; subject < 8; subject++)
                expect(await states(subject)).toMatchObject(['x', 'y', 'z'].map(own => ({words: [`by ${own}`]})));
            await runChild(child.script, ...child.args(), 'forget', 's-3', '0').ended;
            await eventually(async () => expect(await states(3)).toMatchObject([0, 1, 2].map(() => ({words: [Erased]}))));
            expect(await states(4)).toMatchObject(['x', 'y', 'z'].map(own => ({words: [`by ${own}`]})));
        }, 60_000);
    });
}
