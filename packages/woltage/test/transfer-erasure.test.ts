import {expect, it} from 'vitest';
import createWoltage, {Aggregate, defineEvent, type Event, MemoryEventStore, MemoryEventStoreData, MemoryStore, MemoryStoreData, personal, TombstoneEvent, z, type EventClass, type Woltage} from 'woltage';

const Named = defineEvent('Named', {schema: z.object({name: personal(z.string())})});
const Named2 = defineEvent('Named', {version: 2, schema: z.object({fullName: personal(z.string()).meta({renamedFrom: 'name'}), n: z.number().default(1)})});
class PersonGone extends TombstoneEvent {}

const personOf = (handled: typeof Named | typeof Named2) => {
    const person = Aggregate.create('person', {$init: () => ({seen: [] as unknown[]}), [handled.identity]: (state: {seen: unknown[]}, event: Event) => ({seen: [...state.seen, event.payload]})});
    person.registerCommand(z.object({name: z.string()}), function name(_state, payload) { return new Named({payload}); });
    person.registerCommand(function erase() { return new TombstoneEvent(); });
    person.registerCommand(function leave() { return new PersonGone(); });
    return person;
};
const run = async (data: MemoryEventStoreData, keys: MemoryStoreData, handled: typeof Named | typeof Named2 = Named) => {
    const person = personOf(handled);
    const woltage: Woltage = await createWoltage({
        eventStore: {adapter: MemoryEventStore, args: [data]}, eventClasses: [Named, Named2, PersonGone] as EventClass[], aggregates: [person], projectorClasses: [],
        internalStore: {adapter: MemoryStore, args: [keys]}, autostart: false
    });
    return {woltage, person};
};

it('moves erased streams and encrypted fields', async () => {
    const [data, keys] = [new MemoryEventStoreData(), new MemoryStoreData()];
    const {woltage} = await run(data, keys);
    await woltage.executeCommand('person', 'ann', 'name', {name: 'Ann'});
    await woltage.executeCommand('person', 'bob', 'name', {name: 'Bob'});
    await woltage.executeCommand('person', 'cid', 'name', {name: 'Cid'});
    await woltage.executeCommand('person', 'dan', 'name', {name: 'Dan'});
    await woltage.executeCommand('person', 'bob', 'erase', {});
    await woltage.executeCommand('person', 'cid', 'leave', {});
    await (woltage as unknown as {forget(subject: string): Promise<void>}).forget('dan');
    const lines: string[] = [];
    for await (const line of woltage.exportEvents())
        lines.push(line);
    expect(lines.join('')).not.toMatch(/"Ann"|"Bob"/);
    expect(lines.filter(line => line.includes('"tombstone":true'))).toHaveLength(2);
    const target = new MemoryEventStoreData();
    const second = await run(target, keys, Named2);
    const summary = await second.woltage.importEvents(lines);
    expect(await second.woltage.stateOf(second.person, 'ann')).toEqual({seen: [{fullName: 'Ann', n: 1}]});
    expect(await second.woltage.stateOf(second.person, 'dan')).toEqual({seen: [{fullName: {$erased: true}, n: 1}]});
    await expect(second.woltage.stateOf(second.person, 'bob')).rejects.toMatchObject({code: 'GONE'});
    expect(await second.woltage.checkEvents()).toMatchObject({ok: true});
    const again: string[] = [];
    for await (const line of second.woltage.exportEvents())
        again.push(line);
    expect(again.slice(0, -1)).toEqual(lines.slice(0, -1));
    expect((await second.woltage.importEvents(lines))).toMatchObject({imported: 0, sha256: summary.sha256});
    expect((await second.woltage.importEvents(lines, {into: 'append'}))).toMatchObject({imported: 0});
});
