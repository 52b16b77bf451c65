import {startPeople, type PeopleAdapters} from './people.ts';

/** What a process of its own does. @param args `meet <name> <subjects>`, or `forget <subject> 0` */
export async function workOnPeople(adapters: PeopleAdapters, [mode = '', name = '', count = '0']: readonly string[]): Promise<void> {
    const {woltage, meet} = await startPeople(adapters, []);
    if (mode === 'forget')
        await woltage.forget(name);
    else
        await Promise.all(Array.from({length: Number(count)}, (_, i) => woltage.executeCommand(meet, `${name}-${i}`, {who: `s-${i}`, words: `by ${name}`})));
    await woltage.stop();
}
