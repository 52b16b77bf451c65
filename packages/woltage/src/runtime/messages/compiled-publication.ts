import {ConfigError} from '../../errors/index.ts';
import type {EventCatalogue, EventClass} from '../../events/index.ts';
import {isTopicName} from '../../ports/index.ts';
import {oneOf, optional, shapeProblem, type Shape} from '../../shared/shapes.ts';
import type {Publication} from '../config.ts';

/** A publication of the config, checked and bound to the events of one runtime. */
export interface CompiledPublication {
    readonly topic: string;
    readonly name: string;
    /** Event types as they may be recorded. */
    readonly types: readonly string[];
    readonly from: 'start' | 'now';
    readonly isDecrypted: boolean;
}

const NAME = /^[\w\-.]{1,128}$/;

const SHAPES: Readonly<Record<keyof Publication, Shape>> = {
    topic: [isTopicName, 'a topic: 1 to 249 letters, digits, dots, - and _'],
    name: optional([value => typeof value === 'string' && NAME.test(value), 'a name of letters, digits, -, _ and dots']),
    events: [value => Array.isArray(value) && value.length > 0 && value.every(item => typeof item === 'function'), 'a list of event classes'],
    from: optional(oneOf('start', 'now')),
    personal: optional(oneOf('encrypted', 'decrypt'))
};

/** @throws ConfigError `PUBLICATION_INVALID`, `BROKER_MISSING` */
export function compilePublications(publications: readonly Publication[], catalogue: EventCatalogue, hasBroker: boolean): readonly CompiledPublication[] {
    if (publications.length > 0 && !hasBroker)
        throw new ConfigError('\'publications\' need a \'messageBroker\' in the config.', {code: 'BROKER_MISSING'});
    const compiled = publications.map((publication, index) => compile(publication, index, catalogue));
    const keys = compiled.map(({topic, name}) => `${topic}/${name}`);
    const twice = keys.find((key, index) => keys.indexOf(key) !== index);
    if (twice !== undefined)
        throw invalid(`There are two publications '${twice}': several to one topic need a \`name\` each.`);
    return compiled;
}

function compile(publication: Publication, index: number, catalogue: EventCatalogue): CompiledPublication {
    const what = `publications[${index}]`;
    if (typeof publication !== 'object' || publication as unknown === null)
        throw invalid(`'${what}' must be an object: {topic, events: [OrderPlaced]}.`);
    const problem = shapeProblem(publication, SHAPES);
    if (problem !== undefined)
        throw invalid(`'${what}': ${problem}`);
    const {topic, name = 'events', events, from = 'now', personal = 'encrypted'} = publication;
    const types = new Set(events.flatMap(eventClass => typesOf(eventClass, what, catalogue)));
    return {topic, name, types: [...types], from, isDecrypted: personal === 'decrypt'};
}

function typesOf(eventClass: EventClass, what: string, catalogue: EventCatalogue): readonly string[] {
    if (!catalogue.classes.includes(eventClass))
        throw invalid(`'${what}': ${eventClass.name || 'one of its events'} is not among the 'eventClasses'.`);
    return catalogue.recordedTypes(eventClass.type);
}

const invalid = (message: string): ConfigError => new ConfigError(message, {code: 'PUBLICATION_INVALID'});
