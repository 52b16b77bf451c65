import {describe, expect, expectTypeOf, it} from 'vitest';
import {defineProjector, MemoryStore, ReadModel, type TableDefinitionMap} from 'woltage';
import {Added, Noted, start, tables, type Todo} from './support/todo.ts';

const TodoProjector = defineProjector('TodoProjector', {schema: tables, use: store => store.tables.todos})
    .on(Added, (event, todos) => todos.set({id: event.aggregateId, ...event.payload, seen: 1}))
    .on(Noted, async ({aggregateId, payload}, todos) => {
        await todos.update({id: aggregateId}, {title: payload.text});
    });

class Todos extends ReadModel<InstanceType<typeof TodoProjector>> {
    projectionName = 'todo';

    byId({id}: {id: string}) {
        return this.store.tables.todos.get({id});
    }
}

describe('defineProjector', () => {
    it('makes a projector of handlers that get the event and the table', async () => {
        const woltage = await start(TodoProjector as never, {projectorClasses: [TodoProjector], readModelClasses: [Todos]});
        const {position} = await woltage.executeCommand('todo', '1', 'add', {title: 'Tea', rank: 1});
        const row = await woltage.executeQuery(Todos, 'byId', {id: '1'}, {}, {after: position});
        expect(row).toEqual({id: '1', title: 'Tea', rank: 1, seen: 1});
        expectTypeOf(row).toEqualTypeOf<Todo | null>();
        expect(TodoProjector.name).toBe('TodoProjector');
        expect([TodoProjector.version, TodoProjector.schema]).toEqual([1, tables]);
    });

    it('hands over all tables where nothing else is said', () => {
        defineProjector('TodoProjector', {schema: tables, version: 2, partitions: 2, partitionBy: event => event.aggregateId, faultPolicy: 'dead-letter'})
            .on(Added, (event, {todos}) => {
                expectTypeOf(event.payload).toEqualTypeOf<{title: string; rank: number}>();
                return todos.set({id: event.aggregateId, ...event.payload, seen: 1});
            })
            // @ts-expect-error -- there is no such table
            .on(Noted, (_event, {other}) => void other);
    });

    it('knows an adapter\'s own methods where the store is named', () => {
        class OwnStore<T extends TableDefinitionMap = TableDefinitionMap> extends MemoryStore<T> {
            own = () => 42;
        }
        const own = defineProjector('Own', {schema: tables, use: (store: OwnStore<typeof tables>) => store.own})
            .on(Added, (_event, access) => void expectTypeOf(access()).toEqualTypeOf<number>());
        expectTypeOf(own).instance.toHaveProperty('store').toEqualTypeOf<OwnStore<typeof tables>>();
    });

    it('says what is wrong with a definition', () => {
        const invalid = expect.objectContaining({code: 'PROJECTOR_INVALID'});
        expect(() => defineProjector('', {schema: tables})).toThrow(invalid);
        expect(() => defineProjector('P', undefined as never)).toThrow(invalid);
        expect(() => defineProjector('P', {schema: tables, use: 1} as never)).toThrow(invalid);
        expect(() => defineProjector('P', {schema: tables, verzion: 2} as never)).toThrow(/'verzion' is not one of its options/);
        expect(() => defineProjector('P', {schema: tables}).on(Added, undefined as never)).toThrow(invalid);
        expect(() => defineProjector('P', {schema: tables}).on(Added, () => {}).on(Added, () => {})).toThrow(/already has a handler for 'added@1'/);
    });
});
