import type {ContextRuntime} from '../context/index.ts';
import {ConfigError, NotFoundError} from '../errors/index.ts';
import {validate} from '../shared/validate.ts';
import {attachReadModel, ReadModel} from './read-model.ts';

/** A class of read models, as the config and `executeQuery` take it. */
export type ReadModelClass<T extends ReadModel = ReadModel> = new () => T;

type Handler = (query: unknown, context: object) => unknown;

interface Entry {
    readonly readModel: ReadModel;
    readonly className: string;
    readonly handlers: ReadonlyMap<string, Handler>;
}

/** The read models of one runtime, and their query handlers by name. */
export class ReadModelRegistry {
    readonly #byClass = new Map<unknown, Entry>();
    readonly #byName = new Map<string, Entry>();

    /** @throws ConfigError `DUPLICATE_READ_MODEL`, `READ_MODEL_INVALID` */
    constructor(classes: readonly ReadModelClass[], runtime: ContextRuntime, sourceOf: (c: ReadModelClass) => string = c => c.name) {
        for (const readModelClass of classes) {
            const source = sourceOf(readModelClass);
            const readModel = construct(readModelClass, source);
            attachReadModel(readModel, runtime);
            const entry = {readModel, className: readModelClass.name, handlers: handlersOf(readModel)};
            const name = readModelClass.name.toLowerCase();
            if (this.#byName.has(name))
                throw new ConfigError(`Read model ${source}: another read model has the same name, '${readModelClass.name}' (in any case).`, {code: 'DUPLICATE_READ_MODEL'});
            this.#byName.set(name, entry);
            this.#byClass.set(readModelClass, entry);
        }
    }

    /** @throws NotFoundError `UNKNOWN_READ_MODEL` */
    get(nameOrClass: unknown): Entry {
        const entry = typeof nameOrClass === 'string' ? this.#byName.get(nameOrClass.toLowerCase()) : this.#byClass.get(nameOrClass);
        if (entry === undefined)
            throw new NotFoundError(`There is no read model '${typeof nameOrClass === 'function' ? nameOrClass.name : String(nameOrClass)}'.`, {code: 'UNKNOWN_READ_MODEL'});
        return entry;
    }

    /**
     * Validates the query, where there is a schema, and calls the handler.
     *
     * @throws NotFoundError `UNKNOWN_READ_MODEL`, `UNKNOWN_HANDLER`
     * @throws ValidationError when the query doesn't match the schema
     */
    async query(nameOrClass: unknown, handlerName: string, query: unknown, context: object): Promise<unknown> {
        const {readModel, className, handlers} = this.get(nameOrClass);
        const handler = handlers.get(handlerName);
        if (handler === undefined)
            throw new NotFoundError(`Read model '${className}' has no handler '${String(handlerName)}'.`, {code: 'UNKNOWN_HANDLER'});
        const {schemaRegistry} = readModel;
        const schema = Object.hasOwn(schemaRegistry, handlerName) ? schemaRegistry[handlerName] : undefined;
        const valid = schema === undefined ? query : await validate(schema, query, () => `Query '${className}.${handlerName}'`);
        return handler.call(readModel, valid, context);
    }
}

function construct(readModelClass: ReadModelClass, source: string): ReadModel {
    const readModel = new readModelClass();
    const {projectionName} = readModel;
    if (typeof projectionName !== 'string' || projectionName === '')
        throw new ConfigError(`Read model ${source}: it needs a \`projectionName\`, the name of the projection that it reads.`, {code: 'READ_MODEL_INVALID'});
    return readModel;
}

/** The methods of a read model's own classes, and functions among its own properties. Nothing inherited from Object is one. */
function handlersOf(readModel: ReadModel): ReadonlyMap<string, Handler> {
    const handlers = new Map<string, Handler>();
    for (let o: object = readModel; o !== ReadModel.prototype && o !== Object.prototype; o = Object.getPrototypeOf(o) as object) {
        for (const [name, {value}] of Object.entries<PropertyDescriptor>(Object.getOwnPropertyDescriptors(o))) {
            if (typeof value === 'function' && name !== 'constructor' && !handlers.has(name))
                handlers.set(name, value as Handler);
        }
    }
    return handlers;
}
