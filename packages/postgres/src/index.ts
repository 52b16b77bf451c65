export {plainArray, quoteElement, textArray} from './array-text.ts';
export {Database, type Transaction} from './database.ts';
export {migrate, schemaScript, type SchemaPlan} from './migrate.ts';
export {channelName, statementName} from './names.ts';
export {checkDuration, checkOptions, type PostgresOptions} from './options.ts';
export {PoolLink, type Statement, type TextRow} from './pool-link.ts';
export {adapterError, isDataError, isLostConnection, isPassing, sqlState, sqlStateOf} from './postgres-error.ts';
export {quote, quoteText} from './quote.ts';
export {fromSortableText, fromText, toSortableText, toText} from './text.ts';
