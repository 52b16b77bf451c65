import {createTestWoltage} from '@woltage/testing';
import {describe, expect, it} from 'vitest';
import {Counted, closing, days, expire, Expired, Paid, pay, reservation, reserve, Reserved} from './support/reservations.ts';

const MINUTE = 60_000;

const open = () => createTestWoltage({aggregates: [reservation, days], eventClasses: [Reserved, Paid, Expired, Counted], actions: [closing]});

describe('reservations', () => {
    it('expire after a quarter of an hour, unless they are paid', async () => {
        const {woltage, clock, stop} = await open();
        for (const id of ['r-1', 'r-2'])
            await woltage.executeCommand(reserve, id, {seat: id, now: new Date(clock.now)});
        const [first] = await woltage.getScheduledCommands();
        expect(first).toMatchObject({id: 'expire-r-1', aggregate: 'reservation', aggregateId: 'r-1', command: 'expire', executeAt: new Date(clock.now + 15 * MINUTE)});
        await clock.advance(10 * MINUTE);
        await woltage.executeCommand(pay, 'r-1', {});
        await clock.advance(5 * MINUTE);
        expect(await woltage.stateOf(reservation, 'r-1')).toEqual({status: 'paid'});
        expect(await woltage.stateOf(reservation, 'r-2')).toEqual({status: 'expired'});
        await stop();
    });

    it('can be ended at any time that anybody names', async () => {
        const {woltage, clock, stop} = await open();
        const now = new Date(clock.now);
        await woltage.executeCommand(reserve, 'r-3', {seat: '3', now});
        const at = (minutes: number): Date => new Date(now.getTime() + minutes * MINUTE);
        const id = await woltage.scheduleCommand(at(5), expire, 'r-3', {}, {user: 'ann'});
        expect(await woltage.cancelScheduled(id)).toBe(true);
        await woltage.scheduleCommand(at(5), 'reservation', 'r-3', 'expire', {}, {}, {idempotencyKey: 'request-7'});
        await clock.advance(5 * MINUTE);
        expect(await woltage.stateOf(reservation, 'r-3')).toEqual({status: 'expired'});
        await stop();
    });

    it('are counted when the day ends', async () => {
        const {woltage, clock, events, stop} = await open();
        await clock.advance(48 * 60 * MINUTE);
        expect((await events()).map(({payload}) => payload)).toEqual([{day: '2026-01-01'}, {day: '2026-01-02'}]);
        expect(await woltage.getFailedCommands()).toEqual([]);
        await stop();
    });
});
