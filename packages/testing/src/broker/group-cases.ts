import assert from 'node:assert/strict';
import {delay, type RecordedMessage} from 'woltage';
import type {BrokerCases} from './cases.ts';
import {Ledger, numbered, placeOf, textOf, Trial, until, withSecond} from './support.ts';

/** All of them once, those of a partition in the order of their offsets. */
function assertOnce(messages: readonly RecordedMessage[], count: number): void {
    assert.equal(messages.length, count);
    assert.equal(new Set(messages.map(message => `${placeOf(message)}@${message.offset}`)).size, count);
    const last = new Map<string, bigint>();
    for (const message of messages) {
        assert.ok(message.offset > (last.get(placeOf(message)) ?? -1n));
        last.set(placeOf(message), message.offset);
    }
}

export const groupCases: BrokerCases = {
    'consumers of a group share the partitions; who leaves hands his to the others': async (broker, underTest) => {
        const topic = await underTest.createTopic(4);
        const options = {group: underTest.newGroup(), ledger: new Ledger()};
        const {ledger} = options;
        await withSecond(underTest, async other => {
            const by = {first: new Set<number>(), second: new Set<number>()};
            const first = new Trial(broker, [topic], {...options, before: ({partition, messages}) => messages.length > 0 && by.first.add(partition)});
            const second = new Trial(other, [topic], {...options, before: ({partition, messages}) => messages.length > 0 && by.second.add(partition)});
            let sent = 0;
            const send = async (): Promise<void> => {
                await broker.publish([0, 1, 2, 3].flatMap(partition => numbered(topic, 1, {partition})));
                sent += 4;
                await until(() => ledger.messages.length >= sent, () => `${ledger.messages.length} of ${sent}`, underTest);
            };
            await until(() => first.assigned.size > 0 && second.assigned.size > 0, () => `partitions: ${first.assigned.size} and ${second.assigned.size}`, underTest);
            for (let round = 0; round < 100 && (by.first.size === 0 || by.second.size === 0); round++)
                await send();
            assert.ok(by.first.size > 0 && by.second.size > 0, 'both have got something');
            await second.stop();
            by.first.clear();
            await send();
            assert.equal(by.first.size, 4, 'the one that is left has all partitions');
            await first.stop();
            assertOnce(ledger.messages, sent);
        });
    },

    'who comes and goes under load: each message is taken over once, in order': async (broker, underTest) => {
        const topic = await underTest.createTopic(4);
        const options = {group: underTest.newGroup(), ledger: new Ledger()};
        const {ledger} = options;
        await withSecond(underTest, async other => {
            const state = {sent: 0, isSending: true};
            const sending = (async () => {
                for (; state.isSending; state.sent += 20) {
                    await broker.publish(Array.from({length: 20}, (_, n) => ({topic, key: `k${n}`, value: `${state.sent + n}`})));
                    await delay(3);
                }
            })();
            const first = new Trial(broker, [topic], options);
            for (let round = 0; round < 3; round++) {
                const guest = new Trial(other, [topic], options);
                await until(() => guest.batches.length > round, () => `the guest has handled ${guest.batches.length} batches`, underTest);
                await guest.stop();
            }
            state.isSending = false;
            await sending;
            await until(() => ledger.messages.length >= state.sent, () => `${ledger.messages.length} of ${state.sent}`, underTest);
            await first.stop();
            assertOnce(ledger.messages, state.sent);
            const ofKey = ledger.messages.filter(({key}) => key === 'k7').map(message => Number(textOf(message)));
            assert.deepEqual(ofKey, [...ofKey].sort((a, b) => a - b));
        });
    },

    'a partition is handed over when what is being handled of it is done': async (broker, underTest) => {
        const topic = await underTest.createTopic(1);
        const options = {group: underTest.newGroup(), ledger: new Ledger()};
        await broker.publish(numbered(topic, 3));
        await withSecond(underTest, async other => {
            const state = {isHandling: false, release: (): void => undefined};
            const first = new Trial(broker, [topic], {
                ...options,
                before: ({messages}) => messages.length === 0 || state.isHandling ? undefined : new Promise<void>(resolve => {
                    state.isHandling = true;
                    state.release = resolve;
                })
            });
            await until(() => state.isHandling, () => 'nothing is being handled', underTest);
            const second = new Trial(other, [topic], options);
            const stopped = first.stop();
            await delay(300);
            assert.equal(second.batches.length, 0, 'the other one has begun');
            state.release();
            await stopped;
            await broker.publish(numbered(topic, 2));
            await until(() => options.ledger.messages.length >= 5, () => `${options.ledger.messages.length} of 5`, underTest);
            await second.stop();
            assertOnce(options.ledger.messages, 5);
        });
    },

    'groups don\'t know of each other: each gets everything': async (broker, underTest) => {
        const topic = await underTest.createTopic(2);
        await broker.publish(numbered(topic, 20, {key: 'k'}));
        const trials = Array.from({length: 3}, () => new Trial(broker, [topic], {group: underTest.newGroup()}));
        await until(() => trials.every(({ledger}) => ledger.messages.length >= 20), () => trials.map(({ledger}) => ledger.messages.length).join(), underTest);
        await Promise.all(trials.map(trial => trial.stop()));
        for (const {ledger} of trials)
            assertOnce(ledger.messages, 20);
    },

    'more consumers than partitions: the others wait, and step in': async (broker, underTest) => {
        const topic = await underTest.createTopic(1);
        const options = {group: underTest.newGroup(), ledger: new Ledger()};
        const {ledger} = options;
        await withSecond(underTest, async other => {
            const first = new Trial(broker, [topic], options);
            await until(() => first.assigned.size === 1, () => 'nobody has the partition', underTest);
            const second = new Trial(other, [topic], options);
            await broker.publish(numbered(topic, 5));
            await until(() => ledger.messages.length >= 5, () => `${ledger.messages.length} of 5`, underTest);
            await first.stop();
            await broker.publish(numbered(topic, 5));
            await until(() => ledger.messages.length >= 10, () => `${ledger.messages.length} of 10`, underTest);
            await second.stop();
            assertOnce(ledger.messages, 10);
        });
    }
};
