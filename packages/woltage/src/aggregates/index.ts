export {Aggregate, type AggregateOptions, type AggregateProjector, type CommandHandle, type Reducer} from './aggregate.ts';
export {AggregateFold} from './aggregate-fold.ts';
export {AggregateLoader} from './aggregate-loader.ts';
export {CommandExecutor, type CommandOutcome} from './command-executor.ts';
export type {CommandContext, CommandHandler, CommandOptions, CommandResult} from './command.ts';
export {eraseStream, isErasure, type ErasedStream} from './erase-stream.ts';
